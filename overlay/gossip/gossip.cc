#include "overlay/gossip/gossip.h"

#include <algorithm>
#include <utility>

#include "store/hash.h"

namespace halp {

namespace {

constexpr int attempts_per_round = 3;     // a failed partner is replaced at once, up to three in all
constexpr std::size_t proved_wanted = 8;  // a list this long is usable (overlay/gossip/rules.md section 9, join)
constexpr int eager_calls = 3;
constexpr int probes_per_turn = 8;
constexpr int checks_per_period_max = 12;
constexpr Duration claim_kept = std::chrono::hours{24 * 30};  // D4; who does not answer is gone long before
constexpr Duration seed_pause_first = std::chrono::milliseconds{50};

}  // namespace

Gossip::Gossip(Parts parts, const OverlayOptions& options)
    : parts_(parts), options_(options), swarm_(fnv1a(options.swarm)), node_(parts.random.next()) {
    if (options_.advertise)
        self_ = parts_.endpoints.intern(*options_.advertise);
    else if (options_.listening)
        self_ = parts_.endpoints.intern(*options_.listening);
    self_is_certain_ = self_ != no_endpoint;
}

void Gossip::start(Instant now, UnixSeconds wall) {
    incarnation_ = next_incarnation(0, wall);
    started_ = true;
    round_at_ = now + Duration{static_cast<std::int64_t>(
                          parts_.random.below(static_cast<std::uint64_t>(options_.gossip.period.count())))};
    expire_at_ = now + 5 * options_.gossip.period;
    eager_at_ = now;
    for (const Endpoint& seed : options_.seeds) add_seed(seed, now);
}

void Gossip::add_seed(const Endpoint& seed, Instant now) {
    const EndpointId id = parts_.endpoints.intern(seed);
    const auto known = std::ranges::find(seeds_, id, &Seed::endpoint);
    Seed& entry = known != seeds_.end() ? *known : seeds_.emplace_back(Seed{.endpoint = id});
    entry.next = now;
    entry.pause = seed_pause_first;
}

void Gossip::reconfigure(const OverlayOptions& options, Instant now) {
    const std::string swarm = options_.swarm;
    options_ = options;
    options_.swarm = swarm;  // needs a restart
    for (const Endpoint& seed : options.seeds) {
        const EndpointId id = parts_.endpoints.intern(seed);
        if (std::ranges::find(seeds_, id, &Seed::endpoint) == seeds_.end()) add_seed(seed, now);
    }
    std::erase_if(seeds_, [&](const Seed& s) {
        return std::ranges::find(options.seeds, parts_.endpoints.at(s.endpoint)) == options.seeds.end();
    });
    round_at_ = std::min(round_at_, now + jittered(options_.gossip.period));
}

std::uint32_t Gossip::next_incarnation(std::uint32_t last, UnixSeconds wall) const {
    const std::int64_t clock = std::clamp<std::int64_t>(count(wall), 1, 0xfffffff0);
    return std::max(last + 1, static_cast<std::uint32_t>(clock));
}

// ---- time ----

Instant Gossip::next_deadline() const {
    if (!started_) return no_deadline;
    Instant next = news_at_;
    for (const Outgoing& call : calls_) next = std::min(next, call.deadline);
    if (leaving()) return std::min(next, leave_until_);
    next = std::min({next, round_at_, expire_at_, reannounce_at_, eager_at_});
    for (const Seed& seed : seeds_) next = std::min(next, seed.next);
    return std::min(next, parts_.view.next_probe());
}

void Gossip::on_deadline(Instant now, UnixSeconds wall) {
    if (!started_) return;
    time_out_calls(now);
    if (now >= news_at_) push_news(now, wall);
    if (leaving()) return;
    if (now >= expire_at_) expire(now);
    if (now >= reannounce_at_) reannounce(now, wall);
    try_seeds(now);
    retry_suspects(now);
    if (now >= eager_at_) join_eagerly(now);
    if (now >= round_at_) start_round(now);
}

Duration Gossip::jittered(Duration d) {
    const auto spread = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count() * 2 / 5, 1));
    return d * 4 / 5 + Duration{static_cast<std::int64_t>(parts_.random.below(spread))};
}

