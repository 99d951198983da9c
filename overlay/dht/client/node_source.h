// A source of node addresses other than a nodes file: the hosts announced under a label. Anybody can announce, so
// such nodes are hints: requests to all nodes wait for one only after it has let the client in. The client does
// not reveal its secret to a stranger, but it believes the ranges and records of any node that lets it in. In a
// swarm with strangers, name the nodes explicitly.
#pragma once

#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/node/overlay_node.h"
#include "store/endpoint.h"
#include "store/label.h"

namespace halp {

inline constexpr std::string_view dht_label = "dht";
inline constexpr std::size_t nodes_per_source_max = 256;

class NodeSource {
public:
    virtual ~NodeSource() = default;
    // The endpoints announced now. The client asks repeatedly and keeps every node it has once got.
    [[nodiscard]] virtual std::vector<Endpoint> nodes() = 0;
};

// The host list of an OverlayNode on the same thread. The node must outlive it.
class OverlayNodeSource final : public NodeSource {
public:
    OverlayNodeSource(const OverlayNode& overlay, Label label) : overlay_(overlay), label_(std::move(label)) {}
    std::vector<Endpoint> nodes() override {
        std::vector<Endpoint> found;
        for (const ListedHost& host : overlay_.hosts(label_, 0, nodes_per_source_max))
            found.push_back(host.endpoint);
        return found;
    }

private:
    const OverlayNode& overlay_;
    const Label label_;
};

}  // namespace halp
