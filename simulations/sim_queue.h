// What is going to happen in a simulated world, as plain data ordered by (time, sequence): printable, hashable,
// countable, and the same at every run.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>
#include <vector>

#include "store/time.h"

namespace halp {

enum class HostId : std::uint32_t {};

enum class SimEventKind : std::uint8_t {
    wake,    // the alarm of `host`
    syn,     // an attempt of connection `subject` reaches its target
    accept,  // `host` learns of connection `subject`
    arrive,  // the next segment on its way to end `subject` reaches `host`
    fail,    // `host` learns that its end `subject` never stood
    broken,  // the kernel of `host` gives its end `subject` up
    resume,  // the stall of `host` is over
};

struct SimEvent {
    Instant at{};
    std::uint64_t sequence = 0;
    std::uint64_t subject = 0;
    HostId host{};
    SimEventKind kind{};
    std::uint8_t detail = 0;
};

class SimQueue {
public:
    std::uint64_t push(Instant at, SimEventKind kind, HostId host, std::uint64_t subject = 0,
                       std::uint8_t detail = 0) {
        heap_.push_back({at, next_sequence_, subject, host, kind, detail});
        std::push_heap(heap_.begin(), heap_.end(), later);
        return next_sequence_++;
    }
    SimEvent pop() {
        assert(!heap_.empty());
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const SimEvent event = heap_.back();
        heap_.pop_back();
        return event;
    }
    [[nodiscard]] bool empty() const { return heap_.empty(); }
    [[nodiscard]] Instant next_at() const { return heap_.empty() ? no_deadline : heap_.front().at; }

private:
    static bool later(const SimEvent& a, const SimEvent& b) {
        return std::pair{a.at, a.sequence} > std::pair{b.at, b.sequence};
    }
    std::vector<SimEvent> heap_;
    std::uint64_t next_sequence_ = 1;
};

}  // namespace halp
