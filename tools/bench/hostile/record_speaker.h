// Hostile speakers of the protocols of records: a client that proves itself and then sends messages that never end,
// and nodes that do the same to their clients.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "store/endpoint.h"
#include "tools/bench/hostile/wire.h"

namespace halp::bench {

// A connection that the node has accepted as `admin` with 128 zero bytes.
[[nodiscard]] std::optional<Wire> proved_client(const std::string& from, const Endpoint& neo);

// Puts of almost the longest message that is allowed, without their last bytes.
[[nodiscard]] std::string unfinished_neo_put();
[[nodiscard]] std::string unfinished_legacy_put();

// Nodes at these endpoints that accept every client and begin a long answer to it.
class HostileNodes {
public:
    explicit HostileNodes(std::vector<Endpoint> at);
    [[nodiscard]] bool listening() const { return !listeners_.empty(); }

private:
    struct Client {
        Wire wire;
        std::size_t received = 0;
        int stage = 0;
        std::string out = {};
        std::size_t sent = 0;
    };
    void serve(const std::stop_token& over);
    [[nodiscard]] bool serve(Client& client) const;  // false when it is gone

    std::vector<Wire> listeners_;
    std::vector<Client> clients_;
    std::string answer_;
    std::jthread thread_;  // last: it uses the others
};

}  // namespace halp::bench
