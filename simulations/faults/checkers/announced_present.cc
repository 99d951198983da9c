#include "simulations/faults/checkers/announced_present.h"

#include <algorithm>
#include <chrono>

namespace halp::sim {

using std::chrono::seconds;

// Snapshots are a second apart, and a node counts its periods by itself.
AnnouncedPresent::AnnouncedPresent(const CheckerContext& context, const FalseBurials& calm)
    : calm_(calm),
      spread_for_(seconds{30} + 30 * context.options.gossip.period),
      absent_max_(seconds{2} + 2 * context.options.gossip.period * 6 / 5) {}

void AnnouncedPresent::on_process(std::size_t node) {
    std::erase_if(seen_, [node](const auto& entry) { return entry.first.first == node; });
}

void AnnouncedPresent::on_truth_change(const TruthChange& change) {
    if (change.item.label == Label::halp()) return;
    const Where where{change.item.label, change.item.endpoint};
    if (change.kind == TruthChange::Kind::appeared) {
        there_.try_emplace(where, Item{change.node, change.swarm, change.at});
    } else {
        there_.erase(where);
        std::erase_if(seen_, [&](const auto& entry) { return entry.first.second == where; });
    }
}

void AnnouncedPresent::on_snapshot(const Snapshot& snapshot) {
    for (const auto& entry : there_) {
        if (entry.second.swarm == snapshot.swarm) look(snapshot, entry.first, entry.second);
    }
}

void AnnouncedPresent::look(const Snapshot& snapshot, const Where& where, const Item& item) {
    const auto list = std::ranges::find_if(snapshot.lists, [&](const auto& l) { return l.first == where.first; });
    const auto is_item = [&](const ListedHost& host) { return host.endpoint == where.second && !host.claimed; };
    const bool shown = list != snapshot.lists.end() && std::ranges::any_of(list->second, is_item);
    const Instant first = std::max(item.since + spread_for_, snapshot.at);
    Instant& seen = seen_.try_emplace({snapshot.node, where}, first).first->second;
    if (shown || !calm_.in_peace(snapshot.node, item.node, snapshot.at)) {
        seen = std::max(seen, snapshot.at);
    } else if (snapshot.at - seen > absent_max_) {
        report(
            snapshot.node, snapshot.at,
            item_text(where.first, where.second) + " has not been listed for " + seconds_text(snapshot.at - seen));
        seen = snapshot.at;
    }
}

}  // namespace halp::sim
