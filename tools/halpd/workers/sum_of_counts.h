// Sums of structs of counters, of all threads. Each struct is taken apart into as many names as it has members, so
// with one more it does not compile until the sum has that one, too.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/node/request_counts.h"
#include "overlay/dht/records/record_actions.h"
#include "overlay/libevent/limits.h"
#include "store/records/record_cache.h"

namespace halp {

template <class Counts, class Struct>
concept CountsOf = std::same_as<std::remove_const_t<Counts>, Struct>;

template <CountsOf<ActionCount> Counts>
auto members_of(Counts& counts) {
    auto& [a, b] = counts;
    return std::tie(a, b);
}
template <CountsOf<RecordActions> Counts>
auto members_of(Counts& counts) {
    auto& [a, b, c, d] = counts;
    return std::tie(a, b, c, d);
}
template <CountsOf<RecordCache::Counts> Counts>
auto members_of(Counts& counts) {
    auto& [a, b, c, d] = counts;
    return std::tie(a, b, c, d);
}
template <CountsOf<RequestCount> Counts>
auto members_of(Counts& counts) {
    auto& [a, b, c, d, e, f] = counts;
    return std::tie(a, b, c, d, e, f);
}
template <CountsOf<DhtNodeStatus> Counts>
auto members_of(Counts& counts) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n] = counts;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n);
}
template <CountsOf<WorldStats> Counts>
auto members_of(Counts& counts) {
    auto& [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = counts;
    return std::tie(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
}

template <class Count>
void add_counts(Count& all, const Count& one);

template <class Count, std::size_t size>
void add_counts(std::array<Count, size>& all, const std::array<Count, size>& one) {
    for (std::size_t i = 0; i < size; ++i) add_counts(all[i], one[i]);
}

template <class... Members, std::size_t... at>
void add_each(const std::tuple<Members&...>& all, const std::tuple<const Members&...>& one,
              std::index_sequence<at...>) {
    (add_counts(std::get<at>(all), std::get<at>(one)), ...);
}

// A number, a span of time, or a struct of these.
template <class Count>
void add_counts(Count& all, const Count& one) {
    if constexpr (requires { members_of(all); })
        add_each(members_of(all), members_of(one),
                 std::make_index_sequence<std::tuple_size_v<decltype(members_of(all))>>{});
    else
        all += one;
}

}  // namespace halp
