#include "overlay/peer_view.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <tuple>
#include <utility>

#include "store/hash.h"

namespace halp {

namespace {

constexpr std::size_t usual_records_max = 256;

bool listed_before(const Peer& a, const Peer& b) {
    const auto tier = [](const Peer& p) { return p.suspect() ? 0 : p.vouched() ? 2 : 1; };
    if (tier(a) != tier(b)) return tier(a) > tier(b);
    if (a.newest() != b.newest()) return a.newest() > b.newest();
    if (a.proved != b.proved) return a.proved > b.proved;
    if (a.claim.ranked != b.claim.ranked) return a.claim.ranked > b.claim.ranked;
    if (a.claim.stated != b.claim.stated) return a.claim.stated > b.claim.stated;
    return a.endpoint < b.endpoint;
}

}  // namespace

PeerView::PeerView(const EndpointTable& endpoints, Random& random, const ViewOptions& options)
    : endpoints_(endpoints), random_(random), ranked_(0, random) {
    set_options(options);
}

void PeerView::set_options(const ViewOptions& options) {
    options_ = options;
    fresh_.resize(std::max<std::size_t>(options_.fresh_max, fresh_count_));
    const std::size_t slots = options_.partner == PartnerRule::ranked ? options_.rank_slots : 0;
    if (slots != ranked_.size()) {
        ranked_ = RankSampler{slots, random_};
        for (std::size_t at = 0; at < records_.size(); ++at) rank(at);
    }
    // A usual view never grows: its lists, and what one exchange brings before it is settled.
    const std::size_t usual = capacity() + options_.sample_freshest + options_.sample_random + 1;
    if (usual > usual_records_max) return;
    records_.reserve(usual);
    marks_.reserve(usual);
}

// ---- records ----

// Without branches: where a peer lies is anybody's guess.
std::size_t PeerView::lower_bound(EndpointId peer) const {
    const Record* begin = records_.data();
    for (std::size_t left = records_.size(); left > 0;) {
        const std::size_t half = left / 2;
        const bool behind = begin[half].endpoint < peer;
        begin += behind ? half + 1 : 0;
        left = behind ? left - half - 1 : half;
    }
    return static_cast<std::size_t>(begin - records_.data());
}

std::size_t PeerView::place(EndpointId peer) const {
    const std::size_t at = lower_bound(peer);
    return at < records_.size() && records_[at].endpoint == peer ? at : nowhere;
}

std::size_t PeerView::insert(const Record& record, PeerRole role) {
    const std::size_t at = lower_bound(record.endpoint);
    records_.insert(records_.begin() + static_cast<std::ptrdiff_t>(at), record);
    const Mark mark = role == PeerRole::fresh ? arrived : 0;
    marks_.insert(marks_.begin() + static_cast<std::ptrdiff_t>(at),
                  static_cast<Mark>(mark | static_cast<Mark>(role)));
    arrivals_ = arrivals_ || role == PeerRole::fresh;
    ++counts_[static_cast<std::size_t>(role)];
    return at;
}

Peer PeerView::peer_at(std::size_t at) const {
    const Record& r = records_[at];
    Peer p{.endpoint = r.endpoint, .incarnation = r.incarnation, .role = role_at(at)};
    p.original = (marks_[at] & is_original) != 0;
    p.sent = (marks_[at] & was_sent) != 0;
    p.seen = clock_.instant(r.seen);
    p.proved = clock_.instant(r.proved);
    if (const Story* story = story_at(at)) {
        p.failures = story->failures;
        p.refusals = story->refusals;
        p.left = story->left;
        p.silent = story->silent;
        p.doubted = story->doubted;
        p.buried = story->buried;
        p.retry_at = story->retry_at;
        p.failing_since = story->failing_since;
        p.claim = story->claim;
    }
    return p;
}

const PeerView::Story* PeerView::story_at(std::size_t at) const {
    if ((marks_[at] & has_story) == 0) return nullptr;
    return &*std::ranges::lower_bound(stories_, records_[at].endpoint, {}, &Story::endpoint);
}

PeerView::Story& PeerView::story_for(std::size_t at) {
    const EndpointId endpoint = records_[at].endpoint;
    const auto there = std::ranges::lower_bound(stories_, endpoint, {}, &Story::endpoint);
    if ((marks_[at] & has_story) != 0) return *there;
    marks_[at] |= has_story;
    return *stories_.insert(there, Story{.endpoint = endpoint});
}

void PeerView::drop_story(std::size_t at) {
    if ((marks_[at] & has_story) == 0) return;
    stories_.erase(std::ranges::lower_bound(stories_, records_[at].endpoint, {}, &Story::endpoint));
    marks_[at] &= static_cast<Mark>(~(has_story | has_failed | suspected));
}

void PeerView::mark_failures(std::size_t at, const Story& story) {
    marks_[at] &= static_cast<Mark>(~(has_failed | suspected));
    if (story.failures > 0) marks_[at] |= has_failed;
    if (story.failures >= 2) marks_[at] |= suspected;
}

void PeerView::assign(std::size_t at, PeerRole role) {
    const PeerRole before = role_at(at);
    if (before == role) return;
    --counts_[static_cast<std::size_t>(before)];
    ++counts_[static_cast<std::size_t>(role)];
    if (before == PeerRole::fresh) {
        FreshView view = fresh();
        view.erase(records_[at].endpoint);
        fresh_count_ = static_cast<std::uint32_t>(view.size());
    }
    marks_[at] &= static_cast<Mark>(~(role_bits | arrived));
    marks_[at] |= static_cast<Mark>(role);
    if (role != PeerRole::fresh) return;
    marks_[at] |= arrived;
    arrivals_ = true;
}

void PeerView::become(std::size_t at, PeerRole role, std::uint32_t incarnation, std::uint32_t seen) {
    drop_story(at);
    marks_[at] &= role_bits | arrived;
    assign(at, role);
    records_[at].incarnation = incarnation;
    records_[at].seen = seen;
    records_[at].proved = 0;
}

void PeerView::remove(std::size_t at) {
    ranked_.forget(records_[at].endpoint);
    drop_story(at);
    assign(at, PeerRole::pool);
    --counts_[static_cast<std::size_t>(PeerRole::pool)];
    records_.erase(records_.begin() + static_cast<std::ptrdiff_t>(at));
    marks_.erase(marks_.begin() + static_cast<std::ptrdiff_t>(at));
}

void PeerView::remove_marked() {
    std::size_t kept = 0;
    for (std::size_t at = 0; at < records_.size(); ++at) {
        if (records_[at].endpoint == no_endpoint) continue;
        records_[kept] = records_[at];
        marks_[kept++] = marks_[at];
    }
    records_.resize(kept);
    marks_.resize(kept);
}

std::uint32_t PeerView::stamp(Instant when) {
    if (!clock_.covers(when)) {
        const std::uint32_t moved = clock_.move_to(when);
        const auto shrunk = [&](std::uint32_t s) { return s == 0 ? 0 : s > moved ? s - moved : 1; };
        for (Record& r : records_) {
            r.seen = shrunk(r.seen);
            r.proved = shrunk(r.proved);
        }
        const auto end = fresh_.begin() + fresh_count_;
        for (auto s = fresh_.begin(); s != end; ++s) *s = Sighting::of(shrunk(s->stamp()), s->endpoint());
        std::sort(fresh_.begin(), end, std::greater{});
    }
    return clock_.stamp(when);
}

std::optional<Peer> PeerView::find(EndpointId peer) const {
    const std::size_t at = place(peer);
    if (at == nowhere) return std::nullopt;
    return peer_at(at);
}

// ---- news ----

Heard PeerView::hear_of_dead(std::size_t at, const PeerNews& news, Instant now) {
    if (news.incarnation > records_[at].incarnation) {  // started anew
        const std::uint32_t seen = stamp(news.seen);
        become(at, seen != 0 ? PeerRole::fresh : PeerRole::pool, news.incarnation, seen);
        if (news.claim.made()) story_for(at).claim = news.claim;
        return Heard::revived;
    }
    Story& story = story_for(at);
    if (story.left || news.seen == never || news.seen <= story.buried) return Heard::stale;
    // It speaks to us, or somebody reached it after we gave it up: see for ourselves, at once. A node that can
    // call out but cannot be called stays buried.
    story.retry_at = std::min(story.retry_at, now);
    story.doubted = true;
    return Heard::doubted;
}

Heard PeerView::hear(const PeerNews& news, Instant now) {
    std::size_t at = place(news.endpoint);
    const std::uint32_t seen = stamp(news.seen);
    if (at == nowhere) {
        at = insert({news.endpoint, news.incarnation, seen, 0},
                    recent(seen, now) ? PeerRole::fresh : PeerRole::pool);
        if (news.claim.made()) story_for(at).claim = news.claim;
        rank(at);
        return Heard::added;
    }
    if (dead_at(at)) return hear_of_dead(at, news, now);
    bool changed = false;
    if (news.incarnation > records_[at].incarnation) {
        records_[at].incarnation = news.incarnation;
        calm(at);
        changed = true;
    }
    if (seen > records_[at].seen) {
        records_[at].seen = seen;
        changed = true;
        const bool suspect = (marks_[at] & suspected) != 0;
        if (role_at(at) == PeerRole::pool && !suspect && recent(seen, now)) assign(at, PeerRole::fresh);
        if (role_at(at) == PeerRole::fresh) {
            marks_[at] |= arrived;
            arrivals_ = true;
        }
    }
    if (news.claim.made() && (!story_at(at) || news.claim > story_at(at)->claim)) {
        story_for(at).claim = news.claim;
        changed = true;
    }
    if (news.direct) {
        marks_[at] &= static_cast<Mark>(~is_original);
        // Alive, yet our own calls fail: try again now rather than at the end of the pause.
        if (marks_[at] & has_failed) story_for(at).retry_at = std::min(story_for(at).retry_at, now);
    }
    rank(at);
    return changed ? Heard::refreshed : Heard::stale;
}

void PeerView::rank(std::size_t at) {
    if (ranked_.size() == 0 || !presentable_at(at)) return;
    ranked_.hear(records_[at].endpoint, endpoints_.hash(records_[at].endpoint));
}

bool PeerView::recent(std::uint32_t seen, Instant now) const {
    if (seen == 0) return false;
    return options_.fresh_age_max == Duration{0} || now - clock_.instant(seen) <= options_.fresh_age_max;
}

// No failures any more; what else is told of it stays.
void PeerView::calm(std::size_t at) {
    if ((marks_[at] & has_story) == 0) return;
    Story& story = story_for(at);
    story.failures = story.refusals = 0;
    mark_failures(at, story);
}

void PeerView::settle(std::uint64_t tie_salt) {
    limit_groups();
    if (arrivals_ || fresh_count_ > options_.fresh_max) merge_arrivals(tie_salt);
    shrink_pool();
}

void PeerView::merge_arrivals(std::uint64_t tie_salt) {
    const std::size_t fresh_before = count(PeerRole::fresh);
    SightingBuffer news{fresh_before + 1}, left{fresh_before + fresh_count_ + 1};
    Sighting* end = news.begin();
    std::vector<EndpointId> sent;
    for (std::size_t at = 0; at < records_.size(); ++at) {  // without branches: which ones is anybody's guess
        *end = Sighting::of(records_[at].newest(), records_[at].endpoint);
        end += (marks_[at] & (role_bits | arrived)) == arrived;
        marks_[at] &= static_cast<Mark>(~arrived);
    }
    for (std::size_t at = 0; options_.swapper > 0 && at < records_.size(); ++at)
        if ((marks_[at] & (role_bits | was_sent)) == was_sent) sent.push_back(records_[at].endpoint);
    arrivals_ = false;
    std::sort(news.begin(), end, std::greater{});
    FreshView view = fresh();
    const ByEndpoint hash{endpoints_};
    const auto told = static_cast<std::size_t>(end - news.begin());
    const std::size_t gone = view.merge({news.begin(), told}, no_endpoint, FreshView::rule_of(options_),
                                        {random_, hash, tie_salt}, sent, {left.begin(), fresh_count_ + told + 1});
    fresh_count_ = static_cast<std::uint32_t>(view.size());
    if (gone > 0) demote({left.begin(), gone});
}

// Those that a merge left out of fresh_, in one pass instead of a search for each.
void PeerView::demote(std::span<const Sighting> left) {
    const auto bit_of = [](EndpointId id) { return static_cast<std::uint32_t>(id) * 0x9e3779b1U >> 24; };
    std::uint64_t filter[4]{};
    for (const Sighting s : left)
        filter[bit_of(s.endpoint()) / 64] |= std::uint64_t{1} << bit_of(s.endpoint()) % 64;
    SightingBuffer likely{records_.size() + 1};  // places
    Sighting* end = likely.begin();
    for (std::size_t at = 0; at < records_.size(); ++at) {
        const std::uint32_t bit = bit_of(records_[at].endpoint);
        *end = {at};
        end += (marks_[at] & role_bits) == 0 && (filter[bit / 64] >> bit % 64 & 1) != 0;
    }
    for (const Sighting* s = likely.begin(); s != end; ++s)
        if (std::ranges::find(left, records_[s->word].endpoint, &Sighting::endpoint) != left.end())
            marks_[s->word] |= static_cast<Mark>(PeerRole::pool);
    const auto count = static_cast<std::uint32_t>(left.size());
    counts_[static_cast<std::size_t>(PeerRole::fresh)] -= count;
    counts_[static_cast<std::size_t>(PeerRole::pool)] += count;
}

// Of each address group the anchors stay, then the newest of the fresh: no claim of freshness moves who was proved.
void PeerView::limit_groups() {
    if (options_.per_group_max == 0) return;
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::size_t>> members;  // group, how long ago, where
    for (std::size_t at = 0; at < records_.size(); ++at) {
        const bool anchor = role_at(at) == PeerRole::anchor;
        if (anchor || role_at(at) == PeerRole::fresh)
            members.emplace_back(endpoints_.group(records_[at].endpoint), anchor ? 0 : ~records_[at].newest(), at);
    }
    std::ranges::sort(members);
    std::size_t in_group = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        in_group = i > 0 && std::get<0>(members[i]) == std::get<0>(members[i - 1]) ? in_group + 1 : 1;
        if (in_group > options_.per_group_max) assign(std::get<2>(members[i]), PeerRole::pool);
    }
}

