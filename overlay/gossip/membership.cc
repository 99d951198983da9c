#include "overlay/gossip/membership.h"

#include <chrono>
#include <optional>

namespace halp {

void Membership::answered(const Contact& contact, const gossip::Hello& hello, Instant now) {
    const EndpointId speaker = contact.speaker;
    const std::optional<Peer> before = parts_.view.find(speaker);
    const bool joined = !before || before->dead();
    const bool first_proof = joined || before->proved == never;
    if (contact.dialled != speaker) parts_.view.erase(contact.dialled);  // another endpoint of the same node
    // An advertised endpoint is proved only if it is the one that was dialled.
    if (contact.dialled == speaker || parts_.endpoints.at(speaker).host == contact.remote.host)
        parts_.view.prove(speaker, hello.incarnation, now, contact.may_anchor);
    else
        parts_.view.merge({.endpoint = speaker, .incarnation = hello.incarnation, .seen = now, .direct = true},
                          now);
    parts_.interests.note(speaker, hello);
    if (joined) parts_.news.peer_joined(speaker, hello.incarnation, News::LearnedBy::contact, now);
    if (first_proof) parts_.observer.note(PeerProved{parts_.endpoints.at(speaker)});
    parts_.view.merge_arrivals();
}

bool Membership::called_by(EndpointId speaker, const gossip::Hello& hello, Instant called, Instant now) {
    if (parts_.identity.is_self(speaker)) return false;
    const PeerMerge merged = parts_.view.merge(
        {.endpoint = speaker, .incarnation = hello.incarnation, .seen = called, .direct = true}, now);
    parts_.interests.note(speaker, hello);
    if (merged != PeerMerge::added && merged != PeerMerge::revived) return false;
    parts_.news.peer_joined(speaker, hello.incarnation, News::LearnedBy::contact, now);
    return true;
}

bool Membership::merge(const gossip::Message& message, const MessageContext& context) {
    bool any_joined = false;
    for (const gossip::Entry& entry : message.peers) {
        if (parts_.identity.is_self(entry.endpoint))
            any_joined =
                parts_.identity.answer_to(entry) || any_joined;  // others must hear the new incarnation soon
        else if (parts_.identity.plausible(entry.endpoint, context.on_loopback) && merge_entry(entry, context))
            any_joined = true;
    }
    parts_.view.merge_arrivals();
    return any_joined;
}

bool Membership::merge_entry(const gossip::Entry& entry, const MessageContext& context) {
    if (entry.suspect || entry.withdrawn) {
        probe_soon(entry, context.now);
        return false;
    }
    const Duration hop = entry.endpoint == context.speaker ? Duration{0} : hop_penalty(options_);
    const Duration age = std::chrono::milliseconds{entry.age_ms} + context.half_rtt + hop;
    if (age > node_ttl(options_)) return false;
    const PeerMerge merged = parts_.view.merge(
        {.endpoint = entry.endpoint, .incarnation = entry.incarnation, .seen = context.now - age}, context.now);
    if (merged != PeerMerge::added && merged != PeerMerge::revived) return false;
    const auto how = context.is_news ? News::LearnedBy::news : News::LearnedBy::sample;
    parts_.news.peer_joined(entry.endpoint, entry.incarnation, how, context.now);
    return true;
}

// Within half a period.
void Membership::probe_soon(const gossip::Entry& entry, Instant now) {
    const std::optional<Peer> known = parts_.view.find(entry.endpoint);
    if (!known || known->dead() || known->incarnation > entry.incarnation) return;
    const auto within = static_cast<std::uint64_t>(options_.period.count() / 2 + 1);
    parts_.view.retry(entry.endpoint, now + Duration{static_cast<std::int64_t>(parts_.random.below(within))});
}

}  // namespace halp
