// Measurements of a swarm (simulations/swarm/swarm_player.h).
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "simulations/swarm/swarm_player.h"

namespace halp::sim {
namespace {

constexpr std::size_t usable_list = 8;  // overlay/gossip/rules.md section 9: so many proved peers
constexpr std::size_t path_sources = 50;

constexpr double nothing = std::numeric_limits<double>::quiet_NaN();

// A share of nothing has no value: neither 0 nor 1 would be true.
double share(std::size_t part, std::size_t whole) {
    return whole == 0 ? nothing : static_cast<double>(part) / static_cast<double>(whole);
}

double quantile_of(std::vector<double> sorted, double q) {
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1) + 0.5)];
}

}  // namespace

void SwarmPlayer::on_event(HostId host, Instant at, const Event& event) {
    match(
        event, [&](const EntryLearned& e) { heard(static_cast<std::size_t>(host), at, e); },
        [&](const PeerBuried& e) { buried(e.peer); },
        [&](const PeerProved&) { proved(static_cast<std::size_t>(host), at); }, [](const auto&) {});
}

void SwarmPlayer::proved(std::size_t node, Instant at) {
    Member& h = hosts_[node];
    if (h.join == no_join || ++h.proved < std::min(usable_list, ours_living_ - 1)) return;
    out_.joins[h.join].took = at - h.began;
    h.join = no_join;
}

void SwarmPlayer::heard(std::size_t node, Instant at, const EntryLearned& e) {
    const auto found = item_of_.find(e.endpoint.text());
    if (found == item_of_.end()) return;
    Item& item = items_[found->second];
    if (item.label == e.label && item.heard[node] == never) item.heard[node] = at;
}

void SwarmPlayer::buried(const Endpoint& peer) {
    const auto found = index_.find(peer.host);
    if (!split_ && found != index_.end() && hosts_[found->second].node) ++false_burials_;
}

// ---- views ----

SwarmPlayer::Views SwarmPlayer::views() {
    Views v{.usable = EdgeSets{hosts_.size()}, .in_degree = std::vector<std::uint32_t>(hosts_.size())};
    v.living = living();
    const std::size_t enough = std::min(usable_list, std::max<std::size_t>(v.living, 1) - 1);
    for (std::size_t i = 0; i < hosts_.size(); ++i)
        if (hosts_[i].node) add_view(i, enough, v);
    return v;
}

// The host at this endpoint; unknown_member for none. Views name the same endpoints again and again, and a look at
// an address costs more than one at a number.
std::size_t SwarmPlayer::member_of(EndpointId endpoint) {
    const auto id = static_cast<std::size_t>(endpoint);
    if (id >= member_of_.size()) member_of_.resize(table_.size() + 1, unknown_member);
    if (member_of_[id] != unknown_member) return member_of_[id];
    const auto found = index_.find(table_.at(endpoint).host);
    if (found != index_.end()) member_of_[id] = static_cast<std::uint32_t>(found->second);
    return member_of_[id];
}

void SwarmPlayer::add_view(std::size_t i, std::size_t enough, Views& v) {
    std::size_t proved = 0, living_listed = 0, dead_listed = 0;
    bool crosses = false;
    hosts_[i].node->view().glance([&](const PeerView::Glance& peer) {
        if (peer.role == PeerRole::grave) return;
        proved += peer.proved;
        v.originals_listed += peer.original;
        const std::size_t other = member_of(peer.endpoint);
        if (other == unknown_member || other == i) return;
        add_entry(i, peer, other, crosses, v);
        if (hosts_[other].role == Role::ours) ++(hosts_[other].node ? living_listed : dead_listed);
    });
    v.all_listed += living_listed + 1 >= v.living;
    v.dead_listed += dead_listed > 0;
    v.joined += proved >= enough;
    v.crossing += crosses;
}

void SwarmPlayer::add_entry(std::size_t i, const PeerView::Glance& peer, std::size_t other, bool& crosses,
                            Views& v) const {
    if (peer.role != PeerRole::fresh && peer.role != PeerRole::anchor) return;
    const Member& of_other = hosts_[other];
    const bool is_fresh = peer.role == PeerRole::fresh;
    ++(is_fresh ? v.fresh : v.anchors);
    ++v.entries;
    if (of_other.role != Role::ours && of_other.scripted) {
        if (of_other.role == Role::attacker) ++(is_fresh ? v.hostile_fresh : v.hostile_anchors);
        return;
    }
    if (!of_other.node) {
        ++v.dead;
        return;
    }
    const bool across = of_other.island != hosts_[i].island;
    crosses = crosses || across;
    ++v.in_degree[other];
    if (!split_ || !across) v.usable.join(static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(other));
}