void Gossip::start_round(Instant now) {
    round_at_ = now + jittered(options_.gossip.period) * health_;
    errands_this_period_ = 0;
    hearsay_tokens_ = 64 + 2 * parts_.view.capacity();
    if (const EndpointId holder = holder_partner(); holder != no_endpoint)
        call_partner(holder, 1, now);
    else if (const EndpointId partner = parts_.view.partner(); partner != no_endpoint)
        call_partner(partner, 1, now);
    // Rounds renew most proofs; feelers see to those that were not drawn for long.
    const Duration stale = std::max(60 * options_.gossip.period, options_.gossip.ttl / 2);
    if (const EndpointId unproved = parts_.view.feeler(now, stale); unproved != no_endpoint)
        call(unproved, Purpose::feeler, message(gossip::Kind::ping), now);
    check_members(now);
    try_graves(now);
}

// Who fails is rarely alone (a rack, a cut cable): each failure makes us look at more of the view per period, each
// period without failures at fewer. It removes the slow tail of dead entries after a catastrophe
// (overlay/gossip/rules.md 8.3).
void Gossip::check_members(Instant now) {
    if (!failed_since_round_) checks_wanted_ = std::max(0, checks_wanted_ - 1);
    failed_since_round_ = false;
    for (int i = 0; i < checks_wanted_; ++i) {
        const EndpointId member = parts_.view.unproved_since(now - options_.gossip.period);
        if (member == no_endpoint) return;
        if (std::ranges::find(calls_, member, &Outgoing::to) != calls_.end()) continue;
        call(member, Purpose::check, message(gossip::Kind::ping), now);
    }
}

// One grave a period when its pause is over. However long the pauses have grown, the swarm as a whole tries about
// one a period: two halves that were apart for a day meet again within a few periods.
void Gossip::try_graves(Instant now) {
    EndpointId grave = parts_.view.due_grave(now);
    if (grave == no_endpoint && parts_.random.below(parts_.view.listed_count() + 1) == 0)
        grave = parts_.view.any_grave();
    if (grave == no_endpoint) return;
    parts_.view.probing(grave);
    call(grave, Purpose::grave, message(gossip::Kind::ping), now);
}

void Gossip::call_partner(EndpointId partner, int attempt, Instant now) {
    call(partner, Purpose::round, exchange_message(now), now).attempt = attempt;
}

// A newcomer proves a usable list at once instead of one node a period.
void Gossip::join_eagerly(Instant now) {
    eager_at_ = no_deadline;
    if (parts_.view.proved_count() >= std::min(proved_wanted, parts_.view.presentable_count())) return;
    for (int i = 0; i < eager_calls; ++i) {
        const EndpointId unproved = parts_.view.feeler(now, Duration::max() / 2);
        if (unproved == no_endpoint) return;
        if (std::ranges::find(calls_, unproved, &Outgoing::to) != calls_.end()) continue;
        if (i == 0)
            call_partner(unproved, 1, now);
        else
            call(unproved, Purpose::feeler, message(gossip::Kind::ping), now);
    }
    eager_at_ = now + options_.gossip.period / 4;
}

void Gossip::try_seeds(Instant now) {
    const bool enough = parts_.view.proved_count() >= options_.view.fresh_max / 2;
    for (std::size_t i = 0; i < seeds_.size(); ++i) {
        Seed& seed = seeds_[i];
        if (seed.next > now) continue;
        const std::optional<Peer> known = parts_.view.find(seed.known_as);
        const bool alive = known && known->presentable() && known->proved != never;
        if (!enough && !alive && !is_self(seed.endpoint))
            call(seed.endpoint, Purpose::seed, exchange_message(now), now).seed = i;
        seed.pause = std::min(seed.pause * 2, options_.gossip.seed_retry_max);
        seed.next = now + jittered(alive || enough ? options_.gossip.seed_retry_max : seed.pause);
    }
}

void Gossip::retry_suspects(Instant now) {
    for (int i = 0; i < probes_per_turn; ++i) {
        const EndpointId due = parts_.view.due_probe(now);
        if (due == no_endpoint) return;
        parts_.view.probing(due);
        call(due, Purpose::suspect, message(gossip::Kind::ping), now);
    }
}

void Gossip::time_out_calls(Instant now) {
    std::vector<std::pair<ConversationId, bool>> late;
    for (const Outgoing& call : calls_)
        if (call.deadline <= now) late.emplace_back(call.id, call.connected);
    for (const auto& [id, connected] : late) {
        actions_.push_back(GossipHangUp{id});
        on_failed(id, connected ? ContactFailure::silent : ContactFailure::timed_out, now);
    }
}

