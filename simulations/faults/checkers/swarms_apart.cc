#include "simulations/faults/checkers/swarms_apart.h"

namespace halp::sim {

void SwarmsApart::on_truth_change(const TruthChange& change) {
    if (change.kind != TruthChange::Kind::appeared) return;
    seen_in_[{change.item.label, change.item.endpoint}][change.swarm] = true;
    been_in_[change.node][change.swarm] = true;
}

void SwarmsApart::on_snapshot(const Snapshot& snapshot) {
    const bool moved = been_in_[snapshot.node][1 - snapshot.swarm];
    for (const auto& list : snapshot.lists) {
        for (const ListedHost& host : list.second) {
            const auto known = seen_in_.find({list.first, host.endpoint});
            if (known == seen_in_.end() || known->second[snapshot.swarm] || (moved && host.claimed)) continue;
            report(snapshot.node, snapshot.at,
                   item_text(list.first, host.endpoint) + " is listed, but was only in the other swarm");
        }
    }
}

}  // namespace halp::sim
