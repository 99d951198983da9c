#include "overlay/gossip/news.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "overlay/gossip/entries.h"
#include "store/hash.h"

namespace halp {

namespace {

constexpr std::size_t items_max = 256;
constexpr std::size_t items_per_message_max = 96;
constexpr std::size_t all_told_max = 24;                  // nodes, as many as a brief opening is for
constexpr std::uint64_t doubt_salt = 0x5157f1a9c3d20b67;  // tells the fact of a doubt from that of a join
constexpr std::uint64_t tags_salt = 0x74616773;
constexpr std::size_t contradictions_per_period_max = 16;
// When many nodes answer late at the same time, it is the load of all, and telling each of them would add to it.
constexpr std::size_t doubts_per_period_max = 4;
constexpr std::uint64_t held_fact = 0x68656c64;  // that there was no room is said once a minute

// A node that only a claim or an old file names is no news, even if it was one when the item began to wait.
bool tellable(const Peer& peer) { return peer.dead() || peer.vouched(); }

}  // namespace

void News::pass_on_host(const Label& label, const gossip::Entry& entry, EndpointId told_by, Instant now) {
    const std::uint64_t fact =
        mix(label.hash() ^ parts_.endpoints.hash(entry.endpoint)) + entry.incarnation * 2 + entry.withdrawn;
    if (!told_.first(fact, now)) return;
    const Item heard{.label = label, .endpoint = entry.endpoint, .rank = Rank::heard, .told_by = told_by};
    static_cast<void>(add(heard, now));  // without room it is counted, and the exchanges bring it
}

void News::pass_on_tags(const Label& label, EndpointId host, std::uint32_t incarnation, Instant now) {
    const std::uint64_t fact = mix(label.hash() ^ parts_.endpoints.hash(host) ^ tags_salt) + incarnation;
    // Without room it is counted, and the exchanges bring it.
    if (told_.first(fact, now)) static_cast<void>(add_heard_host(label, host, now));
}

void News::peer_joined(EndpointId peer, std::uint32_t incarnation, LearnedBy how, Instant now, EndpointId told_by) {
    if (!told_.first(mix(parts_.endpoints.hash(peer) + incarnation), now)) return;
    parts_.observer.note(PeerJoined{parts_.endpoints.at(peer)});
    if (how == LearnedBy::sample) return;
    // Where not everybody can know everybody, a newcomer travels in samples. As news to all, each join would cost
    // each node a message.
    if (parts_.view.listed_count() >= parts_.view.capacity()) return;
    if (how == LearnedBy::news) {  // the message of one stranger must not become a flood
        if (third_party_items_left_ == 0) {
            ++dropped_;
            return;
        }
        --third_party_items_left_;
    }
    const Rank rank = how == LearnedBy::contact ? Rank::own : Rank::join;
    const Item joined{.endpoint = peer, .rank = rank, .told_by = told_by, .found_here = how != LearnedBy::news};
    static_cast<void>(add(joined, now));  // without room it is counted; samples tell it
}

void News::forget_peer(EndpointId peer, std::uint32_t incarnation) {
    told_.forget(mix(parts_.endpoints.hash(peer) + incarnation));
}

std::uint64_t News::doubt_of(EndpointId peer, std::uint32_t incarnation) const {
    return mix((parts_.endpoints.hash(peer) ^ doubt_salt) + incarnation);
}

void News::peer_doubted(EndpointId peer, std::uint32_t incarnation, LearnedBy how, Instant now) {
    if (how != LearnedBy::contact && third_party_items_left_ == 0) {
        ++dropped_;
        return;
    }
    if (!told_.first(doubt_of(peer, incarnation), now)) return;
    if (how != LearnedBy::contact) --third_party_items_left_;
    const Rank rank = how == LearnedBy::contact ? Rank::own : Rank::heard;
    // Without room it is counted; others find out.
    static_cast<void>(add({.endpoint = peer, .doubted = true, .rank = rank}, now));
}

void News::doubt_over(EndpointId peer, std::uint32_t incarnation) {
    told_.forget(doubt_of(peer, incarnation));
    std::erase_if(items_, [&](const Item& item) { return item.doubted && item.endpoint == peer; });
}

bool News::take_doubt() {
    if (doubts_left_ == 0) {
        ++dropped_;
        return false;
    }
    --doubts_left_;
    return true;
}

void News::start_period() {
    doubts_left_ = doubts_per_period_max;
    third_party_items_left_ = 64 + 2 * parts_.view.capacity();
    contradictions_left_ = contradictions_per_period_max;
}

bool News::add(Item item, Instant now) {
    item.pushes = pushes_of(item);
    const auto same = std::ranges::find_if(items_, [&](const Item& i) {
        return i.endpoint == item.endpoint && i.label == item.label && i.doubted == item.doubted;
    });
    const bool waits = same != items_.end();
    if (!waits && !make_room(item.rank)) {
        ++dropped_;
        if (told_.first(held_fact, now)) parts_.observer.note(NewsHeld{dropped_});
        return false;
    }
    if (waits && same->rank <= item.rank) {
        same->pushes = item.pushes;
        same->turns = 0;
        same->told_by = item.told_by;
    } else {
        if (waits) items_.erase(same);
        if (item.pushes > 0) insert(std::move(item));
    }
    if (items_.empty()) return true;  // there is nobody to tell
    const Instant soonest = pushed_at_ == never ? now : pushed_at_ + options_.news_interval;
    push_at_ = std::min(push_at_, std::max(now, soonest));
    return true;
}

bool News::few() const { return parts_.view.listed_count() <= all_told_max; }

// Where few nodes are listed, whoever has an item first tells all of them, so the others need not tell many.
std::size_t News::pushes_of(const Item& item) const {
    const std::size_t n = parts_.view.presentable_count();
    if (few()) return item.found_here || item.rank == Rank::own ? n : std::min(n, options_.news_fanout);
    // One in e^pushes nodes of a swarm misses an item; its next exchange brings it.
    return std::min(n, static_cast<std::size_t>(std::bit_width(n)) + 2);
}

void News::insert(Item item) {
    const auto behind = std::ranges::upper_bound(items_, item.rank, {}, &Item::rank);
    items_.insert(behind, std::move(item));
}

// The last item leaves for one of a better rank.
bool News::make_room(Rank rank) {
    if (items_.size() < items_max) return true;
    if (items_.back().rank <= rank) return false;
    items_.pop_back();
    ++dropped_;
    return true;
}

void News::contradict(EndpointId speaker, const std::vector<std::pair<Label, EndpointId>>& hosts, Instant now,
                      UnixSeconds wall) {
    if (hosts.empty()) return;
    if (contradictions_left_ == 0) {
        dropped_ += hosts.size();  // the next exchanges contradict
        return;
    }
    --contradictions_left_;
    gossip::Message m = parts_.identity.message(gossip::Kind::news);
    for (const auto& [label, host] : hosts) append_host(m, label, host, now, wall);
    if (m.labels.empty()) return;
    parts_.calls.open(speaker, CallPurpose::news, std::move(m), now);
    ++sent_;
}

void News::append_host(gossip::Message& m, const Label& label, EndpointId host, Instant now,
                       UnixSeconds wall) const {
    const HostList* list = parts_.labels.find(label);
    const HostEntry* entry = list ? list->find(host) : nullptr;
    // Its announcer must hear of a withdrawal that waits.
    const std::optional<gossip::Entry> withdrawn = parts_.disputes.waiting(label, host, now);
    if (!entry && !withdrawn) return;
    auto same = std::ranges::find(m.labels, label, &gossip::LabelEntries::label);
    if (same == m.labels.end()) {
        if (m.labels.size() >= gossip::labels_per_message_max) return;
        m.labels.push_back({label, {}});
        same = m.labels.end() - 1;
    }
    same->entries.push_back(withdrawn ? *withdrawn : host_entry(*entry, now, wall, parts_.clock_steps));
}

// How many of the first items one message holds. The others wait for the next one.
std::size_t News::in_one_message() const {
    std::vector<const Label*> labels;
    std::size_t count = 0;
    for (const Item& item : items_) {
        const bool another =
            item.label && std::ranges::none_of(labels, [&](const Label* l) { return *l == *item.label; });
        if (count == items_per_message_max || (another && labels.size() == gossip::labels_per_message_max)) break;
        if (another) labels.push_back(&*item.label);
        ++count;
    }
    return count;
}

gossip::Message News::message(std::size_t items, Instant now, UnixSeconds wall) const {
    gossip::Message m = parts_.identity.message(gossip::Kind::news);
    for (std::size_t i = 0; i < items; ++i) {
        const Item& item = items_[i];
        if (item.label)
            append_host(m, *item.label, item.endpoint, now, wall);
        else if (const std::optional<Peer> peer = parts_.view.find(item.endpoint); peer && tellable(*peer)) {
            m.peers.push_back(peer_entry(*peer, now));
            m.peers.back().suspect = m.peers.back().suspect || (item.doubted && !peer->dead());
        }
    }
    return m;
}

void News::push(Instant now, UnixSeconds wall) {
    push_at_ = no_deadline;
    const std::size_t items = in_one_message();
    const gossip::Message m = message(items, now, wall);
    std::size_t wanted = 0;
    for (const Item& item : items_) wanted = std::max(wanted, item.pushes);
    const auto least_told = std::min_element(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(items),
                                             [](const Item& a, const Item& b) { return a.turns < b.turns; });
    const std::size_t turn = items > 0 ? least_told->turns : 0;
    const std::size_t at_random = few() ? wanted : std::min(wanted, options_.news_fanout);
    const std::vector<EndpointId> targets = targets_of_push(items, at_random, turn, now);
    if (!m.peers.empty() || !m.labels.empty())
        for (const EndpointId target : targets) {
            parts_.calls.open(target, CallPurpose::news, m, now);
            ++sent_;
        }
    count_pushes(items, few() ? at_random : std::min(at_random, targets.size()));
    pushed_at_ = now;
    if (!items_.empty()) push_at_ = now + options_.news_interval;
}

// A node that was only heard of gets a ping first. Once it has answered it is told what is new then. Where few
// nodes are listed, the turns of joining and the rounds call all of them soon anyway.
std::vector<EndpointId> News::targets_of_push(std::size_t items, std::size_t wanted, std::size_t turn,
                                              Instant now) {
    std::vector<EndpointId> out = parts_.view.news_targets(wanted, turn, now);
    const auto unmet = [&](EndpointId id) { return parts_.calls.only_heard_of(id); };
    const auto needless = [&](EndpointId id) { return unmet(id) || knows(id, items); };
    const auto left_out = std::stable_partition(out.begin(), out.end(), std::not_fn(needless));
    if (left_out == out.end()) return out;
    if (!few())
        for (auto id = left_out; id != out.end(); ++id)
            if (unmet(*id) && !parts_.calls.under_way_to(*id)) parts_.calls.ping(*id, CallPurpose::feeler, now);
    out.erase(left_out, out.end());
    for (const EndpointId id : parts_.view.some_presentable(parts_.view.presentable_count())) {
        if (out.size() >= wanted) break;
        if (!needless(id) && std::ranges::find(out, id) == out.end()) out.push_back(id);
    }
    return out;
}

// It told all of this itself, or it is what the news are about.
bool News::knows(EndpointId target, std::size_t items) const {
    return std::all_of(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(items), [&](const Item& item) {
        return item.told_by == target || (!item.label && !item.doubted && item.endpoint == target);
    });
}

void News::count_pushes(std::size_t items, std::size_t targets) {
    for (std::size_t i = 0; i < items; ++i) {
        items_[i].pushes -= std::min(items_[i].pushes, std::max<std::size_t>(targets, 1));
        ++items_[i].turns;
    }
    std::erase_if(items_, [](const Item& item) { return item.pushes == 0; });
}

void News::mark_endpoints(std::vector<bool>& marks) const {
    for (const Item& item : items_) marks[static_cast<std::size_t>(item.endpoint)] = true;
}

}  // namespace halp
