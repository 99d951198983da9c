#include "overlay/gossip/gossip.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace halp {

namespace {

// A node that was only claimed to exist is kept for so long. One that does not answer is gone long before.
constexpr Duration claim_kept = std::chrono::hours{24 * 30};
// A node that may not be dialled is forgotten when nobody confirms it for so long.
constexpr int unconfirmed_periods = 6;
constexpr std::uint64_t held_worth_noting = 64;  // calls that were not made
constexpr Duration held_note_pause = std::chrono::minutes{1};

// Somebody has reached it after this node could not. Where no call may be made, that must do.
bool seen_since_doubt(const Peer& peer) { return peer.suspect() && peer.seen > peer.doubted_since(); }

}  // namespace

Gossip::Gossip(Parts parts, const OverlayOptions& options)
    : parts_(parts),
      options_(options),
      identity_(parts.endpoints, parts.random, options_),
      health_(parts.observer),
      still_(options_.gossip),
      calls_(identity_, health_, options_.gossip),
      interests_(parts.random, parts.view, parts.labels),
      disputes_(options_.gossip),
      news_({parts.endpoints, parts.observer, parts.view, parts.labels, disputes_, identity_, calls_, clock_steps_},
            options_.gossip),
      announcements_(parts.random, parts.labels, news_, options_.gossip),
      refused_inserts_(parts.observer),
      labels_({parts.endpoints, parts.random, refused_inserts_, parts.labels, identity_, announcements_, disputes_,
               news_, clock_steps_, tags_},
              options_.gossip),
      push_pull_({parts.endpoints, parts.view, identity_, interests_, labels_, &dials_}),
      membership_({parts.endpoints, parts.random, parts.observer, parts.view, identity_, interests_, news_, calls_,
                   &dials_},
                  options_.gossip),
      failures_({parts.endpoints, parts.random, parts.observer, parts.view, identity_, health_, calls_, interests_,
                 news_},
                options_.gossip),
      seeds_({parts.endpoints, parts.random, parts.view, identity_, calls_, push_pull_, parts.observer}, options_),
      rounds_({parts.random, parts.observer, parts.view, identity_, health_, calls_, interests_, push_pull_},
              options_.gossip),
      self_check_({parts.endpoints, parts.observer, parts.view, identity_, calls_}),
      standing_(parts.observer),
      dials_({parts.endpoints, parts.view, identity_}),
      messages_({parts.endpoints, parts.observer, parts.view, identity_, health_, calls_, labels_, push_pull_,
                 membership_, failures_, seeds_, rounds_, self_check_, contacts_, standing_, dials_},
                options_.gossip) {
    calls_.set_gate(dials_);
}

std::vector<GossipAction> Gossip::take_actions() {
    std::vector<GossipAction> actions = calls_.take_actions();
    if (tags_.empty()) return actions;
    for (GossipAction& action : actions) {
        if (auto* call = std::get_if<GossipCall>(&action)) tags_.add_to(call->first);
        if (auto* reply = std::get_if<GossipReply>(&action)) tags_.add_to(reply->message);
    }
    return actions;
}

void Gossip::start(Instant now, UnixSeconds wall) {
    identity_.start(wall);
    clock_steps_.look(now, wall);
    rounds_.start(now);
    expire_at_ = now + 5 * options_.gossip.period;
    for (const Endpoint& seed : options_.seeds) seeds_.add(seed, SeedOrigin::configured, now);
}

void Gossip::reconfigure(Instant now) {
    seeds_.reconfigure(now);
    rounds_.reconfigure(now);
}

// ---- time ----

Instant Gossip::next_deadline() {
    if (!identity_.started()) return no_deadline;
    Instant next = std::min({news_.next_deadline(), calls_.next_deadline(), disputes_.next_deadline()});
    if (leaving())
        next = std::min(next, leave_until_);
    else
        next = std::min({next, rounds_.next_deadline(), expire_at_, announcements_.next_deadline(),
                         seeds_.next_deadline(), parts_.view.next_probe(), self_check_.next_deadline()});
    still_.plan(next);
    return next;
}