void Gossip::expire(Instant now) {
    const Duration period = options_.gossip.period;
    expire_at_ = now + std::max<Duration>(5 * period, std::chrono::seconds{1});
    const Duration ttl = std::max(options_.gossip.ttl, 60 * period);
    const auto expired =
        parts_.view.expire(now, ttl, ttl, options_.gossip.grave_kept_max, claim_kept);
    for (const EndpointId id : expired.listed) {
        interests_.erase(id);
        parts_.observer.note(PeerExpired{parts_.endpoints.at(id)});
    }
    for (const LabelTable::Gone& gone : parts_.labels.expire(now))
        parts_.observer.note(EntryForgotten{gone.label, parts_.endpoints.at(gone.endpoint), ForgottenWhy::expired});
}

// ---- conversations ----

gossip::Message Gossip::message(gossip::Kind kind) const {
    gossip::Message m;
    m.kind = kind;
    m.hello.swarm = swarm_;
    m.hello.node = node_;
    m.hello.self = self_is_certain_ ? self_ : no_endpoint;
    m.hello.port = options_.listen_port;
    m.hello.incarnation = incarnation_;
    m.hello.leaving = leaving();
    return m;
}

gossip::Message Gossip::exchange_message(Instant now) {
    gossip::Message m = message(gossip::Kind::exchange);
    m.hello.joining = parts_.view.proved_count() == 0;
    m.hello.peers = swarm_digest();
    m.hello.interests = own_interests();
    for (const Peer& peer : parts_.view.sample(in_agreement_)) m.peers.push_back(peer_entry(peer, now));
    m.hello.all_labels = parts_.labels.host_label_count() <= options_.gossip.digests_per_exchange;
    for (const Label& label : parts_.labels.next_labels(digest_cursor_, options_.gossip.digests_per_exchange))
        if (const HostList* list = parts_.labels.find(label)) m.digests.push_back({label.hash(), list->digest()});
    return m;
}

Gossip::Outgoing& Gossip::call(EndpointId to, Purpose purpose, gossip::Message first, Instant now) {
    Outgoing& o = calls_.emplace_back();
    o.id = fresh_conversation();
    o.to = to;
    o.purpose = purpose;
    o.started = now;
    o.deadline = now + timeout();
    const bool hang_up = purpose == Purpose::news || purpose == Purpose::leave;
    actions_.push_back(GossipCall{o.id, to, std::move(first), hang_up});
    return o;
}

std::optional<Gossip::Outgoing> Gossip::finish(ConversationId conversation) {
    const auto at = std::ranges::find(calls_, conversation, &Outgoing::id);
    if (at == calls_.end()) return std::nullopt;
    const Outgoing found = *at;
    calls_.erase(at);
    return found;
}

void Gossip::on_connected(ConversationId conversation) {
    const auto call = std::ranges::find(calls_, conversation, &Outgoing::id);
    if (call != calls_.end()) call->connected = true;
}

void Gossip::on_sent(ConversationId conversation) { finish(conversation); }

void Gossip::on_failed(ConversationId conversation, ContactFailure why, Instant now) {
    const std::optional<Outgoing> call = finish(conversation);
    if (!call || why == ContactFailure::our_limit) return;
    // Late by more than a time-out: it is we who stood still (SIGSTOP, a suspended machine), and nothing is known of
    // the other side.
    const bool waited_in_vain = why == ContactFailure::silent || why == ContactFailure::timed_out;
    if (waited_in_vain && now - call->deadline > timeout()) return;
    if (call->purpose == Purpose::errand) {
        gossip::Message verdict = message(gossip::Kind::verdict);
        verdict.target = call->to;
        actions_.push_back(GossipReply{call->asker, std::move(verdict), true});
        return;
    }
    if (call->purpose == Purpose::seed) {
        parts_.observer.note(SeedFailed{parts_.endpoints.at(call->to), as_connect_failure(why)});
        if (parts_.view.find(call->to)) failed(call->to, why, now);
        return;
    }
    const std::optional<Peer> peer = parts_.view.find(call->to);
    // Answers that do not come in time may be late because of us, or of our line: more time for everything. That nobody
    // picks up tells of the other side, as long as others get through to us (Lifeguard's missing nacks).
    const bool sign_of_illness = why == ContactFailure::silent ||
                                 (why == ContactFailure::timed_out && heard_at_ < call->started);
    if (peer && peer->role == PeerRole::anchor && sign_of_illness) feel_well(false);
    if (peer && peer->vouched() && !peer->dead() && why != ContactFailure::speaks_text) {
        failed_since_round_ = true;
        checks_wanted_ = std::min(checks_wanted_ + 4, checks_per_period_max);
    }
    if (!leaving()) failed(call->to, why, now);
    if (call->purpose != Purpose::round || leaving()) return;
    ++counters_.rounds;
    ++counters_.rounds_failed;
    parts_.observer.note(RoundDone{parts_.view.listed_count(), false});
    if (call->attempt >= attempts_per_round) return;
    const EndpointId next = parts_.view.partner();
    if (next != no_endpoint && next != call->to) call_partner(next, call->attempt + 1, now);
}

