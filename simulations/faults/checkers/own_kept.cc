#include "simulations/faults/checkers/own_kept.h"

#include <algorithm>

namespace halp::sim {

void OwnKept::on_event(std::size_t node, Instant at, const Event& event) {
    const auto* forgotten = std::get_if<EntryForgotten>(&event);
    if (!forgotten || forgotten->why == ForgottenWhy::withdrawn) return;
    if (own_[node].contains({forgotten->label, forgotten->endpoint}))
        report(node, at,
               item_text(forgotten->label, forgotten->endpoint) + " was forgotten by the node that announces it");
}

void OwnKept::on_truth_change(const TruthChange& change) {
    if (change.item.label == Label::halp()) return;
    const Item item{change.item.label, change.item.endpoint};
    if (change.kind == TruthChange::Kind::appeared)
        own_[change.node].insert(item);
    else
        own_[change.node].erase(item);
}

void OwnKept::on_snapshot(const Snapshot& snapshot) {
    for (const Item& item : own_[snapshot.node]) {
        const bool announced = std::ranges::any_of(snapshot.announcements, [&](const OwnAnnouncement& own) {
            return own.label == item.first && own.endpoint == item.second;
        });
        const auto list =
            std::ranges::find_if(snapshot.lists, [&](const auto& l) { return l.first == item.first; });
        bool first = false;
        for (std::size_t i = 0; list != snapshot.lists.end() && i < list->second.size() && list->second[i].own; ++i)
            first = first || list->second[i].endpoint == item.second;
        if (!announced || !first)
            report(snapshot.node, snapshot.at,
                   item_text(item.first, item.second) +
                       (announced ? " is not first on the node that announces it" : " is no longer announced"));
    }
}

}  // namespace halp::sim
