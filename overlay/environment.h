// The interfaces between protocol code and a world. A world (LibeventWorld: sockets and timers; SimWorld: virtual
// time and links) implements them and calls an EventHandler. Protocol code is told things and never looks: it
// knows no clock, socket, file, random device or log but these.
//
//     world  -- on_accept, on_bytes, on_wakeup ... -->  EventHandler (the node)
//     world  <-- now, wake_at, connect, write ... ---   node
//
// A call of an interface returns before the world calls the handler again: there is no re-entrance.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/connect_failure.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

using Bytes = std::string_view;

class Clock {
public:
    virtual ~Clock() = default;
    // Monotonic: every deadline and every age. It counts all time, also while the machine sleeps.
    [[nodiscard]] virtual Instant now() const = 0;
    [[nodiscard]] virtual UnixSeconds wall() const = 0;  // only for HALP text, files and people
};

class Alarm {
public:
    virtual ~Alarm() = default;
    // One per node; the latest call wins. An instant in the past means as soon as possible; no_deadline disarms.
    virtual void wake_at(Instant when) = 0;
};

class Random {
public:
    virtual ~Random() = default;
    virtual std::uint64_t next() = 0;  // 64 uniform bits

    // Uniform in [0, n), n >= 1. Multiply-shift: the bias is below n / 2^64 and the result is the same everywhere.
    std::uint64_t below(std::uint64_t n) {
        __extension__ using Wide = unsigned __int128;
        return static_cast<std::uint64_t>((static_cast<Wide>(next()) * n) >> 64);
    }
    bool chance(double p) { return static_cast<double>(next() >> 11) * 0x1.0p-53 < p; }
    template <class T>
    void shuffle(std::vector<T>& items) {
        for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
    }
};

// A connection, until the world says on_closed or on_connect_failed, or the node calls close or abort. Ids are not
// used again within 2^32 connections.
enum class StreamId : std::uint64_t {};

class Transport {
public:
    virtual ~Transport() = default;
    // The outcome comes later as on_connected or on_connect_failed. The world resolves host names, afresh each
    // time. Bytes may be written at once; they leave when the connection stands.
    virtual StreamId connect(const Endpoint& to) = 0;
    virtual void write(StreamId stream, Bytes bytes) = 0;
    // Flow control: written bytes that have not left this machine yet. 0 for a stream that is gone, and in a world
    // that takes everything at once. on_writable says when a long queue has become short.
    [[nodiscard]] virtual std::size_t unsent(StreamId) const { return 0; }
    // Orderly: what was written is delivered, then FIN. The node hears no more of the stream.
    virtual void close(StreamId stream) = 0;
    // At once, unsent bytes are dropped. The node hears no more of the stream.
    virtual void abort(StreamId stream) = 0;
    // The peer of an accepted stream has proved who it is. When places run short, the world closes streams of
    // strangers and not this one.
    virtual void vouch(StreamId) {}
};

// Small named files of one directory. Names are single path components.
class Storage {
public:
    virtual ~Storage() = default;
    [[nodiscard]] virtual Result<std::string> read(const std::string& name) = 0;  // not_found when missing
    [[nodiscard]] virtual Result<void> replace(const std::string& name, Bytes content) = 0;  // atomic and durable
    [[nodiscard]] virtual Result<void> remove(const std::string& name) = 0;                  // ok when missing
    [[nodiscard]] virtual Result<std::vector<std::string>> list() = 0;

    // Read, change and replace in one step that no other process can interrupt, so that no writer loses what
    // another has written. `apply` makes the new content of the old ("" when the file is missing).
    class Change {
    public:
        virtual ~Change() = default;
        virtual std::string apply(Bytes old_content) = 0;
    };
    [[nodiscard]] virtual Result<void> update(const std::string& name, Change& change) = 0;
    // Adds to the end of a file. The bytes survive a crash of this process at once, and of the machine soon after.
    [[nodiscard]] virtual Result<void> append(const std::string& name, Bytes bytes) = 0;
};

struct Event;        // overlay/event.h
class InputAccount;  // overlay/input_account.h

class Observer {
public:
    virtual ~Observer() = default;
    virtual void note(const Event& event) = 0;
};

// What every node and client needs.
struct Environment {
    Clock& clock;
    Alarm& alarm;
    Random& random;
    Transport& transport;
    // Of all nodes of the process. Null: the node has one of its own.
    InputAccount* input = nullptr;
};

// What the overlay node needs in addition.
struct OverlayEnvironment : Environment {
    Storage& cache;  // the host cache directory, shared with the original tools and other processes
    Storage& state;  // this node's own directory
    Observer& observer;
};

// What a world tells a node.
class EventHandler {
public:
    virtual ~EventHandler() = default;
    // `source` is the remote address as the socket shows it (its port is the remote's ephemeral one).
    virtual void on_accept(StreamId stream, const Endpoint& source) = 0;
    virtual void on_connected(StreamId stream, const Endpoint& remote_address) = 0;
    virtual void on_connect_failed(StreamId stream, ConnectFailure why) = 0;
    virtual void on_bytes(StreamId stream, Bytes bytes) = 0;
    // The unsent bytes of the stream have fallen from above a mark of the world to the mark or less.
    virtual void on_writable(StreamId) {}
    // The peer sends no more. Writing still works; the node is to call close().
    virtual void on_end(StreamId stream) = 0;
    virtual void on_closed(StreamId stream) = 0;  // reset or broken; the stream is gone
    virtual void on_wakeup() = 0;
};

}  // namespace halp