void Gossip::refuse(ConversationId conversation, gossip::Refusal why) {
    gossip::Message no = message(gossip::Kind::refuse);
    no.refusal = why;
    actions_.push_back(GossipReply{conversation, std::move(no), true});
}

void Gossip::on_message(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                        UnixSeconds wall) {
    using gossip::Kind;
    const bool opened_by_us = std::ranges::find(calls_, conversation, &Outgoing::id) != calls_.end();
    heard_at_ = now;
    if (m.kind == Kind::refuse || m.hello.swarm != swarm_ || m.hello.node == node_) {
        on_foreign(conversation, m, remote, now);
        return;
    }
    const bool answers = m.kind == Kind::answer || m.kind == Kind::pong || m.kind == Kind::verdict;
    if (answers != opened_by_us || !started_) {
        actions_.push_back(GossipHangUp{conversation});
        return;
    }
    if (opened_by_us)
        on_answer(conversation, m, remote, now, wall);
    else if (leaving() && m.kind != Kind::leave && m.kind != Kind::news)
        refuse(conversation, gossip::Refusal::leaving);
    else
        on_request(conversation, m, remote, now, wall);
}

// Refusals, nodes of another swarm, and this node itself.
void Gossip::on_foreign(ConversationId conversation, const gossip::Message& m, const Endpoint& remote,
                        Instant now) {
    const std::optional<Outgoing> call = finish(conversation);
    if (m.kind == gossip::Kind::refuse) {
        actions_.push_back(GossipHangUp{conversation});
        if (call) on_refused(*call, m, remote, now);
        return;
    }
    if (m.hello.node == node_) {
        if (call && !is_self(call->to)) {
            if (also_self_.size() < 8) also_self_.push_back(call->to);
            parts_.view.erase(call->to);
        }
        if (call)
            actions_.push_back(GossipHangUp{conversation});
        else
            refuse(conversation, gossip::Refusal::self);
        return;
    }
    ++counters_.other_swarm;
    if (call) {
        parts_.observer.note(SwarmMismatch{parts_.endpoints.at(call->to)});
        parts_.view.erase(call->to);
        actions_.push_back(GossipHangUp{conversation});
        return;
    }
    parts_.observer.note(SwarmMismatch{remote});
    refuse(conversation, gossip::Refusal::other_swarm);
}

void Gossip::on_answer(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                       UnixSeconds wall) {
    const Outgoing call = *finish(conversation);
    if (call.purpose == Purpose::ask) {
        actions_.push_back(GossipHangUp{conversation});
        if (m.reachable)
            parts_.view.forgive(call.about);
        else if (parts_.view.count_refusal(call.about) >= 2)
            bury(call.about, now);
        return;
    }
    if (call.purpose == Purpose::errand) {
        gossip::Message verdict = message(gossip::Kind::verdict);
        verdict.target = call.to;
        verdict.reachable = true;
        actions_.push_back(GossipReply{call.asker, std::move(verdict), true});
    }
    const EndpointId speaker = contacted(call, m, remote, now);
    if (m.kind == gossip::Kind::pong || speaker == no_endpoint) {
        actions_.push_back(GossipHangUp{conversation});
        return;
    }
    in_agreement_ = m.hello.peers == swarm_digest();
    const Merged how = merged(m.kind, speaker, (now - call.started) / 2, remote, now, wall);
    hear_peers(m, how);
    hear_labels(m, how);
    if (call.purpose == Purpose::round || call.purpose == Purpose::seed) {
        ++counters_.rounds;
        parts_.observer.note(RoundDone{parts_.view.listed_count(), true});
    }
    if (m.wanted.empty()) {
        actions_.push_back(GossipHangUp{conversation});
        return;
    }
    gossip::Message rest = message(gossip::Kind::supplement);
    supply(m.wanted, rest, now, wall);
    actions_.push_back(GossipReply{conversation, std::move(rest), true});
}

