// A summary of durations: their count, sum, maximum and a histogram by powers of two.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "store/time.h"

namespace halp {

struct RequestTimes {
    static constexpr std::size_t buckets = 32;
    std::uint64_t count = 0;
    Duration total{0};
    Duration longest{0};
    std::array<std::uint64_t, buckets> by_log2_us{};  // [i]: from 2^i up to 2^(i+1) us; [0] also has 0 us

    void record(Duration took) {
        const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 1));
        ++count;
        total += took;
        longest = std::max(longest, took);
        ++by_log2_us[std::min<std::size_t>(std::bit_width(us) - 1, buckets - 1)];
    }
    RequestTimes& operator+=(const RequestTimes& other) {
        count += other.count;
        total += other.total;
        longest = std::max(longest, other.longest);
        for (std::size_t i = 0; i < buckets; ++i) by_log2_us[i] += other.by_log2_us[i];
        return *this;
    }
    [[nodiscard]] Duration mean() const {
        return count == 0 ? Duration{0} : Duration{total.count() / static_cast<std::int64_t>(count)};
    }
    // An upper bound of the given share (0 to 1) of all durations, exact to a factor of two and never above
    // `longest`.
    [[nodiscard]] Duration quantile(double share) const {
        const auto wanted =
            static_cast<std::uint64_t>(std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count)));
        std::uint64_t within = 0;
        for (std::size_t i = 0; i < buckets; ++i) {
            within += by_log2_us[i];
            if (within > 0 && within >= wanted) return std::min(longest, Duration{std::int64_t{1} << (i + 1)});
        }
        return longest;
    }
};

}  // namespace halp
