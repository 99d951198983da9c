#include "overlay/gossip/self/own_address.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

namespace halp {

namespace {

constexpr std::size_t aliases_max = 8;
constexpr std::size_t witnesses_max = 9;
// One stranger must not be able to give this node an address that its machine does not have, nor one owner of a
// network.
constexpr std::size_t groups_of_foreign_address = 2;
constexpr std::size_t witnesses_worth_a_call = 2;
constexpr Duration disproved_for = std::chrono::minutes{10};

bool is_wildcard(std::string_view host) { return host == "0.0.0.0" || host == "::" || host.empty(); }

// fe80::/10 with or without a zone, 169.254.0.0/16.
bool is_link_local(std::string_view host) {
    if (host.starts_with("169.254.")) return true;
    if (host.starts_with('[')) host.remove_prefix(1);
    if (host.size() < 5 || (host[0] != 'f' && host[0] != 'F') || (host[1] != 'e' && host[1] != 'E')) return false;
    return std::string_view{"89abAB"}.find(host[2]) != std::string_view::npos && host.find(':') == 4;
}

}  // namespace

bool is_loopback(std::string_view host) { return host.starts_with("127.") || host == "::1" || host == "localhost"; }

AddressScope scope_of(std::string_view host) {
    if (is_wildcard(host)) return AddressScope::nowhere;
    if (is_loopback(host)) return AddressScope::machine;
    return is_link_local(host) ? AddressScope::link : AddressScope::everywhere;
}

OwnAddress::OwnAddress(EndpointTable& endpoints, const OverlayOptions& options)
    : endpoints_(endpoints), options_(options) {
    if (options.advertise)
        self_ = endpoints.intern(*options.advertise);
    else if (options.listening)
        self_ = endpoints.intern(*options.listening);
    certain_ = self_ != no_endpoint;
    certain_endpoint_ = self_;
    static_cast<void>(set_interfaces(options.own_addresses));  // nothing can have changed yet
}

bool OwnAddress::on_this_machine(const std::string& host) const {
    return std::binary_search(interfaces_.begin(), interfaces_.end(), host);
}

bool OwnAddress::is_self(EndpointId endpoint) const {
    if (endpoint == no_endpoint) return false;
    if (endpoint == self_ || std::ranges::find(aliases_, endpoint, &Alias::endpoint) != aliases_.end()) return true;
    if (interfaces_.empty() || options_.listening) return false;  // other nodes may listen on other addresses here
    const Endpoint& e = endpoints_.at(endpoint);
    return e.port == options_.listen_port && on_this_machine(e.host);
}

bool OwnAddress::set_self(EndpointId endpoint) { return std::exchange(self_, endpoint) != endpoint; }

// ---- the interfaces of the machine ----

bool OwnAddress::set_interfaces(std::vector<std::string> addresses) {
    std::ranges::sort(addresses);
    const std::vector<std::string> before = std::exchange(interfaces_, std::move(addresses));
    const auto lost = [&](EndpointId id) {
        const std::string& host = endpoints_.at(id).host;
        return std::binary_search(before.begin(), before.end(), host) && !on_this_machine(host);
    };
    std::erase_if(aliases_, [&](const Alias& a) { return lost(a.endpoint); });
    std::erase_if(witnesses_, [&](const Witness& w) { return lost(w.observed); });
    if (certain_) {
        // An advertised address is the operator's word. One to listen on is gone while no interface has it; an
        // address that no interface ever had (127.0.0.2) is not known to have gone.
        if (options_.advertise) return false;
        seen_here_ = seen_here_ || here(certain_endpoint_);
        return set_self(seen_here_ && !here(certain_endpoint_) ? no_endpoint : certain_endpoint_);
    }
    if (self_ == no_endpoint || !lost(self_)) return false;
    self_ = no_endpoint;
    elect();
    return true;
}

// ---- what other nodes say ----

std::size_t OwnAddress::votes(EndpointId endpoint) const {
    return static_cast<std::size_t>(std::ranges::count(witnesses_, endpoint, &Witness::observed));
}

bool OwnAddress::eligible(EndpointId endpoint) const {
    if (std::ranges::find(disproved_, endpoint, &Alias::endpoint) != disproved_.end()) return false;
    const std::size_t wanted = interfaces_.empty() ? 1 : groups_of_foreign_address;  // then each may be foreign
    if (here(endpoint) || groups(endpoint) >= wanted) return true;
    return votes(endpoint) > 0 && std::ranges::find(aliases_, endpoint, &Alias::endpoint) != aliases_.end();
}

std::size_t OwnAddress::groups(EndpointId endpoint) const {
    std::array<std::uint32_t, witnesses_max> seen{};
    auto end = seen.begin();
    for (const Witness& w : witnesses_)
        if (w.observed == endpoint && !w.doubtful && std::find(seen.begin(), end, w.group) == end) *end++ = w.group;
    return static_cast<std::size_t>(end - seen.begin());
}

bool OwnAddress::worth_a_call(EndpointId endpoint) const {
    if (certain_ || endpoint == self_ || eligible(endpoint)) return false;
    if (std::ranges::find(disproved_, endpoint, &Alias::endpoint) != disproved_.end()) return false;
    const bool doubtful = std::ranges::any_of(
        witnesses_, [endpoint](const Witness& w) { return w.observed == endpoint && w.doubtful; });
    return doubtful || votes(endpoint) >= witnesses_worth_a_call;
}

// By scope first: an address of one link is no use to nodes elsewhere.
bool OwnAddress::better(EndpointId candidate, EndpointId than) const {
    if (than == no_endpoint) return true;
    const AddressScope scope = scope_of(endpoints_.at(candidate).host), other = scope_of(endpoints_.at(than).host);
    if (scope != other) return scope > other;
    if (here(candidate) != here(than)) return here(candidate);
    return votes(candidate) > votes(than);
}

// A node with two addresses is seen at both, by turns: the own endpoint must not change with each witness.
bool OwnAddress::replaces_self(EndpointId candidate) const {
    if (self_ == no_endpoint) return true;
    if (candidate == self_) return false;
    const AddressScope scope = scope_of(endpoints_.at(candidate).host), now = scope_of(endpoints_.at(self_).host);
    if (scope > now) return true;
    if (scope < now) return !here(self_) && votes(self_) == 0;
    return !here(self_) && votes(candidate) > 2 * votes(self_);
}

bool OwnAddress::elect() {
    EndpointId best = no_endpoint;
    for (const Witness& witness : witnesses_)
        if (eligible(witness.observed) && better(witness.observed, best)) best = witness.observed;
    return best != no_endpoint && replaces_self(best) && set_self(best);
}

bool OwnAddress::witnessed(Witness witness) {
    const EndpointId observed = witness.observed;
    if (observed == no_endpoint || certain_ || endpoints_.at(observed).port != options_.listen_port) return false;
    if (scope_of(endpoints_.at(observed).host) == AddressScope::nowhere) return false;
    const Duration believed_for = std::max<Duration>(10 * options_.gossip.period, std::chrono::seconds{30});
    std::erase_if(witnesses_,
                  [&](const Witness& w) { return w.host == witness.host || witness.at - w.at > believed_for; });
    if (witnesses_.size() >= witnesses_max) witnesses_.erase(witnesses_.begin());  // the oldest
    witness.group = Endpoint{witness.host, 1}.group();
    witnesses_.reserve(witnesses_max);  // soon that many have said it
    witnesses_.push_back(std::move(witness));
    return elect();
}

bool OwnAddress::disproved(EndpointId endpoint, Instant now) {
    std::erase_if(aliases_, [&](const Alias& a) { return a.endpoint == endpoint; });
    if (certain_ || here(endpoint)) return false;
    std::erase_if(witnesses_, [&](const Witness& w) { return w.observed == endpoint; });
    if (disproved_.size() >= aliases_max) {
        disproved_.erase(disproved_.begin());
        ++forgotten_;
    }
    disproved_.push_back({endpoint, now + disproved_for});
    if (self_ != endpoint) return false;
    self_ = no_endpoint;
    elect();
    return true;
}

// ---- aliases ----

void OwnAddress::met(EndpointId endpoint, Instant now) {
    if (endpoints_.at(endpoint).kind() == AddressKind::name) return;
    const Instant until = now + std::max(options_.gossip.ttl, 60 * options_.gossip.period);
    const auto known = std::ranges::find(aliases_, endpoint, &Alias::endpoint);
    if (known != aliases_.end()) {
        known->until = until;
    } else if (!is_self(endpoint)) {
        if (aliases_.size() >= aliases_max) {
            aliases_.erase(std::ranges::min_element(aliases_, {}, &Alias::until));
            ++forgotten_;
        }
        aliases_.push_back({endpoint, until});
        elect();
    }
}

void OwnAddress::expire(Instant now) {
    const auto over = [&](const Alias& a) { return a.until <= now; };
    std::erase_if(aliases_, over);
    std::erase_if(disproved_, over);
}

void OwnAddress::mark_endpoints(std::vector<bool>& marks) const {
    const auto mark = [&](EndpointId id) {
        if (id != no_endpoint) marks[static_cast<std::size_t>(id)] = true;
    };
    mark(self_);
    mark(certain_endpoint_);
    for (const Alias& alias : aliases_) mark(alias.endpoint);
    for (const Alias& gone : disproved_) mark(gone.endpoint);
    for (const Witness& witness : witnesses_) mark(witness.observed);
}

}  // namespace halp
