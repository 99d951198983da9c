#include "overlay/gossip/push_pull.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>
#include <vector>

#include "overlay/gossip/entries.h"
#include "store/hash.h"
#include "store/incarnation.h"

namespace halp {

namespace {

// Of the nodes that the other side takes for alive, as many are contradicted in one answer.
constexpr std::size_t contradicted_max = 16;
constexpr std::size_t doubts_max = 4;  // in one message
constexpr std::size_t newest_doubts = doubts_max / 2;
// A digest takes 18 bytes, so with two a brief opening has about 100.
constexpr std::size_t brief_labels_max = 2;
// The answer has the whole list, so it must be short, too.
constexpr std::size_t brief_nodes_max = 24;

}  // namespace

ListDigest PushPull::digest() const {
    ListDigest digest = parts_.view.digest();
    const EndpointId self = parts_.identity.endpoint();
    if (self == no_endpoint) return digest;
    ++digest.count;
    digest.mixed ^= mix(parts_.endpoints.hash(self) + parts_.identity.incarnation());
    return digest;
}

bool PushPull::small_swarm_differs(const ListDigest& theirs) const {
    const std::size_t limit = parts_.view.capacity() * small_swarm_eighths / 8;
    const ListDigest ours = digest();
    return ours != theirs && theirs.count <= limit && ours.count <= limit;
}

// More nodes than a message holds take turns.
void PushPull::add_everybody(gossip::Message& ours, Instant now) {
    const std::vector<Peer> all = parts_.view.everybody();
    const std::size_t start = all.size() > gossip::peers_per_message_max ? everybody_turn_ % all.size() : 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (ours.peers.size() >= gossip::peers_per_message_max) {
            everybody_turn_ = start + i;
            return;
        }
        ours.peers.push_back(peer_entry(all[(start + i) % all.size()], now));
    }
}

// When this list has a newer version of the speaker, or its tombstone, the speaker must hear that: others would
// take its word for old news. It answers by a newer incarnation.
void PushPull::add_contradiction(gossip::Message& ours, const gossip::Hello& hello, EndpointId speaker,
                                 Instant now) const {
    const std::optional<Peer> peer = parts_.view.find(speaker);
    if (!peer) return;
    const bool newer = newer_incarnation(peer->incarnation, hello.incarnation);
    const bool tombstone = peer->dead() && peer->left && !newer_incarnation(hello.incarnation, peer->incarnation);
    if (!newer && !tombstone) return;
    if (std::ranges::find(ours.peers, speaker, &gossip::Entry::endpoint) != ours.peers.end()) return;
    if (ours.peers.size() >= gossip::peers_per_message_max) ours.peers.pop_back();
    ours.peers.push_back(peer_entry(*peer, now));
}

// The news of a doubt may have missed somebody. When there are many, some of the older ones have their turn, or who
// missed one would not hear of it while there are newer ones.
void PushPull::add_doubts(gossip::Message& ours, Instant now) {
    std::vector<Peer> doubted = parts_.view.suspects();
    // One without a failure may be just late, where much is lost.
    std::erase_if(doubted, [](const Peer& peer) { return peer.original || !peer.vouched() || peer.failures == 0; });
    const std::size_t count = std::min(doubts_max, doubted.size());
    std::partial_sort(doubted.begin(), doubted.begin() + static_cast<std::ptrdiff_t>(count), doubted.end(),
                      [](const Peer& a, const Peer& b) { return a.doubted_since() > b.doubted_since(); });
    if (const std::size_t older = doubted.size() - count; older > 0)
        for (std::size_t i = newest_doubts; i < count; ++i)
            std::swap(doubted[i], doubted[count + doubts_turn_++ % older]);
    for (std::size_t i = 0; i < count && ours.peers.size() < gossip::peers_per_message_max; ++i)
        ours.peers.push_back(peer_entry(doubted[i], now));
}

// Nodes that the other side names and that this one, which never met them, found gone: it need not dial them, too.
void PushPull::add_found_gone(gossip::Message& ours, const std::vector<gossip::Entry>& named, Instant now) const {
    if (!parts_.dials) return;
    std::size_t told = 0;
    for (const gossip::Entry& entry : named) {
        if (told == contradicted_max || ours.peers.size() >= gossip::peers_per_message_max) return;
        if (entry.suspect || entry.withdrawn || parts_.view.contains(entry.endpoint)) continue;
        const Instant seen = now - std::chrono::milliseconds{entry.age_ms};
        // Found by an own call: who repeats what others said makes their lies its own.
        if (!parts_.dials->found_gone_here(entry.endpoint, entry.incarnation, seen, now)) continue;
        gossip::Entry& gone = ours.peers.emplace_back(entry);
        gone.suspect = true;
        ++told;
    }
}

gossip::Message PushPull::head_of_opening() {
    gossip::Message m = parts_.identity.message(gossip::Kind::exchange);
    m.hello.joining = !parts_.view.any_proved();
    m.hello.peers = digest();
    m.hello.interests = parts_.interests.own();
    return m;
}

std::optional<gossip::Message> PushPull::brief_opening() {
    if (parts_.labels.label_count() > brief_labels_max || digest().count > brief_nodes_max) return std::nullopt;
    gossip::Message m = head_of_opening();
    parts_.labels.add_digests(m);
    return m;
}

gossip::Message PushPull::opening(Instant now) {
    gossip::Message m = head_of_opening();
    for (const Peer& peer : parts_.view.sample(in_agreement_)) m.peers.push_back(peer_entry(peer, now));
    add_doubts(m, now);
    parts_.labels.add_digests(m);
    return m;
}

gossip::Message PushPull::answer(const gossip::Message& theirs, EndpointId speaker, Instant now, UnixSeconds wall) {
    gossip::Message ours = parts_.identity.message(gossip::Kind::answer);
    ours.hello.peers = digest();
    ours.hello.interests = parts_.interests.own();
    ours.observed = speaker;
    const bool differs = small_swarm_differs(theirs.hello.peers);
    if (theirs.hello.joining || differs)
        add_everybody(ours, now);
    else
        for (const Peer& peer : parts_.view.sample(theirs.hello.peers == ours.hello.peers))
            if (peer.endpoint != speaker) ours.peers.push_back(peer_entry(peer, now));
    add_contradiction(ours, theirs.hello, speaker, now);
    for (const Peer& dead : parts_.view.dead_among(theirs.peers, contradicted_max))
        if (ours.peers.size() < gossip::peers_per_message_max) ours.peers.push_back(peer_entry(dead, now));
    add_found_gone(ours, theirs.peers, now);
    add_doubts(ours, now);
    if (differs) ours.wanted.push_back(Label::halp().hash());
    parts_.labels.compare(theirs, ours, now, wall);
    if (theirs.hello.all_labels) parts_.labels.offer_missing(theirs, ours, now, wall);
    return ours;
}

gossip::Message PushPull::supplement(const gossip::Message& theirs, Instant now, UnixSeconds wall) {
    gossip::Message ours = parts_.identity.message(gossip::Kind::supplement);
    if (std::ranges::find(theirs.wanted, Label::halp().hash()) != theirs.wanted.end()) {
        add_found_gone(ours, theirs.peers, now);  // the answer was the whole list
        add_everybody(ours, now);
    }
    parts_.labels.supply(theirs.wanted, ours, now, wall);
    return ours;
}

}  // namespace halp
