// The structs of D of a channel by key, kept current by the notes of a mirror of either protocol:
//
//     StructCache<User> users;
//     client.mirror("users", {}, [&](const dht::MirrorNote& note) { users.hear(note); });
//     if (const User* user = users.find(Key{7})) greet(user->name);
//
// Legacy does not tell of removals. There `filled` is the FillNotifier of the LegacyMirror: what a whole GetAll has
// not brought, nor an update since the one before, is gone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <variant>

#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/range_cover.h"
#include "overlay/dht/wire/contiguous.h"
#include "store/records/key.h"

namespace halp {

template <ContiguousStruct T>
class StructCache {
public:
    void hear(const dht::MirrorNote& note) {
        if (const auto* now = std::get_if<dht::Updated>(&note))
            keep(now->key, now->value);
        else if (const auto* is = std::get_if<dht::Refreshed>(&note))
            keep(is->key, is->value);
        else if (const auto* gone = std::get_if<dht::Deleted>(&note))
            structs_.erase(gone->key);
        else if (std::holds_alternative<dht::Finished>(note))  // the channel is gone on all nodes
            structs_.clear();
    }
    void filled(const dht::RangeCover& cover) {
        if (!cover.missing.empty()) return;
        std::erase_if(structs_, [&](const auto& one) { return one.second.fill < fill_; });
        ++fill_;
    }

    // Null: there is no such record, or its value is no T. Valid until the next note.
    [[nodiscard]] const T* find(Key key) const {
        const auto at = structs_.find(key);
        return at == structs_.end() ? nullptr : &at->second.value;
    }
    [[nodiscard]] std::size_t size() const { return structs_.size(); }
    [[nodiscard]] std::uint64_t values_refused() const { return refused_; }  // that were no T
    // In no order: each(key, value).
    template <class Each>
    void for_each(Each&& each) const {
        for (const auto& [key, one] : structs_) each(key, one.value);
    }

private:
    struct Entry {
        T value;
        std::uint64_t fill;  // in which it was told last
    };
    void keep(Key key, Bytes bytes) {
        auto value = from_contiguous<T>(bytes);
        if (value) {
            structs_.insert_or_assign(key, Entry{*std::move(value), fill_});
            return;
        }
        ++refused_;
        structs_.erase(key);
    }

    std::unordered_map<Key, Entry> structs_;
    std::uint64_t fill_ = 1, refused_ = 0;
};

}  // namespace halp
