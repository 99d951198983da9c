#include "overlay/node/node_status.h"

#include <utility>
#include <vector>

#include "overlay/node/overlay_node.h"

namespace halp {

namespace {

PeerStatus status_of(const Peer& peer, const Endpoint& endpoint, Instant now) {
    PeerStatus s;
    s.endpoint = endpoint;
    s.role = peer.role;
    s.proved = peer.proved != never;
    s.suspect = peer.suspect();
    s.original = peer.original;
    s.stalled = peer.stalled();
    s.left = peer.left && peer.dead();
    if (peer.vouched()) s.age = now - peer.newest();
    if (s.proved) s.proved_age = now - peer.proved;
    s.failures = peer.failures;
    return s;
}

}  // namespace

std::vector<PeerStatus> OverlayNode::peers() const {
    std::vector<PeerStatus> out;
    const Instant now = environment_.clock.now();
    const auto add = [&](const Peer& peer) { out.push_back(status_of(peer, endpoints_.at(peer.endpoint), now)); };
    for (const Peer& peer : view_.listed()) add(peer);
    for (const Peer& peer : view_.all())
        if (peer.dead()) add(peer);
    return out;
}

NodeStatus OverlayNode::status() const {
    NodeStatus s;
    s.swarm = options_.swarm;
    if (gossip_.self() != no_endpoint) s.self = endpoints_.at(gossip_.self());
    s.peers_listed = view_.listed_count() - lists_.unlisted_peers(environment_.clock.now());
    s.peers_proved = view_.proved_count();
    s.anchors = view_.count(PeerRole::anchor);
    s.graves = view_.count(PeerRole::grave);
    s.acquaintances = view_.acquaintance_count();
    s.labels = labels_.label_count();
    s.names = lists_.name_count(Label::labels());
    s.kept_aside = saver_.kept_aside();
    for (const Label& label : labels_.host_labels()) s.entries += labels_.find(label)->size();
    s.announcements = gossip_.announcements().size();
    s.announcements_waiting = own_hosts_.waiting();
    const Reachability reach = gossip_.reachability();
    s.witnesses = reach.asked;
    s.unreached = reach.unreached;
    s.unreached_why = reach.why;
    s.endpoints = endpoints_.size();
    s.table_bytes = labels_.bytes() + endpoints_.bytes();
    s.text_sessions = streams_.text_sessions();
    s.streams_open = streams_.size();
    s.turns_cut = streams_.shares().turns_cut();
    s.sources_waiting = streams_.shares().sources_waiting();
    s.sources = labels_.quota().sources();
    s.sources_forgotten = labels_.quota().forgotten();
    s.kept = kept_;
    s.kept.nodes_added = view_.added();
    s.kept.nodes_expired = view_.expired();
    s.kept.nodes_erased = view_.erased();
    s.kept.nodes_held = view_.held();
    s.health = gossip_.health();
    s.leaving = gossip_.leaving();
    count_traffic(s);
    return s;
}

void OverlayNode::count_traffic(NodeStatus& s) const {
    const GossipCounters& gossip = gossip_.counters();
    s.rounds = gossip.rounds;
    s.rounds_failed = gossip.rounds_failed;
    s.news_sent = gossip.news_sent;
    s.news_received = gossip.news_received;
    s.other_swarm = gossip.other_swarm;
    s.stood_still = gossip.stood_still;
    s.news_dropped = gossip.news_dropped;
    s.contacts_short = gossip.contacts_short;
    s.tagged = gossip_.tags().size();
    s.tags_short = gossip_.tags().no_room();
    s.failed_calls_short = gossip.failed_calls_short;
    s.pool_short = view_.pool_short();
    s.graves_short = view_.graves_short();
    s.proved_short = view_.proved_short();
    s.failures_short = lists_.failures_short();
    s.removals_short = saver_.removals_short();
    s.cache_bad_lines = saver_.bad_lines();
    s.cache_lines_short = saver_.lines_cut();
    s.own_withdrawals_short = gossip.own_withdrawals_short;
    s.arguments_short = gossip.arguments_short;
    s.met_short = gossip.met_short;
    s.self_checks_short = gossip.self_checks_short;
    s.addresses_not_told = addresses_.not_told();
    s.addresses_not_taken = addresses_.not_taken();
    s.self_contested = gossip.self_contested;
    s.numbers_shared = gossip.numbers_shared;
    s.withdrawals_waiting = gossip.withdrawals_waiting;
    s.withdrawals_refuted = gossip.withdrawals_refuted;
    s.withdrawals_short = gossip.withdrawals_short;
    s.versions_unproved = gossip.versions_unproved;
    s.leaves_refuted = gossip.leaves_refuted;
    s.leaves_short = gossip.leaves_short;
    s.hearsay_dials = gossip.hearsay_dials;
    s.hearsay_dials_held = gossip.hearsay_dials_held;
    s.text_queries = text_.counters().queries;
    s.text_inserts = text_.counters().inserts;
    s.text_bad = text_.counters().bad;
    s.text_ahead = text_.counters().ahead;
    const StreamCounters& streams = streams_.counters();
    s.bytes_in = streams.bytes_in;
    s.bytes_out = streams.bytes_out;
    s.streams_in = streams.accepted;
    s.streams_out = streams.opened;
    s.malformed = streams.arrived.malformed;
    s.arrived = streams.arrived;
    s.arrived.lines = text_.counters().lines;
    s.received = gossip_.received();
    s.received.lines = text_.counters().fates;
    s.text_refused = streams.text_refused;
    for (std::size_t i = 0; i < eviction_causes; ++i) s.evicted[i] = labels_.evicted(static_cast<EvictionCause>(i));
    for (std::size_t i = 0; i < refusal_causes; ++i) s.refused[i] = labels_.refused(static_cast<RefusalCause>(i));
}

}  // namespace halp