void Gossip::on_deadline(Instant now, UnixSeconds wall) {
    if (!identity_.started()) return;
    catch_up(now, wall);
    time_out_calls(now);
    for (const EndpointId quiet : calls_.take_quiet(now))
        if (!settling(now)) failures_.call_quiet(quiet, now);
    if (now >= disputes_.next_deadline()) labels_.settle_disputes(now, wall);
    if (now >= news_.next_deadline()) news_.push(now, wall);
    if (leaving()) return;
    if (now >= expire_at_) expire(now);
    if (now >= announcements_.next_deadline()) announcements_.renew_due(now, wall);
    seeds_.call_due(now);
    if (now >= self_check_.next_deadline()) self_check_.on_deadline(now);
    failures_.probe_suspects(now);
    if (rounds_.joining_due(now)) rounds_.call_unproved(now);
    if (rounds_.due(now)) start_round(now);
}

void Gossip::on_message(ConversationId conversation, const gossip::Message& message, const Endpoint& remote,
                        Instant now, UnixSeconds wall) {
    catch_up(now, wall);
    messages_.on_message(conversation, message, remote, now, still_.delay(now), wall);
}

// After this node stood still. Calls that were under way are nobody's fault, but a node
// is excused only so often.
// What others have not confirmed for too long is forgotten or becomes a claim, before anything is told. Then it
// joins again as at its start.
void Gossip::catch_up(Instant now, UnixSeconds wall) {
    clock_steps_.look(now, wall);
    const Duration gap = still_.end(now);
    if (gap == Duration{0} || leaving()) return;
    parts_.observer.note(StoodStill{gap});
    for (const Call& call : calls_.under_way()) {
        if (!failures_.excuse(call.to, still_.count(), now)) continue;
        calls_.hang_up(call.id);
        static_cast<void>(calls_.finish(call.id));  // returns this same call
        dials_.ended(call.to, HearsayDials::Outcome::excused, now);
    }
    age_peers(gap, now, wall);
    expire(now);
    if (gap > options_.gossip.ttl / 3) announcements_.announce_again(now);
    seeds_.call_again(now);
    rounds_.join_by(now);
}

// Nodes that were known before may still be there, so they are dialled, and told to others when they answered.
// After a long time failures of contacts before say nothing; a node that is short of CPU again and again must count
// on.
void Gossip::age_peers(Duration gap, Instant now, UnixSeconds wall) {
    const bool long_ago = gap >= options_.gossip.stall_patience;
    for (const Peer& peer : parts_.view.listed()) {
        if (peer.failures > 0 && long_ago) parts_.view.clear_suspicion(peer.endpoint);
        const Duration age = peer.vouched() ? now - peer.newest() : Duration{0};
        if (peer.original || age <= node_ttl(options_.gossip)) continue;
        const auto age_s = std::chrono::duration_cast<std::chrono::seconds>(age).count();
        const UnixSeconds stated{std::max<std::int64_t>(0, halp::count(wall) - age_s)};
        parts_.view.merge({.endpoint = peer.endpoint, .claim = {stated, stated, now}}, now);
        dials_.remember(peer.endpoint);
    }
}

void Gossip::time_out_calls(Instant now) {
    for (const Calls::Late& late : calls_.late(now)) {
        calls_.hang_up(late.conversation);
        on_failed(late.conversation, late.connected ? ConnectFailure::silent : ConnectFailure::timed_out, now);
    }
}

void Gossip::start_round(Instant now) {
    failures_.start_period();
    news_.start_period();
    disputes_.start_period(now);
    rounds_.start_round(now);
    failures_.probe_members(now);
    failures_.probe_grave(now);
}

void Gossip::expire(Instant now) {
    expire_at_ = now + std::max<Duration>(5 * options_.gossip.period, std::chrono::seconds{1});
    identity_.address().expire(now);
    const Duration ttl = node_ttl(options_.gossip);
    for (const EndpointId id :
         parts_.view.expire(now, ttl, ttl, options_.gossip.grave_kept_max, claim_kept).listed) {
        interests_.forget(id);
        parts_.observer.note(PeerExpired{parts_.endpoints.at(id)});
    }
    if (dials_.used_up(now) || dials_.refused() != refused_before_)  // no call will tell what is invented or gone
        for (const Peer& peer : parts_.view.listed())
            if (not_worth_keeping(peer, now) && dials_.would_hold(peer.endpoint, now)) forget(peer.endpoint);
    refused_before_ = dials_.refused();
    static_cast<void>(parts_.labels.expire(now));  // the table tells its observer what is gone
}

