// The manual page and the completions of `halp-sim`, made of its command line.
#pragma once

#include <vector>

#include "tools/program/pages.h"

namespace halp::sim {

[[nodiscard]] std::vector<Page> sim_pages();

}  // namespace halp::sim
