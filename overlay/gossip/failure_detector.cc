#include "overlay/gossip/failure_detector.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "store/incarnation.h"

namespace halp {

namespace {

constexpr int failures_until_suspect = 2;
constexpr int failures_until_dead = 3;
constexpr int failed_probes_until_dead = 2;  // by others
constexpr int indirect_probes_per_suspect = 2;
constexpr int indirect_probes_per_period_max = 4;
constexpr int suspect_probes_per_turn = 8;
constexpr int member_probes_per_failure = 4;
constexpr int member_probes_max = 12;
constexpr std::size_t farewells_max = 256;
constexpr int leave_checks_max = 16;

// Nobody is there, or no connection comes about.
bool out_of_reach(ConnectFailure why) {
    return why == ConnectFailure::refused || why == ConnectFailure::timed_out || why == ConnectFailure::unreachable;
}

}  // namespace

void FailureDetector::call_quiet(EndpointId id, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(id);
    if (!peer || peer->dead() || peer->original || !peer->vouched() || parts_.identity.leaving()) return;
    parts_.view.doubt(id, now);
    if (parts_.calls.doubts_tell() && parts_.news.take_doubt())
        parts_.news.peer_doubted(id, peer->incarnation, News::LearnedBy::contact, now);
}

void FailureDetector::look_again(EndpointId id, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(id);
    if (peer && (peer->dead() || peer->failures > 0 || peer->stalled()))
        parts_.view.retry(id, now + jittered(options_.period / 2, parts_.random));
}

bool FailureDetector::excuse(EndpointId id, std::uint64_t standstill, Instant now) {
    if (!parts_.view.excuse(id, standstill)) return false;
    parts_.view.retry(id, now + jittered(options_.period / 2, parts_.random));
    return true;
}

void FailureDetector::call_failed(const Call& call, ConnectFailure why, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(call.to);
    // A late answer may be late because of this node or its line: then everything gets more time. A connection that
    // is not accepted says something about the other side, as long as others get through to this node (the missing
    // nacks of Lifeguard).
    const bool own_fault =
        why == ConnectFailure::silent || (why == ConnectFailure::timed_out && received_at_ < call.started);
    if (peer && peer->role == PeerRole::anchor && own_fault) parts_.health.worsen();
    if (peer && peer->vouched() && !peer->dead() && why != ConnectFailure::text_only) {
        failed_since_period_ = true;
        member_probes_ = std::min(member_probes_ + member_probes_per_failure, member_probes_max);
    }
    if (!parts_.identity.leaving()) contact_failed(call.to, why, now);
}

void FailureDetector::contact_failed(EndpointId id, ConnectFailure why, Instant now) {
    const std::optional<Peer> before = parts_.view.find(id);
    if (take_farewell(id) && out_of_reach(why)) return left(id, before ? before->incarnation : 0, now);
    if (!before) return;
    if (why == ConnectFailure::text_only) return set_original(*before, now);
    const int failures = parts_.view.fail(id, now, 2 * options_.period, why == ConnectFailure::silent);
    parts_.view.merge_arrivals();  // an anchor that fails goes to the fresh part, which may be full
    const std::optional<Peer> peer = parts_.view.find(id);
    if (!peer || before->dead()) return;
    // A refusal, or another service, is a clear answer: the node is not there. Whatever is less clear gets more
    // time.
    const bool clear = why == ConnectFailure::refused || why == ConnectFailure::not_halp;
    // A mere claim, or a node that this one never reached: others may have invented it.
    const bool only_heard_of = parts_.calls.only_heard_of(id);
    const bool in_vain = peer->vouched()
                             ? only_heard_of && (clear || (failures >= 2 && why != ConnectFailure::silent))
                             : failures >= 2 && !peer->met;
    if (in_vain && !peer->original) {
        parts_.observer.note(PeerExpired{parts_.endpoints.at(id)});
        forget(id, peer->incarnation);
        parts_.view.erase(id);
        return;
    }
    const bool patience_over =
        why != ConnectFailure::silent || now - peer->failing_since >= options_.stall_patience;
    if (failures >= failures_until_dead && patience_over) return bury(id, now);
    if (failures == failures_until_suspect) suspect(id, now);
    const Duration period = options_.period * parts_.health.multiplier();
    const Duration pause = clear ? period / 4 : period / 2 * std::min(failures, 8);
    parts_.view.retry(id, now + jittered(pause, parts_.random));
}

// It answered a call with the error text of HALP text, and ended. If it spoke gossip once, it is another program
// now.
void FailureDetector::set_original(const Peer& peer, Instant now) {
    forget(peer.endpoint, peer.incarnation);
    parts_.view.set_original(peer.endpoint, now);
    if (!peer.original) parts_.observer.note(PeerIsOriginal{parts_.endpoints.at(peer.endpoint)});
}

// Others are asked to probe it: the failures may be due to the path between this node and it (SWIM's ping-req).
void FailureDetector::suspect(EndpointId id, Instant now) {
    parts_.observer.note(PeerSuspected{parts_.endpoints.at(id)});
    parts_.news.add_peer(id, now);  // also after its doubt: now this node has found it itself
    gossip::Message request = parts_.identity.message(gossip::Kind::try_for);
    request.target = id;
    EndpointId first = no_endpoint;
    for (int i = 0; i < indirect_probes_per_suspect; ++i) {
        const EndpointId anchor = parts_.view.anchor_but(i == 0 ? id : first);
        if (anchor == no_endpoint || anchor == id) continue;
        first = anchor;
        Call& asked = parts_.calls.open(anchor, CallPurpose::probe_request, request, now);
        asked.about = id;
        asked.deadline += parts_.calls.timeout();  // the anchor needs a time-out of its own
    }
}

void FailureDetector::bury(EndpointId id, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(id);
    if (!peer || peer->dead()) return;
    forget(id, peer->incarnation);
    parts_.view.bury(id, now);
    parts_.observer.note(PeerBuried{parts_.endpoints.at(id)});
}

void FailureDetector::forget(EndpointId peer, std::uint32_t incarnation) {
    parts_.interests.forget(peer);
    parts_.news.forget_peer(peer, incarnation);
}

void FailureDetector::left(EndpointId id, std::uint32_t incarnation, Instant now) {
    take_farewell(id);  // it was true
    const std::optional<Peer> peer = parts_.view.find(id);
    if (peer && peer->dead()) return;
    forget(id, incarnation);
    parts_.view.leave(id, incarnation, now);
    if (!peer) return;
    parts_.observer.note(PeerLeft{parts_.endpoints.at(id)});
    parts_.news.add_peer(id, now);
}

// Any process of its machine, or behind its NAT, can say so. A node that leaves says it again to whoever calls.
void FailureDetector::leave_received(EndpointId speaker, const Endpoint& remote, Instant now) {
    if (parts_.endpoints.at(speaker).host != remote.host) return parts_.view.retry(speaker, now);
    expire_farewells(now);
    const std::optional<Peer> peer = parts_.view.find(speaker);
    if (peer && peer->dead()) return;
    if (std::ranges::find(farewells_, speaker, &Farewell::peer) != farewells_.end()) return;
    if ((!peer && ++leave_checks_ > leave_checks_max) || farewells_.size() >= farewells_max) {
        ++leaves_short_;
        return;
    }
    farewells_.push_back({speaker, now});
    parts_.calls.ping(speaker, CallPurpose::member_check, now);
}

void FailureDetector::answered(EndpointId peer) {
    if (!farewells_.empty()) leaves_refuted_ += take_farewell(peer);
}

bool FailureDetector::take_farewell(EndpointId peer) {
    return std::erase_if(farewells_, [&](const Farewell& said) { return said.peer == peer; }) > 0;
}

void FailureDetector::expire_farewells(Instant now) {
    std::erase_if(farewells_, [&](const Farewell& said) {
        return now - said.at >= 2 * parts_.calls.timeout();  // its call has ended
    });
}

void FailureDetector::mark_endpoints(std::vector<bool>& marks) const {
    for (const Farewell& said : farewells_) marks[static_cast<std::size_t>(said.peer)] = true;
}

// ---- indirect probes ----

void FailureDetector::on_verdict(EndpointId suspect, bool reachable, Instant now) {
    if (reachable)
        parts_.view.clear_suspicion(suspect);
    else if (parts_.view.count_failed_probe(suspect) >= failed_probes_until_dead)
        bury(suspect, now);
}

void FailureDetector::probe_for(ConversationId asker, EndpointId target, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(target);
    // Only nodes of the own list, and few: nobody can use this node to probe the network.
    if (!peer || peer->dead() || indirect_probes_ >= indirect_probes_per_period_max) {
        parts_.calls.refuse(asker, gossip::Refusal::busy);
        return;
    }
    ++indirect_probes_;
    parts_.calls.ping(target, CallPurpose::indirect_probe, now).asker = asker;
}

void FailureDetector::report(const Call& indirect_probe, bool reachable) {
    gossip::Message verdict = parts_.identity.message(gossip::Kind::verdict);
    verdict.target = indirect_probe.to;
    verdict.reachable = reachable;
    parts_.calls.reply(indirect_probe.asker, std::move(verdict), true);
}

// ---- probes of this node ----

// Failures come in groups (a rack, a cut cable): each one makes this node probe more members of its view per
// period, and each period without failures makes it probe one fewer. It removes the slow tail of dead entries after
// a catastrophe (overlay/gossip/rules.md, section 8.3).
void FailureDetector::probe_members(Instant now) {
    if (!failed_since_period_) member_probes_ = std::max(0, member_probes_ - 1);
    failed_since_period_ = false;
    for (int i = 0; i < member_probes_; ++i) {
        const EndpointId member = parts_.view.unproved_since(now - options_.period);
        if (member == no_endpoint) return;
        if (!parts_.calls.under_way_to(member)) parts_.calls.ping(member, CallPurpose::member_check, now);
    }
}

// The grave whose pause is over. However long the pauses have grown, the swarm as a whole probes about one grave a
// period, so two halves that were apart for a day meet again within a few periods.
void FailureDetector::probe_grave(Instant now) {
    EndpointId grave = parts_.view.due_grave(now);
    if (grave == no_endpoint && parts_.random.below(parts_.view.listed_count() + 1) == 0)
        grave = parts_.view.any_grave();
    if (grave == no_endpoint) return;
    parts_.view.probe_started(grave);
    parts_.calls.ping(grave, CallPurpose::grave_probe, now);
}

void FailureDetector::probe_suspects(Instant now) {
    for (int i = 0; i < suspect_probes_per_turn; ++i) {
        const EndpointId due = parts_.view.due_probe(now);
        if (due == no_endpoint) return;
        parts_.view.probe_started(due);
        if (parts_.calls.tests(due)) continue;
        parts_.calls.ping(due, CallPurpose::suspect_probe, now);
    }
}

}  // namespace halp