// ---- failed calls ----

bool Gossip::settling(Instant now) const {
    return still_.settling(now) && messages_.answered_at() <= still_.ended();
}

// Late by more than a time-out: this node stood still (SIGSTOP, a suspended machine), and nothing is known of the
// other side. A refusal in time is an answer of the other machine.
bool Gossip::excused(const Call& call, ConnectFailure why, Instant now) const {
    if (now - call.deadline > calls_.timeout() || still_.late(now)) return true;
    const bool told =
        why == ConnectFailure::refused || why == ConnectFailure::text_only || why == ConnectFailure::not_halp;
    return !told && settling(now);
}

HearsayDials::Outcome Gossip::outcome(ConnectFailure why, bool says_nothing) {
    using Outcome = HearsayDials::Outcome;
    if (why == ConnectFailure::text_only) return Outcome::answered;  // in its own language: an original
    if (why == ConnectFailure::local_limit) return Outcome::untold;  // nothing left this node
    if (says_nothing) return Outcome::excused;
    return why == ConnectFailure::silent ? Outcome::silent : Outcome::failed;
}

void Gossip::on_sent(ConversationId conversation, Instant now) {
    if (const std::optional<Call> call = calls_.finish(conversation))
        dials_.ended(call->to, HearsayDials::Outcome::untold, now);
}

void Gossip::on_failed(ConversationId conversation, ConnectFailure why, Instant now) {
    const std::optional<Call> call = calls_.finish(conversation);
    if (!call) return;
    if (call->withheld) return withheld(*call, now);
    const bool says_nothing = why == ConnectFailure::local_limit || excused(*call, why, now);
    dials_.ended(call->to, outcome(why, says_nothing), now);
    if (call->purpose == CallPurpose::self_check) return;
    if (why == ConnectFailure::local_limit) return failures_.look_again(call->to, now);
    if (says_nothing && failures_.excuse(call->to, still_.count(), now)) return;
    if (why <= ConnectFailure::name_unknown) contacts_.call_failed(call->to, why, now);  // no connection came about
    if (call->purpose == CallPurpose::indirect_probe) return failures_.report(*call, false);
    if (call->purpose == CallPurpose::seed) {
        seeds_.failed(*call, SeedOutcome::unreached, why);
        if (why == ConnectFailure::refused) seeds_.refused(*call, now);
        parts_.observer.note(SeedFailed{parts_.endpoints.at(call->to), why});
        return failures_.contact_failed(call->to, why, now);
    }
    failures_.call_failed(*call, why, now);
    if (call->purpose == CallPurpose::round && !leaving()) rounds_.partner_failed(*call, now);
}

// A node that was only heard of, and that this one may not try to reach. One that has failed here may be slow, and
// one that has called from its host may call again.
bool Gossip::not_worth_keeping(const Peer& peer, Instant now) const {
    if (dials_.reached(peer.endpoint)) return false;
    const bool unconfirmed = peer.vouched() && now - peer.seen > unconfirmed_periods * options_.gossip.period;
    if (!dials_.only_heard_of(peer.endpoint)) return unconfirmed && !peer.dead();
    if (peer.suspect())
        return !seen_since_doubt(peer) && now - peer.doubted_since() >= options_.gossip.stall_patience;
    return dials_.found_gone(peer.endpoint, peer.incarnation, peer.seen, now) || unconfirmed;
}

void Gossip::forget(EndpointId id) {
    interests_.forget(id);
    parts_.view.erase(id);
    parts_.observer.note(PeerExpired{parts_.endpoints.at(id)});
}

