#include "simulations/faults/checkers/no_resurrection.h"

#include <algorithm>
#include <chrono>

namespace halp::sim {

NoResurrection::NoResurrection(const Bounds& bounds) : bounds_(bounds) {}

Duration NoResurrection::shown_max(const Label& label) const {
    const GossipOptions& gossip = bounds_.options.gossip;
    const auto row = bounds_.options.table.rows.find(label.text());
    const Allocation& allocation =
        row == bounds_.options.table.rows.end() ? bounds_.options.table.fallback : row->second;
    const Duration ttl = label == Label::halp() ? std::max(gossip.ttl, 60 * gossip.period) : allocation.ttl;
    return ttl + 2 * std::max<Duration>(5 * gossip.period, std::chrono::seconds{1});
}

void NoResurrection::on_event(std::size_t node, Instant at, const Event& event) {
    const auto* forgotten = std::get_if<EntryForgotten>(&event);
    if (forgotten && forgotten->why == ForgottenWhy::withdrawn)
        heard_[node].insert_or_assign(Item{forgotten->label, forgotten->endpoint}, at);
}

void NoResurrection::on_deed(const Deed& deed) {
    const Item item{deed.item.label, deed.item.endpoint};
    if (deed.item.label == Label::halp()) heard_.erase(deed.node);  // a process that ends forgets
    if (deed.kind == Deed::Kind::appeared) {
        gone_.erase(item);
        for (auto& heard : heard_) heard.second.erase(item);
    } else {
        // A withdrawal stays one when its node dies later.
        const auto [at, fresh] = gone_.try_emplace(item, Gone{deed.at, deed.kind == Deed::Kind::withdrawn});
        if (!fresh && !at->second.withdrawn) at->second = {deed.at, deed.kind == Deed::Kind::withdrawn};
    }
}

void NoResurrection::on_look(const Look& look) {
    const auto heard_here = heard_.find(look.node);
    for (const auto& list : look.lists) {
        for (const ListedHost& host : list.second) {
            if (host.claimed) continue;
            const Item item{list.first, host.endpoint};
            const auto gone = gone_.find(item);
            if (gone == gone_.end()) continue;
            const Duration since = look.at - gone->second.at;
            if (since > shown_max(list.first) + bounds_.transit)
                report(look.node, look.at,
                       item_text(list.first, host.endpoint) + " is shown " + seconds_text(since) +
                           " after it was gone");
            if (heard_here == heard_.end() || !gone->second.withdrawn) continue;
            const auto heard = heard_here->second.find(item);
            if (heard != heard_here->second.end() && heard->second >= gone->second.at && look.at > heard->second)
                report(look.node, look.at,
                       item_text(list.first, host.endpoint) +
                           " is shown again although this node noted its withdrawal");
        }
    }
}

}  // namespace halp::sim
