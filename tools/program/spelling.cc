#include "tools/program/spelling.h"

#include <algorithm>
#include <cstddef>
#include <numeric>

namespace halp {
namespace {

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1), before, two_before;
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        two_before = before;
        before = row;
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({before[j] + 1, row[j - 1] + 1, before[j - 1] + (a[i - 1] != b[j - 1] ? 1U : 0U)});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) row[j] = std::min(row[j], two_before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

}  // namespace

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
