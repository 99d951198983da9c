// A set of places: those in a row of flags (a byte each) that fit a pattern. It compares eight flags at a time and
// branches on none of them. A view of a hundred peers is asked such questions several times in every exchange, and
// a processor cannot predict which peers fit.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace halp {

class PlaceBits {
public:
    // Where (flags & mask) == want. The mask is not 0.
    static PlaceBits where(std::span<const std::uint8_t> flags, std::uint8_t mask, std::uint8_t want) {
        PlaceBits bits{flags.size()};
        std::size_t at = 0;
        for (; at + 8 <= flags.size(); at += 8) bits.put(at, fitting(load(flags.data() + at, 8), mask, want));
        if (const std::size_t rest = flags.size() - at; rest > 0)
            bits.put(at, fitting(load(flags.data() + at, rest), mask, want) & ((1U << rest) - 1));
        return bits;
    }

    void remove(std::size_t place) { words()[place / 64] &= ~(std::uint64_t{1} << place % 64); }

    [[nodiscard]] std::size_t count() const {
        std::size_t sum = 0;
        for (std::size_t i = 0; i < size_; ++i) sum += static_cast<std::size_t>(std::popcount(words()[i]));
        return sum;
    }
    // The place in the set that has `n` others before it; n < count().
    [[nodiscard]] std::size_t nth(std::size_t n) const {
        std::size_t i = 0;
        for (; n >= static_cast<std::size_t>(std::popcount(words()[i])); ++i)
            n -= static_cast<std::size_t>(std::popcount(words()[i]));
        std::uint64_t word = words()[i];
        for (; n > 0; --n) word &= word - 1;
        return 64 * i + static_cast<std::size_t>(std::countr_zero(word));
    }
    // In ascending order.
    template <class Visit>
    void each(Visit visit) const {
        for (std::size_t i = 0; i < size_; ++i)
            for (std::uint64_t word = words()[i]; word != 0; word &= word - 1)
                visit(64 * i + static_cast<std::size_t>(std::countr_zero(word)));
    }

private:
    explicit PlaceBits(std::size_t places) : size_((places + 63) / 64) {
        if (size_ > small_.size())
            large_.resize(size_);
        else
            std::fill_n(small_.begin(), size_, 0);
    }

    static std::uint64_t load(const std::uint8_t* flags, std::size_t count) {
        std::uint64_t word = 0;
        if (count == 8)
            std::memcpy(&word, flags, 8);  // one load
        else
            std::memcpy(&word, flags, count);
        if constexpr (std::endian::native == std::endian::big) word = __builtin_bswap64(word);
        return word;
    }
    // One bit for each of the eight.
    static std::uint64_t fitting(std::uint64_t flags, std::uint8_t mask, std::uint8_t want) {
        constexpr std::uint64_t each = 0x0101010101010101, low = 0x7f * each;
        const std::uint64_t differs = (flags & mask * each) ^ want * each;
        const std::uint64_t same = ~(((differs & low) + low) | differs | low);  // 0x80 where nothing differs
        return (same >> 7) * 0x0102040810204080 >> 56;
    }
    void put(std::size_t at, std::uint64_t bits) { words()[at / 64] |= bits << at % 64; }

    [[nodiscard]] std::uint64_t* words() { return large_.empty() ? small_.data() : large_.data(); }
    [[nodiscard]] const std::uint64_t* words() const { return large_.empty() ? small_.data() : large_.data(); }

    std::size_t size_;                    // words
    std::array<std::uint64_t, 8> small_;  // the constructor initialises as many as are used
    std::vector<std::uint64_t> large_;
};

}  // namespace halp
