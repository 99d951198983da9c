// Makes a connected DHT client from the command line: which nodes, and with which credentials.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/libevent/blocking_dht_client.h"
#include "overlay/dht/libevent/blocking_legacy_client.h"
#include "tools/halp/command_line.h"
#include "tools/halp/dht/dht_access.h"
#include "tools/halp/output/console.h"

namespace halp::cli {

// Nodes that need not be given: the daemon's list of the label, or the lists of the cache directory.
struct UsualPlaces {
    std::vector<Endpoint> nodes;       // listed under the label
    std::vector<Endpoint> halp_hosts;  // hosts that may be asked for more
    std::string source;                // "the daemon at PATH", for messages
};

struct DhtTool {
    const CommandLine& command;
    Console& console;
    std::function<Result<UsualPlaces>(const Label& label)> usual_places;
    std::function<std::string(const char* name)> variable;  // reads an environment variable; "" when it is not set
    std::function<Result<std::optional<std::string>>()> daemon_socket;  // nothing: no daemon was found
};

enum class Reach {
    any_node,    // for one key: unreachable nodes are named and left out
    every_node,  // all keys must be answered for, by every node that was named (dht_cover.h, refuse_gaps)
    look,        // succeeds with the nodes that can be reached
};

class DhtReach {
public:
    // An error names the problem and its remedy.
    [[nodiscard]] static Result<std::unique_ptr<DhtReach>> open(const DhtTool& tool, Reach reach);
    ~DhtReach();  // with -v it prints the requests and their times
    DhtReach(const DhtReach&) = delete;
    DhtReach& operator=(const DhtReach&) = delete;

    [[nodiscard]] DhtAccess& access() { return *access_; }
    BlockingDhtClient& dht() { return *client_; }        // without --legacy
    BlockingLegacyClient& legacy() { return *legacy_; }  // with --legacy
    [[nodiscard]] LibeventWorld& world() { return legacy_ ? legacy_->world() : client_->world(); }
    // " (HOST:PORT: why, ...)" of the nodes that do not answer, or nothing.
    [[nodiscard]] std::string troubles();

private:
    class Listed;
    explicit DhtReach(const DhtTool& tool) : tool_(tool) {}
    [[nodiscard]] static Result<std::unique_ptr<DhtReach>> open_legacy(const DhtTool& tool, Reach reach);
    [[nodiscard]] Result<std::vector<Endpoint>> legacy_nodes();
    [[nodiscard]] Result<std::vector<Endpoint>> listed_legacy_nodes(const UsualPlaces& places) const;
    [[nodiscard]] Result<void> connect();
    [[nodiscard]] Result<void> connect_to(std::vector<Endpoint> nodes);
    [[nodiscard]] Result<void> connect_usual();
    [[nodiscard]] Error explained(const Error& error) const;

    const DhtTool& tool_;
    std::string whom_;  // the client and where its credential is from, for messages
    std::unique_ptr<NodeSource> listed_;
    std::unique_ptr<BlockingDhtClient> client_;
    std::unique_ptr<BlockingLegacyClient> legacy_;
    std::unique_ptr<DhtAccess> access_;
};

// The file with this user's credential when none is named: $HALP_DHT_CLIENT, else `halp/dht-client` among the
// user's configuration.
[[nodiscard]] std::string usual_client_file(const DhtTool& tool);

// $HALP_DHT_NODES: HOST:PORT, separated by commas.
[[nodiscard]] Result<std::vector<Endpoint>> parse_node_list(const std::string& text);

}  // namespace halp::cli
