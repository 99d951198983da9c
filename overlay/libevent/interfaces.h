// The addresses this machine has right now: what a node that listens on all of them must recognise as itself.
#pragma once

#include <string>
#include <vector>

namespace halp {

// Numeric, loopback included, at most 64. Empty when the system does not say.
[[nodiscard]] std::vector<std::string> interface_addresses();

}  // namespace halp
