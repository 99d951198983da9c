#include "overlay/gossip/self/identity.h"

#include <algorithm>
#include <string>

#include "store/hash.h"
#include "store/incarnation.h"

namespace halp {

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
    : endpoints_(endpoints),
      random_(random),
      options_(options),
      address_(endpoints, options),
      swarm_(fnv1a(options.swarm)),
      node_(random.next()) {}

gossip::Message Identity::message(gossip::Kind kind) const {
    gossip::Message m;
    m.kind = kind;
    m.hello.swarm = swarm_;
    m.hello.node = node_;
    m.hello.self = address_.certain() ? address_.endpoint() : no_endpoint;
    m.hello.port = options_.listen_port;
    m.hello.incarnation = incarnation_;
    m.hello.leaving = leaving_;
    return m;
}

void Identity::outrank_former(UnixSeconds wall) {
    const std::uint32_t of_now = next_incarnation(0, wall);
    incarnation_ = newer_incarnation(of_now, incarnation_) ? of_now : incarnation_after(incarnation_);
}

void Identity::renew_number(std::uint64_t salt) { node_ = mix(random_.next() ^ salt); }

EndpointId Identity::identify(const gossip::Hello& hello, const Endpoint& remote, EndpointId known_name) const {
    const bool named = hello.self != no_endpoint;
    if (named && (hello.self == known_name || may_list(hello.self, reach_of_speaker(remote)))) return hello.self;
    const Result<Endpoint> seen = Endpoint::make(remote.host, hello.port);
    return seen ? endpoints_.intern(*seen) : no_endpoint;
}

bool Identity::plausible(EndpointId endpoint, bool speaker_on_loopback) const {
    const AddressScope scope = scope_of(endpoints_.at(endpoint).host);
    return scope != AddressScope::nowhere && (speaker_on_loopback || scope != AddressScope::machine);
}

}  // namespace halp
