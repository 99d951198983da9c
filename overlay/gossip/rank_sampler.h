// A sample of a swarm that nobody can bend by talking often: every slot has a secret seed of its own and keeps, of
// all nodes it ever heard of, the one whose hash with the seed is smallest. However often a node is spoken of, it
// can only win the slots that chance gave it, so with f of the swarm attackers hold about f of the slots. The
// sampler of Basalt (Auvolat, Bromberg, Frey, Mvondo, Taiani, Middleware 2023), which follows Brahms (2009).
//
// Recency does not enter: a list ordered by claimed freshness belongs to whoever claims most
// (overlay/gossip/rules.md 8.4).
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

    // Somebody spoke of this node, whoever and however often. `hash`: of the endpoint, the same at each call.
    void observe(EndpointId node, std::uint64_t hash);
    // It did not answer, or it left: its slots are empty until others are heard of.
    void forget(EndpointId node);
    // The slot whose turn it is gets a new seed and takes the best of the others' nodes: what is seen of a seed by
    // watching whom we call is worth little for long, and nodes that joined late get their share.
    void renew(Random& random);
    void clear();  // forgets everybody, keeps the seeds

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
    std::size_t next_ = 0;  // whose turn it is to be renewed
};

}  // namespace halp
