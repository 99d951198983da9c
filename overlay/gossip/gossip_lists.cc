// What nodes tell each other: the list of nodes, label digests, entries of labels that differ, and news.
#include <algorithm>
#include <bit>
#include <limits>

#include "overlay/gossip/gossip.h"
#include "store/hash.h"

namespace halp {

namespace {

// One exchange follows at most this many entries of labels, so a big difference is repaired over several rounds.
constexpr std::size_t entries_followed_max = 1024;
constexpr std::size_t news_items_max = 256;
constexpr std::size_t news_per_message_max = 96;
// A small swarm is one whose members all fit into the list with room to spare; only there can two lists be equal.
constexpr std::size_t small_swarm_eighths = 7;
// An announcer whose clock is further ahead than this is not believed: its version could never be outranked.
constexpr std::int64_t incarnation_ahead_max = 366LL * 24 * 3600;

std::uint32_t milliseconds(Duration age) {
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(age).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(ms, 0, std::numeric_limits<std::uint32_t>::max()));
}

// Labels that a speaker brings count in accounts of its source, mere claims apart from announcements: else a stranger's
// flood at one node, passed on by its members, would keep a swarm from learning new labels for an hour. Announcements
// have sixteen accounts, chosen by label: who joins a swarm of a thousand labels learns them from one address group.
SourceId account_of(SourceId source, bool claimed, const Label& label) {
    if (claimed) return source;
    const auto chosen = 0x80000000U | static_cast<std::uint32_t>(label.hash() & 0xf) << 27;
    return SourceId{std::max(1U, static_cast<std::uint32_t>(source) ^ chosen)};
}

std::uint32_t interest_of(const Label& label) { return static_cast<std::uint32_t>(label.hash()); }

}  // namespace

// ---- entries ----

gossip::Entry Gossip::peer_entry(const Peer& peer, Instant now) const {
    gossip::Entry e;
    e.endpoint = peer.endpoint;
    e.incarnation = peer.incarnation;
    e.age_ms = milliseconds(now - (peer.dead() ? peer.buried : peer.newest()));
    e.withdrawn = peer.dead() && peer.left;
    e.suspect = peer.suspect() || (peer.dead() && !peer.left);
    return e;
}

gossip::Entry Gossip::host_entry(const HostEntry& entry, Instant now, UnixSeconds wall) const {
    gossip::Entry e;
    e.endpoint = entry.endpoint;
    e.incarnation = entry.incarnation;
    e.withdrawn = entry.withdrawn;
    e.claimed = !entry.vouched() && !entry.withdrawn;
    if (e.claimed) {
        e.age_ms = milliseconds(now - entry.claim.heard);
        const std::int64_t stated_age = count(wall) - count(entry.claim.stated);
        e.stated_age_s = static_cast<std::uint32_t>(
            std::clamp<std::int64_t>(stated_age, 0, std::numeric_limits<std::uint32_t>::max()));
    } else if (!entry.own) {
        e.age_ms = milliseconds(now - entry.seen());
    }
    return e;
}

// The freshest half of b, and as many others at random: what is old and missing elsewhere is repaired too.
gossip::LabelEntries Gossip::label_entries(const Label& label, Instant now, UnixSeconds wall) {
    gossip::LabelEntries out{label, {}};
    const HostList* list = parts_.labels.find(label);
    if (!list) return out;
    const std::size_t b = std::max<std::size_t>(options_.gossip.entries_per_label, 2);
    std::vector<HostEntry> entries = list->shared(8 * b, now);
    if (entries.size() > b) {
        const std::size_t freshest = b / 2;
        for (std::size_t i = freshest; i < b; ++i)
            std::swap(entries[i], entries[i + parts_.random.below(entries.size() - i)]);
        entries.resize(b);
    }
    for (const HostEntry& e : entries) out.entries.push_back(host_entry(e, now, wall));
    return out;
}

// ---- the list of nodes ----

ListDigest Gossip::swarm_digest() const {
    ListDigest digest = parts_.view.digest();
    if (self_ == no_endpoint) return digest;
    ++digest.count;
    digest.mixed ^= mix(parts_.endpoints.hash(self_) + incarnation_);
    return digest;
}

bool Gossip::small_swarm_differs(const ListDigest& theirs) const {
    const std::size_t limit = parts_.view.capacity() * small_swarm_eighths / 8;
    const ListDigest ours = swarm_digest();
    return ours != theirs && theirs.count <= limit && ours.count <= limit;
}

void Gossip::add_everybody(gossip::Message& m, Instant now) const {
    for (const Peer& peer : parts_.view.everybody()) {
        if (m.peers.size() >= gossip::peers_per_message_max) return;
        m.peers.push_back(peer_entry(peer, now));
    }
}

