#include "store/records/record_index.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace halp {
namespace {

template <class Items>
auto at(Items& items, std::size_t i) {
    return items.begin() + static_cast<std::ptrdiff_t>(i);
}

// How many of `count` keys in order are below `key`. The steps depend on `count` alone, so that the processor has
// nothing to predict.
std::size_t below(const std::uint64_t* keys, std::size_t count, std::uint64_t key) {
    const std::uint64_t* from = keys;
    while (count > 0) {
        const std::size_t half = (count + 1) / 2;
        from += half * static_cast<std::size_t>(from[half - 1] < key);
        count -= half;
    }
    return static_cast<std::size_t>(from - keys);
}

// The same from a guess, by growing steps: a bad guess costs as many comparisons again.
std::size_t below_from_guess(const std::uint64_t* keys, std::size_t count, std::size_t guess, std::uint64_t key) {
    std::size_t step = 16, begin = 0, end = 0;
    if (keys[guess] < key) {
        begin = guess + 1;
        end = begin + step;
        while (end < count && keys[end - 1] < key) {
            begin = end;
            step *= 2;
            end = begin + step;
        }
        end = std::min(end, count);
    } else {
        end = guess;
        begin = end > step ? end - step : 0;
        while (begin > 0 && keys[begin - 1] >= key) {
            end = begin - 1;
            step *= 2;
            begin = end > step ? end - step : 0;
        }
    }
    return begin + below(keys + begin, end - begin, key);
}

// The position of the key among those from `begin` to `end`, or `end`. Four at a time, so that the processor waits
// for no comparison.
std::size_t position_in(const std::uint64_t* keys, std::size_t begin, std::size_t end, std::uint64_t key) {
    std::size_t i = begin;
    for (; i + 4 <= end; i += 4) {
        const bool here = (keys[i] == key) | (keys[i + 1] == key) | (keys[i + 2] == key) | (keys[i + 3] == key);
        if (here) break;
    }
    while (i < end && keys[i] != key) ++i;
    return i;
}

constexpr std::size_t capacity_min = 8;

}  // namespace

RecordIndex::~RecordIndex() {
    for (const auto& block : all_blocks_) give_room_back(*block);
}

RecordPlace* RecordIndex::find(Key key) { return const_cast<RecordPlace*>(std::as_const(*this).find(key)); }

const RecordPlace* RecordIndex::find(Key key) const {
    const std::uint64_t bits = value_of(key);
    Noted* const known = noted(bits);
    if (known && known->block < blocks_.size()) {
        const Block& block = *blocks_[known->block];
        if (known->entry < block.count && block.keys[known->entry] == bits) return &block.places[known->entry];
    }
    if (blocks_.empty()) return nullptr;
    const std::size_t number = block_of(bits), entry = entry_of(number, bits);
    if (entry == blocks_[number]->count) return nullptr;
    if (known) *known = {bits, static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(entry)};
    return &blocks_[number]->places[entry];
}

RecordIndex::Entry RecordIndex::find_or_add(Key key) {
    const std::uint64_t bits = value_of(key);
    if (blocks_.empty()) move_to_room(add_block(0, bits), capacity_min);
    std::size_t number = block_of(bits);
    const std::size_t entry = entry_of(number, bits);
    if (entry < blocks_[number]->count) return {blocks_[number]->places[entry], false};

    ++size_;
    number = make_room(number, bits);
    if (number == 0) firsts_[0] = std::min(firsts_[0], bits);
    Block& block = *blocks_[number];
    const bool rises = block.ordered == block.count && (block.count == 0 || bits > block.keys[block.count - 1]);
    if (rises) ++block.ordered;
    block.keys[block.count] = bits;
    block.places[block.count] = RecordPlace{};
    return {block.places[block.count++], true};
}

// Returns the block that takes the key, behind its last one.
std::size_t RecordIndex::make_room(std::size_t number, std::uint64_t key) {
    Block& block = *blocks_[number];
    if (block.count - block.ordered == newest_max) put_in_order(block);
    if (block.count == block.capacity && block.count < block_max)
        move_to_room(block, std::clamp<std::size_t>(2 * block.capacity, capacity_min, block_max));
    if (block.count < block_max) return number;
    put_in_order(block);
    // With rising keys the last block is full: starting a new one keeps blocks full.
    if (number + 1 == blocks_.size() && key > block.keys[block.count - 1]) {
        move_to_room(add_block(blocks_.size(), key), capacity_min);
        return blocks_.size() - 1;
    }
    split(number);
    return key < firsts_[number + 1] ? number : number + 1;
}

void RecordIndex::put_in_order(Block& block) {
    const std::size_t count = block.count - block.ordered;
    if (count == 0) return;
    std::array<std::pair<std::uint64_t, RecordPlace>, newest_max> newest;
    for (std::size_t i = 0; i < count; ++i)
        newest[i] = {block.keys[block.ordered + i], block.places[block.ordered + i]};
    std::sort(newest.begin(), at(newest, count));
    std::size_t end = std::exchange(block.ordered, block.count);
    for (std::size_t i = count; i-- > 0;) {
        const auto& [key, place] = newest[i];
        const std::size_t to = below(block.keys, end, key);
        std::move_backward(block.keys + to, block.keys + end, block.keys + end + i + 1);
        std::move_backward(block.places + to, block.places + end, block.places + end + i + 1);
        block.keys[to + i] = key;
        block.places[to + i] = place;
        end = to;
    }
}

void RecordIndex::erase(Key key) {
    const std::size_t number = block_of(value_of(key)), entry = entry_of(number, value_of(key));
    Block& block = *blocks_[number];
    assert(entry < block.count);
    if (entry < block.ordered) --block.ordered;
    std::move(block.keys + entry + 1, block.keys + block.count, block.keys + entry);
    std::move(block.places + entry + 1, block.places + block.count, block.places + entry);
    --block.count;
    --size_;
    tidy(number);
}

