// The addresses that this machine has now. A node that listens on all of them must recognise itself under each.
#pragma once

#include <string>
#include <vector>

namespace halp {

// Numeric addresses of the interfaces that are up, loopback included, sorted, at most 4096. Empty when the system
// does not tell.
[[nodiscard]] std::vector<std::string> interface_addresses();

}  // namespace halp
