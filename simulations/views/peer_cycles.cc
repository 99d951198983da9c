#include "simulations/views/peer_cycles.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <string>
#include <utility>

namespace halp::sim {

namespace {

constexpr Duration step = std::chrono::milliseconds{1};
// Length of a cycle for CycleTime::peersim. A position in a list is coded as a step within the cycle.
constexpr Duration peersim_cycle = 1024 * step;
constexpr Duration delayed_period = std::chrono::minutes{1};  // for CycleTime::delayed
constexpr auto later = [](const auto& a, const auto& b) {
    return a.due != b.due ? a.due > b.due : a.number > b.number;
};

ViewOptions bare_view(std::size_t c) {
    ViewOptions o;
    o.fresh_max = c;
    o.healer = o.swapper = o.sample_freshest = o.sample_random = 0;
    o.partner = PartnerRule::random;
    o.anchors_max = o.pool_max = o.grave_max = 0;
    return o;
}

}  // namespace

ViewOptions newscast(std::size_t c) {
    ViewOptions o = bare_view(c);
    o.sample_freshest = c;
    o.healer = 2 * c + 1;  // at least the size of a merge: age alone decides
    o.ties = TieRule::hash;
    return o;
}

ViewOptions peer_sampling(std::size_t c, std::size_t healer, std::size_t swapper) {
    ViewOptions o = bare_view(c);
    o.healer = healer;
    o.swapper = swapper;
    o.sample_random = c / 2 - 1;
    return o;
}

ViewOptions cyclon(std::size_t c, std::size_t shuffle) {
    ViewOptions o = bare_view(c);
    o.swapper = o.sample_random = shuffle;
    o.partner = PartnerRule::oldest;
    o.propagation = Propagation::swap;
    o.drop_on_failure = true;
    return o;
}

ViewOptions original_halp(std::size_t c) {
    ViewOptions o = bare_view(c);
    o.healer = 2 * c;
    o.sample_freshest = 10;
    o.partner = PartnerRule::head;
    o.propagation = Propagation::pull;
    o.drop_on_failure = true;
    return o;
}

PeerCycles::PeerCycles(std::uint64_t seed, std::size_t nodes, const ViewOptions& view, CycleTime time)
    : options_(view), time_(time), living_(nodes), random_(seed, 0x6379636c6573) {
    assert(nodes > view.fresh_max);
    for (std::uint32_t i = 0; i < nodes; ++i) {
        const EndpointId id = endpoints_.intern({"n" + std::to_string(i) + ".example", 3451});
        assert(id == EndpointId{i});
        nodes_.emplace_back(endpoints_, view, seed, static_cast<std::uint64_t>(id));
        order_.push_back(i);
    }
    SimRandom start{seed, 0x7374617274};
    start_at_random(start);
    if (time_ != CycleTime::delayed) return;
    for (std::uint32_t i = 0; i < nodes; ++i)
        depart(now_ + Duration{static_cast<std::int64_t>(
                          start.below(static_cast<std::uint64_t>(delayed_period.count())))},
               i, i, 0, {});
}

void PeerCycles::start_at_random(SimRandom& random) {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
        for (std::size_t drawn = 0; drawn < options_.fresh_max;) {
            const EndpointId other{static_cast<std::uint32_t>(random.below(nodes_.size()))};
            if (other == EndpointId{i} || nodes_[i].view.find(other)) continue;
            // PeerSim has an order in its lists from the start.
            const Instant seen =
                time_ == CycleTime::peersim ? now_ - static_cast<std::int64_t>(drawn) * step : now_;
            nodes_[i].view.merge({.endpoint = other, .incarnation = 1, .seen = seen}, now_);
            ++drawn;
        }
    }
}

void PeerCycles::cycle() {
    ++cycles_;
    if (time_ == CycleTime::delayed) {
        fly_until(start_instant + cycles_ * delayed_period);
        return;
    }
    if (time_ == CycleTime::peersim) now_ += peersim_cycle;
    if (time_ != CycleTime::phases) random_.shuffle(order_);
    for (const std::uint32_t node : order_) {
        if (time_ == CycleTime::phases) now_ += step;
        if (!nodes_[node].alive) continue;
        if (time_ == CycleTime::by_holder) now_ = nodes_[node].now;
        act(node);
        nodes_[node].now += step;
    }
}

