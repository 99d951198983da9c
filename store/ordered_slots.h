// Slot numbers, sorted by the content of the slots: a two-level B-tree, which is one sorted vector while it is
// small. Insert, erase and search cost O(log n) comparisons and the move of at most one block. It takes about six
// bytes per number. It is deterministic, and no input makes it slow.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace halp {

// `Before(a, b)` must be a strict total order of the slots that are in it. To change the key of a slot, erase it,
// change it and insert it again.
template <class Before>
class OrderedSlots {
public:
    static constexpr std::size_t block_max = 512;

    explicit OrderedSlots(Before before) : before_(std::move(before)) {}

    void insert(std::uint32_t slot) {
        ++size_;
        if (blocks_.empty()) {
            blocks_.push_back({slot});
            return;
        }
        std::size_t at = block_of(slot);
        if (blocks_[at].size() == block_max) at = split(at, slot);
        Block& block = blocks_[at];
        block.insert(std::lower_bound(block.begin(), block.end(), slot, before_), slot);
    }

    void erase(std::uint32_t slot) {
        assert(size_ > 0);
        const std::size_t at = block_of(slot);
        Block& block = blocks_[at];
        const auto place = std::lower_bound(block.begin(), block.end(), slot, before_);
        assert(place != block.end() && *place == slot);
        block.erase(place);
        --size_;
        tidy(at);
    }

    void clear() {
        blocks_.clear();
        size_ = 0;
    }

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }
    [[nodiscard]] std::uint32_t front() const { return blocks_.front().front(); }
    [[nodiscard]] std::uint32_t back() const { return blocks_.back().back(); }

    // The first slot for which `precedes(slot)` is false. It must be true for a prefix of the order.
    template <class Precedes>
    [[nodiscard]] std::optional<std::uint32_t> first_not(Precedes precedes) const {
        const auto block = std::partition_point(blocks_.begin(), blocks_.end(),
                                                [&](const Block& b) { return precedes(b.back()); });
        if (block == blocks_.end()) return std::nullopt;
        return *std::partition_point(block->begin(), block->end(), precedes);
    }

    // Calls visit(slot) in order from the `first`-th slot on, until it returns false.
    template <class Visit>
    void walk(std::size_t first, Visit visit) const {
        for (const Block& block : blocks_) {
            if (first >= block.size()) {
                first -= block.size();
                continue;
            }
            for (; first < block.size(); ++first)
                if (!visit(block[first])) return;
            first = 0;
        }
    }

private:
    using Block = std::vector<std::uint32_t>;  // never empty

    // The block that holds the slot or would hold it.
    [[nodiscard]] std::size_t block_of(std::uint32_t slot) const {
        const auto after = std::partition_point(blocks_.begin(), blocks_.end(),
                                                [&](const Block& b) { return !before_(slot, b.front()); });
        return after == blocks_.begin() ? 0 : static_cast<std::size_t>(after - blocks_.begin()) - 1;
    }

    // Halves a full block. Returns the half that would hold `slot`.
    std::size_t split(std::size_t at, std::uint32_t slot) {
        const auto half = static_cast<std::ptrdiff_t>(block_max / 2);
        Block upper(blocks_[at].begin() + half, blocks_[at].end());
        blocks_[at].resize(block_max / 2);
        const bool in_upper = !before_(slot, upper.front());
        blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(upper));
        return in_upper ? at + 1 : at;
    }

    // Removes an empty block, and joins small neighbours.
    void tidy(std::size_t at) {
        const auto place = [&](std::size_t i) { return blocks_.begin() + static_cast<std::ptrdiff_t>(i); };
        if (blocks_[at].empty()) {
            blocks_.erase(place(at));
        } else if (at + 1 < blocks_.size() && blocks_[at].size() + blocks_[at + 1].size() <= block_max / 2) {
            blocks_[at].insert(blocks_[at].end(), blocks_[at + 1].begin(), blocks_[at + 1].end());
            blocks_.erase(place(at + 1));
        }
    }

    Before before_;
    std::vector<Block> blocks_;
    std::size_t size_ = 0;
};

}  // namespace halp
