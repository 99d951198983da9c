#include "tools/halp-sim/report/shares.h"

#include <algorithm>

namespace halp::sim {

std::vector<std::pair<double, double>> share_up_to(std::vector<double> values) {
    std::ranges::sort(values);
    std::vector<std::pair<double, double>> out;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (i + 1 == values.size() || values[i + 1] != values[i])
            out.emplace_back(values[i], static_cast<double>(i + 1) / static_cast<double>(values.size()));
    return out;
}

std::vector<std::pair<double, double>> share_from(std::vector<double> values) {
    std::ranges::sort(values);
    std::vector<std::pair<double, double>> out;
    for (std::size_t i = 0; i < values.size(); ++i)
        if (i == 0 || values[i - 1] != values[i])
            out.emplace_back(values[i],
                             static_cast<double>(values.size() - i) / static_cast<double>(values.size()));
    return out;
}

}  // namespace halp::sim
