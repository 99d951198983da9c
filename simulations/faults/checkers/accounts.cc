#include "simulations/faults/checkers/accounts.h"

#include <iterator>
#include <numeric>

#include "store/list_events.h"

namespace halp::sim {

namespace {

template <class Counters>
std::uint64_t sum(const Counters& counters) {
    return std::accumulate(std::begin(counters), std::end(counters), std::uint64_t{0});
}

}  // namespace

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
    kept(snapshot);
}

void Accounts::kept(const Snapshot& snapshot) {
    const NodeStatus& status = snapshot.status;
    const Kept& kept = status.kept;
    equal(snapshot, "hosts under labels", sum(kept.hosts_listed), status.entries + sum(kept.hosts_gone));
    equal(snapshot, "nodes and graves", kept.nodes_added,
          kept.nodes_held + kept.nodes_expired + kept.nodes_erased + status.pool_short + status.graves_short);
    const auto from_gossip = kept.hosts_listed.at(static_cast<std::size_t>(LearnedFrom::gossip));
    if (from_gossip > status.received.hosts[HostFate::kept])
        report(snapshot.node, snapshot.at,
               std::to_string(from_gossip) + " hosts are listed by gossip, which kept " +
                   std::to_string(status.received.hosts[HostFate::kept]));
    const auto evicted = kept.hosts_gone.at(static_cast<std::size_t>(ForgottenWhy::evicted));
    if (evicted > 0 && sum(status.evicted) == 0)
        report(snapshot.node, snapshot.at,
               std::to_string(evicted) + " hosts were evicted, and no eviction is counted");
}

}  // namespace halp::sim
