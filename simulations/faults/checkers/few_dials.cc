#include "simulations/faults/checkers/few_dials.h"

#include <algorithm>
#include <string>

namespace halp::sim {

void FewDials::on_dial(std::size_t node, Instant at, const Endpoint& to) {
    if (!nowhere_(to)) return;
    Dials& dials = dialled_[node];
    while (!dials.empty() && at - dials.front().first >= window) dials.pop_front();
    dials.emplace_back(at, to);
    most_in_all_ = std::max(most_in_all_, dials.size());
    const auto of_target =
        static_cast<std::size_t>(std::ranges::count_if(dials, [&](const auto& one) { return one.second == to; }));
    if (of_target > of_one_target_max)
        report(node, at,
               "dialled " + to.text() + " " + std::to_string(of_target) +
                   " times in ten minutes, of which it only heard");
    if (dials.size() == in_all_max + 1)
        report(node, at, "dialled " + std::to_string(dials.size()) + " times in ten minutes where nobody ever was");
}

}  // namespace halp::sim
