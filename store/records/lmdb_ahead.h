// Finds records in the pages of an LMDB snapshot some requests before they are read, and fetches them into the
// cache. A search by LMDB reads about six lines of a leaf, one after the other, and waits for each of them; here
// the waits of several requests overlap. What was found is noted, so that the read itself searches a few keys only.
//
// For keys of one length, those of records. It reads the format that lmdb_pages.h draws, and whatever it does not
// expect there it leaves to LMDB: it gives no note, and no answer.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "store/records/channel_row.h"

namespace halp {

class LmdbAhead {
public:
    // The tree of the records in the mapped file.
    struct Tree {
        const char* map = nullptr;
        std::uint64_t root = 0;
        std::size_t page_bytes = 0;
        std::size_t levels = 0;  // the leaves are the last one
    };

    // For the time of one snapshot.
    explicit LmdbAhead(const Tree& tree) : tree_(tree) {}

    // To be called for a key of record_key_length bytes, in this order, with other keys between the two calls.
    void expect_soon(std::string_view key);
    void expect_next(std::string_view key);
    // The value of an expected key. Nothing: LMDB knows.
    [[nodiscard]] std::optional<std::string_view> find(std::string_view key) const;

private:
    // Big-endian numbers at both ends of a key; they overlap, and order keys as their bytes do.
    struct Ends {
        std::uint64_t first = 0, last = 0;
        auto operator<=>(const Ends&) const = default;
    };
    struct Note {
        Ends key;
        const char* leaf = nullptr;
        double part = 0;  // of the way from the first key of the leaf to the last
    };

    [[nodiscard]] static Ends ends_of(const char* key);
    [[nodiscard]] const char* page(std::uint64_t number) const { return tree_.map + number * tree_.page_bytes; }
    [[nodiscard]] std::optional<Note> descend(const Ends& key) const;
    [[nodiscard]] const Note* note_of(const Ends& key) const;
    [[nodiscard]] static std::size_t slot(const Ends& key) { return key.last * 0x9e3779b97f4a7c15 >> 60; }

    const Tree tree_;
    std::array<Note, 16> notes_{};
};

}  // namespace halp