// A crowded group gets no further anchor: attackers of few groups crowd theirs, the honest of many hardly ever do.
bool PeerView::group_is_crowded(std::size_t at) const {
    if (options_.per_group_max == 0) return false;
    const std::uint32_t group = endpoints_.group(records_[at].endpoint);
    std::size_t others = 0;
    for (std::size_t i = 0; i < records_.size(); ++i)
        others += i != at && (role_at(i) == PeerRole::fresh || role_at(i) == PeerRole::anchor) &&
                  endpoints_.group(records_[i].endpoint) == group;
    return others > 0 && others + 1 >= options_.per_group_max;
}

// Who leaves a full pool: mere claims first, then suspects, then whoever was not heard of for longest. Who holds a slot
// of the sampler stays: there the talk of others must decide nothing.
void PeerView::shrink_pool() {
    if (count(PeerRole::pool) <= options_.pool_max) return;
    const std::vector<EndpointId> held = ranked_.nodes();
    // As sightings, so that the buffer serves: the rank above the place. The higher stays.
    SightingBuffer pool{count(PeerRole::pool) + 1};
    Sighting* end = pool.begin();
    for (std::size_t at = 0; at < records_.size(); ++at) {
        const Record& r = records_[at];
        const unsigned rank =
            (r.vouched() ? 4U : 0U) | (marks_[at] & suspected ? 0U : 2U) | (r.proved != 0 ? 1U : 0U);
        *end = {std::uint64_t{rank} << 61 | std::uint64_t{r.newest()} << 24 | static_cast<std::uint64_t>(at)};
        end += role_at(at) == PeerRole::pool && !std::ranges::binary_search(held, r.endpoint);
    }
    if (static_cast<std::size_t>(end - pool.begin()) <= options_.pool_max) return;
    const auto place_of = [](Sighting s) { return static_cast<std::size_t>(s.word & 0xffffff); };
    const auto stays_before = [&](Sighting a, Sighting b) {
        if (a.word >> 24 != b.word >> 24) return a.word > b.word;
        const std::size_t one = place_of(a), other = place_of(b);
        if ((marks_[one] | marks_[other]) & has_story) return listed_before(peer_at(one), peer_at(other));
        if (records_[one].proved != records_[other].proved) return records_[one].proved > records_[other].proved;
        return one < other;
    };
    Sighting* const cut = pool.begin() + options_.pool_max;
    if (end - cut == 1)
        std::iter_swap(cut, std::max_element(pool.begin(), end, stays_before));
    else if (cut > pool.begin())
        std::nth_element(pool.begin(), cut, end, stays_before);
    for (Sighting* s = cut; s != end; ++s) {
        drop_story(place_of(*s));
        records_[place_of(*s)].endpoint = no_endpoint;
    }
    counts_[static_cast<std::size_t>(PeerRole::pool)] -= static_cast<std::uint32_t>(end - cut);
    remove_marked();
}

