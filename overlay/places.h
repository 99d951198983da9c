// Who goes when there are too many: places that connections take, by source. The fullest source pays: of the
// address group with the most places, the address with the most, and of that the connection that has been silent
// longest. A connection whose peer has proved who it is keeps its place. Entering, leaving and being heard cost
// O(1), and allocate only for a source that was not there lately.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace halp {

enum class StreamId : std::uint64_t;

struct SourceOfPlaces {
    std::uint64_t address = 0;  // or its hash
    std::uint64_t group = 0;    // what one owner gets cheaply together
    bool operator==(const SourceOfPlaces&) const = default;
};
struct PlacesOfSource;

// The place of one connection, kept beside it at a fixed address.
struct Place {
    StreamId stream{};
    PlacesOfSource* source = nullptr;  // null: it has none
    Place* before = nullptr;           // of those of the source that may go, the longest silent first
    Place* after = nullptr;
    std::uint64_t heard_at = 0;
    bool proved = false;
};

class Places {
public:
    Places();
    ~Places();
    Places(const Places&) = delete;
    Places& operator=(const Places&) = delete;

    void enter(Place& place, StreamId stream, const SourceOfPlaces& source);  // it counts as heard now
    void leave(Place& place);  // this and the next two do nothing for a place that was left
    void heard(Place& place);
    void prove(Place& place);

    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] std::size_t of(const SourceOfPlaces& source) const;  // proved ones too
    [[nodiscard]] static std::size_t of_source(const Place& place);
    // The place to be left; nullptr when all are proved.
    [[nodiscard]] const Place* silent_of(const SourceOfPlaces& source) const;
    [[nodiscard]] static const Place* silent_of_source(const Place& place);
    [[nodiscard]] const Place* silent_of_fullest();

private:
    struct Hash {
        std::size_t operator()(const SourceOfPlaces& source) const;
    };
    // A place that is to be left, if it is still the first of its source and was not heard since.
    struct Next {
        SourceOfPlaces source;
        std::uint64_t heard_at;
    };
    // Looking at all sources for each place would be work that strangers choose. So one look finds several.
    void plan();
    [[nodiscard]] const Place* take_planned();
    void forget_empty();

    std::unordered_map<SourceOfPlaces, PlacesOfSource, Hash> sources_;
    std::vector<Next> plan_;  // the first to go is the last
    std::size_t size_ = 0, unproved_ = 0;
    std::size_t empty_ = 0;  // sources without a place; some are kept, as they often come back
    std::uint64_t now_ = 0;  // counts what was heard; no clock is read for it
};

}  // namespace halp
