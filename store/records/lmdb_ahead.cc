#include "store/records/lmdb_ahead.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "store/records/big_endian.h"

namespace halp {
namespace {

constexpr std::size_t mapped_page_head = 16, mapped_node_head = 8;
constexpr unsigned mapped_branch = 1, mapped_leaf = 2;
constexpr std::size_t line_bytes = 64;
constexpr std::size_t nodes_near = 2;  // on each side of the guess

template <class Number>
Number number_at(const char* at) {
    Number number{};
    std::memcpy(&number, at, sizeof number);
    return number;
}

unsigned flags_of(const char* page) { return number_at<std::uint16_t>(page + 10); }
std::size_t nodes_of(const char* page) { return (number_at<std::uint16_t>(page + 12) - mapped_page_head) / 2; }
const char* node_of(const char* page, std::size_t i) {
    return page + number_at<std::uint16_t>(page + mapped_page_head + 2 * i);
}
std::size_t key_bytes_of(const char* node) { return number_at<std::uint16_t>(node + 6); }
const char* key_of(const char* node) { return node + mapped_node_head; }
std::uint64_t child_of(const char* node) {
    return number_at<std::uint16_t>(node) | std::uint64_t{number_at<std::uint16_t>(node + 2)} << 16 |
           std::uint64_t{number_at<std::uint16_t>(node + 4)} << 32;
}

std::size_t guess_in(double part, std::size_t nodes) {
    return std::min(static_cast<std::size_t>(part * static_cast<double>(nodes)), nodes - 1);
}

}  // namespace

LmdbAhead::Ends LmdbAhead::ends_of(const char* key) {
    constexpr std::size_t word = sizeof(std::uint64_t);
    return {load_big_endian(key), load_big_endian(key + record_key_length - word)};
}

void LmdbAhead::expect_soon(std::string_view key) {
    assert(key.size() == record_key_length);
    const Ends ends = ends_of(key.data());
    const std::optional<Note> found = descend(ends);
    if (!found) return;
    notes_[slot(ends)] = *found;
    __builtin_prefetch(found->leaf);
    __builtin_prefetch(found->leaf + line_bytes);  // the offsets of more than 24 nodes
}

// GCC takes a function that only prefetches for one without effect and leaves its calls out, but not with an asm in
// it.
void LmdbAhead::expect_next(std::string_view key) {
    asm volatile("");
    const Note* const note = note_of(ends_of(key.data()));
    if (!note) return;
    const std::size_t nodes = nodes_of(note->leaf);
    if (nodes == 0) return;
    const std::size_t guess = guess_in(note->part, nodes);
    const std::size_t from = guess > nodes_near ? guess - nodes_near : 0;
    for (std::size_t i = from; i <= std::min(guess + nodes_near, nodes - 1); ++i) {
        const char* const node = node_of(note->leaf, i);
        __builtin_prefetch(node);
        __builtin_prefetch(node + line_bytes);
    }
}

std::optional<std::string_view> LmdbAhead::find(std::string_view key) const {
    if (key.size() != record_key_length) return std::nullopt;
    const Ends wanted = ends_of(key.data());
    const Note* const note = note_of(wanted);
    if (!note || (flags_of(note->leaf) & mapped_leaf) == 0 || nodes_of(note->leaf) == 0) return std::nullopt;
    const std::size_t nodes = nodes_of(note->leaf);
    std::size_t low = 0, high = nodes, at = guess_in(note->part, nodes);
    for (std::size_t step = 1; low < high; step *= 2) {
        const char* const node = node_of(note->leaf, at);
        if (key_bytes_of(node) != record_key_length) return std::nullopt;
        const Ends here = ends_of(key_of(node));
        if (here == wanted) {
            if (number_at<std::uint16_t>(node + 4) != 0) return std::nullopt;  // a value on pages of its own
            const std::size_t bytes =
                number_at<std::uint16_t>(node) | std::size_t{number_at<std::uint16_t>(node + 2)} << 16;
            return std::string_view{key_of(node) + record_key_length, bytes};
        }
        // Growing steps from the guess, and halves when they would leave what is left.
        if (here < wanted) {
            low = at + 1;
            at = at + step < high ? at + step : low + (high - low) / 2;
        } else {
            high = at;
            at = high > low + step ? high - step : low + (high - low) / 2;
        }
    }
    return std::nullopt;
}

// The leaf that has the key, if any has it, and where in it the key is if its keys are evenly spread. The leaf
// itself is not read: it is not in the cache yet.
std::optional<LmdbAhead::Note> LmdbAhead::descend(const Ends& key) const {
    const auto channel_of = [](const Ends& ends) { return ends.first >> (64 - 8 * channel_number_length); };
    const char* at = page(tree_.root);
    std::uint64_t from = 0, to = ~std::uint64_t{0};
    for (std::size_t level = 1; level < tree_.levels; ++level) {
        const std::size_t nodes = nodes_of(at);
        if ((flags_of(at) & mapped_branch) == 0 || nodes == 0) return std::nullopt;
        // The first node has no key: it stands for all that are smaller.
        std::size_t low = 1, high = nodes;
        while (low < high) {
            const std::size_t middle = low + (high - low) / 2;
            const char* const node = node_of(at, middle);
            if (key_bytes_of(node) != record_key_length) return std::nullopt;
            const Ends here = ends_of(key_of(node));
            const bool below = here <= key;
            if (channel_of(here) == channel_of(key)) (below ? from : to) = here.last;
            if (below)
                low = middle + 1;
            else
                high = middle;
        }
        at = page(child_of(node_of(at, low - 1)));
    }
    return Note{key, at, static_cast<double>(key.last - from) / static_cast<double>(to - from)};
}

const LmdbAhead::Note* LmdbAhead::note_of(const Ends& key) const {
    const Note& note = notes_[slot(key)];
    return note.leaf && note.key == key ? &note : nullptr;
}

}  // namespace halp