// ---- labels ----

void Gossip::compare_digests(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall) {
    std::size_t entries = 0;
    for (const gossip::LabelDigest& digest : theirs.digests) {
        const Label* label = parts_.labels.by_hash(digest.label_hash);
        const HostList* list = label ? parts_.labels.find(*label) : nullptr;
        if (list && list->digest() == digest.digest) continue;
        if (entries >= entries_followed_max || ours.wanted.size() >= gossip::labels_per_message_max) return;
        ours.wanted.push_back(digest.label_hash);
        if (!list) continue;
        ours.labels.push_back(label_entries(*label, now, wall));
        entries += ours.labels.back().entries.size();
    }
}

// Labels that they do not have at all.
void Gossip::offer_missing(const gossip::Message& theirs, gossip::Message& ours, Instant now, UnixSeconds wall) {
    std::size_t entries = 0;
    for (const Label& label : parts_.labels.next_labels(offer_cursor_, options_.gossip.digests_per_exchange)) {
        if (entries >= entries_followed_max || ours.labels.size() >= gossip::labels_per_message_max) return;
        if (std::ranges::find(theirs.digests, label.hash(), &gossip::LabelDigest::label_hash) !=
            theirs.digests.end())
            continue;
        gossip::LabelEntries offer = label_entries(label, now, wall);
        if (offer.entries.empty()) continue;
        entries += offer.entries.size();
        ours.labels.push_back(std::move(offer));
    }
}

void Gossip::supply(const std::vector<std::uint64_t>& wanted, gossip::Message& ours, Instant now,
                    UnixSeconds wall) {
    std::size_t entries = 0;
    for (const std::uint64_t hash : wanted) {
        if (hash == Label::halp().hash()) {
            add_everybody(ours, now);
            continue;
        }
        const Label* label = parts_.labels.by_hash(hash);
        if (!label || entries >= entries_followed_max || ours.labels.size() >= gossip::labels_per_message_max)
            continue;
        ours.labels.push_back(label_entries(*label, now, wall));
        entries += ours.labels.back().entries.size();
    }
}

void Gossip::hear_labels(const gossip::Message& m, const Merged& how) {
    for (const gossip::LabelEntries& label : m.labels) {
        if (label.label == Label::halp() || label.label.lists_names()) continue;
        for (const gossip::Entry& entry : label.entries)
            if (plausible(entry.endpoint, how.loopback)) hear_host(label.label, entry, how);
    }
}

void Gossip::hear_host(const Label& label, const gossip::Entry& entry, const Merged& how) {
    if (entry.incarnation > count(how.wall) + incarnation_ahead_max) return;
    const HostList* list = parts_.labels.find(label);
    const HostEntry* before = list ? list->find(entry.endpoint) : nullptr;
    if (before && before->own) {
        // Somebody outranks what we announce ourselves: say it again, louder.
        const bool contradicts = entry.incarnation > before->incarnation ||
                                 (entry.incarnation == before->incarnation && entry.withdrawn);
        const auto mine = std::ranges::find_if(
            own_, [&](const Own& o) { return o.endpoint == entry.endpoint && o.label == label; });
        if (!contradicts || entry.claimed || mine == own_.end()) return;
        mine->incarnation = entry.incarnation;
        renew(*mine, how.now, how.wall);
        queue({label, entry.endpoint, 0}, how.now);
        return;
    }
    const Duration hop = std::max<Duration>(std::chrono::seconds{1}, options_.gossip.period);
    const Duration age =
        std::chrono::milliseconds{entry.age_ms} + how.half_rtt + (entry.age_ms == 0 ? Duration{0} : hop);
    HostEntry news;
    news.endpoint = entry.endpoint;
    news.incarnation = entry.incarnation;
    news.withdrawn = entry.withdrawn;
    if (entry.claimed) {
        UnixSeconds stated{std::max<std::int64_t>(0, count(how.wall) - entry.stated_age_s)};
        // The same claim come back by another way, a second off, is no news.
        if (before && before->claim.made() && std::abs(count(before->claim.stated) - count(stated)) < 60)
            stated = before->claim.stated;
        news.claim = {stated, stated, how.now - age};
    } else {
        news.confirmed = how.now - age;
    }
    const bool new_version =
        !before || entry.incarnation > before->incarnation || entry.withdrawn != before->withdrawn;
    const bool was_live = before && !before->withdrawn;
    const LabelTable::Outcome outcome =
        parts_.labels.merge(label, news, account_of(how.source, entry.claimed, label), how.now, how.wall);
    if (outcome.merge != Merge::added && !(outcome.merge == Merge::refreshed && new_version)) return;
    const Endpoint& endpoint = parts_.endpoints.at(entry.endpoint);
    if (entry.withdrawn && was_live) parts_.observer.note(EntryForgotten{label, endpoint, ForgottenWhy::withdrawn});
    if (!entry.withdrawn && !was_live) parts_.observer.note(EntryLearned{label, endpoint, LearnedFrom::gossip});
    // A renewal of a known announcement is left to the digests; what is new, or ends, runs ahead.
    const std::uint64_t fact =
        mix(label.hash() ^ parts_.endpoints.hash(entry.endpoint)) + entry.incarnation * 2 + entry.withdrawn;
    if ((entry.withdrawn == was_live || !before) && heard_.first(fact, how.now))
        queue({label, entry.endpoint, 0}, how.now);
}