void PeerCycles::act(std::uint32_t node) {
    PeerView& view = nodes_[node].view;
    const EndpointId partner = view.partner();
    if (partner == no_endpoint) return;
    if (!nodes_[static_cast<std::uint32_t>(partner)].alive) {
        // Views of the literature have no suspects: an entry stays as it was, or is dropped.
        if (options_.drop_on_failure) view.fail(partner, now_, Duration{0});
        return;
    }
    if (time_ == CycleTime::peersim)
        merge_as_peersim(node, static_cast<std::uint32_t>(partner));
    else
        exchange(node, static_cast<std::uint32_t>(partner));
}

void PeerCycles::exchange(std::uint32_t a, std::uint32_t b) {
    const bool pull = options_.propagation == Propagation::pull, swap = options_.propagation == Propagation::swap;
    from_a_.clear();
    from_b_.clear();
    if (swap) {  // the address of the caller replaces the entry of the called node
        ViewOptions asking = options_;
        --asking.sample_random;
        nodes_[a].view.erase(EndpointId{b});
        nodes_[a].view.set_options(asking);
    }
    if (!pull) tell(a, from_a_);
    if (swap) nodes_[a].view.set_options(options_);
    from_a_.push_back({.endpoint = EndpointId{a}, .incarnation = 1, .seen = now_, .direct = true});
    tell(b, from_b_);
    if (!swap) from_b_.push_back({.endpoint = EndpointId{b}, .incarnation = 1, .seen = now_, .direct = true});
    const std::uint64_t salt = mix_words(mix_words(a, b), static_cast<std::uint64_t>(cycles_));
    if (time_ == CycleTime::by_holder) travel_as_ages(a, b);
    hear(b, from_a_, salt);
    hear(a, from_b_, salt);
}

// Converts timestamps between the clocks of two nodes: an age is the same on both.
void PeerCycles::travel_as_ages(std::uint32_t a, std::uint32_t b) {
    const Duration ahead = nodes_[b].now - nodes_[a].now;
    for (PeerReport& news : from_a_) news.seen += ahead;
    for (PeerReport& news : from_b_)
        if (!news.direct) news.seen -= ahead;
}

void PeerCycles::tell(std::uint32_t node, News& news) {
    std::array<PeerView::Sampled, 128> told;  // both sample settings are at most 64
    const std::size_t count = nodes_[node].view.sample(told, false);
    for (std::size_t i = 0; i < count; ++i)
        news.push_back({.endpoint = told[i].endpoint, .incarnation = told[i].incarnation, .seen = told[i].newest});
}

void PeerCycles::hear(std::uint32_t node, const News& news, std::uint64_t tie_salt) {
    PeerView& view = nodes_[node].view;
    const Instant now = time_ == CycleTime::by_holder ? nodes_[node].now : now_;
    const bool known_stays =
        options_.propagation == Propagation::swap;  // Cyclon: a known entry stays as it is, however new the message
    for (const PeerReport& one : news)
        if (one.endpoint != EndpointId{node} && !(known_stays && view.find(one.endpoint))) view.merge(one, now);
    view.merge_arrivals(tie_salt);
}

// ---- messages that take time ----

void PeerCycles::depart(Instant when, std::uint32_t from, std::uint32_t to, std::uint64_t exchange, News news) {
    flights_.push_back({when, ++flights_begun_, from, to, exchange, std::move(news)});
    std::ranges::push_heap(flights_, later);
}

void PeerCycles::fly_until(Instant end) {
    const auto delay = [&] {
        return delayed_period / 100 + Duration{static_cast<std::int64_t>(random_.below(
                                          static_cast<std::uint64_t>((delayed_period * 9 / 100).count())))};
    };
    while (!flights_.empty() && flights_.front().due < end) {
        std::ranges::pop_heap(flights_, later);
        const Flight flight = std::move(flights_.back());
        flights_.pop_back();
        now_ = flight.due;
        const std::uint32_t to = flight.to, from = flight.from;
        News told;
        if (from == to) {
            depart(now_ + delayed_period, to, to, 0, {});
            const EndpointId partner = nodes_[to].view.partner();
            tell_all(to, told);
            depart(now_ + delay(), to, static_cast<std::uint32_t>(partner), 0, std::move(told));
        } else if (flight.exchange == 0) {
            tell_all(to, told);
            depart(now_ + delay(), to, from, flight.number, std::move(told));
            hear(to, flight.news, mix_words(flight.number, 1));
        } else {
            hear(to, flight.news, mix_words(flight.exchange, 1));
        }
    }
    now_ = end;
}

