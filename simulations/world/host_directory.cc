#include "simulations/world/host_directory.h"

#include <cassert>
#include <utility>

namespace halp {

void HostDirectory::add(const Endpoint& endpoint) {
    const HostId id{static_cast<std::uint32_t>(endpoints_.size())};
    endpoints_.push_back(endpoint);
    enter(id);
}

void HostDirectory::move(HostId host, const Endpoint& to) {
    Endpoint& own = endpoints_[static_cast<std::size_t>(host)];
    by_endpoint_.erase(own);
    const auto near = by_hash_.find(own.hash());
    if (near != by_hash_.end() && near->second == host) by_hash_.erase(near);
    own = to;
    enter(host);
}

void HostDirectory::enter(HostId host) {
    const Endpoint& own = endpoint(host);
    const bool fresh = by_endpoint_.emplace(own, host).second;
    by_hash_.emplace(own.hash(), host);  // keeps the first host of a hash; find() checks
    assert(fresh && "two hosts at one endpoint");
    static_cast<void>(fresh);  // only asserted
}

HostId HostDirectory::find(const Endpoint& wanted) const {
    const auto near = by_hash_.find(wanted.hash());
    if (near == by_hash_.end()) return no_host;
    if (endpoint(near->second) == wanted) return near->second;
    const auto found = by_endpoint_.find(wanted);
    return found == by_endpoint_.end() ? no_host : found->second;
}

HostId HostDirectory::find_address(const Endpoint& wanted) const {
    const HostId exact = find(wanted);
    if (exact != no_host) return exact;
    const auto near = by_endpoint_.lower_bound(Endpoint{wanted.host, 0});
    return near != by_endpoint_.end() && near->first.host == wanted.host ? near->second : no_host;
}

void HostDirectory::name(const std::string& host_name, std::vector<std::string> addresses) {
    names_[host_name] = std::move(addresses);
}

bool HostDirectory::resolve(Endpoint& to, Random& random) const {
    const auto known = names_.empty() ? names_.end() : names_.find(to.host);
    if (known != names_.end() && !known->second.empty()) {
        to.host = known->second[random.below(known->second.size())];
        return true;
    }
    return to.kind() != AddressKind::name || find_address(to) != no_host;
}

}  // namespace halp