std::size_t RecordIndex::bytes() const {
    return rooms_.bytes() + firsts_.capacity() * sizeof(std::uint64_t) +
           (blocks_.capacity() + unused_.capacity()) * sizeof(Block*) +
           all_blocks_.size() * (sizeof(Block) + sizeof(Block*)) + (noted_ ? sizeof(AllNoted) : 0);
}

// ---- searching ----

std::size_t RecordIndex::block_of(std::uint64_t key) const {
    const Noted* const known = noted(key);
    if (known && belongs_to(known->block, key)) return known->block;
    if (key == UINT64_MAX) return blocks_.size() - 1;
    const std::size_t behind = below(firsts_.data(), firsts_.size(), key + 1);
    return behind == 0 ? 0 : behind - 1;
}

// Where the key would be if the keys of the block were evenly spread, as random and rising keys are. A search from
// there reads one or two cache lines instead of six.
std::size_t RecordIndex::guess_in(std::size_t block, std::uint64_t key) const {
    const std::size_t count = blocks_[block]->ordered;
    const std::uint64_t first = firsts_[block];
    if (key <= first || count == 0) return 0;
    if (block + 1 == blocks_.size()) return count - 1;
    const double part = static_cast<double>(key - first) / static_cast<double>(firsts_[block + 1] - first);
    return std::min(static_cast<std::size_t>(part * static_cast<double>(count)), count - 1);
}

std::size_t RecordIndex::entry_of(std::size_t number, std::uint64_t key) const {
    const Block& block = *blocks_[number];
    if (block.ordered > 0) {
        const std::size_t guess = guess_in(number, key);
        __builtin_prefetch(&block.places[guess]);
        const std::size_t entry = below_from_guess(block.keys, block.ordered, guess, key);
        if (entry < block.ordered && block.keys[entry] == key) return entry;
    }
    return position_in(block.keys, block.ordered, block.count, key);
}

std::size_t RecordIndex::first_from(const Block& block, std::uint64_t key) {
    return below(block.keys, block.count, key);
}

RecordIndex::Noted* RecordIndex::noted(std::uint64_t key) const {
    if (!noted_) return nullptr;
    Noted& one = (*noted_)[key * 0x9e3779b97f4a7c15 >> 59];
    return one.key == key ? &one : nullptr;
}

void RecordIndex::note(std::uint64_t key, std::size_t block) const {
    if (!noted_) noted_ = std::make_unique<AllNoted>();
    (*noted_)[key * 0x9e3779b97f4a7c15 >> 59] = {key, static_cast<std::uint32_t>(block), UINT32_MAX};
}

// ---- blocks ----

void RecordIndex::split(std::size_t number) {
    Block& lower = *blocks_[number];
    constexpr std::uint32_t half = block_max / 2;
    Block& upper = add_block(number + 1, lower.keys[half]);
    move_to_room(upper, block_max);
    std::copy(lower.keys + half, lower.keys + lower.count, upper.keys);
    std::copy(lower.places + half, lower.places + lower.count, upper.places);
    upper.count = upper.ordered = lower.count - half;
    lower.count = lower.ordered = half;
}

// Removes empty blocks and merges neighbours that are nearly empty.
void RecordIndex::tidy(std::size_t number) {
    Block& block = *blocks_[number];
    const bool has_next = number + 1 < blocks_.size();
    if (block.count == 0) {
        drop_block(number);
    } else if (has_next && block.count + blocks_[number + 1]->count <= block_max / 2) {
        Block& next = *blocks_[number + 1];
        put_in_order(block);
        put_in_order(next);
        if (block.count + next.count > block.capacity) move_to_room(block, block.count + next.count);
        std::copy(next.keys, next.keys + next.count, block.keys + block.count);
        std::copy(next.places, next.places + next.count, block.places + block.count);
        block.count += next.count;
        block.ordered = block.count;
        drop_block(number + 1);
    } else if (block.capacity > 64 && block.count <= block.capacity / 4) {
        move_to_room(block, block.count);
    }
}

void RecordIndex::move_to_room(Block& block, std::size_t capacity) {
    Block moved = block;
    char* const room = rooms_.take(capacity * entry_bytes);
    moved.keys = reinterpret_cast<std::uint64_t*>(room);
    moved.places = reinterpret_cast<RecordPlace*>(room + capacity * sizeof(std::uint64_t));
    moved.capacity = static_cast<std::uint32_t>(capacity);
    std::copy(block.keys, block.keys + block.count, moved.keys);
    std::copy(block.places, block.places + block.count, moved.places);
    give_room_back(block);
    block = moved;
}

void RecordIndex::give_room_back(Block& block) {
    if (block.keys != nullptr) rooms_.give_back(reinterpret_cast<char*>(block.keys), block.capacity * entry_bytes);
    block = {};
}

RecordIndex::Block& RecordIndex::add_block(std::size_t number, std::uint64_t first) {
    if (unused_.empty()) unused_.push_back(all_blocks_.emplace_back(std::make_unique<Block>()).get());
    Block* const block = unused_.back();
    unused_.pop_back();
    firsts_.insert(at(firsts_, number), first);
    blocks_.insert(at(blocks_, number), block);
    return *block;
}

void RecordIndex::drop_block(std::size_t number) {
    give_room_back(*blocks_[number]);
    unused_.push_back(blocks_[number]);
    blocks_.erase(at(blocks_, number));
    firsts_.erase(at(firsts_, number));
}

}  // namespace halp
