// Event queues for events that are plain data. TimingWheel has buckets of time for the near future. A bucket is an
// unsorted list of chunks and is sorted by counting when its time comes; later events wait in a heap
// (simulations/world/README.md draws it). HeapQueue is a binary heap, for comparison. Both return events in the
// order of Event::operator<, which compares Event::tick() first.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace halp {

template <class Event>
class HeapQueue {
public:
    void push(const Event& event) {
        heap_.push_back(event);
        std::push_heap(heap_.begin(), heap_.end(), std::greater{});
    }
    // The next event; null when the queue is empty. Valid until the next call.
    const Event* front() { return heap_.empty() ? nullptr : &heap_.front(); }
    const Event* front_until(std::uint64_t) { return front(); }
    void pop() {
        std::pop_heap(heap_.begin(), heap_.end(), std::greater{});
        heap_.pop_back();
    }
    // The event `places` behind the next one, when it is known without work; for prefetching.
    const Event* ahead(std::size_t) const { return nullptr; }
    [[nodiscard]] std::size_t bytes() const { return heap_.capacity() * sizeof(Event); }

private:
    std::vector<Event> heap_;
};

template <class Event>
class TimingWheel {
public:
    // A bucket spans 2^width_bits ticks.
    explicit TimingWheel(unsigned width_bits = 11) : width_bits_(width_bits) { assert(width_bits <= 16); }

    void push(const Event& event) {
        const std::uint64_t bucket = bucket_of(event);
        if (bucket <= current_) {
            // Insert into the current bucket. This is rare, and usually near the end.
            const auto place =
                std::upper_bound(ready_.begin() + static_cast<std::ptrdiff_t>(next_), ready_.end(), event);
            ready_.insert(place, event);
        } else if (bucket < current_ + slots_.size()) {
            put(bucket, event);
        } else {
            later_.push(event);
        }
    }
    const Event* front() { return front_until(none); }
    // Null when the next event is in a bucket behind that of `tick`. Whoever pushes events of about this tick does
    // not look farther: they would have to be inserted into a bucket that is sorted already.
    const Event* front_until(std::uint64_t tick) {
        if (next_ == ready_.size() && !advance(tick >> width_bits_)) return nullptr;
        return &ready_[next_];
    }
    void pop() { ++next_; }
    const Event* ahead(std::size_t places) const {
        return next_ + places < ready_.size() ? &ready_[next_ + places] : nullptr;
    }
    [[nodiscard]] std::size_t bytes() const {
        return chunks_.size() * sizeof(Chunk) + (ready_.capacity() + sorted_.capacity()) * sizeof(Event) +
               later_.bytes() + sizeof *this;
    }

private:
    static constexpr std::size_t slot_count = 1024;
    struct Chunk {
        static constexpr std::size_t size = 1008 / sizeof(Event);
        std::array<Event, size> events;
        Chunk* next;
    };
    struct Slot {
        Chunk* chunk = nullptr;
        std::uint32_t used = 0;  // in the first chunk; the others are full
    };

    [[nodiscard]] std::uint64_t bucket_of(const Event& event) const {
        return static_cast<std::uint64_t>(event.tick()) >> width_bits_;
    }
    void put(std::uint64_t bucket, const Event& event) {
        const std::size_t at = bucket % slot_count;
        Slot& slot = slots_[at];
        if (!slot.chunk || slot.used == Chunk::size) add_chunk(slot, at);
        slot.chunk->events[slot.used++] = event;
    }
    void add_chunk(Slot& slot, std::size_t at) {
        if (!free_) {
            chunks_.push_back(std::unique_ptr<Chunk>(new Chunk));  // not initialized on purpose
            chunks_.back()->next = nullptr;
            free_ = chunks_.back().get();
        }
        Chunk* chunk = free_;
        free_ = chunk->next;
        chunk->next = slot.chunk;
        slot = {chunk, 0};
        filled_[at / 64] |= std::uint64_t{1} << (at % 64);
    }
    // Goes to the next bucket that is not empty; false when all are empty up to `last`.
    bool advance(std::uint64_t last) {
        ready_.clear();
        next_ = 0;
        const Event* far = later_.front();
        const std::uint64_t near = next_filled();
        if (near == none && !far) return false;
        const std::uint64_t next = far ? std::min(near, bucket_of(*far)) : near;
        if (next > last) return false;
        current_ = next;
        for (; far && bucket_of(*far) < current_ + slot_count; far = later_.front()) {
            put(bucket_of(*far), *far);
            later_.pop();
        }
        empty_slot(current_ % slot_count);
        return true;
    }
    [[nodiscard]] std::uint64_t next_filled() const {
        const std::size_t here = current_ % slot_count;
        for (std::size_t step = 0; step <= filled_.size(); ++step) {
            const std::size_t word = (here / 64 + step) % filled_.size();
            std::uint64_t bits = filled_[word];
            if (step == 0) bits &= ~std::uint64_t{0} << (here % 64);
            if (step == filled_.size()) bits &= ~(~std::uint64_t{0} << (here % 64));
            if (bits == 0) continue;
            const std::size_t at = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            return current_ + (at + slot_count - here) % slot_count;
        }
        return none;
    }
    void empty_slot(std::size_t at) {
        Slot& slot = slots_[at];
        std::uint32_t used = slot.used;
        while (Chunk* chunk = slot.chunk) {
            ready_.insert(ready_.end(), chunk->events.begin(), chunk->events.begin() + used);
            used = Chunk::size;
            slot.chunk = chunk->next;
            chunk->next = free_;
            free_ = chunk;
        }
        filled_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
        sort_ready();
    }
    void sort_ready() {
        const std::size_t width = std::size_t{1} << width_bits_;
        if (ready_.size() * 4 < width) {
            std::sort(ready_.begin(), ready_.end());
            return;
        }
        starts_.assign(width + 1, 0);
        const auto offset = [&](const Event& e) { return static_cast<std::size_t>(e.tick() & (width - 1)); };
        for (const Event& event : ready_) ++starts_[offset(event) + 1];
        for (std::size_t i = 1; i < width; ++i) starts_[i] += starts_[i - 1];
        sorted_.resize(ready_.size());
        for (const Event& event : ready_) sorted_[starts_[offset(event)]++] = event;
        ready_.swap(sorted_);
        // Now sorted by tick. Insertion sort orders the events of one tick.
        for (std::size_t i = 1; i < ready_.size(); ++i) {
            if (!(ready_[i] < ready_[i - 1])) continue;
            const Event event = ready_[i];
            std::size_t to = i;
            for (; to > 0 && event < ready_[to - 1]; --to) ready_[to] = ready_[to - 1];
            ready_[to] = event;
        }
    }

    static constexpr std::uint64_t none = ~std::uint64_t{0};
    unsigned width_bits_;
    std::uint64_t current_ = 0;  // the number of the bucket in `ready_`
    std::vector<Event> ready_;   // in order, from next_ on
    std::size_t next_ = 0;
    std::array<Slot, slot_count> slots_{};
    std::array<std::uint64_t, slot_count / 64> filled_{};
    std::vector<std::unique_ptr<Chunk>> chunks_;
    Chunk* free_ = nullptr;
    HeapQueue<Event> later_;
    std::vector<std::uint32_t> starts_;
    std::vector<Event> sorted_;
};

}  // namespace halp
