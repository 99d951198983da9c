// Who is alive: contacts and failures, suspicion, graves, leaving, and how we learn our own address.
#include <algorithm>
#include <string_view>

#include "overlay/gossip/gossip.h"
#include "store/hash.h"

namespace halp {

namespace {

constexpr int errands_per_period_max = 4;

bool loopback(std::string_view host) { return host.starts_with("127.") || host == "::1" || host == "localhost"; }
bool wildcard(std::string_view host) { return host == "0.0.0.0" || host == "::" || host.empty(); }

}  // namespace

ConnectFailure Gossip::as_connect_failure(ContactFailure why) {
    switch (why) {
        case ContactFailure::refused:
            return ConnectFailure::refused;
        case ContactFailure::unreachable:
            return ConnectFailure::unreachable;
        case ContactFailure::name_unknown:
            return ConnectFailure::name_unknown;
        default:
            return ConnectFailure::timed_out;
    }
}

Gossip::Merged Gossip::merged(gossip::Kind kind, EndpointId speaker, Duration half_rtt, const Endpoint& remote,
                              Instant now, UnixSeconds wall) const {
    // Quotas count by address group of the socket, which cannot be made up.
    const SourceId source{std::max(1U, remote.group())};
    return {kind == gossip::Kind::news, now, wall, half_rtt, source, speaker, loopback(remote.host)};
}

// The endpoint under which to list the speaker: what it advertises, or where we see it. An address that only it
// can use (wildcard, or loopback told from elsewhere) counts as not advertised.
EndpointId Gossip::identify(const gossip::Hello& hello, const Endpoint& remote) {
    if (hello.self != no_endpoint && plausible(hello.self, loopback(remote.host))) return hello.self;
    const Result<Endpoint> seen = Endpoint::make(remote.host, hello.port);
    return seen ? parts_.endpoints.intern(*seen) : no_endpoint;
}

bool Gossip::plausible(EndpointId endpoint, bool speaker_on_loopback) const {
    const std::string& host = parts_.endpoints.at(endpoint).host;
    return !wildcard(host) && (speaker_on_loopback || !loopback(host));
}

void Gossip::learn_self(EndpointId observed) {
    if (observed == no_endpoint || self_is_certain_ || observed == self_) return;
    if (parts_.endpoints.at(observed).port != options_.listen_port) return;
    if (self_ != no_endpoint) {
        if (!is_self(observed) && also_self_.size() < 8) also_self_.push_back(observed);
        return;
    }
    self_ = observed;
    parts_.view.erase(observed);
    parts_.observer.note(SelfKnown{parts_.endpoints.at(observed)});
}

// Our call was answered by a node of our swarm. Answers who it is.
EndpointId Gossip::contacted(const Outgoing& call, const gossip::Message& m, const Endpoint& remote, Instant now) {
    feel_well(true);
    learn_self(m.observed);
    const EndpointId speaker = identify(m.hello, remote);
    if (speaker == no_endpoint || is_self(speaker)) return no_endpoint;
    if (call.purpose == Purpose::seed && call.seed < seeds_.size() && seeds_[call.seed].endpoint == call.to) {
        seeds_[call.seed].known_as = speaker;
        seeds_[call.seed].pause = options_.gossip.seed_retry_max;
    }
    const std::optional<Peer> before = parts_.view.find(speaker);
    const bool new_here = !before || before->dead();
    const bool first_proof = new_here || before->proved == never;
    if (call.to != speaker) parts_.view.erase(call.to);  // another name of the same node
    ever_proved_ = true;
    // What it advertises is proved only if that is what we dialled.
    if (call.to == speaker || parts_.endpoints.at(speaker).host == remote.host)
        parts_.view.prove(speaker, m.hello.incarnation, now, !is_seed(speaker));
    else
        parts_.view.hear({.endpoint = speaker, .incarnation = m.hello.incarnation, .seen = now, .direct = true},
                         now);
    note_interests(speaker, m.hello);
    if (new_here && peer_appeared(speaker, m.hello.incarnation, now)) tell_peer(speaker, now, true);
    if (first_proof) parts_.observer.note(PeerProved{parts_.endpoints.at(speaker)});
    parts_.view.settle();
    return speaker;
}

bool Gossip::is_seed(EndpointId peer) const {
    return std::ranges::any_of(seeds_, [&](const Seed& s) { return s.endpoint == peer || s.known_as == peer; });
}

// It called us. That shows it lives, not that it can be called.
void Gossip::hear_speaker(EndpointId speaker, const gossip::Hello& hello, Instant now) {
    if (is_self(speaker)) return;
    const Heard heard =
        parts_.view.hear({.endpoint = speaker, .incarnation = hello.incarnation, .seen = now, .direct = true}, now);
    note_interests(speaker, hello);
    if (heard != Heard::added && heard != Heard::revived) return;
    if (peer_appeared(speaker, hello.incarnation, now)) tell_peer(speaker, now, true);
    eager_at_ = std::min(eager_at_, now);
}

void Gossip::hear_peers(const gossip::Message& m, const Merged& how) {
    for (const gossip::Entry& entry : m.peers)
        if (!is_self(entry.endpoint) && plausible(entry.endpoint, how.loopback)) hear_peer(entry, how);
    parts_.view.settle();
}

void Gossip::hear_peer(const gossip::Entry& entry, const Merged& how) {
    const std::optional<Peer> known = parts_.view.find(entry.endpoint);
    if (entry.suspect || entry.withdrawn) {
        // Hearsay of a death or a leave is a reason to look, never a proof.
        if (!known || known->dead() || known->incarnation > entry.incarnation) return;
        const auto within = static_cast<std::uint64_t>(options_.gossip.period.count() / 2 + 1);
        parts_.view.retry(entry.endpoint,
                          how.now + Duration{static_cast<std::int64_t>(parts_.random.below(within))});
        return;
    }
    const Duration hop = std::max<Duration>(std::chrono::seconds{1}, options_.gossip.period);
    const Duration age = std::chrono::milliseconds{entry.age_ms} + how.half_rtt +
                         (entry.endpoint == how.speaker ? Duration{0} : hop);
    if (age > std::max(options_.gossip.ttl, 60 * options_.gossip.period)) return;
    const Heard heard = parts_.view.hear(
        {.endpoint = entry.endpoint, .incarnation = entry.incarnation, .seen = how.now - age}, how.now);
    if (heard != Heard::added && heard != Heard::revived) return;
    // What came in a sample was news once: in a swarm larger than the list, entries come and go all the time.
    if (peer_appeared(entry.endpoint, entry.incarnation, how.now) && how.news)
        tell_peer(entry.endpoint, how.now, false);
    eager_at_ = std::min(eager_at_, how.now + options_.gossip.period / 4);
}

void Gossip::feel_well(bool well) {
    const int before = health_;
    health_ = std::clamp(health_ + (well ? -1 : 1), 1, 8);
    if (health_ != before) parts_.observer.note(HealthChanged{health_});
}

// ---- failure ----

void Gossip::failed(EndpointId id, ContactFailure why, Instant now) {
    const std::optional<Peer> before = parts_.view.find(id);
    if (!before) return;
    if (why == ContactFailure::speaks_text) {
        const bool news = !before->original;
        parts_.view.set_original(id, now);
        if (news) parts_.observer.note(PeerIsOriginal{parts_.endpoints.at(id)});
        return;
    }
    const Duration period = options_.gossip.period * health_;
    const bool was_dead = before->dead();
    const int failures = parts_.view.fail(id, now, 2 * options_.gossip.period, why == ContactFailure::silent);
    parts_.view.settle();  // an anchor that fails goes to the fresh part, which may be full
    const std::optional<Peer> peer = parts_.view.find(id);
    if (!peer || was_dead) return;
    if (!peer->vouched() && failures >= 2) {  // a mere claim that nobody answers at
        parts_.observer.note(PeerExpired{parts_.endpoints.at(id)});
        parts_.view.erase(id);
        return;
    }
    const bool dead = why != ContactFailure::silent || now - peer->failing_since >= options_.gossip.stall_patience;
    if (failures >= 3 && dead) {
        bury(id, now);
        return;
    }
    if (failures == 2) suspect(id, now);
    // Refused is an answer: the machine is there, the process is not. Whatever is less clear gets more time.
    const Duration pause = why == ContactFailure::refused ? period / 4 : period / 2 * std::min(failures, 8);
    parts_.view.retry(id, now + jittered(pause));
}

void Gossip::suspect(EndpointId id, Instant now) {
    parts_.observer.note(PeerSuspected{parts_.endpoints.at(id)});
    queue({std::nullopt, id, 0}, now);
    gossip::Message question = message(gossip::Kind::try_for);
    question.target = id;
    EndpointId first = no_endpoint;
    for (int i = 0; i < 2; ++i) {
        const EndpointId anchor = parts_.view.anchor_but(i == 0 ? id : first);
        if (anchor == no_endpoint || anchor == id) continue;
        first = anchor;
        Outgoing& asked = call(anchor, Purpose::ask, question, now);
        asked.about = id;
        asked.deadline += timeout();  // the anchor needs a time-out of its own
    }
}

void Gossip::bury(EndpointId id, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(id);
    if (!peer || peer->dead()) return;
    forget_heard(id, peer->incarnation);
    parts_.view.bury(id, now);
    parts_.observer.note(PeerBuried{parts_.endpoints.at(id)});
}

void Gossip::gone(EndpointId id, std::uint32_t incarnation, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(id);
    if (peer && (peer->dead() || peer->incarnation > incarnation)) return;
    forget_heard(id, incarnation);
    parts_.view.leave(id, incarnation, now);
    if (!peer) return;
    parts_.observer.note(PeerLeft{parts_.endpoints.at(id)});
    queue({std::nullopt, id, 0}, now);
}

// A goodbye counts when it comes from the address that leaves; otherwise it is hearsay, and we look.
void Gossip::hear_leave(EndpointId speaker, const gossip::Message& m, const Endpoint& remote, Instant now) {
    if (parts_.endpoints.at(speaker).host == remote.host)
        gone(speaker, m.hello.incarnation, now);
    else
        parts_.view.retry(speaker, now);
}

void Gossip::on_refused(const Outgoing& call, const gossip::Message& m, const Endpoint&, Instant now) {
    switch (m.refusal) {
        case gossip::Refusal::leaving:
            gone(call.to, m.hello.incarnation, now);
            return;
        case gossip::Refusal::other_swarm:
            ++counters_.other_swarm;
            parts_.observer.note(SwarmMismatch{parts_.endpoints.at(call.to)});
            parts_.view.erase(call.to);
            return;
        case gossip::Refusal::self:
            if (!is_self(call.to) && also_self_.size() < 8) also_self_.push_back(call.to);
            parts_.view.erase(call.to);
            return;
        default:
            return;  // busy, or a version we do not speak: it lives, and that is all we know
    }
}

// Somebody asks us to try a node it cannot reach.
void Gossip::run_errand(ConversationId asker, EndpointId target, Instant now) {
    const std::optional<Peer> peer = parts_.view.find(target);
    // Only nodes of our own list, and few: nobody can use us to probe the network.
    if (!peer || peer->dead() || errands_this_period_ >= errands_per_period_max) {
        refuse(asker, gossip::Refusal::busy);
        return;
    }
    ++errands_this_period_;
    call(target, Purpose::errand, message(gossip::Kind::ping), now).asker = asker;
}

}  // namespace halp
