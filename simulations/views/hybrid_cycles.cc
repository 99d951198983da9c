#include "simulations/views/hybrid_cycles.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <optional>
#include <string>

namespace halp::sim {

namespace {

constexpr Duration period = std::chrono::seconds{1};
constexpr int attempts_per_round = 3, probes_per_cycle = 8, eager_proofs = 3;
constexpr int checks_per_failure = 4, checks_per_cycle_max = 12;

}  // namespace

ViewOptions hybrid_view() {
    ViewOptions o;  // the defaults are this view
    o.pool_max = 64;
    o.per_group_max = 2;
    o.fresh_age_max = 10 * period;
    return o;
}

std::uint32_t HybridCycles::add(bool attacker) {
    const auto number = static_cast<std::uint32_t>(members_.size());
    const std::size_t group = random_.below(attacker ? options_.attacker_groups : options_.groups);
    const std::string host = std::to_string((attacker ? 100 : 10) + group / 256) + "." +
                             std::to_string(group % 256) + "." + std::to_string(number / 256 % 256) + "." +
                             std::to_string(number % 256);
    const auto port = static_cast<std::uint16_t>(3451 + number / 65536);
    const EndpointId id = endpoints_.intern({host, port});
    assert(id == EndpointId{number});
    members_.emplace_back(endpoints_, options_.view, seed_, static_cast<std::uint64_t>(id)).attacker = attacker;
    if (attacker) attackers_.push_back(number);
    return number;
}

void HybridCycles::start_at_random(std::size_t honest, std::size_t attackers, std::size_t known) {
    const std::size_t all = honest + attackers;
    for (std::size_t i = 0; i < all; ++i) add(i >= honest);
    for (std::uint32_t i = 0; i < honest; ++i) {
        for (std::size_t k = 0; k < known; ++k) {
            const EndpointId other{static_cast<std::uint32_t>(random_.below(all))};
            if (other != EndpointId{i})
                members_[i].view.merge({.endpoint = other, .incarnation = 1, .seen = now_}, now_);
        }
        members_[i].view.merge_arrivals();
    }
}

void HybridCycles::add_alone() { add(false); }

void HybridCycles::join(std::uint32_t bootstrap) {
    const std::uint32_t node = add(false);
    PeerView& view = members_[node].view;
    // A newcomer receives everything that the bootstrap knows.
    from_b_.clear();
    from_b_.push_back({.endpoint = EndpointId{bootstrap}, .incarnation = 1, .seen = now_, .direct = true});
    for (const Peer& p : members_[bootstrap].view.everybody())
        from_b_.push_back({.endpoint = p.endpoint, .incarnation = p.incarnation, .seen = p.newest()});
    hear(node, from_b_);
    view.prove(EndpointId{bootstrap}, 1, now_, false);  // a seed is not made an anchor
    members_[bootstrap].view.merge({.endpoint = EndpointId{node}, .incarnation = 1, .seen = now_, .direct = true},
                                  now_);
    members_[bootstrap].view.merge_arrivals();
    for (int i = 0; i < eager_proofs; ++i)
        if (const EndpointId other = view.feeler(now_, Duration::max() / 2); other != no_endpoint)
            call(node, other, i == 0);
}

void HybridCycles::kill(double share) {
    std::vector<std::uint32_t> order;
    for (std::uint32_t i = 0; i < members_.size(); ++i) order.push_back(i);
    random_.shuffle(order);
    order.resize(static_cast<std::size_t>(std::llround(share * static_cast<double>(order.size()))));
    for (const std::uint32_t i : order) members_[i].alive = false;
}

void HybridCycles::cycle() {
    for (std::uint32_t i = 0; i < members_.size(); ++i) {
        // Each member acts at an instant of its own.
        now_ += period / static_cast<std::int64_t>(members_.size());
        if (!members_[i].alive) continue;
        if (members_[i].attacker)
            attack(i);
        else
            act(i);
    }
}

void HybridCycles::act(std::uint32_t node) {
    PeerView& view = members_[node].view;
    for (int attempt = 0; attempt < attempts_per_round; ++attempt) {
        const EndpointId partner = view.partner();
        if (partner == no_endpoint || call(node, partner, true)) break;
    }
    if (options_.view.anchors_max == 0) return;  // rules of the literature stop here
    if (const EndpointId unproved = view.feeler(now_, 150 * period); unproved != no_endpoint)
        call(node, unproved, false);
    if (options_.checks_after_failure) check_members(node);
    if (const EndpointId grave = view.due_grave(now_); grave != no_endpoint) {
        view.probe_started(grave);
        call(node, grave, false);
    }
    for (int i = 0; i < probes_per_cycle; ++i) {
        const EndpointId due = view.due_probe(now_);
        if (due == no_endpoint) break;
        view.probe_started(due);
        call(node, due, false);
    }
}

// The rule of Gossip.
void HybridCycles::check_members(std::uint32_t node) {
    Member& m = members_[node];
    if (!m.failed_since_round) m.checks_wanted = std::max(0, m.checks_wanted - 1);
    m.failed_since_round = false;
    for (int i = 0; i < m.checks_wanted; ++i) {
        const EndpointId unproved = m.view.unproved_since(now_ - period);
        if (unproved == no_endpoint) return;
        call(node, unproved, false);
    }
}

// Tells an honest member that many other attackers were seen just now.
void HybridCycles::attack(std::uint32_t node) {
    const std::size_t honest = members_.size() - attackers_.size();
    for (int i = 0; i < options_.pushes; ++i) {
        const auto victim = static_cast<std::uint32_t>(random_.below(honest));
        if (!members_[victim].alive) continue;
        from_a_.clear();
        tell_accomplices(node, from_a_);
        hear(victim, from_a_);
    }
}

bool HybridCycles::call(std::uint32_t node, EndpointId peer, bool with_lists) {
    Member& caller = members_[node];
    const auto other = static_cast<std::uint32_t>(peer);
    if (options_.loss > 0 && members_[other].alive && random_.chance(options_.loss)) return false;
    if (!members_[other].alive) {
        failed(node, peer);
        return false;
    }
    // The rules of the literature have no proofs.
    if (options_.view.anchors_max > 0) caller.view.prove(peer, 1, now_);
    if (with_lists)
        exchange(node, other);
    else if (!members_[other].attacker) {
        members_[other].view.merge({.endpoint = EndpointId{node}, .incarnation = 1, .seen = now_, .direct = true},
                                  now_);
        members_[other].view.merge_arrivals();
    }
    caller.view.merge_arrivals();
    return true;
}

void HybridCycles::exchange(std::uint32_t a, std::uint32_t b) {
    if (members_[a].informed != members_[b].informed) members_[a].informed = members_[b].informed = true;
    from_a_.clear();
    from_b_.clear();
    tell(a, from_a_);
    if (members_[b].attacker) {
        tell_accomplices(b, from_b_);
    } else {
        tell(b, from_b_);
        hear(b, from_a_);
    }
    hear(a, from_b_);
}

void HybridCycles::tell(std::uint32_t node, News& news) {
    news.push_back({.endpoint = EndpointId{node}, .incarnation = 1, .seen = now_, .direct = true});
    std::array<PeerView::Sampled, 128> told;
    const std::size_t count = members_[node].view.sample(told, false);
    for (std::size_t i = 0; i < count; ++i)
        news.push_back({.endpoint = told[i].endpoint, .incarnation = told[i].incarnation, .seen = told[i].newest});
}

void HybridCycles::tell_accomplices(std::uint32_t node, News& news) {
    news.push_back({.endpoint = EndpointId{node}, .incarnation = 1, .seen = now_, .direct = true});
    for (std::size_t i = 0; i < batch(); ++i)
        news.push_back(
            {.endpoint = EndpointId{attackers_[random_.below(attackers_.size())]}, .incarnation = 1, .seen = now_});
}

void HybridCycles::hear(std::uint32_t node, const News& news) {
    PeerView& view = members_[node].view;
    for (PeerReport one : news) {
        if (one.endpoint == EndpointId{node}) continue;
        if (!one.direct && options_.hearsay_ages) one.seen -= period;
        view.merge(one, now_);
    }
    view.merge_arrivals();
}

// The rule of Gossip: after the second failure in a row two anchors are asked, and their answer decides. A dead
// peer answers nobody, so its answer is known here.
void HybridCycles::failed(std::uint32_t node, EndpointId peer) {
    PeerView& view = members_[node].view;
    const std::optional<Peer> before = view.find(peer);
    if (!before) return;
    const bool was_dead = before->dead();
    if (!was_dead && before->vouched()) {
        members_[node].failed_since_round = true;
        members_[node].checks_wanted =
            std::min(members_[node].checks_wanted + checks_per_failure, checks_per_cycle_max);
    }
    const int failures = view.fail(peer, now_, 2 * period);
    if (was_dead || !view.find(peer)) return;
    const bool asked = failures == 2 && view.anchor_but(peer) != no_endpoint;
    if (failures >= 3 || asked)
        view.bury(peer, now_);
    else
        view.retry(peer, now_ + period / 2);
}

ViewGraph HybridCycles::graph() const {
    ViewGraph all;
    std::vector<bool> stays;
    for (const Member& m : members_) {
        stays.push_back(m.alive && !m.attacker);
        auto& view = all.views.emplace_back();
        for (const Peer& p : m.view.all())
            if (p.role == PeerRole::fresh || p.role == PeerRole::anchor)
                view.push_back(static_cast<std::uint32_t>(p.endpoint));
    }
    return induced(all, stays);
}

double HybridCycles::dead_share() const {
    double dead = 0, all = 0;
    for (const Member& m : members_) {
        if (!m.alive) continue;
        for (const Peer& p : m.view.all()) {
            if (p.role != PeerRole::fresh && p.role != PeerRole::anchor) continue;
            ++all;
            dead += member(p.endpoint).alive ? 0 : 1;
        }
    }
    return all > 0 ? dead / all : 0;
}

double HybridCycles::attackers_among(PeerRole role) const {
    double bad = 0, all = 0;
    for (const Member& m : members_) {
        if (m.attacker) continue;
        for (const Peer& p : m.view.all()) {
            if (p.role != role) continue;
            ++all;
            bad += member(p.endpoint).attacker ? 1 : 0;
        }
    }
    return all > 0 ? bad / all : 0;
}

double HybridCycles::attackers_among_partners() {
    double bad = 0, all = 0;
    for (Member& m : members_) {
        if (m.attacker) continue;
        for (int i = 0; i < 8; ++i) {
            const EndpointId partner = m.view.partner();
            if (partner == no_endpoint) continue;
            ++all;
            bad += member(partner).attacker ? 1 : 0;
        }
    }
    return all > 0 ? bad / all : 0;
}

double HybridCycles::informed_share() const {
    double informed = 0, all = 0;
    for (const Member& m : members_) {
        if (!m.alive || m.attacker) continue;
        ++all;
        informed += m.informed ? 1 : 0;
    }
    return all > 0 ? informed / all : 0;
}

}  // namespace halp::sim
