#include "overlay/dht/client/range_cover.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>

#include "store/records/key.h"

namespace halp::dht {
namespace {

constexpr std::uint64_t last_place = std::numeric_limits<std::uint64_t>::max();
// An error text names so many ranges; the lists of a RangeCover have all.
constexpr std::size_t ranges_named_max = 4;

void add(std::vector<HashRange>& ranges, std::uint64_t min, std::uint64_t max) {
    if (!ranges.empty() && (min == 0 || ranges.back().max() >= min - 1)) {
        min = ranges.back().min();
        max = std::max(max, ranges.back().max());
        ranges.pop_back();
    }
    ranges.push_back(HashRange::make(min, max).value());
}

std::string named(std::string_view what, const std::vector<HashRange>& ranges) {
    std::string text{what};
    for (std::size_t i = 0; i < std::min(ranges.size(), ranges_named_max); ++i)
        text +=
            (i == 0 ? " 0x" : ", 0x") + key_text(Key{ranges[i].min()}) + " to 0x" + key_text(Key{ranges[i].max()});
    if (ranges.size() > ranges_named_max)
        text += " and " + std::to_string(ranges.size() - ranges_named_max) + " more ranges";
    return text;
}

}  // namespace

RangeCover cover_of(std::vector<HashRange> ranges) {
    std::erase_if(ranges, [](const HashRange& range) { return range.empty(); });
    std::ranges::sort(ranges, {}, &HashRange::min);
    RangeCover cover;
    std::optional<std::uint64_t> end;  // the last place that is covered so far
    for (const HashRange& range : ranges) {
        const std::uint64_t next = end ? *end + 1 : 0;  // 0 also behind the last place, where no gap can follow
        const bool behind = end && range.min() <= *end;
        if (behind) add(cover.overlapping, range.min(), std::min(*end, range.max()));
        if (!behind && range.min() > next) add(cover.missing, next, range.min() - 1);
        end = std::max(end.value_or(0), range.max());
    }
    if (!end)
        cover.missing.push_back(HashRange::full());
    else if (*end != last_place)
        add(cover.missing, *end + 1, last_place);
    return cover;
}

std::string describe(const RangeCover& cover) {
    std::string text;
    if (!cover.missing.empty()) text = named("no answer for", cover.missing);
    if (cover.overlapping.empty()) return text;
    return text + (text.empty() ? "" : "; ") + named("more than one node answers for", cover.overlapping);
}

}  // namespace halp::dht
