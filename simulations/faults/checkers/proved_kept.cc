#include "simulations/faults/checkers/proved_kept.h"

namespace halp::sim {

void ProvedKept::on_snapshot(const Snapshot& snapshot) {
    std::set<Endpoint> listed, proved;
    for (const PeerStatus& peer : snapshot.peers) {
        if (peer.role == PeerRole::grave) continue;
        listed.insert(peer.endpoint);
        if (peer.proved) proved.insert(peer.endpoint);
    }
    for (const Endpoint& before : proved_[snapshot.node])
        if (!listed.contains(before) && calm_.in_peace(snapshot.node, before, snapshot.at))
            report(snapshot.node, snapshot.at,
                   "does not list " + before.text() + " any more, which it had proved and which lives");
    proved_[snapshot.node] = std::move(proved);
}

}  // namespace halp::sim
