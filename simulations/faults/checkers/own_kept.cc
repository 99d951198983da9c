#include "simulations/faults/checkers/own_kept.h"

#include <algorithm>

namespace halp::sim {

void OwnKept::on_event(std::size_t node, Instant at, const Event& event) {
    const auto* forgotten = std::get_if<EntryForgotten>(&event);
    if (!forgotten || forgotten->why == ForgottenWhy::withdrawn) return;
    if (own_[node].contains({forgotten->label, forgotten->endpoint}))
        report(node, at, item_text(forgotten->label, forgotten->endpoint) + " was forgotten where it is announced");
}

void OwnKept::on_deed(const Deed& deed) {
    if (deed.item.label == Label::halp()) return;
    const Item item{deed.item.label, deed.item.endpoint};
    if (deed.kind == Deed::Kind::appeared)
        own_[deed.node].insert(item);
    else
        own_[deed.node].erase(item);
}

void OwnKept::on_look(const Look& look) {
    for (const Item& item : own_[look.node]) {
        const bool announced = std::ranges::any_of(look.announcements, [&](const OwnAnnouncement& own) {
            return own.label == item.first && own.endpoint == item.second;
        });
        const auto list = std::ranges::find_if(look.lists, [&](const auto& l) { return l.first == item.first; });
        bool first = false;
        for (std::size_t i = 0; list != look.lists.end() && i < list->second.size() && list->second[i].own; ++i)
            first = first || list->second[i].endpoint == item.second;
        if (!announced || !first)
            report(look.node, look.at,
                   item_text(item.first, item.second) +
                       (announced ? " does not stand first where it is announced" : " is announced no more"));
    }
}

}  // namespace halp::sim