void PeerView::shrink_graves() {
    if (count(PeerRole::grave) <= options_.grave_max) return;
    std::size_t oldest = nowhere;
    for (std::size_t at = 0; at < records_.size(); ++at)
        if (dead_at(at) && (oldest == nowhere || story_at(at)->buried < story_at(oldest)->buried)) oldest = at;
    remove(oldest);
}

// ---- what contact shows ----

void PeerView::prove(EndpointId id, std::uint32_t incarnation, Instant now, bool may_anchor) {
    const std::uint32_t now_stamp = stamp(now);
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::fresh);
    if (dead_at(at)) become(at, PeerRole::fresh, 0, 0);
    Record& r = records_[at];
    r.incarnation = std::max(r.incarnation, incarnation);
    r.seen = std::max(r.seen, now_stamp);
    r.proved = now_stamp;
    if (role_at(at) == PeerRole::fresh) {
        marks_[at] |= arrived;
        arrivals_ = true;
    }
    calm(at);
    marks_[at] &= static_cast<Mark>(~is_original);
    if (marks_[at] & has_story) {
        Story& story = story_for(at);
        story.retry_at = no_deadline;
        if (!story.claim.made()) drop_story(at);
    }
    rank(at);
    if (!may_anchor || options_.anchors_max == 0 || role_at(at) == PeerRole::anchor) return;
    if (group_is_crowded(at)) return;
    if (count(PeerRole::anchor) >= options_.anchors_max) {
        // Now and then a newly proved node takes the place of an anchor, so that those who came first, the
        // bootstrap above all, do not carry everybody for ever.
        if (random_.below(options_.anchors_max / 2 + 1) != 0) return;
        if (const EndpointId out = anchor_but(id); out != no_endpoint) assign(place(out), PeerRole::fresh);
    }
    assign(at, PeerRole::anchor);
    limit_groups();
}