void PeerCycles::tell_all(std::uint32_t node, News& news) {
    news.reserve(options_.fresh_max + 1);
    tell(node, news);
    news.push_back({.endpoint = EndpointId{node}, .incarnation = 1, .seen = now_, .direct = true});
}

// PeerSim has integer times. Entries of equal time have the order of both arrays merged with alternating
// precedence. PeerView orders by time only, so the position in the merged list is coded in steps within the cycle.
void PeerCycles::merge_as_peersim(std::uint32_t a, std::uint32_t b) {
    const auto cycle_of = [](const PeerReport& p) {  // times count down from the start of a cycle
        const std::int64_t n = p.seen.time_since_epoch() / step;
        return (n + 1023) / 1024;
    };
    const auto newer = [](const PeerReport& x, const PeerReport& y) { return x.seen > y.seen; };
    from_a_.clear();
    from_b_.clear();
    tell(a, from_a_);
    tell(b, from_b_);
    std::ranges::sort(from_a_, newer);
    std::ranges::sort(from_b_, newer);
    News merged{{.endpoint = no_endpoint, .incarnation = 1, .seen = now_, .direct = true}};
    bool a_won_tie = random_.below(2) == 0;
    for (std::size_t i = 0, j = 0; i < from_a_.size() || j < from_b_.size();) {
        const std::int64_t of_a = i < from_a_.size() ? cycle_of(from_a_[i]) : -1;
        const std::int64_t of_b = j < from_b_.size() ? cycle_of(from_b_[j]) : -1;
        const bool take_a = of_a != of_b ? of_a > of_b : (a_won_tie = !a_won_tie);
        const PeerReport& next = take_a ? from_a_[i++] : from_b_[j++];
        if (next.endpoint == EndpointId{a} || next.endpoint == EndpointId{b}) continue;
        if (std::ranges::find(merged, next.endpoint, &PeerReport::endpoint) != merged.end()) continue;
        const auto place = static_cast<std::int64_t>(merged.size());
        merged.push_back(next);
        merged.back().seen = Instant{std::max(of_a, of_b) * peersim_cycle} - place * step;
    }
    for (const auto& [node, other] : {std::pair{a, b}, std::pair{b, a}}) {
        merged.front().endpoint = EndpointId{other};
        nodes_[node].view.clear();  // the merged list holds all entries with new times
        hear(node, merged, 0);
    }
}

void PeerCycles::kill(double share) {
    std::vector<std::uint32_t> candidates;
    for (std::uint32_t i = 0; i < nodes_.size(); ++i)
        if (nodes_[i].alive) candidates.push_back(i);
    random_.shuffle(candidates);
    candidates.resize(static_cast<std::size_t>(std::llround(share * static_cast<double>(candidates.size()))));
    for (const std::uint32_t i : candidates) nodes_[i].alive = false;
    living_ -= candidates.size();
}

ViewGraph PeerCycles::graph() const {
    ViewGraph out;
    for (const Node& node : nodes_) {
        auto& view = out.views.emplace_back();
        for (const Peer& p : node.view.all())
            if (p.role == PeerRole::fresh) view.push_back(static_cast<std::uint32_t>(p.endpoint));
    }
    return out;
}

ViewGraph PeerCycles::living_graph() const {
    std::vector<bool> stays;
    for (const Node& node : nodes_) stays.push_back(node.alive);
    return induced(graph(), stays);
}

PeerCycles::DeadEntries PeerCycles::dead_entries() const {
    double dead = 0, all = 0;
    for (const Node& node : nodes_) {
        if (!node.alive) continue;
        for (const Peer& p : node.view.all()) {
            ++all;
            dead += nodes_[static_cast<std::uint32_t>(p.endpoint)].alive ? 0 : 1;
        }
    }
    return {dead / static_cast<double>(living_), all > 0 ? dead / all : 0};
}

}  // namespace halp::sim
