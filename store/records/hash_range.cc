#include "store/records/hash_range.h"

#include <algorithm>

namespace halp {

Result<HashRange> HashRange::make(std::uint64_t min, std::uint64_t max) {
    if (!valid(min, max))
        return Error{ErrorCode::invalid, "a hash range begins before it ends: " + key_text(Key{min}) +
                                             " is behind " + key_text(Key{max})};
    return HashRange{min, max};
}

std::vector<HashRange> HashRange::split(std::size_t parts) const {
    std::vector<HashRange> result;
    if (empty() || parts == 0) return result;

    const std::uint64_t width = max_ - min_;  // one less than the number of keys, which may exceed 64 bits
    if (width < parts - 1) parts = static_cast<std::size_t>(width) + 1;
    std::uint64_t size = width / parts;
    std::uint64_t longer = width % parts + 1;  // this many parts have one key more
    if (longer == parts) {
        ++size;
        longer = 0;
    }
    std::uint64_t begin = min_;
    for (std::size_t i = 0; i + 1 < parts; ++i) {
        const std::uint64_t end = begin + size - (i < longer ? 0 : 1);
        result.push_back({begin, end});
        begin = end + 1;
    }
    result.push_back({begin, max_});
    return result;
}

bool tessellates(std::vector<HashRange> ranges, const HashRange& whole) {
    std::erase_if(ranges, [](const HashRange& range) { return range.empty(); });
    if (whole.empty() || ranges.empty()) return whole.empty() && ranges.empty();
    std::ranges::sort(ranges, {}, &HashRange::min);
    if (ranges.front().min() != whole.min() || ranges.back().max() != whole.max()) return false;
    for (std::size_t i = 1; i < ranges.size(); ++i) {
        const std::uint64_t before = ranges[i - 1].max();
        if (before == whole.max() || ranges[i].min() != before + 1) return false;
    }
    return true;
}

}  // namespace halp