// Rarely and by the number: whoever names such addresses must not fill the log.
void Gossip::note_held(Instant now) {
    if (dials_.refused() - held_noted_ < held_worth_noting) return;
    if (held_noted_at_ != never && now - held_noted_at_ < held_note_pause) return;
    held_noted_at_ = now;
    held_noted_ = dials_.refused();
    parts_.observer.note(DialsHeld{dials_.refused(), dials_.made()});
}

// It was not made, so nothing is known of the other side.
void Gossip::withheld(const Call& call, Instant now) {
    if (call.purpose == CallPurpose::indirect_probe) calls_.refuse(call.asker, gossip::Refusal::busy);
    note_held(now);
    const std::optional<Peer> peer = parts_.view.find(call.to);
    if (peer && peer->dead())
        parts_.view.fail(call.to, now, 2 * options_.gossip.period);  // plans the next try
    else if (peer && !peer->vouched() && !dials_.may_be_dialled(call.to))
        parts_.view.fail(call.to, now, Duration{0});  // it stays a claim, and is not tried again
    else if (peer && not_worth_keeping(*peer, now))
        forget(call.to);
    else if (peer && seen_since_doubt(*peer))
        parts_.view.clear_suspicion(call.to);
    else
        failures_.look_again(call.to, now);
    if (call.purpose == CallPurpose::round && !leaving()) rounds_.partner_failed(call, now);
}

// ---- addresses ----

void Gossip::set_own_addresses(std::vector<std::string> addresses) {
    // The owner compares self() after each turn.
    static_cast<void>(identity_.address().set_interfaces(std::move(addresses)));
}

void Gossip::moved(UnixSeconds wall) {
    if (identity_.endpoint() != no_endpoint) parts_.view.erase(identity_.endpoint());
    identity_.outrank_former(wall);
}

// ---- leaving, status ----

void Gossip::leave(Instant now, UnixSeconds wall) {
    if (leaving()) return;
    const std::vector<EndpointId> told = parts_.view.some_presentable(gossip::peers_per_message_max);
    leave_until_ = told.empty() ? now : now + options_.gossip.leave_linger;
    identity_.start_leaving();
    gossip::Message goodbye = identity_.message(gossip::Kind::leave);
    for (auto& part : announcements_.withdraw_all(now, wall)) {
        goodbye.labels = std::move(part);
        for (const EndpointId peer : told) calls_.open(peer, CallPurpose::leave, goodbye, now);
    }
}

bool Gossip::left(Instant now) const { return leaving() && now >= leave_until_; }

GossipCounters Gossip::counters() const {
    return {rounds_.done(),
            rounds_.failed(),
            news_.sent(),
            messages_.news_received(),
            messages_.other_swarm(),
            news_.dropped(),
            still_.count(),
            contacts_.forgotten() + calls_.slow_answers_short(),
            self_check_.contested(),
            self_check_.numbers_shared(),
            disputes_.waiting_count(),
            disputes_.refuted(),
            disputes_.dropped(),
            membership_.versions_unproved(),
            failures_.leaves_refuted(),
            failures_.leaves_short(),
            dials_.made(),
            dials_.refused(),
            announcements_.ended_short(),
            disputes_.forgotten(),
            dials_.forgotten(),
            self_check_.checks_short() + identity_.address().forgotten(),
            dials_.dropped()};
}

ReceivedItems Gossip::received() const {
    ReceivedItems all = messages_.received();
    all.nodes.add(membership_.received());
    all.hosts.add(labels_.received());
    return all;
}

void Gossip::mark_endpoints(std::vector<bool>& marks) const {
    identity_.mark_endpoints(marks);
    calls_.mark_endpoints(marks);
    seeds_.mark_endpoints(marks);
    news_.mark_endpoints(marks);
    interests_.mark_endpoints(marks);
    announcements_.mark_endpoints(marks);
    self_check_.mark_endpoints(marks);
    contacts_.mark_endpoints(marks);
    disputes_.mark_endpoints(marks);
    failures_.mark_endpoints(marks);
    dials_.mark_endpoints(marks);
    for (const Peer& p : parts_.view.all()) marks[static_cast<std::size_t>(p.endpoint)] = true;
}

}  // namespace halp
