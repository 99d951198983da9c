// Keys in order, each with the place of its record: sorted blocks of at most 512 keys, found by the first key of
// each block. Memory per record: about 22 bytes for random keys, 16 for rising keys. find, add and erase cost
// O(log n) comparisons and move at most one block and one list that is 512 times shorter. There is no rehashing,
// so no call takes long; no choice of keys makes it slow; the order is the same on every machine.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "store/records/key.h"

namespace halp {

enum class RecordPlace : std::uint64_t {};

class RecordIndex {
public:
    static constexpr std::size_t block_max = 512;

    // The pointer is valid until the next find_or_add or erase.
    [[nodiscard]] RecordPlace* find(Key key);
    [[nodiscard]] const RecordPlace* find(Key key) const;
    // The place of the key, added as zero when the key is new. Valid until the next find_or_add or erase.
    struct Entry {
        RecordPlace& place;
        bool added;
    };
    [[nodiscard]] Entry find_or_add(Key key);
    // The key must exist.
    void erase(Key key);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t bytes() const;  // allocated bytes; walks all blocks

    // Calls visit(key, place) in order, from the first key after `after`, until it returns false. Returns true
    // when it reached the end. address(place) is where the record is: it is fetched into the cache some records
    // before it is visited.
    template <class Visit, class Address>
    bool walk(std::optional<Key> after, Visit visit, Address address) const {
        if (after && value_of(*after) == UINT64_MAX) return true;
        Spot spot = lower_bound(after ? value_of(*after) + 1 : 0);
        for (; spot.block < blocks_.size(); ++spot.block, spot.entry = 0) {
            const Block& block = blocks_[spot.block];
            for (; spot.entry < block.keys.size(); ++spot.entry) {
                if (spot.entry + fetched_ahead < block.places.size())
                    fetch(address(block.places[spot.entry + fetched_ahead]));
                if (!visit(Key{block.keys[spot.entry]}, block.places[spot.entry])) return false;
            }
        }
        return true;
    }
    template <class Visit>
    bool walk(std::optional<Key> after, Visit visit) const {
        return walk(after, visit, [](RecordPlace) -> const char* { return nullptr; });
    }

    // Where find() will look, into the cache.
    [[gnu::always_inline]] void fetch_near(Key key) const {
        if (blocks_.empty()) return;
        const std::size_t block = block_of(value_of(key)), guess = guess_in(block, value_of(key));
        const Block& its = blocks_[block];
        constexpr std::size_t line = 8;  // keys
        for (const std::size_t i :
             {guess > line ? guess - line : 0, guess, std::min(guess + line, its.keys.size() - 1)}) {
            __builtin_prefetch(its.keys.data() + i);
            __builtin_prefetch(its.places.data() + i);
        }
    }
    // Two lines, of a record of some hundred bytes. GCC leaves out a call that only prefetches, unless it is
    // inlined.
    [[gnu::always_inline]] static void fetch(const char* record) {
        if (!record) return;  // the visitor has no use for it
        __builtin_prefetch(record);
        __builtin_prefetch(record + 64);
    }

private:
    static constexpr std::size_t fetched_ahead = 16;

    // Keys and places are apart, so that a search reads keys only.
    struct Block {
        std::vector<std::uint64_t> keys;  // never empty
        std::vector<RecordPlace> places;
    };
    struct Spot {
        std::size_t block, entry;
    };

    [[nodiscard]] std::size_t block_of(std::uint64_t key) const;
    [[nodiscard]] std::size_t guess_in(std::size_t block, std::uint64_t key) const;
    // The position of the key, or where it would be inserted, possibly at the end of a block.
    [[nodiscard]] Spot lower_bound(std::uint64_t key) const;
    [[nodiscard]] bool holds(Spot spot, std::uint64_t key) const;
    [[nodiscard]] Spot make_room(Spot spot, std::uint64_t key);
    void split(std::size_t block);
    void tidy(std::size_t block);
    void add_block(std::size_t at, Block block);

    std::vector<std::uint64_t> firsts_;  // first key of each block
    std::vector<Block> blocks_;
    std::size_t size_ = 0;
};

}  // namespace halp