void Gossip::on_request(ConversationId conversation, const gossip::Message& m, const Endpoint& remote, Instant now,
                        UnixSeconds wall) {
    using gossip::Kind;
    const EndpointId speaker = identify(m.hello, remote);
    if (speaker == no_endpoint) {
        refuse(conversation, gossip::Refusal::malformed);
        return;
    }
    const Merged how = merged(m.kind, speaker, Duration{0}, remote, now, wall);
    if (m.kind == Kind::leave) {
        hear_labels(m, how);
        hear_leave(speaker, m, remote, now);
        actions_.push_back(GossipHangUp{conversation});
        return;
    }
    if (!m.hello.leaving) hear_speaker(speaker, m.hello, now);
    if (m.kind == Kind::try_for) {
        parts_.view.settle();
        run_errand(conversation, m.target, now);
        return;
    }
    hear_peers(m, how);
    hear_labels(m, how);
    if (m.kind == Kind::ping) {
        gossip::Message pong = message(Kind::pong);
        pong.observed = speaker;
        actions_.push_back(GossipReply{conversation, std::move(pong), true});
    } else if (m.kind == Kind::exchange) {
        answer(conversation, m, speaker, now, wall);
    } else {
        if (m.kind == Kind::news) ++counters_.news_received;
        actions_.push_back(GossipHangUp{conversation});
    }
}

void Gossip::answer(ConversationId conversation, const gossip::Message& theirs, EndpointId speaker, Instant now,
                    UnixSeconds wall) {
    gossip::Message ours = message(gossip::Kind::answer);
    ours.hello.peers = swarm_digest();
    ours.hello.interests = own_interests();
    ours.observed = speaker;
    const bool differs = small_swarm_differs(theirs.hello.peers);
    if (theirs.hello.joining || differs)
        add_everybody(ours, now);
    else
        for (const Peer& peer : parts_.view.sample(theirs.hello.peers == ours.hello.peers))
            if (peer.endpoint != speaker) ours.peers.push_back(peer_entry(peer, now));
    if (differs) ours.wanted.push_back(Label::halp().hash());
    compare_digests(theirs, ours, now, wall);
    if (theirs.hello.all_labels) offer_missing(theirs, ours, now, wall);
    parts_.view.settle();
    const bool done = ours.wanted.empty();
    actions_.push_back(GossipReply{conversation, std::move(ours), done});
}

// ---- leaving ----

void Gossip::leave(Instant now, UnixSeconds wall) {
    if (leaving()) return;
    const std::vector<EndpointId> told = parts_.view.some_presentable(gossip::peers_per_message_max);
    leave_until_ = told.empty() ? now : now + options_.gossip.leave_linger;
    gossip::Message goodbye = message(gossip::Kind::leave);
    goodbye.labels = withdraw_all(now, wall);
    for (const EndpointId peer : told) call(peer, Purpose::leave, goodbye, now);
}

bool Gossip::left(Instant now) const { return leaving() && now >= leave_until_; }

bool Gossip::is_self(EndpointId endpoint) const {
    if (endpoint == no_endpoint) return false;
    if (endpoint == self_ || std::ranges::find(also_self_, endpoint) != also_self_.end()) return true;
    if (options_.own_addresses.empty()) return false;
    const Endpoint& e = parts_.endpoints.at(endpoint);
    return e.port == options_.listen_port &&
           std::ranges::find(options_.own_addresses, e.host) != options_.own_addresses.end();
}

void Gossip::mark_endpoints(std::vector<bool>& marks) const {
    const auto mark = [&](EndpointId id) {
        if (id != no_endpoint) marks[static_cast<std::size_t>(id)] = true;
    };
    mark(self_);
    for (const EndpointId id : also_self_) mark(id);
    for (const Outgoing& o : calls_) {
        mark(o.to);
        mark(o.about);
    }
    for (const Seed& s : seeds_) {
        mark(s.endpoint);
        mark(s.known_as);
    }
    for (const NewsItem& n : news_) mark(n.endpoint);
    for (const auto& [id, held] : interests_) mark(id);
    for (const Own& own : own_) mark(own.endpoint);
    for (const Peer& p : parts_.view.all()) mark(p.endpoint);
    for (const GossipAction& action : actions_)
        if (const auto* call = std::get_if<GossipCall>(&action)) mark(call->to);
}

}  // namespace halp
