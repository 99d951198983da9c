// One connection of a node, without sockets, whichever protocol it speaks. The node tells the session bytes, time
// and free output space. The session answers with bytes in output() and with the reason of its end. This interface
// is the only place where the node sees the two protocols; DhtNode::make_session chooses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "overlay/dht/records/turn_budget.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/dht/wire/session_limits.h"
#include "overlay/environment.h"
#include "store/records/record_store.h"
#include "store/time.h"

namespace halp::neo {

struct SessionStats {
    std::uint64_t messages_in = 0;
    std::uint64_t requests = 0;
    std::uint64_t unsupported = 0;
    std::uint64_t late_messages = 0;
};

// Is told that a session may have become ready() outside of a call to it, because news has reached one of its
// requests.
class SessionOwner {
public:
    virtual ~SessionOwner() = default;
    virtual void on_ready(std::uint64_t stream) = 0;
    // What the session has in its output leaves now, and not at the end of the turn. An owner need not.
    virtual void send_output(std::uint64_t) {}
    // Of this protocol, on this node.
    [[nodiscard]] virtual std::size_t connection_count() const { return 0; }
};

class Session {
public:
    Session() = default;
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;
    virtual ~Session() = default;

    // The bytes to send, in order. The owner may take them at any time.
    [[nodiscard]] std::string& output() { return output_; }
    // After any end but `gone` the owner sends the output and then closes the connection.
    [[nodiscard]] SessionEnd end() const { return end_; }
    [[nodiscard]] bool over() const { return end_ != SessionEnd::none; }
    // The number of bytes that were taken from output() and have not yet left this machine.
    void set_unsent(std::size_t bytes) { unsent_ = bytes; }
    [[nodiscard]] const SessionStats& stats() const { return stats_; }

    virtual void on_bytes(Bytes arrived, Instant now, UnixSeconds wall) = 0;
    virtual void on_written(std::uint64_t request, Wrote wrote) = 0;
    [[nodiscard]] virtual Instant next_deadline() const = 0;
    virtual void on_deadline(Instant now) = 0;
    // The connection is lost: every request ends.
    virtual void on_closed() = 0;
    // What the peer has sent and what waits to be done with it, in bytes.
    [[nodiscard]] virtual std::size_t input_kept() const = 0;
    // The node has no room for it.
    virtual void drop_input() = 0;

    // Whether pump() would do anything: a request wants a turn and the output has room.
    [[nodiscard]] virtual bool ready() const = 0;
    // Gives turns until no request wants one, the output is full, or the budget is spent.
    virtual void pump(Instant now, TurnBudget& budget) = 0;

    // Neo: the client has proved who it is. Legacy, which knows no credentials: it has sent a whole request.
    [[nodiscard]] virtual bool authenticated() const = 0;
    [[nodiscard]] virtual const std::string& client() const = 0;
    [[nodiscard]] virtual std::optional<Rejection> rejection() const { return std::nullopt; }
    [[nodiscard]] virtual std::size_t active_requests() const = 0;

protected:
    std::string output_;
    std::size_t unsent_ = 0;
    SessionEnd end_ = SessionEnd::none;
    SessionStats stats_;
};

}  // namespace halp::neo