void PeerView::set_original(EndpointId id, Instant now) {
    const std::uint32_t now_stamp = stamp(now);
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::pool);
    assign(at, PeerRole::pool);
    marks_[at] |= is_original;
    if (marks_[at] & has_failed) {
        story_for(at).failures = 0;
        mark_failures(at, story_for(at));
    }
    records_[at].proved = now_stamp;
}

int PeerView::fail(EndpointId id, Instant now, Duration penalty, bool silent) {
    const std::size_t at = place(id);
    if (at == nowhere) return 0;
    ranked_.forget(id);
    Story& story = story_for(at);
    story.silent = silent;
    if (dead_at(at)) {
        // A grave's pause grows with the time it is dead: about twice as long each time, at most an hour.
        const Duration dead_for = now - story.buried;
        const Duration pause = std::clamp<Duration>(dead_for / 2, penalty, std::chrono::hours{1});
        story.retry_at =
            now + pause +
            Duration{static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(pause.count() / 4 + 1)))};
        return story.failures;
    }
    if (options_.drop_on_failure) {
        remove(at);
        return 0;
    }
    if (story.failures == 0) story.failing_since = now;
    if (story.failures < 255) ++story.failures;
    mark_failures(at, story);
    const int failures = story.failures;
    Record& r = records_[at];
    if (r.seen != 0) r.seen = stamp(clock_.instant(r.seen) - penalty);
    if (role_at(at) == PeerRole::anchor) assign(at, PeerRole::fresh);
    if (failures >= 2 && role_at(at) == PeerRole::fresh)
        assign(at, PeerRole::pool);  // no partner: no place in the view
    if (role_at(at) == PeerRole::fresh) fresh().move(id, r.newest());
    return failures;
}

