#include "store/records/key_sort.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <iterator>

namespace halp {
namespace {

constexpr unsigned digit_bits = 11;
constexpr std::size_t digit_values = std::size_t{1} << digit_bits;

// From `from` into `to`, by one digit of (key - least) >> shift.
void pass(const std::vector<PlacedKey>& from, std::vector<PlacedKey>& to, std::uint64_t least, unsigned shift) {
    std::vector<std::size_t> begin(digit_values + 1);
    const auto digit = [&](const PlacedKey& one) {
        return static_cast<std::size_t>((one.key - least) >> shift) & (digit_values - 1);
    };
    for (const PlacedKey& one : from) ++begin[digit(one) + 1];
    for (std::size_t i = 1; i <= digit_values; ++i) begin[i] += begin[i - 1];
    for (const PlacedKey& one : from) to[begin[digit(one)]++] = one;
}

bool by_key(const PlacedKey& a, const PlacedKey& b) { return a.key < b.key; }

// The keys are in order by their bits from `shift` on.
void sort_runs(std::vector<PlacedKey>& keys, std::uint64_t least, unsigned shift) {
    for (auto run = keys.begin(); run != keys.end();) {
        const std::uint64_t upper = (run->key - least) >> shift;
        auto end = std::next(run);
        while (end != keys.end() && (end->key - least) >> shift == upper) ++end;
        if (end - run > 1) std::stable_sort(run, end, by_key);
        run = end;
    }
}

}  // namespace

void sort_by_key(std::vector<PlacedKey>& keys) {
    constexpr std::size_t few = 1024;
    if (std::is_sorted(keys.begin(), keys.end(), by_key)) return;
    if (keys.size() < few) return std::stable_sort(keys.begin(), keys.end(), by_key);
    const auto [least, most] = std::minmax_element(keys.begin(), keys.end(), by_key);
    const std::uint64_t low = least->key, span = most->key - low;
    const unsigned bits = static_cast<unsigned>(std::bit_width(span));
    const unsigned shift = bits > 2 * digit_bits ? bits - 2 * digit_bits : 0;
    std::vector<PlacedKey> other(keys.size());
    pass(keys, other, low, shift);
    pass(other, keys, low, shift + digit_bits);
    if (shift > 0) sort_runs(keys, low, shift);
}

}  // namespace halp
