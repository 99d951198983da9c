#include "overlay/gossip/hearsay_dials.h"

#include <algorithm>
#include <chrono>
#include <optional>

#include "overlay/gossip/self/reach.h"
#include "store/hash.h"
#include "store/incarnation.h"

namespace halp {

namespace {

constexpr double budget_at_rest = 4;
constexpr double budget_max = 64;       // while nodes answer
constexpr double earned_by_answer = 3;  // the share of the call itself, and two more
constexpr Duration earned_kept = std::chrono::seconds{10};
constexpr Duration refill_every = std::chrono::seconds{30};
constexpr Duration window = std::chrono::minutes{10};
constexpr int calls_per_host_max = 2;      // open or in vain, in a window, to a host where no node was met
constexpr int vain_on_met_host_max = 4;    // to a host where one was
constexpr int calls_per_endpoint_max = 2;  // of such a host
constexpr int vain_per_group_max = 4;      // to an address group where no node was met
constexpr std::size_t dialled_max = 512;
constexpr std::size_t charged_max = 256;
constexpr std::uint64_t group_salt = 0x67726f7570;

std::uint64_t key_of_host(const Endpoint& endpoint) { return mix(fnv1a(endpoint.host)); }
std::uint64_t key_of_group(std::uint32_t group) { return mix(group_salt + group); }

}  // namespace

bool RecentKeys::contains(std::uint64_t key) const { return std::ranges::find(keys_, key) != keys_.end(); }

bool RecentKeys::add(std::uint64_t key) {
    if (contains(key)) return false;
    if (keys_.size() < most_) {
        keys_.push_back(key);
        return true;
    }
    ++forgotten_;
    keys_[oldest_] = key;
    oldest_ = (oldest_ + 1) % most_;
    return true;
}

std::uint64_t HearsayDials::host_key(EndpointId node) const { return key_of_host(parts_.endpoints.at(node)); }
std::uint64_t HearsayDials::group_key(EndpointId node) const { return key_of_group(parts_.endpoints.group(node)); }

// A host that is no node's has no node at any port. On the host of a node there may be others.
std::uint64_t HearsayDials::target_key(EndpointId node) const {
    const std::uint64_t host = host_key(node);
    return met_hosts_.contains(host) ? key_of(node) : host;
}

// ---- who is known how ----

void HearsayDials::met(const Endpoint& node) {
    if (!met_.add(node.hash())) return;
    const std::uint64_t host = key_of_host(node), group = key_of_group(node.group());
    if (met_hosts_.add(host)) std::erase_if(dialled_, [host](const Dialled& d) { return d.key == host; });
    if (met_groups_.add(group)) std::erase_if(dialled_, [group](const Dialled& d) { return d.key == group; });
}

void HearsayDials::claimed(EndpointId node, const Endpoint& by) {
    const Reach reach = parts_.identity.reach_of_speaker(by);
    if (reach == Reach::machine)
        remember(node);
    else if (parts_.identity.may_list(node, reach))
        listed_in_file(node);
}

// What was only claimed, in a file or by HALP text, is dialled for whoever may name it. What gossip brought was
// looked at when it was listed.
bool HearsayDials::may_be_dialled(EndpointId to) const {
    if (claimed_.contains(key_of(to))) return true;
    const Reach reach = reach_of(parts_.endpoints.at(to).host);
    if (reach == Reach::name || reach == Reach::nowhere || parts_.identity.is_self(to)) return false;
    const std::optional<Peer> peer = parts_.view.find(to);
    return !peer || peer->vouched();
}

// What this node or an earlier run has reached itself, and what its user or operator named, is no hearsay.
bool HearsayDials::only_heard_of(EndpointId node) const {
    if (met_.contains(key_of(node)) || remembered_.contains(key_of(node))) return false;
    const std::optional<Peer> peer = parts_.view.find(node);
    return !peer || (peer->proved == never && peer->known_since == never && !peer->met && !peer->original);
}

bool HearsayDials::own_check(EndpointId to, CallPurpose purpose) const {
    const OwnAddress& own = parts_.identity.address();
    return purpose == CallPurpose::self_check &&
           (own.is_self(to) || own.on_this_machine(parts_.endpoints.at(to).host));
}

// ---- the budget ----

double HearsayDials::budget(Instant now) const {
    if (budget_at_ == never) return budget_at_rest;
    if (budget_ > budget_at_rest && now - answered_at_ < earned_kept) return budget_;
    const auto passed =
        std::chrono::duration<double>(now - budget_at_) / std::chrono::duration<double>(refill_every);
    return std::min(budget_at_rest, budget_ + passed);
}

HearsayDials::Dialled HearsayDials::dialled(std::uint64_t key, Instant now) const {
    const auto known = std::ranges::find(dialled_, key, &Dialled::key);
    return known == dialled_.end() || now - known->since >= window ? Dialled{key, now} : *known;
}

bool HearsayDials::limited(EndpointId to, Instant now) const {
    if (dialled_.empty()) return false;
    const Dialled host = dialled(host_key(to), now);
    if (met_hosts_.contains(host.key)) {
        const Dialled endpoint = dialled(key_of(to), now);
        return host.failed >= vain_on_met_host_max || endpoint.open + endpoint.failed >= calls_per_endpoint_max;
    }
    const Dialled group = dialled(group_key(to), now);
    return host.open + host.failed >= calls_per_host_max ||
           (group.failed >= vain_per_group_max && !met_groups_.contains(group.key));
}

HearsayDials::Dialled& HearsayDials::note(std::uint64_t key, Instant now) {
    std::erase_if(dialled_, [&](const Dialled& d) { return now - d.since >= window; });
    const auto known = std::ranges::find(dialled_, key, &Dialled::key);
    if (known != dialled_.end()) return *known;
    if (dialled_.size() >= dialled_max) {
        dialled_.erase(dialled_.begin());
        ++calls_forgotten_;
    }
    return dialled_.emplace_back(Dialled{key, now});
}

void HearsayDials::charge(EndpointId to, Instant now) {
    budget_ = budget(now) - 1;
    budget_at_ = now;
    ++made_;
    if (charged_.size() >= charged_max) {
        charged_.erase(charged_.begin());
        ++calls_forgotten_;
    }
    charged_.push_back(to);
    ++note(host_key(to), now).open;
    ++note(key_of(to), now).open;
}

// A node that leaves tells everybody once: that takes no share of the budget.
bool HearsayDials::admits(EndpointId to, CallPurpose purpose, Instant now) {
    if (purpose == CallPurpose::seed || !only_heard_of(to) || own_check(to, purpose)) return true;
    if (limited(to, now) || !may_be_dialled(to) || (used_up(now) && purpose != CallPurpose::leave)) {
        ++refused_;
        return false;
    }
    charge(to, now);
    return true;
}

void HearsayDials::ended(EndpointId to, Outcome outcome, Instant now) {
    const auto charged = std::ranges::find(charged_, to);
    if (charged == charged_.end()) return;
    charged_.erase(charged);
    for (const std::uint64_t key : {host_key(to), key_of(to)})
        if (const auto at = std::ranges::find(dialled_, key, &Dialled::key); at != dialled_.end() && at->open > 0)
            --at->open;
    if (outcome == Outcome::failed) {
        for (const std::uint64_t key : {host_key(to), key_of(to), group_key(to)}) ++note(key, now).failed;
        const std::optional<Peer> peer = parts_.view.find(to);
        return failed_elsewhere(to, peer ? peer->incarnation : 0, now);
    }
    budget_ = std::min(budget_max, budget(now) + (outcome == Outcome::answered ? earned_by_answer : 1));
    budget_at_ = now;
    if (outcome == Outcome::answered) answered_at_ = now;
}

std::uint64_t HearsayDials::forgotten() const {
    return met_.forgotten() + remembered_.forgotten() + claimed_.forgotten() + calls_forgotten_;
}

// ---- what was found gone ----

void HearsayDials::failed_elsewhere(EndpointId node, std::uint32_t incarnation, Instant now) {
    Dialled& target = note(target_key(node), now);
    target.failed_at = now;
    target.incarnation = newest_incarnation(target.incarnation, incarnation);
}

bool HearsayDials::found_gone(EndpointId node, std::uint32_t incarnation, Instant seen, Instant now) const {
    if (dialled_.empty() || !only_heard_of(node)) return false;
    const Dialled target = dialled(target_key(node), now);
    return target.failed_at != never && seen <= target.failed_at &&
           !newer_incarnation(incarnation, target.incarnation);
}

}  // namespace halp
