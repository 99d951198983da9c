#include "config/typed_table.h"

#include <algorithm>
#include <cstddef>

#include "store/edit_distance.h"

namespace halp::config {
namespace {

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

}  // namespace

std::string nearest_of(const std::vector<std::string>& candidates, std::string_view key) {
    constexpr std::size_t key_size_max = 128;  // bounds the work
    if (key.size() > key_size_max) return {};
    std::string best;
    std::size_t best_distance = std::max<std::size_t>(2, key.size() / 4) + 1;
    for (const std::string& candidate : candidates) {
        // The right name in the wrong section counts as one wrong letter.
        const bool misplaced = last_part(candidate) == last_part(key);
        const std::size_t distance = misplaced ? 1 : edit_distance(key, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string joined_keys(const std::vector<std::string>& keys) {
    std::string out;
    for (const std::string& key : keys) out += (out.empty() ? "" : ", ") + key;
    return out;
}

}  // namespace halp::config
