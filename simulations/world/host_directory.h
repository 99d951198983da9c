// Endpoints and host names of a virtual network: which simulated host has them.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "overlay/environment.h"
#include "simulations/world/sim_queue.h"
#include "store/endpoint.h"

namespace halp {

inline constexpr HostId no_host{0xffffffff};

class HostDirectory {
public:
    void add(const Endpoint& endpoint);          // host ids are given in order
    void move(HostId host, const Endpoint& to);  // nobody has the former endpoint then
    [[nodiscard]] std::size_t size() const { return endpoints_.size(); }
    [[nodiscard]] const Endpoint& endpoint(HostId host) const { return endpoints_[static_cast<std::size_t>(host)]; }

    // The host of exactly this endpoint, else no_host.
    [[nodiscard]] HostId find(const Endpoint& endpoint) const;
    // The host of this endpoint, else a host with this address and another port, else no_host.
    [[nodiscard]] HostId find_address(const Endpoint& endpoint) const;

    // Gives a host name addresses; an empty list makes it unknown.
    void name(const std::string& host_name, std::vector<std::string> addresses);
    // Replaces a host name by one of its addresses, drawn from `random`. False when nobody knows the name.
    [[nodiscard]] bool resolve(Endpoint& to, Random& random) const;

private:
    void enter(HostId host);

    std::vector<Endpoint> endpoints_;  // by host
    std::map<Endpoint, HostId> by_endpoint_;
    std::unordered_map<std::uint64_t, HostId> by_hash_;  // of endpoints; never iterated
    std::map<std::string, std::vector<std::string>> names_;
};

}  // namespace halp