// The living nodes with the living entries of their views, as they list them.
ViewGraph SwarmPlayer::overlay() {
    ViewGraph all;
    all.views.resize(hosts_.size());
    for (const Member& h : hosts_) all.names.push_back(h.endpoint.host);
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (!hosts_[i].node) continue;
        for (const Peer& peer : hosts_[i].node->view().listed()) {
            const bool in_view = peer.role == PeerRole::fresh || peer.role == PeerRole::anchor;
            const std::size_t other = in_view ? member_of(peer.endpoint) : unknown_member;
            if (other != unknown_member && other != i && hosts_[other].node)
                all.views[i].push_back(static_cast<std::uint32_t>(other));
        }
    }
    return induced(all, living_marks());
}

std::vector<bool> SwarmPlayer::living_marks() const {
    std::vector<bool> marks;
    for (const Member& h : hosts_) marks.push_back(h.node != nullptr);
    return marks;
}

// ---- samples ----

void SwarmPlayer::sample() {
    Views v = views();
    Sample s{.at = world_.now() - start_, .phase = phase_, .living = living()};
    s.joined = s.living < 2 ? nothing : share(v.joined, s.living);
    s.all_listed = s.living < 2 ? nothing : share(v.all_listed, s.living);
    s.dead_listed = share(v.dead_listed, s.living);
    s.coverage = coverage(s.living);
    s.dead_share = share(v.dead, v.entries);
    s.attackers = share(v.hostile_fresh + v.hostile_anchors, v.entries);
    s.crossing = had_split_ ? share(v.crossing, s.living) : nothing;
    const std::vector<bool> marks = living_marks();
    std::vector<std::uint32_t> degrees;
    for (std::size_t i = 0; i < marks.size(); ++i)
        if (marks[i]) degrees.push_back(v.in_degree[i]);
    s.in_degree = spread_of(degrees);
    if (!marks.empty() && marks[0]) s.bootstrap_in_degree = degrees[0];
    std::vector<bool> in_largest;
    s.components = v.usable.components(marks, &in_largest);
    mark_survival(s, in_largest);
    s.sent_kbit_s = sent_since_last();
    s.events = world_.events_executed();
    s.digest = world_.digest();
    out_.samples.push_back(s);
    if (listener_ && out_.complete) out_.complete = listener_->on_progress(s.at, total_, s.events, s.living);
}

void SwarmPlayer::mark_survival(Sample& s, const std::vector<bool>& in_largest) const {
    const std::size_t groups = std::min(survival_groups, scenario_.nodes);
    std::vector<std::size_t> size(groups), well(groups), cut(groups);
    std::size_t member = 0, alive = 0;
    for (const Member& h : hosts_) {
        if (h.role == Role::attacker || h.role == Role::stranger) continue;
        const std::size_t group = std::min(groups - 1, member++ * groups / scenario_.nodes);
        if (h.role == Role::original) continue;
        if (h.node) ++(in_largest[alive++] ? well : cut)[group];
    }
    for (member = 0; member < scenario_.nodes; ++member) ++size[member * groups / scenario_.nodes];
    for (std::size_t g = 0; g < groups; ++g) {
        s.well.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(255, well[g] * 255 / size[g])));
        s.cut.push_back(static_cast<std::uint8_t>(std::min<std::size_t>(255, cut[g] * 255 / size[g])));
    }
}

double SwarmPlayer::coverage(std::size_t living_count) const {
    if (items_.empty()) return nothing;
    std::size_t known = 0;
    for (const Item& item : items_)
        for (std::size_t i = 0; i < hosts_.size(); ++i) known += hosts_[i].node && item.heard[i] != never;
    return share(known, living_count * items_.size());
}

std::uint64_t SwarmPlayer::sent_by_all() const {
    std::uint64_t sent = 0;
    for (const Member& h : hosts_)
        if (h.role == Role::ours) sent += world_.counters(h.host).bytes_out;
    return sent;
}

double SwarmPlayer::lived_by_all() const {
    double sum = lived_;
    for (const Member& h : hosts_)
        if (h.node) sum += seconds(world_.now() - h.began);
    return sum;
}

