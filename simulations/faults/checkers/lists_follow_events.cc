#include "simulations/faults/checkers/lists_follow_events.h"

namespace halp::sim {

void ListsFollowEvents::on_event(std::size_t node, Instant, const Event& event) {
    if (const auto* learned = std::get_if<EntryLearned>(&event))
        followed_[node][learned->label].insert(learned->endpoint);
    if (const auto* forgotten = std::get_if<EntryForgotten>(&event))
        followed_[node][forgotten->label].erase(forgotten->endpoint);
}

void ListsFollowEvents::on_snapshot(const Snapshot& snapshot) {
    for (const auto& list : snapshot.lists) {
        if (list.first == Label::halp()) continue;  // its events are those of peers
        const std::set<Endpoint>& followed = followed_[snapshot.node][list.first];
        std::set<Endpoint> shown;
        for (const ListedHost& host : list.second) shown.insert(host.endpoint);
        for (const Endpoint& host : shown)
            if (!followed.contains(host))
                report(snapshot.node, snapshot.at,
                       item_text(list.first, host) + " is listed, and no event told it");
        for (const Endpoint& host : followed)
            if (!shown.contains(host))
                report(snapshot.node, snapshot.at, item_text(list.first, host) + " is gone, and no event told it");
    }
}

}  // namespace halp::sim
