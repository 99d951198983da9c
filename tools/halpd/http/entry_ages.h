// How old the entries of all lists are: the figure by which users feel whether a swarm works. Looks at every entry,
// so it is counted again only when it is some seconds old, however often somebody asks.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "overlay/node/overlay_node.h"

namespace halp {

class EntryAges {
public:
    // Upper bounds in seconds; one more count is for older ones.
    static constexpr std::array<std::int64_t, 14> bounds_s{1,   2,   5,    10,   30,    60,    120,
                                                           300, 600, 1800, 3600, 21600, 86400, 259200};
    struct Counts {
        std::array<std::uint64_t, bounds_s.size() + 1> by_age{};
        std::int64_t sum_s = 0;
    };

    [[nodiscard]] const Counts& of(const OverlayNode& node, Instant now, UnixSeconds wall) {
        if (counted_ != never && now - counted_ < std::chrono::seconds{5}) return counts_;
        counted_ = now;
        counts_ = {};
        for (const Label& label : node.host_labels())
            for (const ListedHost& host : node.hosts(label, 0, node.host_count(label)))
                add(std::max<std::int64_t>(0, count(wall) - count(host.seen)));
        return counts_;
    }

private:
    void add(std::int64_t age_s) {
        const auto place = std::lower_bound(bounds_s.begin(), bounds_s.end(), age_s) - bounds_s.begin();
        ++counts_.by_age[static_cast<std::size_t>(place)];
        counts_.sum_s += age_s;
    }

    Counts counts_;
    Instant counted_ = never;
};

}  // namespace halp
