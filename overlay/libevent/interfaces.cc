#include "overlay/libevent/interfaces.h"

#include <ifaddrs.h>
#include <net/if.h>

#include <algorithm>
#include <cstring>

#include "overlay/libevent/address.h"

namespace halp {

namespace {

constexpr std::size_t addresses_max = 4096;  // a machine with many containers has hundreds

}  // namespace

std::vector<std::string> interface_addresses() {
    std::vector<std::string> out;
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) != 0) return out;
    for (const ifaddrs* each = first; each && out.size() < addresses_max; each = each->ifa_next) {
        if (!each->ifa_addr || (each->ifa_flags & IFF_UP) == 0) continue;
        SocketAddress address;
        if (each->ifa_addr->sa_family == AF_INET)
            std::memcpy(&address.v4, each->ifa_addr, sizeof address.v4);
        else if (each->ifa_addr->sa_family == AF_INET6)
            std::memcpy(&address.v6, each->ifa_addr, sizeof address.v6);
        else
            continue;
        out.push_back(address.endpoint().host);
    }
    ::freeifaddrs(first);
    std::sort(out.begin(), out.end());
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

}  // namespace halp
