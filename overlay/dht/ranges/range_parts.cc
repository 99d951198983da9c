#include "overlay/dht/ranges/range_parts.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace halp {
namespace {

constexpr std::uint64_t last_place = std::numeric_limits<std::uint64_t>::max();

HashRange between(std::uint64_t min, std::uint64_t max) { return HashRange::make(min, max).value_or(HashRange{}); }

HashRange before(const HashRange& range, std::uint64_t place) {
    return range.empty() || place <= range.min() ? HashRange{}
                                                 : between(range.min(), std::min(range.max(), place - 1));
}
HashRange behind(const HashRange& range, std::uint64_t place) {
    return range.empty() || place >= range.max() ? HashRange{}
                                                 : between(std::max(range.min(), place + 1), range.max());
}

class Carving {
public:
    Carving(const std::vector<legacy::Takeover>& takers, std::vector<LeavingPart>& parts)
        : takers_(takers), parts_(parts) {}

    void carve(const HashRange& piece, std::size_t taker) {
        if (piece.empty()) return;
        if (taker == takers_.size()) return parts_.push_back({piece, std::nullopt});
        const HashRange common = piece.common(between(takers_[taker].min, takers_[taker].max));
        if (common.empty()) return carve(piece, taker + 1);
        carve(before(piece, common.min()), taker + 1);
        parts_.push_back({common, taker});
        carve(behind(piece, common.max()), taker + 1);
    }

private:
    const std::vector<legacy::Takeover>& takers_;
    std::vector<LeavingPart>& parts_;
};

}  // namespace

std::optional<HashRange> joined(const HashRange& one, const HashRange& other) {
    if (one.empty()) return other;
    if (other.empty()) return one;
    const bool touch = one.overlaps(other) || (one.max() != last_place && one.max() + 1 == other.min()) ||
                       (other.max() != last_place && other.max() + 1 == one.min());
    return touch ? std::optional{hull(one, other)} : std::nullopt;
}

HashRange hull(const HashRange& one, const HashRange& other) {
    if (one.empty()) return other;
    if (other.empty()) return one;
    return between(std::min(one.min(), other.min()), std::max(one.max(), other.max()));
}

std::optional<HashRange> without(const HashRange& range, const HashRange& part) {
    if (part.empty() || range.empty() || range.common(part) != part) return std::nullopt;
    if (part == range) return HashRange{};
    if (part.min() == range.min()) return behind(range, part.max());
    if (part.max() == range.max()) return before(range, part.min());
    return std::nullopt;
}

std::vector<HashRange> missing_parts(std::vector<HashRange> ranges) {
    std::erase_if(ranges, [](const HashRange& range) { return range.empty(); });
    std::ranges::sort(ranges, std::less<>{}, &HashRange::min);
    std::vector<HashRange> missing;
    std::uint64_t next = 0;
    for (const HashRange& range : ranges) {
        if (range.min() > next) missing.push_back(between(next, range.min() - 1));
        if (range.max() == last_place) return missing;
        next = std::max(next, range.max() + 1);
    }
    missing.push_back(between(next, last_place));
    return missing;
}

std::vector<LeavingPart> leaving_parts(const HashRange& own, const HashRange& wanted,
                                       const std::vector<legacy::Takeover>& takers) {
    std::vector<LeavingPart> parts;
    Carving carving(takers, parts);
    const HashRange stays = own.common(wanted);
    if (stays.empty()) {
        carving.carve(own, 0);
        return parts;
    }
    carving.carve(before(own, stays.min()), 0);
    carving.carve(behind(own, stays.max()), 0);
    return parts;
}

}  // namespace halp