int PeerView::count_refusal(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at) || (marks_[at] & suspected) == 0) return 0;
    Story& story = story_for(at);
    return story.silent ? 0 : ++story.refusals;
}

void PeerView::forgive(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at) || (marks_[at] & has_story) == 0) return;
    calm(at);
    story_for(at).retry_at = no_deadline;
}

void PeerView::bury(EndpointId id, Instant now) {
    const std::size_t at = place(id);
    if (at == nowhere || dead_at(at)) return;
    if (options_.grave_max == 0 || !records_[at].vouched()) return remove(at);
    assign(at, PeerRole::grave);
    story_for(at).buried = now;
    fail(id, now, std::chrono::seconds{2});
    shrink_graves();
}

void PeerView::leave(EndpointId id, std::uint32_t incarnation, Instant now) {
    std::size_t at = place(id);
    if (at == nowhere) at = insert({id, 0, 0, 0}, PeerRole::grave);
    assign(at, PeerRole::grave);
    ranked_.forget(id);
    records_[at].incarnation = std::max(records_[at].incarnation, incarnation);
    Story& story = story_for(at);
    story.left = true;
    story.buried = now;
    story.retry_at = no_deadline;
    shrink_graves();
}

void PeerView::retry(EndpointId id, Instant when) {
    const std::size_t at = place(id);
    if (at != nowhere) story_for(at).retry_at = std::min(story_for(at).retry_at, when);
}

