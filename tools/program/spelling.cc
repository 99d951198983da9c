#include "tools/program/spelling.h"

#include <algorithm>
#include <cstddef>

#include "store/edit_distance.h"

namespace halp {

std::string likely_meant(std::string_view typed, const std::vector<std::string>& candidates) {
    if (typed.size() > 64) return "";
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(1, std::min<std::size_t>(3, typed.size() / 2)) + 1;
    for (const std::string& candidate : candidates) {
        if (candidate == typed) continue;
        const bool begins = typed.size() >= 2 && candidate.starts_with(typed);
        const std::size_t distance = begins ? 1 : edit_distance(typed, candidate);
        if (distance < best_distance) {
            best_distance = distance;
            best = candidate;
        }
    }
    return best;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& candidates,
                         const std::string& before) {
    const std::string meant = likely_meant(typed, candidates);
    return meant.empty() ? "." : "; did you mean `" + before + meant + "`?";
}

}  // namespace halp
