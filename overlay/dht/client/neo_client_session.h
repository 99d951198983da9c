// One connection of a client to a node, without sockets: version, authentication, and the messages of many
// requests side by side. It does not interpret the messages.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

#include "overlay/dht/client/request_times.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/dht/wire/neo_frames.h"
#include "overlay/dht/wire/session_limits.h"
#include "overlay/environment.h"
#include "store/time.h"

namespace halp::neo {

class ClientMessages {
public:
    virtual ~ClientMessages() = default;
    virtual void on_authenticated() = 0;
    // Returns false when the node broke the protocol, which ends the connection. A message for an unknown request
    // is no violation.
    [[nodiscard]] virtual bool on_message(RequestId id, Bytes payload) = 0;
};

class ClientSession {
public:
    // `credential` and `sink` must outlive the session. The version byte is in output() from the beginning.
    ClientSession(const SessionLimits& limits, const Credential& credential, ClientMessages& sink, Instant now);
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;

    void on_bytes(Bytes arrived, UnixSeconds wall);
    [[nodiscard]] Instant next_deadline() const;
    void on_deadline(Instant now);

    [[nodiscard]] std::string& output() { return output_; }
    [[nodiscard]] SessionEnd end() const { return end_; }
    [[nodiscard]] bool over() const { return end_ != SessionEnd::none; }
    // What the node has sent and is not whole, in bytes.
    [[nodiscard]] std::size_t input_kept() const { return frames_.bytes_kept(); }
    void drop_input() { finish(SessionEnd::too_many); }  // there is no room for it
    [[nodiscard]] bool authenticated() const { return stage_ == Stage::open; }

    // `frame` is whole, made by neo_codec. A request has at most one waiting message; waiting requests take turns.
    void send(RequestId id, Bytes frame, Instant now);
    [[nodiscard]] bool waiting(RequestId id) const {
        return std::ranges::find(waiting_, id, &Waiting::id) != waiting_.end();
    }
    void cancel(RequestId id);  // drops its waiting message
    void set_unsent(std::size_t bytes) { unsent_ = bytes; }
    // Moves waiting messages to output() while it has room, and counts in `queued` how long each has waited.
    void pump(Instant now, RequestTimes& queued);
    [[nodiscard]] bool anything_waits() const { return stage_ == Stage::open && !waiting_.empty(); }

private:
    enum class Stage : std::uint8_t { version, nonce, verdict, open };
    void finish(SessionEnd end) {
        if (!over()) end_ = end;
    }
    void on_version(Bytes arrived, UnixSeconds wall);
    void on_nonce(Bytes body);
    void on_verdict(Bytes body);
    void on_payload(Bytes body);

    const SessionLimits& limits_;
    const Credential& credential_;
    ClientMessages& sink_;
    Instant handshake_deadline_;
    Stage stage_ = Stage::version;
    SessionEnd end_ = SessionEnd::none;
    std::uint64_t timestamp_ = 0;
    FrameReceiver frames_;
    std::string output_;
    std::size_t unsent_ = 0;
    struct Waiting {
        RequestId id;  // no_request: cancelled
        std::size_t frame_bytes;
        Instant since;
    };
    std::deque<Waiting> waiting_;
    std::string waiting_frames_;  // their frames, from waiting_begin_ on
    std::size_t waiting_begin_ = 0;
};

}  // namespace halp::neo