void PeerView::probing(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere || (marks_[at] & has_story) == 0) return;
    story_for(at).retry_at = no_deadline;
    story_for(at).doubted = false;
}

bool PeerView::erase(EndpointId id) {
    const std::size_t at = place(id);
    if (at == nowhere) return false;
    remove(at);
    return true;
}

void PeerView::clear() {
    ranked_.clear();
    records_.clear();
    marks_.clear();
    stories_.clear();
    counts_ = {};
    fresh_count_ = 0;
    arrivals_ = false;
}

PeerView::Expired PeerView::expire(Instant now, Duration ttl, Duration tombstone_kept, Duration grave_kept,
                                   Duration claim_kept) {
    Expired expired;
    for (std::size_t at = records_.size(); at-- > 0;) {
        const Record& r = records_[at];
        const Story* story = story_at(at);
        if (dead_at(at)) {
            if (now - story->buried > (story->left ? tombstone_kept : grave_kept)) remove(at);
            continue;
        }
        if (r.vouched() && now - clock_.instant(r.newest()) <= ttl) continue;
        if (story && story->claim.made() && now - story->claim.heard <= claim_kept) {
            records_[at].seen = records_[at].proved = 0;  // what is left is the claim
            ranked_.forget(r.endpoint);
            assign(at, PeerRole::pool);
            continue;
        }
        expired.listed.push_back(r.endpoint);
        remove(at);
    }
    std::ranges::reverse(expired.listed);
    return expired;
}

// ---- what is shown ----

std::vector<Peer> PeerView::all() const {
    std::vector<Peer> out;
    out.reserve(records_.size());
    for (std::size_t at = 0; at < records_.size(); ++at) out.push_back(peer_at(at));
    return out;
}

std::vector<Peer> PeerView::listed() const {
    std::vector<Peer> out;
    out.reserve(listed_count());
    for (std::size_t at = 0; at < records_.size(); ++at)
        if (!dead_at(at)) out.push_back(peer_at(at));
    std::ranges::sort(out, listed_before);
    return out;
}

std::size_t PeerView::listed_count() const { return records_.size() - count(PeerRole::grave); }

std::size_t PeerView::proved_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; at < records_.size(); ++at) count += presentable_at(at) && records_[at].proved != 0;
    return count;
}

std::size_t PeerView::presentable_count() const {
    std::size_t count = 0;
    for (std::size_t at = 0; at < records_.size(); ++at) count += presentable_at(at);
    return count;
}

ListDigest PeerView::digest() const {
    ListDigest digest;
    for (std::size_t at = 0; at < records_.size(); ++at) {
        const Record& r = records_[at];
        if (dead_at(at) || (marks_[at] & is_original) || !r.vouched()) continue;
        ++digest.count;
        digest.mixed ^= mix(endpoints_.hash(r.endpoint) + r.incarnation);
    }
    return digest;
}

std::vector<Peer> PeerView::everybody() const {
    std::vector<Peer> out;
    for (std::size_t at = 0; at < records_.size(); ++at)
        if (presentable_at(at)) out.push_back(peer_at(at));
    return out;
}

// ---- draws ----

template <class Want>
EndpointId PeerView::draw(Want want) {
    std::size_t count = 0;
    for (std::size_t at = 0; at < records_.size(); ++at) count += want(at);
    if (count == 0) return no_endpoint;
    std::size_t drawn = random_.below(count);
    for (std::size_t at = 0;; ++at)
        if (want(at) && drawn-- == 0) return records_[at].endpoint;
}

EndpointId PeerView::any_presentable() {
    return draw([this](std::size_t at) { return presentable_at(at); });
}

EndpointId PeerView::anchor_but(EndpointId other) {
    return draw([&](std::size_t at) {
        return role_at(at) == PeerRole::anchor && presentable_at(at) && records_[at].endpoint != other;
    });
}

