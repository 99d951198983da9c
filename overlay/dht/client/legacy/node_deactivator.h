// Which nodes a client leaves alone for a while, because too many connections to them fail. It decides; the client
// disables and enables them.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <vector>

#include "overlay/dht/client/node_map.h"
#include "store/time.h"

namespace halp::legacy {

// The defaults but the first are those of the originals, which have 1 there.
struct DeactivationSettings {
    double errors_per_s = 0;  // a node with more is disabled; 0: none is
    double part_max = 0.25;   // of the nodes may be disabled at a time, rounded down
    Duration retry_after = std::chrono::seconds{60};
};

class NodeDeactivator {
public:
    explicit NodeDeactivator(const DeactivationSettings& settings);

    // Returns true when the node is to be disabled. `nodes`: how many there are.
    [[nodiscard]] bool note_error(NodeNumber node, Instant now, std::size_t nodes);
    [[nodiscard]] std::vector<NodeNumber> take_due(Instant now);  // to be enabled again
    void forget(NodeNumber node) { disabled_.erase(node); }       // somebody else has enabled it
    [[nodiscard]] Instant next_deadline() const;

private:
    struct Count {
        Instant since = never;
        double errors = 0;
    };
    const DeactivationSettings settings_;
    Duration window_{};  // at least a second, and long enough for one error
    std::map<NodeNumber, Count> counts_;
    std::map<NodeNumber, Instant> disabled_;  // until when
};

}  // namespace halp::legacy
