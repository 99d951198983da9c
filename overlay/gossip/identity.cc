#include "overlay/gossip/identity.h"

#include <algorithm>
#include <string>

#include "store/hash.h"
#include "store/incarnation.h"

namespace halp {

namespace {

constexpr std::size_t aliases_max = 8;

bool is_wildcard(std::string_view host) { return host == "0.0.0.0" || host == "::" || host.empty(); }

}  // namespace

bool is_loopback(std::string_view host) { return host.starts_with("127.") || host == "::1" || host == "localhost"; }

std::uint32_t next_incarnation(std::uint32_t last, UnixSeconds wall) {
    if (last != 0) return incarnation_after(last);
    return std::max(1U, static_cast<std::uint32_t>(count(wall)));  // modulo 2^32, as the numbers are
}

// A newer incarnation is adopted, so that two nodes with one address do not outbid each other for ever; a death or
// a leave is outranked. A suspicion of this incarnation is left to the probes that it causes: a node that can call
// but cannot be called must not revive itself.
bool Identity::answer_to(const gossip::Entry& about_self) {
    const bool ended = about_self.withdrawn || about_self.suspect;
    const bool newer = newer_incarnation(about_self.incarnation, incarnation_);
    if (!started() || leaving_ || (!newer && !(about_self.withdrawn && about_self.incarnation == incarnation_)))
        return false;
    incarnation_ = ended ? incarnation_after(about_self.incarnation) : about_self.incarnation;
    return true;
}

Identity::Identity(EndpointTable& endpoints, Random& random, const OverlayOptions& options)
    : endpoints_(endpoints), options_(options), swarm_(fnv1a(options.swarm)), node_(random.next()) {
    if (options.advertise)
        self_ = endpoints.intern(*options.advertise);
    else if (options.listening)
        self_ = endpoints.intern(*options.listening);
    self_is_certain_ = self_ != no_endpoint;
}

gossip::Message Identity::message(gossip::Kind kind) const {
    gossip::Message m;
    m.kind = kind;
    m.hello.swarm = swarm_;
    m.hello.node = node_;
    m.hello.self = self_is_certain_ ? self_ : no_endpoint;
    m.hello.port = options_.listen_port;
    m.hello.incarnation = incarnation_;
    m.hello.leaving = leaving_;
    return m;
}

bool Identity::is_self(EndpointId endpoint) const {
    if (endpoint == no_endpoint) return false;
    if (endpoint == self_ || std::ranges::find(aliases_, endpoint) != aliases_.end()) return true;
    if (options_.own_addresses.empty()) return false;
    const Endpoint& e = endpoints_.at(endpoint);
    return e.port == options_.listen_port &&
           std::ranges::find(options_.own_addresses, e.host) != options_.own_addresses.end();
}

bool Identity::learn(EndpointId observed) {
    if (observed == no_endpoint || self_is_certain_ || observed == self_) return false;
    if (endpoints_.at(observed).port != options_.listen_port) return false;
    if (self_ != no_endpoint) {
        add_alias(observed);
        return false;
    }
    self_ = observed;
    return true;
}

void Identity::add_alias(EndpointId endpoint) {
    if (endpoints_.at(endpoint).kind() == AddressKind::name) return;
    if (!is_self(endpoint) && aliases_.size() < aliases_max) aliases_.push_back(endpoint);
}

EndpointId Identity::identify(const gossip::Hello& hello, const Endpoint& remote) const {
    if (hello.self != no_endpoint && plausible(hello.self, is_loopback(remote.host))) return hello.self;
    const Result<Endpoint> seen = Endpoint::make(remote.host, hello.port);
    return seen ? endpoints_.intern(*seen) : no_endpoint;
}

bool Identity::plausible(EndpointId endpoint, bool speaker_on_loopback) const {
    const std::string& host = endpoints_.at(endpoint).host;
    return !is_wildcard(host) && (speaker_on_loopback || !is_loopback(host));
}

void Identity::mark_endpoints(std::vector<bool>& marks) const {
    if (self_ != no_endpoint) marks[static_cast<std::size_t>(self_)] = true;
    for (const EndpointId alias : aliases_) marks[static_cast<std::size_t>(alias)] = true;
}

}  // namespace halp
