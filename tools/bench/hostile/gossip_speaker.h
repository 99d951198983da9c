// A hostile host that speaks gossip v2 by our own codec, so it can say whatever a node could say.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/gossip/wire/gossip_codec.h"
#include "store/endpoint.h"

namespace halp::bench {

class GossipSpeaker {
public:
    // It calls itself `self` and speaks from the address of it.
    explicit GossipSpeaker(Endpoint self, std::uint64_t number = 5);

    [[nodiscard]] const Endpoint& self() const { return self_; }
    [[nodiscard]] gossip::Message message(gossip::Kind kind);  // with the speaker's hello
    [[nodiscard]] gossip::Entry entry(const Endpoint& endpoint, std::uint32_t version);
    [[nodiscard]] EndpointId id(const Endpoint& endpoint) { return table_.intern(endpoint); }
    [[nodiscard]] std::string frame(const gossip::Message& message) const { return encode(message, table_); }
    // News of these nodes, all of one version.
    [[nodiscard]] std::string news_of(const std::vector<Endpoint>& nodes, std::uint32_t version);
    // One frame on a connection of its own; waits until the node has closed it. False when it was not taken.
    [[nodiscard]] bool say(const Endpoint& to, const std::string& frame) const;

private:
    Endpoint self_;
    std::uint64_t number_;
    EndpointTable table_;
};

[[nodiscard]] std::uint32_t seconds_now();  // a version as nodes choose it

}  // namespace halp::bench
