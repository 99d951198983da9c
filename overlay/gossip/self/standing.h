// How other nodes see this one: whether they reach it where it is listed, and whether another node uses the same
// address. A node cannot see either by itself. Each node that answers has one vote, its latest.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "overlay/connect_failure.h"
#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"

namespace halp {

// What the nodes that answered lately say of this one.
struct Reachability {
    std::size_t asked = 0, unreached = 0;
    ConnectFailure why = ConnectFailure::refused;  // as most of those say that did not reach it
};

class Standing {
public:
    explicit Standing(Observer& observer) : observer_(observer) {}

    // The node at `witness`, which lists this node at `listed_at`, answered.
    void answered(const std::string& witness, const Endpoint& listed_at, const gossip::Notice& notice, Instant now);
    [[nodiscard]] Reachability reachability() const;
    [[nodiscard]] bool unreachable() const { return unreachable_; }

private:
    struct Witness {
        std::string host;
        Instant at;
        std::uint32_t failures;  // of Notice
        ConnectFailure why;
    };
    Observer& observer_;
    std::vector<Witness> witnesses_;
    bool unreachable_ = false;
};

}  // namespace halp
