// The addresses of this node: the one at which others reach it, and those that it would recognise as its own. Every
// belief here is revised: interfaces of the machine come and go, other nodes say where they see this one, and an
// address that led here may lead to another machine tomorrow (overlay/gossip/rules.md, section 3, "Own address").
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/overlay_options.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

// How far an address means something.
enum class AddressScope : std::uint8_t { nowhere, machine, link, everywhere };
[[nodiscard]] AddressScope scope_of(std::string_view host);
// True for a host name or address that only means something on one machine.
[[nodiscard]] bool is_loopback(std::string_view host);

class OwnAddress {
public:
    OwnAddress(EndpointTable& endpoints, const OverlayOptions& options);

    [[nodiscard]] EndpointId endpoint() const { return self_; }  // no_endpoint until it is known
    // Advertised, or the concrete address that the node listens on: told to others. Else they list this node where
    // they see it.
    [[nodiscard]] bool certain() const { return certain_ && self_ != no_endpoint; }
    [[nodiscard]] bool is_self(EndpointId endpoint) const;
    [[nodiscard]] bool on_this_machine(const std::string& host) const;  // an address of its interfaces

    // Each returns true when the own endpoint has changed by it.
    [[nodiscard]] bool set_interfaces(std::vector<std::string> addresses);
    // The node at `host` lists this node at `observed`. Only an own call shows what is doubtful.
    struct Witness {
        std::string host;
        EndpointId observed;
        Instant at;
        bool doubtful = false;    // another node answered at `observed`
        std::uint32_t group = 0;  // of the host; witnessed() sets it
    };
    [[nodiscard]] bool witnessed(Witness witness);
    // Nodes of one address group only say that this node is at `endpoint`, or another node was there: a call of its
    // own can show it.
    [[nodiscard]] bool worth_a_call(EndpointId endpoint) const;
    // Another node answered at `endpoint`, which this one took for its own.
    [[nodiscard]] bool disproved(EndpointId endpoint, Instant now);

    // This node answered its own call to `endpoint`, which may become the own endpoint by it. A numeric address is
    // an alias for a while, until it is met again. A name is not: it is resolved at each call, and may lead to
    // another node the next time.
    void met(EndpointId endpoint, Instant now);
    void expire(Instant now);
    // Aliases and disproved addresses that were forgotten before their time, since the start.
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

    void mark_endpoints(std::vector<bool>& marks) const;

private:
    struct Alias {
        EndpointId endpoint;
        Instant until;
    };
    [[nodiscard]] std::size_t votes(EndpointId endpoint) const;
    [[nodiscard]] bool here(EndpointId endpoint) const { return on_this_machine(endpoints_.at(endpoint).host); }
    [[nodiscard]] std::size_t groups(EndpointId endpoint) const;  // of its witnesses
    [[nodiscard]] bool eligible(EndpointId endpoint) const;
    [[nodiscard]] bool better(EndpointId candidate, EndpointId than) const;
    [[nodiscard]] bool replaces_self(EndpointId candidate) const;
    bool elect();
    bool set_self(EndpointId endpoint);

    EndpointTable& endpoints_;
    const OverlayOptions& options_;
    EndpointId self_ = no_endpoint;
    EndpointId certain_endpoint_ = no_endpoint;
    bool certain_ = false;
    bool seen_here_ = false;               // the interfaces had the certain address once
    std::vector<std::string> interfaces_;  // sorted
    std::vector<Alias> aliases_;           // other endpoints at which this node was reached
    std::vector<Alias> disproved_;         // not believed again before their time
    std::vector<Witness> witnesses_;       // one vote for each host, its latest
    std::uint64_t forgotten_ = 0;
};

}  // namespace halp
