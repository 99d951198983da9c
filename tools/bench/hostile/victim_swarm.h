// The real halpd processes that are attacked, and what their admin sockets say meanwhile.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "store/endpoint.h"
#include "tools/program/child_process.h"
#include "tools/program/json.h"

namespace halp::bench {

struct VictimPlan {
    std::string halpd;
    std::size_t nodes = 5;
    std::string network = "127.77.0.";  // node i has the address i + 1 of it
    std::uint16_t port = 3451;
    std::string listen = {};                  // of a single node, instead of its address
    std::vector<std::string> arguments = {};  // of every node; %h is its address
};

class VictimSwarm {
public:
    explicit VictimSwarm(VictimPlan plan);

    // True when all nodes list each other as proved. Else the reason is on stderr.
    [[nodiscard]] bool start();
    // From its cache alone or with its seed.
    [[nodiscard]] bool start_again(std::size_t node, bool with_seed);
    [[nodiscard]] bool begin_stop(std::size_t node);  // as an operator stops it
    [[nodiscard]] bool stop(std::size_t node);        // the same, and waits until it has ended

    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Endpoint& endpoint(std::size_t node) const { return nodes_[node].endpoint; }
    [[nodiscard]] pid_t pid(std::size_t node) const { return nodes_[node].process->pid(); }
    [[nodiscard]] std::string cache(std::size_t node) const { return directory(node) + "/cache"; }

    struct Peer {
        std::string endpoint, role;
        bool proved = false, suspect = false;
        [[nodiscard]] bool listed() const { return role != "grave"; }
    };
    [[nodiscard]] std::vector<Peer> peers(std::size_t node) const;  // empty when it does not answer
    [[nodiscard]] Json status(std::size_t node) const;              // null when it does not answer
    [[nodiscard]] bool announce(std::size_t node, const std::string& label, const Endpoint& host) const;
    // The body of the answer to a PUT; empty when there is none.
    [[nodiscard]] std::string put(std::size_t node, const std::string& label, const std::string& body) const;

    // Of the other nodes of the swarm, those that this node lists as proved.
    [[nodiscard]] std::size_t knows(std::size_t node) const;
    // Nodes that suspect this one, have buried it or do not list it.
    [[nodiscard]] std::size_t doubters(std::size_t of) const;
    // The most that it has had in memory since it started.
    [[nodiscard]] double peak_mib(std::size_t node) const;

private:
    struct Node {
        Endpoint endpoint;
        std::optional<process::ChildProcess> process = {};
    };
    [[nodiscard]] std::string directory(std::size_t node) const;
    [[nodiscard]] std::string admin(std::size_t node) const { return directory(node) + "/admin"; }

    VictimPlan plan_;
    process::TemporaryDirectory directory_;
    std::vector<Node> nodes_;
};

// Asks every 25 ms; false when it does not become true in time.
[[nodiscard]] bool comes_true(const std::function<bool()>& what, std::chrono::milliseconds within);

}  // namespace halp::bench
