// The connections of a libevent world, on raw non-blocking sockets. Most connections carry one small query and one
// answer. They are accepted, read, answered and closed in one go and never enter the event loop.
//
// No call of Transport calls the handler. When such a call fails at once (a refused connection, a broken pipe), the
// handler hears of it from the loop. tell(), the only way to the handler, asserts that the handler is not running.
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/address.h"
#include "overlay/libevent/boot_timer.h"
#include "overlay/libevent/file_budget.h"
#include "overlay/libevent/limits.h"
#include "overlay/libevent/output_account.h"
#include "overlay/libevent/resolver.h"
#include "overlay/libevent/stream.h"
#include "overlay/places.h"
#include "overlay/read_control.h"
#include "store/endpoint.h"
#include "store/time.h"

struct event;
struct event_base;

namespace halp {

using UnsentBySource = std::unordered_map<SourceKey, std::size_t, SourceKeyHash>;

class LibeventStreams final : public Transport, public ReadControl {
public:
    // All references belong to the world, or outlive it.
    LibeventStreams(event_base* base, const Clock& clock, const WorldLimits& limits, WorldStats& stats,
                    FileBudget& files, OutputAccount* output);
    ~LibeventStreams() override;
    LibeventStreams(const LibeventStreams&) = delete;
    LibeventStreams& operator=(const LibeventStreams&) = delete;

    void attach(EventHandler& handler) { handler_ = &handler; }
    [[nodiscard]] bool attached() const { return handler_ != nullptr; }

    StreamId connect(const Endpoint& to) override;
    void write(StreamId id, Bytes bytes) override;
    void close(StreamId id) override;
    void abort(StreamId id) override;
    void vouch(StreamId id) override;
    void hold(StreamId id, bool held) override;
    [[nodiscard]] std::size_t unsent(StreamId id) const override;

    [[nodiscard]] std::optional<Endpoint> local_address(StreamId id);
    [[nodiscard]] std::size_t size() const { return slab_.size(); }
    // Some streams cannot be freed before libevent has released their names.
    [[nodiscard]] bool resolving() const { return resolver_.busy(); }
    [[nodiscard]] const LibeventResolver& resolver() const { return resolver_; }

    // For the listener. True: adopt() must follow. When places run short, another connection is closed to make room
    // and the node hears of it. An unwelcome connection is counted; the caller closes it.
    [[nodiscard]] bool welcomes(const SocketAddress& source);
    // Closes the longest silent connection of the fullest source. False: there is none that may be closed.
    bool make_room(Shed cause, const SocketAddress& newcomer);
    StreamId adopt(int fd, const SocketAddress& source);  // tells on_accept
    // Counts what is shed and tells on_shed(). The source of the connection that is closed is nullptr when it is
    // not known.
    void shed(Shed cause, const SocketAddress* source = nullptr);
    void on_shed(std::function<void(Shed, const SocketAddress*)> call) { shed_call_ = std::move(call); }

    // For the account of unsent bytes: those of accepted streams, and whom to cut off.
    [[nodiscard]] OutputAccount& output() { return *output_; }
    [[nodiscard]] std::size_t unsent_by_all() const { return stats_.output_unsent; }
    void add_unsent(UnsentBySource& by_source) const;
    [[nodiscard]] Stream* longest_of(const SourceKey& source);
    void cut_off(Stream& stream);

    void receive_first(StreamId id);  // reads what has arrived already, without waiting for the loop

    // Calls the handler through `call`. Bytes that it writes leave together at the end, with FIN if it closes.
    template <class Call>
    void tell(Call&& call) {
        assert(handler_ && !telling_);
        telling_ = true;
        call(*handler_);
        telling_ = false;
        if (!corked_.empty()) uncork();
    }

private:
    static constexpr std::size_t small_query_bytes_max = 4096;  // an original server reads at most so much
    // What one pass of the loop reads of accepted streams, about a millisecond's work; then it looks at new
    // connections and timers. What is left waits, and is read before the others are read again. A read counts as
    // some bytes more.
    static constexpr std::size_t bytes_per_pass = std::size_t{1} << 20, read_costs_bytes = 8192;
    // Of each stream as long as some wait, and of a new connection when the budget is used up.
    static constexpr std::size_t crowded_bytes_max = 16384;

    // streams.cc
    void enter(Stream& stream, StreamState state, Instant deadline);
    void leave_deadlines(Stream& stream);
    bool give_way(const Place* silent, Shed cause, const SocketAddress& newcomer);
    void touch(Stream& stream);
    [[nodiscard]] Instant idle_deadline() const;
    void keep_alive(int fd) const;
    void want_read(Stream& stream, bool wanted);
    void want_write(Stream& stream, bool wanted);
    [[nodiscard]] bool begin_watching(Stream& stream, event& wanted, short what, void (*call)(int, short, void*));
    void end_unwatched(Stream& stream);
    void receive(Stream& stream);
    [[nodiscard]] bool turn_to_read(Stream& stream);
    void end_wait_to_read(Stream& stream);
    bool enqueue(Stream& stream, Bytes bytes);
    bool send_queued(Stream& stream);
    void flush(Stream& stream);
    void uncork();
    void finish(Stream& stream);
    void end_output(Stream& stream);
    bool discard(Stream& stream);
    void close_socket(Stream& stream, bool reset);
    void release(Stream& stream, bool reset = false);
    void lose(Stream& stream, bool reset);
    void lose_later(Stream& stream, bool reset);
    void on_readable(Stream& stream);
    void on_writable(Stream& stream);

    // connect.cc
    void resolved(StreamId id, std::vector<SocketAddress> addresses);
    void try_next_address(Stream& stream);
    int start_connecting(Stream& stream, const SocketAddress& to);
    void on_connect_outcome(Stream& stream);
    void connected(Stream& stream);
    void connect_timed_out(Stream& stream);

    // deadlines.cc
    void tell_later(Stream& stream);
    void deliver_later();
    void arm(StreamState state, Instant when);
    void expire_due();
    void expire(Stream& stream);

    event_base* base_;
    const Clock& clock_;
    const WorldLimits& limits_;
    WorldStats& stats_;
    FileBudget& files_;
    OutputAccount own_output_;
    OutputAccount* output_;  // maybe shared with other worlds
    std::function<void(Shed, const SocketAddress*)> shed_call_;
    EventHandler* handler_ = nullptr;
    bool telling_ = false;
    std::array<char, 65536> buffer_;  // all streams are read into it
    StreamSlab slab_;
    std::array<DeadlineQueue, stream_states> deadlines_;
    Instant armed_ = no_deadline;
    BootTimer deadline_timer_;
    // Calls have one of their own. It is taken back when none is under way: else each call of an idle node would
    // wake it once more.
    Instant connect_armed_ = no_deadline;
    BootTimer connect_timer_;
    std::size_t read_in_pass_ = 0;     // or since longer, while it is within the budget
    std::size_t waiting_to_read_ = 0;  // streams
    event* pass_over_event_;
    event* later_event_;
    std::vector<StreamId> later_;   // failed or broken; the loop will tell the node
    std::vector<StreamId> corked_;  // written to since the handler was called
    Places places_;                 // of accepted streams
    LibeventResolver resolver_;
};

}  // namespace halp
