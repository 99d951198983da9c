// The addresses that this machine has now. A node that listens on all of them must recognise itself under each.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace halp {

inline constexpr std::size_t interface_addresses_max = 4096;  // a machine with many containers has hundreds

struct InterfaceAddresses {
    std::vector<std::string> addresses;  // numeric, sorted
    std::size_t not_read = 0;            // more than were asked for
};

// Those of the interfaces that are up, loopback included, at most `most`. None when the system does not tell.
[[nodiscard]] InterfaceAddresses interface_addresses(std::size_t most = interface_addresses_max);

}  // namespace halp
