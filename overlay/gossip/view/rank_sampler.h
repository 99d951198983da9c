// A sample of a swarm that nodes cannot bend by naming themselves often. Every slot has a secret seed and keeps, of
// all nodes that were ever named, the one whose hash with the seed is smallest. However often a node is named, it
// only wins the slots that chance gave it, so attackers that are a share f of the swarm hold about f of the slots.
// This is the sampler of Basalt (Auvolat, Bromberg, Frey, Mvondo, Taiani, Middleware 2023), which follows Brahms
// (2009).
//
// Recency plays no part: a list ordered by claimed freshness belongs to the nodes that claim most
// (overlay/gossip/rules.md, section 8.4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "overlay/environment.h"
#include "store/endpoint.h"

namespace halp {

class RankSampler {
public:
    RankSampler(std::size_t slots, Random& random);

    // This node was named, by any speaker. `hash`: of the endpoint, the same at each call.
    void observe(EndpointId node, std::uint64_t hash);
    // The node did not answer, or it left: its slots are empty until others are named.
    void forget(EndpointId node);
    // Gives the slot whose turn it is a new seed, and the best of the nodes in the other slots. So what an observer
    // learns of a seed by watching whom this node calls soon loses its value, and nodes that joined late get their
    // share.
    void renew(Random& random);
    void clear();  // forgets all nodes, keeps the seeds

    // The node of a random filled slot; no_endpoint when all are empty.
    [[nodiscard]] EndpointId draw(Random& random) const;
    [[nodiscard]] bool holds(EndpointId node) const;
    [[nodiscard]] std::vector<EndpointId> nodes() const;  // each once, by id; at most `slots`
    [[nodiscard]] std::size_t size() const { return slots_.size(); }

private:
    struct Slot {
        std::uint64_t seed = 0;
        std::uint64_t rank = 0;
        std::uint64_t hash = 0;
        EndpointId node = no_endpoint;
    };
    static void offer(Slot& slot, EndpointId node, std::uint64_t hash);

    std::vector<Slot> slots_;
    std::size_t next_ = 0;  // the slot to renew next
};

}  // namespace halp
