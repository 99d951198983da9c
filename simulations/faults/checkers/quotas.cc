#include "simulations/faults/checkers/quotas.h"

#include <algorithm>
#include <array>

namespace halp::sim {

void Quotas::at_most(const Snapshot& snapshot, const std::string& what, std::size_t held, std::size_t allowed) {
    if (held > allowed)
        report(snapshot.node, snapshot.at,
               std::to_string(held) + " " + what + ", allowed " + std::to_string(allowed));
}

void Quotas::on_snapshot(const Snapshot& snapshot) {
    const TableLimits& table = context_.options.table;
    const ViewOptions& view = context_.options.view;
    for (const auto& list : snapshot.lists) {
        // The node itself is in `halp` beside its peers.
        const auto row = table.rows.find(list.first.text());
        const Allocation& allocation = row == table.rows.end() ? table.fallback : row->second;
        at_most(snapshot, "hosts in " + list.first.text(), list.second.size(),
                list.first == Label::halp() ? view.fresh_max + view.anchors_max + view.pool_max + 1
                                            : allocation.entries_max);
    }
    for (const auto& directory : snapshot.directories)
        at_most(snapshot, "names in " + directory.first.text(), directory.second,
                directory.first == Label::labels() ? table.labels_max : table.names_per_directory_max);
    at_most(snapshot, "labels", snapshot.status.labels, table.labels_max);
    const std::size_t shared = context_.endpoints ? context_.endpoints->bytes() : 0;
    at_most(snapshot, "bytes of lists", snapshot.status.table_bytes - std::min(shared, snapshot.status.table_bytes),
            table.bytes_max);
    at_most(snapshot, "streams", snapshot.status.text_sessions, context_.options.text.sessions_max);
    // Fixed bounds (overlay/README.md, "What strangers can cost").
    at_most(snapshot, "withdrawals that wait", snapshot.status.withdrawals_waiting, 256);
    at_most(snapshot, "acquaintances", snapshot.status.acquaintances, 24);
    std::array<std::size_t, 4> by_role{};
    for (const PeerStatus& peer : snapshot.peers) ++by_role[static_cast<std::size_t>(peer.role)];
    at_most(snapshot, "fresh peers", by_role[static_cast<std::size_t>(PeerRole::fresh)], view.fresh_max);
    at_most(snapshot, "anchors", by_role[static_cast<std::size_t>(PeerRole::anchor)], view.anchors_max);
    at_most(snapshot, "peers in the pool", by_role[static_cast<std::size_t>(PeerRole::pool)], view.pool_max);
    at_most(snapshot, "graves", by_role[static_cast<std::size_t>(PeerRole::grave)], view.grave_max);
}

}  // namespace halp::sim
