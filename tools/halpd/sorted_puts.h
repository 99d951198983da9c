// Puts the records of a dump in the order of their keys, as far as memory allows. Dumps of the originals have the
// order of a hash table, and every record would be a miss in the index. Those of a halpd are in order and are put
// as they come.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records/key.h"

namespace halp {

class SortedPuts {
public:
    using Put = std::function<void(Key key, std::string_view value)>;
    static constexpr std::size_t records_max = std::size_t{1} << 16;

    // `bytes_max`: of the values that are kept.
    explicit SortedPuts(Put put, std::size_t bytes_max = std::size_t{2} << 20)
        : put_(std::move(put)), bytes_max_(bytes_max) {}

    // Of two records with one key the later is put later.
    void add(Key key, std::string_view value) {
        if (kept_.empty() && (!last_ || value_of(key) > value_of(*last_))) {
            last_ = key;
            return put_(key, value);
        }
        kept_.push_back(
            {value_of(key), static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint32_t>(value.size())});
        bytes_.append(value);
        if (bytes_.size() >= bytes_max_ || kept_.size() >= records_max) flush();
    }
    // To be called at the end.
    void flush() {
        std::ranges::sort(kept_);
        for (const Kept& one : kept_) put_(Key{one.key}, std::string_view(bytes_).substr(one.at, one.size));
        if (!kept_.empty()) last_ = std::max(*last_, Key{kept_.back().key});
        kept_.clear();
        bytes_.clear();
    }

private:
    struct Kept {
        std::uint64_t key;
        std::uint32_t at, size;  // in bytes_, which is not longer than bytes_max and one value
        auto operator<=>(const Kept&) const = default;
    };
    const Put put_;
    const std::size_t bytes_max_;
    std::optional<Key> last_;  // the largest that was put
    std::vector<Kept> kept_;
    std::string bytes_;
};

}  // namespace halp
