// The newest keys of a set, each of an owner. When it is full, the owner with the most keys loses its oldest one,
// so that nobody takes the places of all others. A key takes 12 bytes, and 8 in a set without owners.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/tight_growth.h"
#include "store/word_search.h"

namespace halp {

class RecentKeys {
public:
    explicit RecentKeys(std::size_t most) : most_(most) {}

    [[nodiscard]] bool contains(std::uint64_t key) const { return place_of_word(keys_, key) < keys_.size(); }
    // False: it was there.
    bool add(std::uint64_t key, std::uint64_t owner = 0) {
        if (contains(key)) return false;
        if (keys_.size() >= most_) {
            const auto gone = static_cast<std::ptrdiff_t>(oldest_of_fullest());
            keys_.erase(keys_.begin() + gone);
            if (!owners_.empty()) owners_.erase(owners_.begin() + gone);
            ++forgotten_;
        }
        const Owner short_owner = short_of(owner);
        if (owners_.empty() && short_owner != 0) owners_.assign(keys_.size(), 0);
        if (short_owner != 0 || !owners_.empty()) push_tightly(owners_, short_owner);
        push_tightly(keys_, key);
        return true;
    }
    [[nodiscard]] bool empty() const { return keys_.empty(); }
    void remove(std::uint64_t key) {
        const std::size_t at = place_of_word(keys_, key);
        if (at >= keys_.size()) return;
        keys_.erase(keys_.begin() + static_cast<std::ptrdiff_t>(at));
        if (!owners_.empty()) owners_.erase(owners_.begin() + static_cast<std::ptrdiff_t>(at));
    }
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }  // before their time

private:
    // A part of the owner's hash: owners that share it share their places.
    using Owner = std::uint32_t;
    [[nodiscard]] static Owner short_of(std::uint64_t owner) {
        return owner == 0 ? 0 : static_cast<Owner>(owner >> 32) | 1U;
    }
    [[nodiscard]] std::size_t oldest_of_fullest() const {
        if (owners_.empty()) return 0;
        std::vector<Owner> sorted = owners_;
        std::sort(sorted.begin(), sorted.end());
        std::size_t most = 0;
        std::vector<Owner> fullest;
        for (std::size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
            while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
            if (end - begin > most) fullest.clear();
            most = std::max(most, end - begin);
            if (end - begin == most) fullest.push_back(sorted[begin]);
        }
        std::size_t at = 0;
        while (!std::binary_search(fullest.begin(), fullest.end(), owners_[at])) ++at;
        return at;
    }

    std::size_t most_;
    std::uint64_t forgotten_ = 0;
    std::vector<std::uint64_t> keys_;  // oldest first
    std::vector<Owner> owners_;        // of keys_; empty: all are 0
};

}  // namespace halp
