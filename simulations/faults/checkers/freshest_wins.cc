#include "simulations/faults/checkers/freshest_wins.h"

#include <algorithm>
#include <chrono>

namespace halp::sim {

FreshestWins::FreshestWins(const Bounds& bounds)
    : slack_(bounds.transit +
             hops_max * std::max<Duration>(std::chrono::seconds{1}, bounds.options.gossip.period)) {}

void FreshestWins::on_deed(const Deed& deed) {
    const Item item{deed.item.label, deed.item.endpoint};
    if (deed.kind == Deed::Kind::appeared)
        gone_.erase(item);
    else
        gone_.insert_or_assign(item, deed.at);
    if (deed.item.label == Label::halp()) seen_.erase(deed.node);  // a process that ends forgets
}

void FreshestWins::on_look(const Look& look) {
    std::map<Item, Instant> now_seen;
    std::map<Item, Instant>& before = seen_[look.node];
    for (const auto& list : look.lists) {
        check_order(look, list.first, list.second);
        for (const ListedHost& host : list.second) {
            if (host.claimed || host.own) continue;
            const Instant confirmed = confirmed_at(host, look);
            check_truth(look, list.first, host.endpoint, confirmed);
            // A failed contact makes a peer older on purpose (overlay/gossip/rules.md section 5).
            if (list.first == Label::halp()) continue;
            const Item item{list.first, host.endpoint};
            const auto last = before.find(item);
            if (last != before.end() && confirmed + slack_ < last->second)
                report(look.node, look.at,
                       item_text(list.first, host.endpoint) + " grew older by " +
                           seconds_text(last->second - confirmed));
            now_seen.emplace(item, confirmed);
        }
    }
    before = std::move(now_seen);
}

void FreshestWins::check_order(const Look& look, const Label& label, const std::vector<ListedHost>& hosts) {
    const auto suspect = [&](const ListedHost& host) {
        return label == Label::halp() && std::ranges::any_of(look.peers, [&](const PeerStatus& peer) {
                   return peer.suspect && peer.endpoint == host.endpoint;
               });
    };
    const ListedHost* above = nullptr;
    for (const ListedHost& host : hosts) {
        if (host.claimed || host.own) continue;
        // Suspects come last, whenever they were seen; asked only when it matters.
        if (above && host.seen > above->seen && !suspect(host) && !suspect(*above))
            report(
                look.node, look.at,
                item_text(label, host.endpoint) + " stands below " + above->endpoint.text() + ", which is older");
        above = &host;
    }
}

void FreshestWins::check_truth(const Look& look, const Label& label, const Endpoint& endpoint, Instant confirmed) {
    const auto gone = gone_.find({label, endpoint});
    if (gone == gone_.end() || confirmed <= gone->second + slack_) return;
    report(look.node, look.at,
           item_text(label, endpoint) + " was confirmed " + seconds_text(confirmed - gone->second) +
               " after it was gone");
}

}  // namespace halp::sim
