// How much strangers may make a node do before it looks at its other connections and its timers again. Work is
// counted in units, not measured: the simulator counts alike, and a product (labels x entries of an insert) counts
// in full. What finds the turn spent, or finds work of its own source waiting, waits. The next turns serve the
// sources one after the other, and the connections of a source one after the other, each by one step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <string>

#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

using Work = std::uint64_t;  // a unit is about a nanosecond of one core of an ordinary machine

namespace work {
inline constexpr Work per_turn = 2'000'000;
inline constexpr Work per_step = 500'000;    // of one connection before the next one has its step
inline constexpr Work query = 4'000;         // of text: to parse it and to look up its list
inline constexpr Work listed_byte = 10;      // of the answer to a `get`
inline constexpr Work walked_host = 100;     // before the slice that a `get` asks for
inline constexpr Work inserted_byte = 40;    // of the answer to a small insert
inline constexpr Work insert_label = 2'000;  // to mention it
inline constexpr Work insert_entry = 1'000;  // to parse and to merge it
inline constexpr Work insert_refused = 100;  // only to say so
inline constexpr Work frame = 5'000;         // of gossip
inline constexpr Work frame_byte = 100;      // of what came and of what is answered
}  // namespace work

class WorkShares {
public:
    // An IPv4 address, or the address group of any other host, shares one queue.
    [[nodiscard]] static std::string source_of(const Endpoint& remote);

    // Bytes have come. False: they are to wait.
    [[nodiscard]] bool may_begin(const Endpoint& remote, Instant now);
    void spend(Work units) { spent_ += units; }
    void wait(const Endpoint& remote, StreamId id, Instant now);

    void begin_turn(Instant now);
    // The connection whose step it is; false when nothing waits or the turn is spent. It may be gone by now.
    [[nodiscard]] bool next_step(StreamId& id);
    [[nodiscard]] bool step_spent() const { return spent_ >= step_ends_; }

    [[nodiscard]] Instant next_deadline() const { return due_; }  // as soon as possible while anything waits
    [[nodiscard]] std::size_t sources_waiting() const { return waiting_.size(); }
    [[nodiscard]] std::uint64_t turns_cut() const { return turns_cut_; }  // that left something to the next one

private:
    // Lists, as an empty deque takes 600 bytes.
    std::map<std::string, std::list<StreamId>> waiting_;
    std::list<std::string> ring_;  // the sources of waiting_
    Work spent_ = 0, step_ends_ = 0;
    Instant turn_began_ = never, due_ = no_deadline;
    std::uint64_t turns_cut_ = 0;
    bool cut_ = false;  // this turn
};

}  // namespace halp
