#include "simulations/faults/checkers/accounts.h"

namespace halp::sim {

void Accounts::equal(const Snapshot& snapshot, std::string_view what, std::uint64_t arrived,
                     std::uint64_t accounted) {
    if (arrived == accounted) return;
    report(snapshot.node, snapshot.at,
           std::to_string(arrived) + " " + std::string{what} + " arrived, " + std::to_string(accounted) +
               " are accounted for");
}

void Accounts::on_snapshot(const Snapshot& snapshot) {
    const Arrived& arrived = snapshot.status.arrived;
    const ReceivedItems& received = snapshot.status.received;
    equal(snapshot, "frames", arrived.frames, received.frames.total() + arrived.malformed);
    equal(snapshot, "nodes in frames", arrived.nodes, received.nodes.total() + arrived.nodes_elsewhere);
    equal(snapshot, "hosts in frames", arrived.hosts, received.hosts.total() + arrived.hosts_elsewhere);
    equal(snapshot, "lines of inserts", arrived.lines, received.lines.total());
}

}  // namespace halp::sim
