// The newest keys of a set, each of an owner. When it is full, the owner with the most keys loses its oldest one,
// so that nobody takes the places of all others.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace halp {

class RecentKeys {
public:
    explicit RecentKeys(std::size_t most) : most_(most) {}

    [[nodiscard]] bool contains(std::uint64_t key) const {
        return std::ranges::find(keys_, key, &Key::key) != keys_.end();
    }
    // False: it was there.
    bool add(std::uint64_t key, std::uint64_t owner = 0) {
        if (contains(key)) return false;
        if (keys_.size() >= most_) {
            keys_.erase(oldest_of_fullest());
            ++forgotten_;
        }
        keys_.push_back({key, owner});
        return true;
    }
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }  // before their time

private:
    struct Key {
        std::uint64_t key, owner;
    };
    [[nodiscard]] std::vector<Key>::iterator oldest_of_fullest() {
        std::map<std::uint64_t, std::size_t> count;
        for (const Key& one : keys_) ++count[one.owner];
        std::size_t most = 0;
        for (const auto& owned : count) most = std::max(most, owned.second);
        return std::ranges::find_if(keys_, [&](const Key& one) { return count[one.owner] == most; });
    }

    std::size_t most_;
    std::uint64_t forgotten_ = 0;
    std::vector<Key> keys_;  // oldest first
};

}  // namespace halp
