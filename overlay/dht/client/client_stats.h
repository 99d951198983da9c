// The counts of a DhtClient (requests and their times by kind, nodes, traffic), and the same as text.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/client/node_links.h"
#include "overlay/dht/client/request_times.h"
#include "overlay/dht/wire/neo_codec.h"

namespace halp {

struct DhtClientStats {
    static constexpr std::size_t kinds = 11;  // as many as neo::RequestCode has values, 0 included

    std::size_t nodes = 0, nodes_connected = 0, nodes_with_range = 0;
    // now; the maximum so far; DhtClientOptions::requests_max
    std::size_t requests_active = 0, requests_max = 0, requests_limit = 0;
    std::uint64_t late_messages = 0;        // for requests that had ended
    LinkStats links;                        // of all nodes
    std::array<RequestTimes, kinds> times;  // by neo::RequestCode

    [[nodiscard]] const RequestTimes& of(neo::RequestCode code) const {
        return times[static_cast<std::size_t>(code)];
    }
    // The kinds that have at least one ended request, in the order of their codes.
    [[nodiscard]] std::vector<std::pair<neo::RequestCode, RequestTimes>> occurred() const;

    [[nodiscard]] std::size_t nodes_connecting() const { return nodes - nodes_connected; }
    // From 0 to 1; 0 when the divisor is 0.
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
[[nodiscard]] std::string describe(std::string_view what, const RequestTimes& times);
[[nodiscard]] std::string describe(neo::RequestCode code, const RequestTimes& times);
// Lines for a log: one for the client, then one for each kind of request that has occurred.
[[nodiscard]] std::vector<std::string> describe(const DhtClientStats& stats);

}  // namespace dht
}  // namespace halp