EndpointId PeerView::extreme(bool oldest) {
    const std::span<const Sighting> view = fresh().all();
    for (std::size_t i = 0; i < view.size(); ++i) {
        const EndpointId id = view[oldest ? view.size() - 1 - i : i].endpoint();
        if (presentable_at(place(id))) return id;
    }
    return any_presentable();
}

EndpointId PeerView::fresh_partner() {
    const EndpointId first = fresh().draw(random_);
    if (first != no_endpoint && presentable_at(place(first))) return first;
    const EndpointId other =
        draw([this](std::size_t at) { return role_at(at) == PeerRole::fresh && presentable_at(at); });
    return other != no_endpoint ? other : any_presentable();
}

EndpointId PeerView::partner() {
    switch (options_.partner) {
        case PartnerRule::oldest:
            return extreme(true);
        case PartnerRule::head:
            return extreme(false);
        case PartnerRule::ranked:
            if (const EndpointId ranked = ranked_partner(); ranked != no_endpoint) return ranked;
            break;
        case PartnerRule::random:
            break;
        case PartnerRule::hybrid: {
            const std::uint32_t turn = draws_++;
            if (turn % 2 == 0)
                if (const EndpointId anchor = anchor_but(no_endpoint); anchor != no_endpoint) return anchor;
            if (turn % 8 == 1) return extreme(true);
            break;
        }
    }
    return fresh_partner();
}

// In its slots may still be some that have become suspect, or speak text only.
EndpointId PeerView::ranked_partner() {
    if (options_.rank_renewal > 0 && ++draws_ % options_.rank_renewal == 0) ranked_.renew(random_);
    for (;;) {
        const EndpointId drawn = ranked_.draw(random_);
        if (drawn == no_endpoint) return drawn;
        const std::size_t at = place(drawn);
        if (at != nowhere && presentable_at(at)) return drawn;
        ranked_.forget(drawn);
    }
}

std::vector<EndpointId> PeerView::some_presentable(std::size_t wanted) {
    std::vector<EndpointId> out;
    for (std::size_t at = 0; at < records_.size(); ++at)
        if (presentable_at(at)) out.push_back(records_[at].endpoint);
    wanted = std::min(wanted, out.size());
    for (std::size_t i = 0; i < wanted; ++i) std::swap(out[i], out[i + random_.below(out.size() - i)]);
    out.resize(wanted);
    return out;
}

EndpointId PeerView::feeler(Instant now, Duration stale_after) {
    const auto worth = [&](std::size_t at) {
        return !dead_at(at) && (marks_[at] & (suspected | is_original | has_failed)) == 0;
    };
    const EndpointId unproved = draw([&](std::size_t at) { return worth(at) && records_[at].proved == 0; });
    if (unproved != no_endpoint) return unproved;
    return draw(
        [&](std::size_t at) { return worth(at) && now - clock_.instant(records_[at].proved) > stale_after; });
}

EndpointId PeerView::due_probe(Instant now) {
    if (stories_.empty()) return no_endpoint;
    return draw([&](std::size_t at) {
        const Story* story = story_at(at);
        return story && (!dead_at(at) || story->doubted) && (marks_[at] & is_original) == 0 &&
               story->retry_at <= now;
    });
}

EndpointId PeerView::due_grave(Instant now) {
    if (count(PeerRole::grave) == 0) return no_endpoint;
    return draw([&](std::size_t at) {
        return dead_at(at) && (marks_[at] & is_original) == 0 && story_at(at)->retry_at <= now;
    });
}

EndpointId PeerView::any_grave() {
    if (count(PeerRole::grave) == 0) return no_endpoint;
    return draw(
        [&](std::size_t at) { return dead_at(at) && (marks_[at] & is_original) == 0 && !story_at(at)->left; });
}

EndpointId PeerView::unproved_since(Instant before) {
    const std::uint32_t then = stamp(before);
    const auto unproved = [&](std::size_t at, bool in_view) {
        return (role_at(at) != PeerRole::pool) == in_view && presentable_at(at) && (marks_[at] & has_failed) == 0 &&
               records_[at].proved < then;
    };
    const EndpointId member = draw([&](std::size_t at) { return unproved(at, true); });
    return member != no_endpoint ? member : draw([&](std::size_t at) { return unproved(at, false); });
}

