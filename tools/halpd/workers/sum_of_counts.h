// Sums of structs of counters, of all threads, and differences of what they are at two times. Each struct is taken
// apart into as many names as it has members, so with one more it does not compile until sums and differences have
// that one, too.
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
#include "store/records/record_store.h"

namespace halp {

template <class Counts, class Struct>
concept CountsOf = std::same_as<std::remove_const_t<Counts>, Struct>;

template <CountsOf<ActionCount> Counts>
auto members_of(Counts& counts) {
    auto& [a, b] = counts;
    return std::tie(a, b);
}
template <CountsOf<RecordCount> Counts>
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

// Does with each pair of numbers or spans of time, also of arrays and structs of these, what `with` does.
template <class Count, class With>
void for_counts(Count& all, const Count& one, const With& with);

template <class Count, std::size_t size, class With>
void for_counts(std::array<Count, size>& all, const std::array<Count, size>& one, const With& with) {
    for (std::size_t i = 0; i < size; ++i) for_counts(all[i], one[i], with);
}

template <class... Members, std::size_t... at, class With>
void for_each_count(const std::tuple<Members&...>& all, const std::tuple<const Members&...>& one, const With& with,
                    std::index_sequence<at...>) {
    (for_counts(std::get<at>(all), std::get<at>(one), with), ...);
}

template <class Count, class With>
void for_counts(Count& all, const Count& one, const With& with) {
    if constexpr (requires { members_of(all); })
        for_each_count(members_of(all), members_of(one), with,
                       std::make_index_sequence<std::tuple_size_v<decltype(members_of(all))>>{});
    else
        with(all, one);
}

template <class Count>
void add_counts(Count& all, const Count& one) {
    for_counts(all, one, [](auto& sum, const auto& more) { sum += more; });
}

// `before` is of an earlier time, so no count in it is above that of `now`.
template <class Count>
void take_counts(Count& now, const Count& before) {
    for_counts(now, before, [](auto& left, const auto& less) { left -= less; });
}

}  // namespace halp
