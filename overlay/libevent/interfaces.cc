#include "overlay/libevent/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "overlay/libevent/address.h"

namespace halp {

InterfaceAddresses interface_addresses(std::size_t most) {
    InterfaceAddresses found;
    std::vector<std::string>& out = found.addresses;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return found;
    for (const ifaddrs* each = first; each; each = each->ifa_next) {
        if (!each->ifa_addr || (each->ifa_flags & IFF_UP) == 0) continue;
        SocketAddress address;
        if (each->ifa_addr->sa_family == AF_INET)
            std::memcpy(&address.v4, each->ifa_addr, sizeof address.v4);
        else if (each->ifa_addr->sa_family == AF_INET6)
            std::memcpy(&address.v6, each->ifa_addr, sizeof address.v6);
        else
            continue;
        if (out.size() < most)
            out.push_back(address.endpoint().host);
        else
            ++found.not_read;
    }
    ::freeifaddrs(first);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return found;
}

}  // namespace halp
