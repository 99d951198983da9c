#include "simulations/faults/checkers/freshest_wins.h"

#include <algorithm>
#include <chrono>

namespace halp::sim {

FreshestWins::FreshestWins(const CheckerContext& context)
    : slack_(context.transit +
             hops_max * std::max<Duration>(std::chrono::seconds{1}, context.options.gossip.period)) {}

void FreshestWins::on_truth_change(const TruthChange& change) {
    const Item item{change.item.label, change.item.endpoint};
    if (change.kind == TruthChange::Kind::appeared)
        gone_.erase(item);
    else
        gone_.insert_or_assign(item, change.at);
    if (change.item.label == Label::halp()) seen_.erase(change.node);  // a new process knows nothing
}

void FreshestWins::on_snapshot(const Snapshot& snapshot) {
    std::map<Item, Instant> now_seen;
    std::map<Item, Instant>& before = seen_[snapshot.node];
    for (const auto& list : snapshot.lists) {
        check_order(snapshot, list.first, list.second);
        for (const ListedHost& host : list.second) {
            if (host.claimed || host.own) continue;
            const Instant confirmed = confirmed_at(host, snapshot);
            check_truth(snapshot, list.first, host.endpoint, confirmed);
            // A failed contact makes a peer older on purpose (overlay/gossip/rules.md section 5).
            if (list.first == Label::halp()) continue;
            const Item item{list.first, host.endpoint};
            const auto last = before.find(item);
            if (last != before.end() && confirmed + slack_ < last->second)
                report(snapshot.node, snapshot.at,
                       item_text(list.first, host.endpoint) + " grew older by " +
                           seconds_text(last->second - confirmed));
            now_seen.emplace(item, confirmed);
        }
    }
    before = std::move(now_seen);
}

void FreshestWins::check_order(const Snapshot& snapshot, const Label& label, const std::vector<ListedHost>& hosts) {
    const auto suspect = [&](const ListedHost& host) {
        return std::ranges::any_of(snapshot.peers, [&](const PeerStatus& peer) {
            return label == Label::halp() ? peer.suspect && peer.endpoint == host.endpoint
                                          : peer.stalled && peer.endpoint.host == host.endpoint.host;
        });
    };
    const ListedHost* above = nullptr;
    for (const ListedHost& host : hosts) {
        if (host.claimed || host.own) continue;
        // Suspects, and hosts on the machine of a stalled node, are last, whenever they were seen. suspect() is
        // slow, so it is called last.
        if (above && host.seen > above->seen && !suspect(host) && !suspect(*above))
            report(
                snapshot.node, snapshot.at,
                item_text(label, host.endpoint) + " stands below " + above->endpoint.text() + ", which is older");
        above = &host;
    }
}

void FreshestWins::check_truth(const Snapshot& snapshot, const Label& label, const Endpoint& endpoint,
                               Instant confirmed) {
    const auto gone = gone_.find({label, endpoint});
    if (gone == gone_.end() || confirmed <= gone->second + slack_) return;
    report(snapshot.node, snapshot.at,
           item_text(label, endpoint) + " was confirmed " + seconds_text(confirmed - gone->second) +
               " after it was gone");
}

}  // namespace halp::sim
