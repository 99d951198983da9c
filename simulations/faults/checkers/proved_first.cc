#include "simulations/faults/checkers/proved_first.h"

#include <algorithm>

namespace halp::sim {

void ProvedFirst::on_snapshot(const Snapshot& snapshot) {
    for (const auto& list : snapshot.lists) {
        const ListedHost* stranger = nullptr;
        for (const ListedHost& host : list.second) {
            if (host.claimed) {
                if (!stranger) stranger = &host;
                continue;
            }
            const bool suspect = std::ranges::any_of(snapshot.peers, [&](const PeerStatus& peer) {
                return list.first == Label::halp() ? peer.suspect && peer.endpoint == host.endpoint
                                                   : peer.stalled && peer.endpoint.host == host.endpoint.host;
            });
            if (stranger && !suspect)
                report(snapshot.node, snapshot.at,
                       item_text(list.first, stranger->endpoint) + ", a mere claim, stands above " +
                           host.endpoint.text());
        }
    }
}

}  // namespace halp::sim
