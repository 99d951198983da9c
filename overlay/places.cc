#include "overlay/places.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "store/hash.h"

namespace halp {

struct PlacesOfSource {
    std::size_t all = 0, unproved = 0;
    Place* first = nullptr;  // of the unproved, the one that has been silent longest
    Place* last = nullptr;

    void append(Place& place) {
        place.before = last;
        place.after = nullptr;
        (last ? last->after : first) = &place;
        last = &place;
    }
    void unlink(Place& place) {
        (place.before ? place.before->after : first) = place.after;
        (place.after ? place.after->before : last) = place.before;
        place.before = place.after = nullptr;
    }
};

namespace {

constexpr std::size_t empty_kept = 4;
constexpr std::size_t planned_max = 64;
constexpr std::size_t planned_part = 64;  // one of so many places, so that a plan ages little

struct PlannedSource {
    SourceOfPlaces source;
    std::size_t count;
    const Place* first;  // of those that are not planned yet
};

// A heap of these has the fullest at its top; of equally full ones, the one with the longest silence.
bool less_full(const PlannedSource& a, const PlannedSource& b) {
    if (a.count != b.count) return a.count < b.count;
    if (!a.first || !b.first) return a.first == nullptr && b.first != nullptr;
    return a.first->heard_at > b.first->heard_at;
}

struct PlannedGroup {
    std::size_t count = 0;
    std::vector<PlannedSource> sources;  // a heap
};

bool less_full_group(const PlannedGroup& a, const PlannedGroup& b) {
    return a.count != b.count ? a.count < b.count : less_full(a.sources.front(), b.sources.front());
}

std::vector<PlannedGroup> groups_of(std::vector<PlannedSource> sources) {
    std::ranges::sort(sources, {}, [](const PlannedSource& each) { return each.source.group; });
    std::vector<PlannedGroup> groups;
    for (std::size_t i = 0; i < sources.size(); ++i) {
        if (i == 0 || sources[i].source.group != sources[i - 1].source.group) groups.emplace_back();
        groups.back().count += sources[i].count;
        groups.back().sources.push_back(sources[i]);
    }
    for (PlannedGroup& group : groups) std::ranges::make_heap(group.sources, less_full);
    std::ranges::make_heap(groups, less_full_group);
    return groups;
}

// Takes the next one to go out of the heaps. There must be one.
PlannedSource take_fullest(std::vector<PlannedGroup>& groups) {
    std::ranges::pop_heap(groups, less_full_group);
    PlannedGroup& group = groups.back();
    std::ranges::pop_heap(group.sources, less_full);
    PlannedSource& fullest = group.sources.back();
    assert(fullest.first);
    const PlannedSource taken = fullest;
    fullest.first = fullest.first->after;
    --fullest.count;
    --group.count;
    std::ranges::push_heap(group.sources, less_full);
    std::ranges::push_heap(groups, less_full_group);
    return taken;
}

}  // namespace

Places::Places() = default;
Places::~Places() = default;

std::size_t Places::Hash::operator()(const SourceOfPlaces& source) const {
    return static_cast<std::size_t>(mix(source.address ^ mix(source.group)));
}

void Places::enter(Place& place, StreamId stream, const SourceOfPlaces& source) {
    const auto [entry, added] = sources_.try_emplace(source);
    PlacesOfSource& places = entry->second;
    if (!added && places.all == 0) --empty_;
    place = {.stream = stream, .source = &places, .heard_at = ++now_};
    ++places.all;
    ++places.unproved;
    ++size_;
    ++unproved_;
    places.append(place);
}

void Places::leave(Place& place) {
    PlacesOfSource* const source = std::exchange(place.source, nullptr);
    if (!source) return;
    if (!place.proved) {
        source->unlink(place);
        --source->unproved;
        --unproved_;
    }
    --size_;
    if (--source->all == 0 && ++empty_ > empty_kept + sources_.size() / 2) forget_empty();
}

void Places::forget_empty() {
    std::erase_if(sources_, [](const auto& entry) { return entry.second.all == 0; });
    empty_ = 0;
}

void Places::heard(Place& place) {
    if (!place.source) return;
    place.heard_at = ++now_;
    if (place.proved || place.source->last == &place) return;
    place.source->unlink(place);
    place.source->append(place);
}

void Places::prove(Place& place) {
    if (!place.source || std::exchange(place.proved, true)) return;
    place.source->unlink(place);
    --place.source->unproved;
    --unproved_;
}

std::size_t Places::of(const SourceOfPlaces& source) const {
    const auto found = sources_.find(source);
    return found == sources_.end() ? 0 : found->second.all;
}

const Place* Places::silent_of(const SourceOfPlaces& source) const {
    const auto found = sources_.find(source);
    return found == sources_.end() ? nullptr : found->second.first;
}

std::size_t Places::of_source(const Place& place) { return place.source ? place.source->all : 0; }

const Place* Places::silent_of_source(const Place& place) { return place.source ? place.source->first : nullptr; }

const Place* Places::silent_of_fullest() {
    if (unproved_ == 0) return nullptr;
    if (const Place* place = take_planned()) return place;
    plan();
    return take_planned();
}

const Place* Places::take_planned() {
    while (!plan_.empty()) {
        const Next next = plan_.back();
        plan_.pop_back();
        const Place* place = silent_of(next.source);
        if (place && place->heard_at <= next.heard_at) return place;
    }
    return nullptr;
}

void Places::plan() {
    std::vector<PlannedSource> sources;
    for (const auto& [source, places] : sources_)
        if (places.first) sources.push_back({source, places.unproved, places.first});
    std::vector<PlannedGroup> groups = groups_of(std::move(sources));
    const std::size_t wanted = std::clamp<std::size_t>(unproved_ / planned_part, 1, planned_max);
    while (plan_.size() < wanted) {
        const PlannedSource next = take_fullest(groups);
        plan_.push_back({next.source, next.first->heard_at});
    }
    std::ranges::reverse(plan_);
}

}  // namespace halp
