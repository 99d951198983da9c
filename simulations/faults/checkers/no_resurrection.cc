#include "simulations/faults/checkers/no_resurrection.h"

#include <algorithm>
#include <chrono>

namespace halp::sim {

NoResurrection::NoResurrection(const CheckerContext& context) : context_(context) {}

Duration NoResurrection::shown_max(const Label& label) const {
    const GossipOptions& gossip = context_.options.gossip;
    const auto row = context_.options.table.rows.find(label.text());
    const Allocation& allocation =
        row == context_.options.table.rows.end() ? context_.options.table.fallback : row->second;
    const Duration ttl = label == Label::halp() ? std::max(gossip.ttl, 60 * gossip.period) : allocation.ttl;
    return ttl + 2 * std::max<Duration>(5 * gossip.period, std::chrono::seconds{1});
}

void NoResurrection::on_event(std::size_t node, Instant at, const Event& event) {
    const auto* forgotten = std::get_if<EntryForgotten>(&event);
    if (forgotten && forgotten->why == ForgottenWhy::withdrawn)
        heard_[node].insert_or_assign(Item{forgotten->label, forgotten->endpoint}, at);
}

void NoResurrection::on_truth_change(const TruthChange& change) {
    const Item item{change.item.label, change.item.endpoint};
    if (change.item.label == Label::halp()) heard_.erase(change.node);  // a new process knows nothing
    if (change.kind == TruthChange::Kind::appeared) {
        gone_.erase(item);
        for (auto& heard : heard_) heard.second.erase(item);
    } else {
        // A withdrawal stays a withdrawal when its node dies later.
        const auto [at, fresh] =
            gone_.try_emplace(item, Gone{change.at, change.kind == TruthChange::Kind::withdrawn});
        if (!fresh && !at->second.withdrawn) at->second = {change.at, change.kind == TruthChange::Kind::withdrawn};
    }
}

void NoResurrection::on_snapshot(const Snapshot& snapshot) {
    const auto heard_here = heard_.find(snapshot.node);
    for (const auto& list : snapshot.lists) {
        for (const ListedHost& host : list.second) {
            // What its operator says of it, a node shows as itself, also when nobody finds it there.
            if (host.claimed || (host.own && snapshot.advertised == host.endpoint)) continue;
            const Item item{list.first, host.endpoint};
            const auto gone = gone_.find(item);
            if (gone == gone_.end()) continue;
            const Duration since = snapshot.at - gone->second.at;
            if (since > shown_max(list.first) + context_.transit)
                report(snapshot.node, snapshot.at,
                       item_text(list.first, host.endpoint) + " is shown " + seconds_text(since) +
                           " after it was gone");
            if (heard_here == heard_.end() || !gone->second.withdrawn) continue;
            const auto heard = heard_here->second.find(item);
            if (heard != heard_here->second.end() && heard->second >= gone->second.at &&
                snapshot.at > heard->second)
                report(snapshot.node, snapshot.at,
                       item_text(list.first, host.endpoint) +
                           " is shown again although this node noted its withdrawal");
        }
    }
}

}  // namespace halp::sim
