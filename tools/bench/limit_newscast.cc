#include "tools/bench/limit_newscast.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "simulations/world/timing_wheel.h"

namespace halp::bench {
namespace {

constexpr std::uint32_t view_size = 20, period = 1'000'000, latency_min = 10'000, latency_span = 90'001;
constexpr std::uint32_t slot_words = view_size + 2;  // told, and a word 0 at the end

struct Event {
    std::uint32_t at, node, from, what;  // what: 0 wake, else slot * 2 + is answer + 2
    [[nodiscard]] std::uint32_t tick() const { return at; }
    bool operator<(const Event& other) const { return at != other.at ? at < other.at : node < other.node; }
    bool operator>(const Event& other) const { return other < *this; }
};

std::uint64_t hash(std::uint64_t a, std::uint64_t b) {
    a = (a ^ b * 0x9e3779b97f4a7c15U) * 0xbf58476d1ce4e5b9U;
    a = (a ^ a >> 29) * 0x94d049bb133111ebU;
    return a ^ a >> 32;
}
std::uint32_t below(std::uint64_t word, std::uint32_t n) {
    return static_cast<std::uint32_t>((word >> 32) * n >> 32);
}

class Limit {
public:
    Limit(std::uint32_t nodes, std::uint64_t seed) : seed_(seed), views_(std::size_t{nodes} * view_size) {
        for (std::uint32_t node = 0; node < nodes; ++node) {
            std::uint64_t* view = &views_[std::size_t{node} * view_size];
            for (std::uint32_t i = 0; i < view_size; ++i) {
                const std::uint32_t other = (node + 1 + below(hash(seed ^ node, i + 9), nodes - 1)) % nodes;
                view[i] = std::uint64_t{below(hash(seed ^ node, i + 99), period) + 1} << 32 | other;
            }
            std::sort(view, view + view_size, std::greater{});
            queue_.push({period + 1 + below(hash(seed, node), period), node, node, 0});
        }
    }
    LimitRun run(std::uint32_t periods) {
        const std::uint32_t end = (periods + 1) * period + 1;
        for (const Event* next = queue_.front(); next && next->at < end; next = queue_.front()) {
            const Event event = *next;
            queue_.pop();
            prefetch();
            run_.digest += hash(std::uint64_t{event.at} << 32 | event.node, event.from);
            step(event);
        }
        return run_;
    }

private:
    void prefetch() {
        const Event* event = queue_.ahead(8);
        if (!event) return;
        const auto* view = reinterpret_cast<const char*>(&views_[std::size_t{event->node} * view_size]);
        for (int i = 0; i < 3; ++i) __builtin_prefetch(view + 64 * i, 1);
        if (event->what == 0) return;
        const auto* slot = reinterpret_cast<const char*>(slot_at((event->what - 2) / 2));
        for (int i = 0; i < 3; ++i) __builtin_prefetch(slot + 64 * i);
    }
    std::uint64_t* slot_at(std::uint32_t slot) { return &slots_[std::size_t{slot} * slot_words]; }

    void step(const Event& event) {
        if (event.what == 0) {
            const std::uint64_t word = hash(seed_ + event.at, event.node);
            const std::uint64_t chosen = views_[std::size_t{event.node} * view_size + below(word, view_size)];
            tell(event.node, static_cast<std::uint32_t>(chosen), event.at, false);
            return queue_.push({event.at + period, event.node, event.node, 0});
        }
        ++run_.messages;
        const std::uint32_t slot = (event.what - 2) / 2;
        if (event.what % 2 == 0) tell(event.node, event.from, event.at, true);
        hear(event.node, slot_at(slot));
        free_.push_back(slot);
    }
    void tell(std::uint32_t from, std::uint32_t to, std::uint32_t now, bool answer) {
        if (free_.empty()) {
            free_.push_back(static_cast<std::uint32_t>(slots_.size() / slot_words));
            slots_.resize(slots_.size() + slot_words);
        }
        const std::uint32_t slot = free_.back();
        free_.pop_back();
        std::uint64_t* told = slot_at(slot);
        told[0] = std::uint64_t{now} << 32 | from;
        std::memcpy(told + 1, &views_[std::size_t{from} * view_size], view_size * sizeof(std::uint64_t));
        told[view_size + 1] = 0;
        const std::uint64_t word = hash(std::uint64_t{from} << 32 | to, seed_ ^ std::uint64_t{now} << 1 ^ answer);
        queue_.push({now + latency_min + below(word, latency_span), to, from, slot * 2 + answer + 2U});
    }
    void hear(std::uint32_t node, const std::uint64_t* news) {
        std::uint64_t* view = &views_[std::size_t{node} * view_size];
        std::uint64_t mine[view_size + 1], merged[view_size];
        std::memcpy(mine, view, sizeof merged);
        mine[view_size] = 0;
        const std::uint64_t* own = mine;
        std::uint64_t filter[4]{};
        for (std::uint32_t count = 0; count < view_size;) {
            const bool first = *own > *news;
            const std::uint64_t next = first ? *own : *news;
            if (next == 0) break;  // cannot be: the own view is full
            own += first;
            news += !first;
            const auto id = static_cast<std::uint32_t>(next);
            const std::uint32_t bit = id * 0x9e3779b1U >> 24;
            if (id == node || (filter[bit / 64] >> bit % 64 & 1 && has(merged, count, id))) continue;
            filter[bit / 64] |= std::uint64_t{1} << bit % 64;
            merged[count++] = next;
        }
        std::memcpy(view, merged, sizeof merged);
    }
    static bool has(const std::uint64_t* words, std::uint32_t count, std::uint32_t id) {
        return std::any_of(words, words + count,
                           [&](std::uint64_t w) { return static_cast<std::uint32_t>(w) == id; });
    }

    std::uint64_t seed_;
    std::vector<std::uint64_t> views_;
    std::vector<std::uint64_t> slots_;
    std::vector<std::uint32_t> free_;
    TimingWheel<Event> queue_;
    LimitRun run_;
};

}  // namespace

LimitRun run_limit_newscast(std::uint32_t nodes, std::uint32_t periods, std::uint64_t seed) {
    return Limit{nodes, seed}.run(periods);
}

}  // namespace halp::bench
