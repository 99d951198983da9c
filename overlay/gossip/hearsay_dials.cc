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
constexpr int calls_per_host_max = 2;      // open, in vain or excused, in a window, where no node was met
constexpr int vain_on_met_host_max = 4;    // to a host where one was
constexpr int calls_per_endpoint_max = 2;  // of such a host
constexpr int vain_per_group_max = 4;      // to an address group where no node was met
// Of a host from which nodes call, in a window: ports that callers named and where nobody answered (open or in
// vain), and more calls to such ports. To one of them four in vain, which is more than finds a dead node, and one
// for each time that it calls again, up to 16. Then one in a while, as long as it calls: it was found dead when the
// lines were slow, or a node came to this address since.
constexpr int vain_ports_of_callers_max = 8;
constexpr int vain_calls_back_per_host_max = 32;
constexpr int vain_calls_back_max = 4;
constexpr int vain_calls_back_while_it_calls_max = 16;
constexpr Duration calls_back_every = std::chrono::seconds{30};
constexpr int silent_calls_back_max = 64;  // to one port where somebody takes calls and does not answer
constexpr std::size_t charged_max = 256;
constexpr std::uint64_t group_salt = 0x67726f7570, ports_salt = 0x706f727473, back_salt = 0x6261636b;

std::uint64_t key_of_host(const Endpoint& endpoint) { return mix(fnv1a(endpoint.host)); }
std::uint64_t key_of_group(std::uint32_t group) { return mix(group_salt + group); }

}  // namespace

std::uint64_t HearsayDials::host_key(EndpointId node) const { return key_of_host(parts_.endpoints.at(node)); }
std::uint64_t HearsayDials::group_key(EndpointId node) const { return key_of_group(parts_.endpoints.group(node)); }

// A host that is no node's has no node at any port. On the host of a node there may be others.
std::uint64_t HearsayDials::target_key(EndpointId node) const {
    const std::uint64_t host = host_key(node);
    return met_hosts_.contains(host) ? key_of(node) : host;
}

// ---- who is known how ----

void HearsayDials::met(const Endpoint& node, std::uint64_t key) {
    // Whoever speaks chooses the port: an address takes no places from others, nor one network from others.
    if (key == met_last_ || met_.contains(key)) return;
    met_last_ = key;
    const std::uint64_t host = key_of_host(node);
    static_cast<void>(met_.add(key, host));  // it is not there
    called_.remove(key);
    vain_.forget(key);
    host_met(host, key_of_group(node.group()));
}

void HearsayDials::host_met(std::uint64_t host, std::uint64_t group) {
    if (met_hosts_.add(host, group)) vain_.forget(host);
    if (met_groups_.add(group)) vain_.forget(group);
}

void HearsayDials::called_from(const Endpoint& node, std::uint64_t key) {
    if (met_.contains(key)) return;
    vain_.called(key);
    const std::uint64_t host = key_of_host(node);
    if (called_.add(key, host)) host_met(host, key_of_group(node.group()));
}

void HearsayDials::claimed(EndpointId node, const Endpoint& by) {
    const Reach reach = parts_.identity.reach_of_speaker(by);
    if (reach == Reach::machine)
        remember(node);
    else if (parts_.identity.may_list(node, reach))
        static_cast<void>(claimed_.add(key_of(node)));  // or it is there already
}

// What was only claimed, in a file or by HALP text, is dialled for whoever may name it. What gossip brought was
// looked at when it was listed, and so was what an earlier run has buried.
bool HearsayDials::may_be_dialled(EndpointId to) const {
    if (in_file_.contains(key_of(to)) || claimed_.contains(key_of(to))) return true;
    const Reach reach = reach_of(parts_.endpoints, to);
    if (reach == Reach::name || reach == Reach::nowhere || parts_.identity.is_self(to)) return false;
    const std::optional<Peer> peer = parts_.view.find(to);
    return !peer || peer->vouched() || peer->dead();
}

bool HearsayDials::reached(EndpointId node) const {
    const std::optional<Peer> peer = parts_.view.find(node);
    if (peer && (peer->proved != never || peer->known_since != never || peer->met || peer->original)) return true;
    return met_.contains(key_of(node)) || remembered_.contains(key_of(node));
}

bool HearsayDials::only_heard_of(EndpointId node) const { return !reached(node) && !has_called(node); }

bool HearsayDials::own_check(EndpointId to, CallPurpose purpose) const {
    const OwnAddress& own = parts_.identity.address();
    return purpose == CallPurpose::self_check &&
           (own.is_self(to) || own.on_this_machine(parts_.endpoints.at(to).host));
}

// ---- the budget ----

double HearsayDials::budget(Instant now) const {
    if (budget_at_ == never) return budget_at_rest;
    const bool earned = answered_at_ != never && now - answered_at_ < earned_kept;
    if (earned && budget_ > budget_at_rest) return budget_;
    const auto passed =
        std::chrono::duration<double>(now - budget_at_) / std::chrono::duration<double>(refill_every);
    return std::min(budget_at_rest, budget_ + passed);
}