double SwarmPlayer::sent_since_last() {
    const std::uint64_t sent = sent_by_all();
    const double kbit = static_cast<double>(sent - sent_) * 8 / 1000;
    const double lived = lived_by_all(), span = lived - lived_at_sample_;
    sent_ = sent;
    lived_at_sample_ = lived;
    return span > 0 ? kbit / span : nothing;
}

// ---- phases ----

PhaseResult SwarmPlayer::summary(const Phase& p, Instant begin) {
    Views v = views();
    const Components components = v.usable.components(living_marks());
    PhaseResult r{.name = p.name, .kind = p.kind, .begin = begin - start_, .end = world_.now() - start_};
    r.living = living();
    r.joined = r.living < 2 ? nothing : share(v.joined, r.living);
    r.dead_share = share(v.dead, v.entries);
    r.cut_off = r.living - components.largest;
    const double lived = lived_by_all() - lived_before_phase_;
    r.sent_kbit_s =
        lived > 0 ? static_cast<double>(sent_by_all() - sent_before_phase_) * 8 / 1000 / lived : nothing;
    r.hostile_peak = share(v.hostile_fresh + v.hostile_anchors, v.entries);
    r.false_burials = false_burials_;
    add_figures(p, v, r);
    return r;
}

void SwarmPlayer::add_figures(const Phase& p, const Views& v, PhaseResult& r) const {
    if (!items_.empty()) r.figures.emplace_back("coverage", coverage(r.living));
    if (p.kind == PhaseKind::attack) {
        r.figures.emplace_back("hostile_fresh", share(v.hostile_fresh, v.fresh));
        r.figures.emplace_back("hostile_anchors", share(v.hostile_anchors, v.anchors));
        r.figures.emplace_back("hostile_share_of_all", p.share);
    }
    if (scenario_.originals > 0) add_original_figures(v, r);
    if (p.kind == PhaseKind::flood) add_flood_figures(r);
}

// How many of the other kind each kind knows.
void SwarmPlayer::add_original_figures(const Views& v, PhaseResult& r) const {
    const std::size_t originals = living(Role::original);
    r.figures.emplace_back("originals", static_cast<double>(originals));
    r.figures.emplace_back("originals_listed_by_ours", share(v.originals_listed, originals * r.living));
    std::size_t known = 0;
    for (const Member& h : hosts_)
        if (h.role == Role::original && h.scripted)
            for (const Item& item : items_)
                known += static_cast<const OriginalHost&>(*h.scripted).has(item.label, item.endpoint);
    if (!items_.empty()) r.figures.emplace_back("coverage_of_originals", share(known, originals * items_.size()));
}

// Sizes are of the fullest node; refusals and evictions are sums over all nodes since their start.
void SwarmPlayer::add_flood_figures(PhaseResult& r) const {
    std::size_t labels = 0, entries = 0, bytes = 0;
    std::uint64_t refused = 0, evicted = 0;
    for (const Member& h : hosts_) {
        if (!h.node) continue;
        const NodeStatus status = h.node->status();
        labels = std::max(labels, status.labels);
        entries = std::max(entries, status.entries);
        bytes = std::max(bytes, status.table_bytes);
        for (const std::uint64_t n : status.refused) refused += n;
        for (const std::uint64_t n : status.evicted) evicted += n;
    }
    r.figures.emplace_back("labels_max", static_cast<double>(labels));
    r.figures.emplace_back("entries_max", static_cast<double>(entries));
    r.figures.emplace_back("table_bytes_max", static_cast<double>(bytes));
    r.figures.emplace_back("refused", static_cast<double>(refused));
    r.figures.emplace_back("evicted", static_cast<double>(evicted));
    r.figures.emplace_back("made_up", static_cast<double>(flood_.made_up));
}

// ---- the end ----

// Periods from `from` until the first sample that `good` accepts.
template <class Good>
double SwarmPlayer::periods_until(Duration from, Good good) const {
    for (const Sample& s : out_.samples)
        if (s.at >= from && good(s)) return seconds(s.at - from) / seconds(scenario_.node.gossip.period);
    return -1;
}

