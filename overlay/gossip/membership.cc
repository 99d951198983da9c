#include "overlay/gossip/membership.h"

#include <chrono>
#include <optional>

#include "store/hash.h"
#include "store/incarnation.h"

namespace halp {

namespace {

constexpr int doubts_late = 3;  // periods in which doubts of a node that has returned may still travel

NodeFate fate_of(PeerMerge merged) {
    switch (merged) {
        case PeerMerge::added:
        case PeerMerge::revived:
        case PeerMerge::refreshed:
            return NodeFate::kept;
        case PeerMerge::unproved_version:
            return NodeFate::unproved;
        case PeerMerge::stale:
        case PeerMerge::disputed:
            break;
    }
    return NodeFate::known;
}

}  // namespace

void Membership::answered(const Contact& contact, const gossip::Hello& hello, Instant now) {
    const EndpointId speaker = contact.speaker;
    const std::optional<Peer> before = parts_.view.find(speaker);
    const bool joined = !before || before->dead();
    const bool first_proof = joined || before->proved == never;
    if (contact.dialled != speaker) parts_.view.erase(contact.dialled);  // another endpoint of the same node
    // An advertised endpoint is proved only if it is the one that was dialled, maybe by name.
    if (contact.dialled != speaker &&
        (parts_.endpoints.at(speaker).host != contact.remote.host ||
         parts_.endpoints.at(speaker).port != parts_.endpoints.at(contact.dialled).port))
        return speaks_from_elsewhere(speaker, now);
    parts_.view.prove(speaker, hello.incarnation, now, contact.may_anchor);
    parts_.interests.note(speaker, hello);
    // Others doubt it, too, if it was quiet for long: they look again when they hear of this.
    const bool returned = before && before->suspect() && before->failures > 0;
    if (before) parts_.news.doubt_over(speaker, before->incarnation);  // also one that this node has only passed on
    if (joined)
        parts_.news.peer_joined(speaker, hello.incarnation, News::LearnedBy::contact, now);
    else if (returned)
        parts_.news.add_peer(speaker, now);
    if (first_proof) parts_.observer.note(PeerProved{parts_.endpoints.at(speaker)});
    parts_.view.merge_arrivals();
}

bool Membership::called_by(const Caller& caller, const gossip::Hello& hello, Instant now) {
    const EndpointId speaker = caller.speaker;
    if (parts_.identity.is_self(speaker)) return false;
    if (parts_.endpoints.at(speaker).host != caller.remote.host) {
        speaks_from_elsewhere(speaker, now);
        return false;
    }
    if (parts_.dials) parts_.dials->called_from(speaker);
    const PeerMerge merged = parts_.view.merge(
        {.endpoint = speaker, .incarnation = hello.incarnation, .seen = caller.called, .direct = true}, now);
    parts_.interests.note(speaker, hello);
    if (merged != PeerMerge::added && merged != PeerMerge::revived) return false;
    parts_.news.peer_joined(speaker, hello.incarnation, News::LearnedBy::call, now);
    return true;
}

// The node says that it is at another address than its socket: behind a NAT, with several interfaces, or by a
// mistake of its operator, when something else is there. Only an answer from that address proves it.
void Membership::speaks_from_elsewhere(EndpointId speaker, Instant now) {
    const std::optional<Peer> known = parts_.view.find(speaker);
    if (known && known->dead()) {
        parts_.view.retry(speaker, now);
        return look_in_a_while(speaker, now);
    }
    const bool works =
        known && known->failures == 0 && known->proved != never && now - known->proved < node_ttl(options_) / 2;
    if (!works && !parts_.calls.under_way_to(speaker)) parts_.calls.ping(speaker, CallPurpose::member_check, now);
}

bool Membership::merge(const gossip::Message& message, const MessageContext& context) {
    bool any_joined = false;
    for (const gossip::Entry& entry : message.peers) {
        if (parts_.identity.is_self(entry.endpoint)) {
            received_.count(NodeFate::own);
            any_joined =
                parts_.identity.answer_to(entry) || any_joined;  // others must hear the new incarnation soon
        } else if (may_be_listed(entry, context) && merge_entry(entry, context)) {
            any_joined = true;
        }
    }
    parts_.view.merge_arrivals();
    return any_joined;
}

// A node that is known stays known, whoever names it. Of others what the speaker may name, and was not in vain
// lately.
bool Membership::may_be_listed(const gossip::Entry& entry, const MessageContext& context) {
    if (parts_.view.contains(entry.endpoint)) return true;
    const bool named = parts_.identity.may_list(entry.endpoint, context.from);
    const bool gone =
        named && parts_.dials &&
        parts_.dials->found_gone(entry.endpoint, entry.incarnation, seen_of(entry, context), context.now);
    if (!named) received_.count(NodeFate::not_named);
    if (gone) received_.count(NodeFate::found_gone);
    return named && !gone;
}

Instant Membership::seen_of(const gossip::Entry& entry, const MessageContext& context) const {
    const Duration hop = entry.endpoint == context.speaker ? Duration{0} : hop_penalty(options_);
    return context.now - (std::chrono::milliseconds{entry.age_ms} + context.half_rtt + hop);
}

bool Membership::merge_entry(const gossip::Entry& entry, const MessageContext& context) {
    if (entry.suspect || entry.withdrawn) {
        received_.count(NodeFate::doubt);
        hear_doubt(entry, context);
        return false;
    }
    if (context.is_news) hear_return(entry, context.now);
    const Instant seen = seen_of(entry, context);
    if (context.now - seen > node_ttl(options_)) {
        received_.count(NodeFate::too_old);
        return false;
    }
    const PeerMerge merged = parts_.view.merge(
        {.endpoint = entry.endpoint, .incarnation = entry.incarnation, .seen = seen}, context.now);
    received_.count(fate_of(merged));
    if (merged == PeerMerge::unproved_version) {
        ++versions_unproved_;
        look_in_a_while(entry.endpoint, context.now);
    }
    if (parts_.dials && merged == PeerMerge::added) parts_.dials->named(entry.endpoint, context.teller);
    if (parts_.dials && merged == PeerMerge::refreshed) parts_.dials->named_again(entry.endpoint, context.teller);
    if (merged != PeerMerge::added && merged != PeerMerge::revived) return false;
    const auto how = context.is_news ? News::LearnedBy::news : News::LearnedBy::sample;
    parts_.news.peer_joined(entry.endpoint, entry.incarnation, how, context.now, context.speaker);
    return true;
}

// It may have started again. The word of others does not count against a contact of this period, and makes this
// node call another one once in two ttl.
void Membership::look_in_a_while(EndpointId peer, Instant now) {
    const std::optional<Peer> known = parts_.view.find(peer);
    if (!known || (!known->dead() && now - known->proved < options_.period)) return;
    // A span of its own for each fact: RecentFacts remembers longer what is said again and again.
    const auto span = static_cast<std::uint64_t>(now.time_since_epoch() / look_pause());
    if (!looked_.first(mix(parts_.endpoints.hash(peer) + span), now)) return;
    const auto within = static_cast<std::uint64_t>((options_.period / 5).count() + 1);
    parts_.view.dispute(peer, now + Duration{static_cast<std::int64_t>(parts_.random.below(within))});
}

// The word passes on at once and this node looks for itself: what it passes on it does not believe. A node that is
// doubted here already, or that nobody has confirmed yet, is looked at anyway; one that has just answered is not
// doubted by hearsay.
void Membership::hear_doubt(const gossip::Entry& entry, const MessageContext& context) {
    const std::optional<Peer> known = parts_.view.find(entry.endpoint);
    if (!known || known->dead() || !known->vouched() || known->original) return;
    if (newer_incarnation(known->incarnation, entry.incarnation)) return;
    const bool only_heard_of = parts_.dials && parts_.calls.only_heard_of(entry.endpoint);
    if (only_heard_of && believe_doubt(entry, *known, context)) return;
    const bool just_answered = known->proved != never && context.now - known->proved < parts_.calls.usual_answer();
    if (known->suspect() || just_answered || !parts_.news.take_doubt()) return;
    if (entry.suspect && context.is_news && parts_.calls.doubts_tell())
        parts_.news.peer_doubted(entry.endpoint, known->incarnation, News::LearnedBy::news, context.now);
    // Others have called it, so of those who only heard of it not each one does at once. Whoever said it again does
    // not put the call off further.
    look_within(entry.endpoint, only_heard_of ? options_.period * 3 / 2 : options_.period / 5, context.now);
}

// Of a node that was only heard of the word of one that was reached is enough where it may not be dialled: so not
// each node of a swarm dials what others found gone. Whoever sees it later than now names it again.
bool Membership::believe_doubt(const gossip::Entry& entry, const Peer& known, const MessageContext& context) {
    const std::optional<Peer> speaker = parts_.view.find(context.speaker);
    const bool reached = speaker && speaker->proved != never;
    if (!reached || known.failures > 0 || parts_.calls.under_way_to(entry.endpoint)) return false;
    const bool just_seen = context.now - known.seen < doubts_late * options_.period;
    if (just_seen || !parts_.dials->would_hold(entry.endpoint, context.now)) return false;
    if (!parts_.dials->failed_elsewhere(entry.endpoint, entry.incarnation, context.now)) return false;
    parts_.observer.note(PeerExpired{parts_.endpoints.at(entry.endpoint)});
    parts_.interests.forget(entry.endpoint);
    parts_.news.forget_peer(entry.endpoint, entry.incarnation);
    parts_.view.erase(entry.endpoint);
    return true;
}

// Somebody has reached a node again that is doubted here.
void Membership::hear_return(const gossip::Entry& entry, Instant now) {
    const std::optional<Peer> known = parts_.view.find(entry.endpoint);
    if (!known || !known->suspect() || newer_incarnation(known->incarnation, entry.incarnation)) return;
    if (parts_.calls.would_hold(entry.endpoint, now))
        parts_.view.clear_suspicion(entry.endpoint);
    else
        look_within(entry.endpoint, options_.period / 5, now);
}

void Membership::look_within(EndpointId peer, Duration span, Instant now) {
    const auto within = static_cast<std::uint64_t>(span.count() + 1);
    parts_.view.retry(peer, now + Duration{static_cast<std::int64_t>(parts_.random.below(within))});
}

}  // namespace halp
