// From what was typed to a connected DHT client: where the nodes are, and as whom to speak to them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/dht/libevent/blocking_dht_client.h"
#include "tools/halp/command_line.h"
#include "tools/halp/console.h"

namespace halp::cli {

// What is known without being told: the daemon's list of the label, or the cache directory's lists.
struct UsualPlaces {
    std::vector<Endpoint> nodes;       // listed under the label
    std::vector<Endpoint> halp_hosts;  // to be asked for more
    std::string source;                // "the daemon at PATH", for messages
};

struct DhtTool {
    const CommandLine& command;
    Console& console;
    std::function<Result<UsualPlaces>(const Label& label)> usual_places;
    std::function<std::string(const char* name)> variable;  // of the environment; "" when not set
};

enum class Reach {
    any_node,    // for one key: nodes that fail are named, and left out
    every_node,  // the answer of all is wanted
    look,        // succeeds with whatever can be reached
};

class DhtReach {
public:
    // An error says what is wrong and what to do about it.
    [[nodiscard]] static Result<std::unique_ptr<DhtReach>> open(const DhtTool& tool, Reach reach);
    ~DhtReach();  // what was asked and how long it took, for -v
    DhtReach(const DhtReach&) = delete;
    DhtReach& operator=(const DhtReach&) = delete;

    BlockingDhtClient& dht() { return *client_; }
    BlockingDhtClient* operator->() { return client_.get(); }

private:
    class Listed;
    explicit DhtReach(const DhtTool& tool) : tool_(tool) {}
    [[nodiscard]] Result<void> connect();
    [[nodiscard]] Result<void> connect_usual();
    [[nodiscard]] Error explained(const Error& error) const;

    const DhtTool& tool_;
    std::unique_ptr<NodeSource> listed_;
    std::unique_ptr<BlockingDhtClient> client_;
};

// $HALP_DHT_NODES: HOST:PORT, several with commas.
[[nodiscard]] Result<std::vector<Endpoint>> parse_node_list(const std::string& text);

}  // namespace halp::cli
