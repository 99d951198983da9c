#include "store/records/record_index.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace halp {
namespace {

template <class Items>
auto at(Items& items, std::size_t i) {
    return items.begin() + static_cast<std::ptrdiff_t>(i);
}

struct Part {
    std::size_t begin, end;
};
// The part of the keys that holds the lower bound, by growing steps from the guess: a bad guess costs as many
// comparisons again.
Part bracket(const std::vector<std::uint64_t>& keys, std::size_t guess, std::uint64_t key) {
    std::size_t step = 4;
    if (keys[guess] < key) {
        std::size_t begin = guess + 1, end = begin;
        while (end < keys.size() && keys[end] < key) {
            begin = end + 1;
            end += step;
            step *= 2;
        }
        return {begin, std::min(end, keys.size())};
    }
    std::size_t end = guess, begin = end;
    while (begin > 0 && !(keys[begin - 1] < key)) {
        end = begin - 1;
        begin = begin > step ? begin - step : 0;
        step *= 2;
    }
    return {begin, end};
}

template <class T>
std::vector<T> cut_from(std::vector<T>& items, std::size_t i) {
    std::vector<T> tail(at(items, i), items.end());
    items.resize(i);
    return tail;
}

}  // namespace

RecordPlace* RecordIndex::find(Key key) { return const_cast<RecordPlace*>(std::as_const(*this).find(key)); }

const RecordPlace* RecordIndex::find(Key key) const {
    const Spot spot = lower_bound(value_of(key));
    return holds(spot, value_of(key)) ? &blocks_[spot.block].places[spot.entry] : nullptr;
}

RecordIndex::Entry RecordIndex::find_or_add(Key key) {
    const std::uint64_t bits = value_of(key);
    Spot spot = lower_bound(bits);
    const bool added = !holds(spot, bits);
    if (added) spot = make_room(spot, bits);
    return {blocks_[spot.block].places[spot.entry], added};
}

RecordIndex::Spot RecordIndex::make_room(Spot spot, std::uint64_t key) {
    ++size_;
    if (blocks_.empty()) {
        add_block(0, {{key}, {RecordPlace{}}});
        return {0, 0};
    }
    if (blocks_[spot.block].keys.size() == block_max) {
        // With rising keys the last block is full: starting a new one keeps blocks full.
        if (spot.block + 1 == blocks_.size() && spot.entry == block_max) {
            add_block(blocks_.size(), {{key}, {RecordPlace{}}});
            return {blocks_.size() - 1, 0};
        }
        split(spot.block);
        spot = lower_bound(key);
    }
    Block& block = blocks_[spot.block];
    block.keys.insert(at(block.keys, spot.entry), key);
    block.places.insert(at(block.places, spot.entry), RecordPlace{});
    firsts_[spot.block] = block.keys.front();
    return spot;
}

void RecordIndex::erase(Key key) {
    const Spot spot = lower_bound(value_of(key));
    assert(holds(spot, value_of(key)));
    Block& block = blocks_[spot.block];
    block.keys.erase(at(block.keys, spot.entry));
    block.places.erase(at(block.places, spot.entry));
    --size_;
    tidy(spot.block);
}

std::size_t RecordIndex::bytes() const {
    std::size_t bytes = firsts_.capacity() * sizeof(std::uint64_t) + blocks_.capacity() * sizeof(Block);
    for (const Block& block : blocks_)
        bytes += block.keys.capacity() * sizeof(std::uint64_t) + block.places.capacity() * sizeof(RecordPlace);
    return bytes;
}

std::size_t RecordIndex::block_of(std::uint64_t key) const {
    const auto behind = std::upper_bound(firsts_.begin(), firsts_.end(), key);
    return behind == firsts_.begin() ? 0 : static_cast<std::size_t>(behind - firsts_.begin()) - 1;
}

RecordIndex::Spot RecordIndex::lower_bound(std::uint64_t key) const {
    if (blocks_.empty()) return {0, 0};
    const std::size_t block = block_of(key);
    const auto& keys = blocks_[block].keys;
    const std::size_t guess = guess_in(block, key);
    __builtin_prefetch(&blocks_[block].places[guess]);
    const auto [begin, end] = bracket(keys, guess, key);
    return {block, static_cast<std::size_t>(std::lower_bound(at(keys, begin), at(keys, end), key) - keys.begin())};
}

// Where the key would be if the keys of the block were evenly spread, as random and rising keys are. A search from
// there reads one or two cache lines instead of six.
std::size_t RecordIndex::guess_in(std::size_t block, std::uint64_t key) const {
    const std::size_t count = blocks_[block].keys.size();
    const std::uint64_t first = firsts_[block];
    if (key <= first) return 0;
    if (block + 1 == blocks_.size()) return count - 1;
    const double part = static_cast<double>(key - first) / static_cast<double>(firsts_[block + 1] - first);
    return std::min(static_cast<std::size_t>(part * static_cast<double>(count)), count - 1);
}

bool RecordIndex::holds(Spot spot, std::uint64_t key) const {
    return spot.block < blocks_.size() && spot.entry < blocks_[spot.block].keys.size() &&
           blocks_[spot.block].keys[spot.entry] == key;
}

void RecordIndex::split(std::size_t block) {
    Block upper{cut_from(blocks_[block].keys, block_max / 2), cut_from(blocks_[block].places, block_max / 2)};
    add_block(block + 1, std::move(upper));
}

// Removes empty blocks and merges neighbours that are nearly empty.
void RecordIndex::tidy(std::size_t block) {
    auto& keys = blocks_[block].keys;
    const bool has_next = block + 1 < blocks_.size();
    if (!keys.empty()) firsts_[block] = keys.front();
    if (keys.empty()) {
        blocks_.erase(at(blocks_, block));
        firsts_.erase(at(firsts_, block));
    } else if (has_next && keys.size() + blocks_[block + 1].keys.size() <= block_max / 2) {
        Block& next = blocks_[block + 1];
        keys.insert(keys.end(), next.keys.begin(), next.keys.end());
        auto& places = blocks_[block].places;
        places.insert(places.end(), next.places.begin(), next.places.end());
        blocks_.erase(at(blocks_, block + 1));
        firsts_.erase(at(firsts_, block + 1));
    } else if (keys.capacity() > 64 && keys.size() <= keys.capacity() / 4) {
        keys.shrink_to_fit();
        blocks_[block].places.shrink_to_fit();
    }
}

void RecordIndex::add_block(std::size_t place, Block block) {
    firsts_.insert(at(firsts_, place), block.keys.front());
    blocks_.insert(at(blocks_, place), std::move(block));
}

}  // namespace halp