// The end of the phase is the last of its moments.
void SwarmPlayer::add_peaks(std::size_t phase, PhaseResult& r) const {
    r.dead_peak = r.dead_share;
    r.joined_low = r.joined;
    r.cut_off_peak = r.cut_off;
    r.living_low = r.living;
    r.sent_peak = nothing;
    for (const Sample& s : out_.samples) {
        // Traffic is of the time before the sample.
        if (s.at > r.begin && s.at <= r.end) r.sent_peak = std::fmax(r.sent_peak, s.sent_kbit_s);
        if (s.phase != phase) continue;
        // fmax and fmin pass over a NaN.
        r.dead_peak = std::fmax(r.dead_peak, s.dead_share);
        r.joined_low = std::fmin(r.joined_low, s.joined);
        r.hostile_peak = std::fmax(r.hostile_peak, s.attackers);
        r.cut_off_peak = std::max(r.cut_off_peak, s.living - s.components.largest);
        r.living_low = std::min(r.living_low, s.living);
    }
}

// Of the nodes that started in the phase.
void SwarmPlayer::add_join_times(PhaseResult& r) const {
    std::vector<double> took;
    std::size_t starts = 0;
    for (const JoinTime& join : out_.joins) {
        if (join.started < r.begin || join.started >= r.end) continue;
        ++starts;
        if (join.took >= Duration{0}) took.push_back(seconds(join.took));
    }
    if (starts == 0) return;
    r.figures.emplace_back("starts", static_cast<double>(starts));
    r.figures.emplace_back("never_joined", static_cast<double>(starts - took.size()));
    if (took.empty()) return;
    std::ranges::sort(took);
    r.figures.emplace_back("join_s_median", quantile_of(took, 0.5));
    r.figures.emplace_back("join_s_p99", quantile_of(took, 0.99));
    r.figures.emplace_back("join_s_max", took.back());
}

void SwarmPlayer::conclude() {
    if (out_.complete) sample();
    if (world_.now() - start_ >= total_) out_.complete = true;
    for (PhaseResult& r : out_.phases) {
        add_peaks(static_cast<std::size_t>(&r - out_.phases.data()), r);
        add_join_times(r);
        const auto note = [&](const char* name, double after) {
            if (after >= 0) r.figures.emplace_back(name, after * seconds(scenario_.node.gossip.period));
        };
        if (r.kind == PhaseKind::grow)
            note("all_know_all_s", periods_until(r.begin, [&](const Sample& s) {
                     return s.living >= r.living && s.all_listed == 1;
                 }));
        if (r.kind == PhaseKind::kill)
            note("dead_forgotten_s", periods_until(r.begin, [](const Sample& s) { return s.dead_listed == 0; }));
        if (r.kind == PhaseKind::kill)
            r.clean_periods = periods_until(r.begin, [](const Sample& s) { return s.dead_share < 0.01; });
        if (r.kind == PhaseKind::partition || r.kind == PhaseKind::one_way)
            r.merged_periods = periods_until(r.end, [](const Sample& s) { return s.crossing >= 0.99; });
    }
    for (const Item& item : items_) out_.items.push_back(spread(item));
    out_.overlay = overlay();
    out_.figures = figures_of(out_.overlay, path_sources, random_);
    out_.in_degrees = in_degrees(out_.overlay);
    for (const Member& h : hosts_) {
        const double life = seconds(world_.now() - h.began);
        if (!h.node) continue;
        const auto sent = static_cast<double>(world_.counters(h.host).bytes_out - h.sent_before);
        out_.sent_kbit_s.push_back(life > 0 ? sent * 8 / 1000 / life : nothing);
    }
    out_.seed = scenario_.seed;
    out_.digest = world_.digest();
    out_.events = world_.events_executed();
    out_.simulated = world_.now() - start_;
}

ItemSpread SwarmPlayer::spread(const Item& item) const {
    ItemSpread s{.endpoint = item.endpoint.text(), .announced = item.announced - start_};
    for (std::size_t i = 0; i < hosts_.size(); ++i) {
        if (!item.counted[i] || !hosts_[i].node) continue;
        ++s.nodes;
        if (item.heard[i] != never) s.reached.push_back(item.heard[i] - item.announced);
    }
    std::ranges::sort(s.reached);
    return s;
}

double ItemSpread::seconds_to(double share_wanted) const {
    const auto wanted = static_cast<std::size_t>(std::ceil(share_wanted * static_cast<double>(nodes) - 1e-9));
    if (wanted == 0 || wanted > reached.size()) return -1;
    return seconds(reached[wanted - 1]);
}

}  // namespace halp::sim