// ---- interests ----

void Gossip::note_interests(EndpointId speaker, const gossip::Hello& hello) {
    if (hello.interests.empty())
        interests_.erase(speaker);
    else if (parts_.view.find(speaker))
        interests_[speaker] = hello.interests;
}

std::vector<std::uint32_t> Gossip::own_interests() const {
    std::vector<std::uint32_t> out;
    for (const Label& label : parts_.labels.host_labels()) {
        if (out.size() >= gossip::interests_max) break;
        if (parts_.labels.held(label)) out.push_back(interest_of(label));
    }
    return out;
}

// Every fourth round goes to a node that holds one of the labels this node holds.
EndpointId Gossip::holder_partner() {
    if (++rounds_since_interest_ % 4 != 0 || interests_.empty()) return no_endpoint;
    const std::vector<std::uint32_t> ours = own_interests();
    if (ours.empty()) return no_endpoint;
    const std::uint32_t wanted = ours[parts_.random.below(ours.size())];
    std::vector<EndpointId> holders;
    for (const auto& [peer, held] : interests_) {
        const std::optional<Peer> known = parts_.view.find(peer);
        if (known && known->presentable() && std::ranges::find(held, wanted) != held.end()) holders.push_back(peer);
    }
    return holders.empty() ? no_endpoint : holders[parts_.random.below(holders.size())];
}

// ---- own announcements ----

HostEntry Gossip::own_entry(const Own& own, Instant now, bool withdrawn) const {
    HostEntry entry;
    entry.endpoint = own.endpoint;
    entry.incarnation = own.incarnation;
    entry.withdrawn = withdrawn;
    entry.own = !withdrawn;
    entry.confirmed = now;
    return entry;
}

void Gossip::renew(Own& own, Instant now, UnixSeconds wall) {
    own.incarnation = next_incarnation(own.incarnation, wall);
    static_cast<void>(parts_.labels.merge(own.label, own_entry(own, now, false), local_source, now, wall));
}

void Gossip::announce(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
    auto mine =
        std::ranges::find_if(own_, [&](const Own& o) { return o.endpoint == endpoint && o.label == label; });
    if (mine == own_.end()) {
        std::uint32_t last = 0;
        if (const HostList* list = parts_.labels.find(label))
            if (const HostEntry* before = list->find(endpoint)) last = before->incarnation;
        own_.push_back({label, endpoint, last});
        mine = own_.end() - 1;
    }
    parts_.labels.hold(label, true);
    renew(*mine, now, wall);
    queue({label, endpoint, 0}, now);
    reannounce_at_ = std::min(reannounce_at_, now + jittered(options_.gossip.ttl / 3));
}

bool Gossip::withdraw(const Label& label, EndpointId endpoint, Instant now, UnixSeconds wall) {
    const auto mine =
        std::ranges::find_if(own_, [&](const Own& o) { return o.endpoint == endpoint && o.label == label; });
    if (mine == own_.end()) return false;
    const Own gone = *mine;
    own_.erase(mine);
    parts_.labels.erase(label, endpoint);
    static_cast<void>(parts_.labels.merge(label, own_entry(gone, now, true), local_source, now, wall));
    if (std::ranges::find(own_, label, &Own::label) == own_.end()) parts_.labels.hold(label, false);
    queue({label, endpoint, 0}, now);
    return true;
}

std::vector<gossip::LabelEntries> Gossip::withdraw_all(Instant now, UnixSeconds wall) {
    std::vector<gossip::LabelEntries> out;
    while (!own_.empty()) {
        const Own last = own_.back();
        withdraw(last.label, last.endpoint, now, wall);
        gossip::Entry entry;
        entry.endpoint = last.endpoint;
        entry.incarnation = last.incarnation;
        entry.withdrawn = true;
        const auto same = std::ranges::find(out, last.label, &gossip::LabelEntries::label);
        if (same != out.end())
            same->entries.push_back(entry);
        else if (out.size() < gossip::labels_per_message_max)
            out.push_back({last.label, {entry}});
    }
    return out;
}