Instant PeerView::next_probe() const {
    Instant next = no_deadline;
    for (const Story& story : stories_) {
        if (story.retry_at >= next) continue;
        const std::size_t at = place(story.endpoint);
        if ((!dead_at(at) || story.doubted) && (marks_[at] & is_original) == 0) next = story.retry_at;
    }
    return next;
}

void PeerView::prefetch() const {
    const auto lines = [](const void* begin, std::size_t bytes) {
        for (std::size_t at = 0; at < bytes; at += 64) __builtin_prefetch(static_cast<const char*>(begin) + at, 1);
    };
    lines(records_.data(), records_.size() * sizeof(Record));
    lines(marks_.data(), marks_.size());
    lines(fresh_.data(), fresh_count_ * sizeof(Sighting));
}

// ---- what is told ----

namespace {

// The newest of `all` into `out`, newest first. Few take their place in `out`, so this is one pass of easy guesses.
void keep_newest(std::span<const Sighting> all, std::span<Sighting> out) {
    std::size_t count = 0;
    for (const Sighting s : all) {
        if (count == out.size() && s < out[count - 1]) continue;
        std::size_t at = count < out.size() ? count++ : count - 1;
        for (; at > 0 && out[at - 1] < s; --at) out[at] = out[at - 1];
        out[at] = s;
    }
}

}  // namespace

// Places of the freshest presentable peers, ties of age at random, and of random others.
std::size_t PeerView::choose(std::span<std::uint32_t> out, bool brief) {
    const std::size_t divisor = brief ? 2 : 1;
    SightingBuffer buffer{records_.size() + 1};
    Sighting* const begin = buffer.begin();
    Sighting* end = begin;
    const std::uint64_t salt = random_.next();
    for (std::size_t at = 0; at < records_.size(); ++at) {
        marks_[at] &= static_cast<Mark>(~was_sent);
        // Newest, then chance, then the place.
        const std::uint64_t chance = (salt ^ at) * 0x9e3779b97f4a7c15U >> 56;
        const std::uint64_t word = std::uint64_t{records_[at].newest()} << 32 | chance << 24 | at;
        *end = {word};
        end += presentable_at(at);
    }
    auto candidates = static_cast<std::size_t>(end - begin);
    const std::size_t freshest = std::min(options_.sample_freshest / divisor, candidates);
    std::size_t wanted = freshest + std::min(options_.sample_random / divisor, candidates - freshest);
    SightingBuffer chosen{wanted + 1};
    Sighting* const told = chosen.begin();
    if (freshest > 0) keep_newest({begin, candidates}, {told, freshest});
    if (ranked_.size() > 0) {
        // Where anybody may join, what is passed on at random is what no talking can bend.
        const std::vector<EndpointId> held = ranked_.nodes();
        end = std::remove_if(begin, end, [&](Sighting s) {
            const bool told_anyway = freshest > 0 && !(s < told[freshest - 1]);
            return told_anyway || !std::ranges::binary_search(held, records_[s.word & 0xffffff].endpoint);
        });
        candidates = static_cast<std::size_t>(end - begin);
        wanted = freshest + std::min(options_.sample_random / divisor, candidates);
    }
    std::size_t count = freshest;
    for (std::size_t i = 0; count < wanted; ++i) {
        std::swap(begin[i], begin[i + random_.below(candidates - i)]);
        if (freshest == 0 || begin[i] < told[freshest - 1])
            told[count++] = begin[i];  // else it is among the freshest
    }
    assert(out.size() >= count);
    for (std::size_t i = 0; i < count; ++i) {
        out[i] = static_cast<std::uint32_t>(told[i].word & 0xffffff);
        marks_[out[i]] |= was_sent;
    }
    return count;
}

std::vector<Peer> PeerView::sample(bool brief) {
    std::vector<std::uint32_t> places(options_.sample_freshest + options_.sample_random);
    places.resize(choose(places, brief));
    std::vector<Peer> out;
    for (const std::uint32_t at : places) out.push_back(peer_at(at));
    return out;
}

std::size_t PeerView::sample(std::span<Told> out, bool brief) {
    std::array<std::uint32_t, 128> places;  // both settings are at most 64
    const std::size_t count = choose(places, brief);
    assert(out.size() >= count);
    for (std::size_t i = 0; i < count; ++i) {
        const Record& r = records_[places[i]];
        out[i] = {r.endpoint, r.incarnation, clock_.instant(r.newest())};
    }
    return count;
}

}  // namespace halp
