#include "simulations/faults/checkers/quotas.h"

#include <algorithm>
#include <array>

namespace halp::sim {

void Quotas::at_most(const Look& look, const std::string& what, std::size_t held, std::size_t allowed) {
    if (held > allowed)
        report(look.node, look.at, std::to_string(held) + " " + what + ", allowed " + std::to_string(allowed));
}

void Quotas::on_look(const Look& look) {
    const TableLimits& table = bounds_.options.table;
    const ViewOptions& view = bounds_.options.view;
    for (const auto& list : look.lists) {
        // The node itself stands in `halp` beside its peers.
        const auto row = table.rows.find(list.first.text());
        const Allocation& allocation = row == table.rows.end() ? table.fallback : row->second;
        at_most(look, "hosts in " + list.first.text(), list.second.size(),
                list.first == Label::halp() ? view.fresh_max + view.anchors_max + view.pool_max + 1
                                            : allocation.entries_max);
    }
    for (const auto& directory : look.directories)
        at_most(look, "names in " + directory.first.text(), directory.second,
                directory.first == Label::labels() ? table.labels_max : table.names_per_directory_max);
    at_most(look, "labels", look.status.labels, table.labels_max);
    const std::size_t shared = bounds_.endpoints ? bounds_.endpoints->bytes() : 0;
    at_most(look, "bytes of lists", look.status.table_bytes - std::min(shared, look.status.table_bytes),
            table.bytes_max);
    at_most(look, "streams", look.status.text_sessions, bounds_.options.text.sessions_max);
    std::array<std::size_t, 4> by_role{};
    for (const PeerStatus& peer : look.peers) ++by_role[static_cast<std::size_t>(peer.role)];
    at_most(look, "fresh peers", by_role[static_cast<std::size_t>(PeerRole::fresh)], view.fresh_max);
    at_most(look, "anchors", by_role[static_cast<std::size_t>(PeerRole::anchor)], view.anchors_max);
    at_most(look, "peers in the pool", by_role[static_cast<std::size_t>(PeerRole::pool)], view.pool_max);
    at_most(look, "graves", by_role[static_cast<std::size_t>(PeerRole::grave)], view.grave_max);
}

}  // namespace halp::sim