// A higher version every third of the ttl: digests differ, and the fresh age travels by exchange.
void Gossip::reannounce(Instant now, UnixSeconds wall) {
    for (Own& own : own_) renew(own, now, wall);
    reannounce_at_ = own_.empty() ? no_deadline : now + jittered(options_.gossip.ttl / 3);
}

// ---- news ----

void Gossip::tell(const Label& label, EndpointId endpoint, Instant now) { queue({label, endpoint, 0}, now); }

// It is no longer listed: its return will be news.
void Gossip::forget_heard(EndpointId peer, std::uint32_t incarnation) {
    interests_.erase(peer);
    heard_.forget(mix(parts_.endpoints.hash(peer) + incarnation));
}

bool Gossip::peer_appeared(EndpointId peer, std::uint32_t incarnation, Instant now) {
    if (!heard_.first(mix(parts_.endpoints.hash(peer) + incarnation), now)) return false;
    parts_.observer.note(PeerJoined{parts_.endpoints.at(peer)});
    return true;
}

void Gossip::tell_peer(EndpointId peer, Instant now, bool direct) {
    // Where not everybody can know everybody, a newcomer travels in samples: told ahead to all, each joining node
    // would cost each node a message.
    if (parts_.view.listed_count() >= parts_.view.capacity()) return;
    if (!direct) {  // one stranger's message must not become a flood
        if (hearsay_tokens_ == 0) return;
        --hearsay_tokens_;
    }
    queue({std::nullopt, peer, 0}, now);
}

void Gossip::queue(NewsItem item, Instant now) {
    const std::size_t n = parts_.view.presentable_count();
    const auto rounds = static_cast<std::size_t>(std::bit_width(n));
    // One in e^pushes nodes of a swarm misses an item; its next exchange brings it.
    item.pushes = std::min(n, rounds + 2);
    const auto same = std::ranges::find_if(
        news_, [&](const NewsItem& i) { return i.endpoint == item.endpoint && i.label == item.label; });
    if (same != news_.end())
        same->pushes = item.pushes;
    else if (news_.size() < news_items_max && item.pushes > 0)
        news_.push_back(std::move(item));
    if (news_.empty()) return;
    const Instant soonest = news_sent_at_ == never ? now : news_sent_at_ + options_.gossip.news_interval;
    news_at_ = std::min(news_at_, std::max(now, soonest));
}

gossip::Message Gossip::news_message(Instant now, UnixSeconds wall) const {
    gossip::Message m = message(gossip::Kind::news);
    std::size_t items = 0;
    for (const NewsItem& item : news_) {
        if (++items > news_per_message_max) break;
        if (!item.label) {
            if (const std::optional<Peer> peer = parts_.view.find(item.endpoint)) m.peers.push_back(peer_entry(*peer, now));
            continue;
        }
        const HostList* list = parts_.labels.find(*item.label);
        const HostEntry* entry = list ? list->find(item.endpoint) : nullptr;
        if (!entry) continue;
        auto same = std::ranges::find(m.labels, *item.label, &gossip::LabelEntries::label);
        if (same == m.labels.end()) {
            if (m.labels.size() >= gossip::labels_per_message_max) continue;
            m.labels.push_back({*item.label, {}});
            same = m.labels.end() - 1;
        }
        same->entries.push_back(host_entry(*entry, now, wall));
    }
    return m;
}

void Gossip::push_news(Instant now, UnixSeconds wall) {
    news_at_ = no_deadline;
    const gossip::Message m = news_message(now, wall);
    std::size_t wanted = 0;
    for (const NewsItem& item : news_) wanted = std::max(wanted, item.pushes);
    const std::vector<EndpointId> targets =
        parts_.view.some_presentable(std::min(wanted, options_.gossip.news_fanout));
    if (!m.peers.empty() || !m.labels.empty())
        for (const EndpointId target : targets) {
            call(target, Purpose::news, m, now);
            ++counters_.news_sent;
        }
    std::size_t items = 0;
    for (NewsItem& item : news_) {
        if (++items > news_per_message_max) break;
        item.pushes -= std::min(item.pushes, std::max<std::size_t>(targets.size(), 1));
    }
    std::erase_if(news_, [](const NewsItem& item) { return item.pushes == 0; });
    news_sent_at_ = now;
    if (!news_.empty()) news_at_ = now + options_.gossip.news_interval;
}

}  // namespace halp
