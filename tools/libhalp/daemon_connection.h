// Connections to the admin socket of a daemon: one that is kept for calls, and one for each stream of events.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "store/result.h"
#include "tools/halp/daemon/event_stream.h"
#include "tools/libhalp/http_head.h"
#include "tools/libhalp/poller.h"

namespace halp::lib {

// Without waiting. Errors: unreachable (nobody listens), refused (no right to open it), busy (the queue is full).
[[nodiscard]] Result<Descriptor> dial_unix(const std::string& path);

class DaemonCalls {
public:
    static constexpr std::size_t answer_bytes_max = std::size_t{16} << 20;

    DaemonCalls(std::string socket, std::chrono::milliseconds timeout)
        : socket_(std::move(socket)), timeout_(timeout) {}

    // The body of an answer with a status below 300, valid until the next call; any other status is an error.
    // `method` is GET, PUT, POST or DELETE.
    [[nodiscard]] Result<std::string_view> call(std::string_view method, std::string_view target,
                                                std::string_view body = {});

private:
    enum class Outcome : std::uint8_t { whole, stale, failed };
    [[nodiscard]] Outcome attempt(bool kept, SteadyClock::time_point deadline, Error& why);
    [[nodiscard]] Result<void> connect();
    [[nodiscard]] Error broken(const char* what) const;

    std::string socket_;
    std::chrono::milliseconds timeout_;
    Descriptor connection_;
    std::string request_, answer_;
    HttpHead head_;
};

class DaemonStream {
public:
    DaemonStream(std::string socket, std::string target) : socket_(std::move(socket)), target_(std::move(target)) {}

    // Sends the request; the answer comes by read().
    [[nodiscard]] Result<void> open();
    void close() { connection_ = Descriptor{}; }
    [[nodiscard]] int fd() const { return connection_.get(); }  // -1: closed
    [[nodiscard]] bool answered() const { return head_.has_value(); }
    // Takes what has arrived, without waiting. An error: the stream has ended.
    using Take = std::function<void(const cli::StreamEvent&)>;
    [[nodiscard]] Result<void> read(const Take& take);

private:
    [[nodiscard]] Result<void> digest(const Take& take);

    std::string socket_, target_;
    Descriptor connection_;
    std::string received_;  // that is not digested
    std::optional<HttpHead> head_;
    ChunkReader chunks_;
    cli::EventStream events_;
};

}  // namespace halp::lib
