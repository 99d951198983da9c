// The event queue of a simulated world. Events are plain data ordered by (virtual time, sequence number), so that
// every run executes the same events in the same order.
#pragma once

#include <cassert>
#include <compare>
#include <cstdint>

#include "simulations/world/timing_wheel.h"
#include "store/time.h"

namespace halp {

enum class HostId : std::uint32_t {};
[[nodiscard]] constexpr std::uint64_t number(HostId host) { return static_cast<std::uint64_t>(host); }

enum class SimEventKind : std::uint8_t {
    wake,    // the alarm of `host`
    syn,     // the SYN of connection `subject` reaches `host`
    accept,  // the process of `host` accepts connection `subject`
    arrive,  // the next segment for end `subject` reaches `host`
    fail,    // the connection attempt `subject` of `host` fails
    broken,  // the kernel of `host` closes its end `subject`
    resume,  // the stall of `host` ends
};

struct SimEvent {
    Instant at{};
    std::uint64_t sequence = 0;
    std::uint64_t subject = 0;  // EndId::word() of an end of a connection; 0 for wake and resume
    HostId host{};
    SimEventKind kind{};
    std::uint8_t detail = 0;

    [[nodiscard]] std::uint64_t tick() const { return static_cast<std::uint64_t>(at.time_since_epoch().count()); }
    std::strong_ordering operator<=>(const SimEvent& other) const {
        return at != other.at ? at <=> other.at : sequence <=> other.sequence;
    }
    bool operator==(const SimEvent& other) const { return sequence == other.sequence; }
};

class SimQueue {
public:
    std::uint64_t push(Instant at, SimEventKind kind, HostId host, std::uint64_t subject = 0,
                       std::uint8_t detail = 0) {
        assert(at >= Instant{});
        wheel_.push({at, next_sequence_, subject, host, kind, detail});
        return next_sequence_++;
    }
    SimEvent pop() {
        const SimEvent* next = wheel_.front();
        assert(next);
        const SimEvent event = *next;
        wheel_.pop();
        return event;
    }
    // The event `places` behind the next one, when it is known without work; for prefetching.
    [[nodiscard]] const SimEvent* ahead(std::size_t places) const { return wheel_.ahead(places); }
    [[nodiscard]] bool empty() { return wheel_.front() == nullptr; }
    [[nodiscard]] Instant next_at() {
        const SimEvent* next = wheel_.front();
        return next ? next->at : no_deadline;
    }

private:
    static constexpr unsigned bucket_bits = 8;  // buckets of 256 us, a fraction of the latency of a LAN
    TimingWheel<SimEvent> wheel_{bucket_bits};
    std::uint64_t next_sequence_ = 1;
};

}  // namespace halp
