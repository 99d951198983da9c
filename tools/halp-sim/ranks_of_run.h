// Whether mpirun has started this process as one of several, and the others then.
#pragma once

#include <memory>

#include "simulations/world/ranks.h"
#include "store/result.h"

namespace halp::sim {

// Null: this process is alone. To be called first in main(); what is returned lives until the end of it.
[[nodiscard]] Result<std::unique_ptr<Ranks>> ranks_of_run(int& argc, char**& argv);

}  // namespace halp::sim
