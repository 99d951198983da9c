// What a DhtClient counts: requests by kind and how long they took, nodes, traffic. And the same in words.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/client/node_links.h"
#include "overlay/dht/client/request_times.h"
#include "overlay/dht/wire/neo_codec.h"

namespace halp {

struct DhtClientStats {
    static constexpr std::size_t kinds = 11;  // neo::RequestCode and the 0 that is none

    std::size_t nodes = 0, nodes_connected = 0, nodes_with_range = 0;
    // At the moment; the most there were; DhtClientOptions::requests_max.
    std::size_t requests_active = 0, requests_max = 0, requests_limit = 0;
    std::uint64_t late_messages = 0;        // for requests that were over
    LinkStats links;                        // of all nodes
    std::array<RequestTimes, kinds> times;  // by neo::RequestCode

    [[nodiscard]] const RequestTimes& of(neo::RequestCode code) const {
        return times[static_cast<std::size_t>(code)];
    }
    // Those kinds of which one has ended at least, in the order of their codes.
    [[nodiscard]] std::vector<std::pair<neo::RequestCode, RequestTimes>> occurred() const;

    [[nodiscard]] std::size_t nodes_connecting() const { return nodes - nodes_connected; }
    // From 0 to 1; 0 where there is nothing to divide by.
    [[nodiscard]] double requests_active_share() const { return share(requests_active, requests_limit); }
    [[nodiscard]] double nodes_connected_share() const { return share(nodes_connected, nodes); }
    [[nodiscard]] double nodes_connecting_share() const { return share(nodes_connecting(), nodes); }
    [[nodiscard]] bool all_connected() const { return nodes > 0 && nodes_connected == nodes; }

private:
    [[nodiscard]] static double share(std::size_t part, std::size_t whole) {
        return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
    }
};

namespace dht {

// "Get: 1000, mean 85 us, half within 64 us, 99 % within 256 us, longest 2.1 ms"
[[nodiscard]] std::string describe(neo::RequestCode code, const RequestTimes& times);
// Lines for a log: the client, then one for each kind of request that occurred.
[[nodiscard]] std::vector<std::string> describe(const DhtClientStats& stats);

}  // namespace dht
}  // namespace halp
