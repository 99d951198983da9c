#include "simulations/faults/checkers/proved_first.h"

#include <algorithm>

namespace halp::sim {

void ProvedFirst::on_look(const Look& look) {
    for (const auto& list : look.lists) {
        const ListedHost* stranger = nullptr;
        for (const ListedHost& host : list.second) {
            if (host.claimed) {
                if (!stranger) stranger = &host;
                continue;
            }
            const bool suspect =
                list.first == Label::halp() && std::ranges::any_of(look.peers, [&](const PeerStatus& peer) {
                    return peer.suspect && peer.endpoint == host.endpoint;
                });
            if (stranger && !suspect)
                report(look.node, look.at,
                       item_text(list.first, stranger->endpoint) + ", a mere claim, stands above " +
                           host.endpoint.text());
        }
    }
}

}  // namespace halp::sim
