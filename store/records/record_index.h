// Keys in order, each with the place of its record: blocks of at most 512 keys, found by a lower bound of the keys
// of each block. A block has its keys in order but for the newest ones, at most newest_max, so that most insertions
// move nothing. Memory per record: about 22 bytes for random keys, 16 for rising keys. find, add and erase cost
// O(log n) comparisons and move at most one block and one list that is 512 times shorter. There is no rehashing, so
// no call takes long; no choice of keys makes it slow; the order is the same on every machine.
//
// For one thread, also when it only reads: reading puts new keys in order, and notes where expected keys are.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "store/records/index_rooms.h"
#include "store/records/key.h"

namespace halp {

enum class RecordPlace : std::uint64_t {};

class RecordIndex {
public:
    static constexpr std::size_t block_max = 512;

    explicit RecordIndex(SegmentMemory* memory = nullptr) : rooms_(block_max * entry_bytes, memory) {}
    RecordIndex(const RecordIndex&) = delete;
    RecordIndex& operator=(const RecordIndex&) = delete;
    ~RecordIndex();

    // The pointer is valid until the next find_or_add, erase or walk.
    [[nodiscard]] RecordPlace* find(Key key);
    [[nodiscard]] const RecordPlace* find(Key key) const;
    // The place of the key, added as zero when the key is new. Valid as long as the pointer above.
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
        if (blocks_.empty() || (after && value_of(*after) == UINT64_MAX)) return true;
        const std::uint64_t first = after ? value_of(*after) + 1 : 0;
        for (std::size_t number = block_of(first); number < blocks_.size(); ++number) {
            Block& block = *blocks_[number];
            put_in_order(block);
            const std::uint64_t* const keys = block.keys;
            const RecordPlace* const places = block.places;
            const std::size_t count = block.count;
            for (std::size_t i = keys[0] < first ? first_from(block, first) : 0; i < count; ++i) {
                if (i + fetched_ahead < count) fetch(address(places[i + fetched_ahead]));
                if (!visit(Key{keys[i]}, places[i])) return false;
            }
        }
        return true;
    }
    template <class Visit>
    bool walk(std::optional<Key> after, Visit visit) const {
        return walk(after, visit, [](RecordPlace) -> const char* { return nullptr; });
    }

    // Where find() will look, into the cache, or find_or_add() for a key that is new. The block is noted for both.
    [[gnu::always_inline]] void fetch_near(Key key, bool is_new = false) const {
        if (blocks_.empty()) return;
        const std::size_t number = block_of(value_of(key));
        note(value_of(key), number);
        const Block& block = *blocks_[number];
        const std::size_t guess = guess_in(number, value_of(key)), last = block.count - 1;
        constexpr std::size_t line = 8;  // keys
        for (const std::size_t i : {guess > line ? guess - line : 0, guess, std::min(guess + line, last)}) {
            __builtin_prefetch(block.keys + i);
            if (!is_new) __builtin_prefetch(block.places + i);
        }
        for (std::size_t i = block.ordered; i < last; i += line) __builtin_prefetch(block.keys + i);
        __builtin_prefetch(block.keys + last);
        __builtin_prefetch(block.places + last);
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

    // Keys of a block that are not in order: few enough to be searched one by one. Putting them in order moves the
    // whole block through the cache.
    static constexpr std::size_t newest_max = 64;
    static constexpr std::size_t entry_bytes = sizeof(std::uint64_t) + sizeof(RecordPlace);

    // Keys and places are apart, so that a search reads keys only. Both are in one room.
    struct Block {
        std::uint64_t* keys = nullptr;
        RecordPlace* places = nullptr;
        std::uint32_t count = 0;    // of keys; not zero but in an unused block
        std::uint32_t ordered = 0;  // so many keys are in order; the newest ones follow
        std::uint32_t capacity = 0;
    };
    // Where an expected key is, as far as it was known. It is checked before it is used, so it need not be kept
    // true.
    struct Noted {
        std::uint64_t key = 0;
        std::uint32_t block = 0, entry = 0;
    };
    using AllNoted = std::array<Noted, 32>;

    [[nodiscard]] std::size_t block_of(std::uint64_t key) const;
    [[nodiscard]] bool belongs_to(std::size_t block, std::uint64_t key) const {
        return block < blocks_.size() && (block == 0 || firsts_[block] <= key) &&
               (block + 1 == blocks_.size() || key < firsts_[block + 1]);
    }
    [[nodiscard]] std::size_t guess_in(std::size_t block, std::uint64_t key) const;
    // The position of the key, or the number of keys when it is not there.
    [[nodiscard]] std::size_t entry_of(std::size_t block, std::uint64_t key) const;
    // The position of the first key from `key` on, in a block that is in order.
    [[nodiscard]] static std::size_t first_from(const Block& block, std::uint64_t key);
    static void put_in_order(Block& block);
    void note(std::uint64_t key, std::size_t block) const;
    [[nodiscard]] Noted* noted(std::uint64_t key) const;
    [[nodiscard]] std::size_t make_room(std::size_t block, std::uint64_t key);
    void split(std::size_t block);
    void tidy(std::size_t block);
    // Before the block that has the number now. Returns the block, which is empty.
    Block& add_block(std::size_t number, std::uint64_t first);
    void move_to_room(Block& block, std::size_t capacity);
    void give_room_back(Block& block);
    void drop_block(std::size_t number);

    IndexRooms rooms_;
    std::vector<std::uint64_t> firsts_;  // of each block: not above its keys, and above those of the block before
    std::vector<Block*> blocks_;         // pointers, so that a new one between them is cheap
    std::vector<std::unique_ptr<Block>> all_blocks_;  // in no order
    std::vector<Block*> unused_;                      // of all_blocks_
    mutable std::unique_ptr<AllNoted> noted_;         // made for the first expected key
    std::size_t size_ = 0;
};

}  // namespace halp
