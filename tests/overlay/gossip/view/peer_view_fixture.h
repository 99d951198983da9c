// Peers by number, for tests of a peer view.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "overlay/gossip/view/peer_view.h"
#include "tests/overlay/gossip/dice.h"

namespace halp {

inline constexpr Instant start{std::chrono::hours{1000}};

class PeerViewTest : public testing::Test {
protected:
    EndpointId peer(int i) {
        return endpoints.intern({"10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1", 3451});
    }
    PeerMerge hear(PeerView& view, int i, Duration age, std::uint32_t incarnation = 1) {
        return view.merge({.endpoint = peer(i), .incarnation = incarnation, .seen = start - age}, start);
    }
    static std::size_t role(const PeerView& view, PeerRole role) { return view.count(role); }

    EndpointTable endpoints;
    test::Dice dice{7};
};

}  // namespace halp