bool HearsayDials::limited(EndpointId to, Instant now) const {
    if (vain_.empty()) return false;
    const VainDials::Tally endpoint = vain_.of(key_of(to), now);
    if (has_called(to)) return call_back_limited(to, endpoint, now);
    const VainDials::Tally host = vain_.of(host_key(to), now);
    if (now < endpoint.retry_at) return true;
    if (met_hosts_.contains(host.key))
        return host.failed >= vain_on_met_host_max || endpoint.made() >= calls_per_endpoint_max;
    const VainDials::Tally group = vain_.of(group_key(to), now);
    return host.made() >= calls_per_host_max ||
           (group.failed >= vain_per_group_max && !met_groups_.contains(group.key));
}

bool HearsayDials::call_back_limited(EndpointId to, const VainDials::Tally& endpoint, Instant now) const {
    if (endpoint.silent >= silent_calls_back_max) return true;
    if (endpoint.failed == 0) {
        const VainDials::Tally ports = vain_.of(calls_back_key(to, Account::port), now);
        return ports.open + ports.failed >= vain_ports_of_callers_max;
    }
    const VainDials::Tally again = vain_.of(calls_back_key(to, Account::again), now);
    if (again.open + again.failed >= vain_calls_back_per_host_max) return true;
    if (!endpoint.called) return endpoint.failed >= vain_calls_back_max;
    return endpoint.failed >= vain_calls_back_while_it_calls_max && now - endpoint.failed_at < calls_back_every;
}

std::uint64_t HearsayDials::calls_back_key(EndpointId to, Account account) const {
    return mix(host_key(to) ^ (account == Account::port ? ports_salt : back_salt));
}

// Beside the endpoint itself.
std::uint64_t HearsayDials::account_key(EndpointId to, Account account) const {
    return account == Account::budget ? host_key(to) : calls_back_key(to, account);
}

bool HearsayDials::holds(EndpointId to, Instant now) const {
    if (limited(to, now) || !may_be_dialled(to)) return true;
    return !has_called(to) && (sources_.waits(to, now) || budget(now) < 1 + sources_.shares_left_by(to));
}

void HearsayDials::charge(EndpointId to, Instant now) {
    const Account account = !has_called(to)                         ? Account::budget
                            : vain_.of(key_of(to), now).failed == 0 ? Account::port
                                                                    : Account::again;
    if (account == Account::budget) {
        budget_ = budget(now) - 1;
        budget_at_ = now;
        ++made_;
    }
    if (charged_.size() >= charged_max) {
        charged_.erase(charged_.begin());
        ++calls_forgotten_;
    }
    charged_.push_back({to, account});
    for (const std::uint64_t key : {account_key(to, account), key_of(to)}) vain_.opened(key, now);
}

// A node that leaves tells everybody once: that takes no share of the budget, nor does calling back.
bool HearsayDials::admits(EndpointId to, CallPurpose purpose, Instant now) {
    if (purpose == CallPurpose::seed || reached(to) || own_check(to, purpose)) return true;
    const bool held = purpose == CallPurpose::leave ? limited(to, now) || !may_be_dialled(to) : holds(to, now);
    if (held)
        ++refused_;
    else
        charge(to, now);
    return !held;
}

void HearsayDials::ended(EndpointId to, Outcome outcome, Instant now) {
    const auto charged = std::ranges::find(charged_, to, &Charged::to);
    if (charged == charged_.end()) return;
    const Account account = charged->account;
    const bool shares = account == Account::budget;
    charged_.erase(charged);
    // Somebody listens on a port that a caller named: it may stand still, and is looked at until it answers.
    if (outcome == Outcome::silent && !shares) {
        vain_.closed(account_key(to, account));
        return vain_.silent(key_of(to), now);
    }
    if (outcome == Outcome::failed || outcome == Outcome::silent) {
        const std::optional<Peer> peer = parts_.view.find(to);
        const std::uint32_t incarnation = peer ? peer->incarnation : 0;
        for (const std::uint64_t key : {account_key(to, account), key_of(to)}) vain_.failed(key, incarnation, now);
        if (!shares) return;
        vain_.failed(group_key(to), incarnation, now);
        return sources_.failed(to, now);
    }
    const bool counts = outcome == Outcome::excused && shares;
    for (const std::uint64_t key : {account_key(to, account), key_of(to)})
        counts ? vain_.excused(key) : vain_.closed(key);
    if (!shares) return;
    budget_ = std::min(budget_max, budget(now) + (outcome == Outcome::answered ? earned_by_answer : 1));
    budget_at_ = now;
    if (outcome != Outcome::answered) return;
    answered_at_ = now;
    vain_.forget(key_of(to));
    sources_.answered(to);
}

std::uint64_t HearsayDials::forgotten() const {
    return met_.forgotten() + called_.forgotten() + remembered_.forgotten() + in_file_.forgotten() +
           claimed_.forgotten() + calls_forgotten_;
}

// ---- what was found gone ----

bool HearsayDials::found_gone_here(EndpointId node, std::uint32_t incarnation, Instant seen, Instant now) const {
    if (vain_.empty() || !only_heard_of(node)) return false;
    const VainDials::Tally target = vain_.of(target_key(node), now);
    return target.failed_at != never && seen <= target.failed_at &&
           !newer_incarnation(incarnation, target.incarnation);
}

bool HearsayDials::found_gone(EndpointId node, std::uint32_t incarnation, Instant seen, Instant now) const {
    return found_gone_here(node, incarnation, seen, now) ||
           (told_.gone(key_of(node), incarnation, seen, now) && only_heard_of(node));
}

}  // namespace halp
