// For tests of the libevent world: a scripted handler that checks the rules of the interfaces, plain blocking
// sockets as its peers, and a loop that runs until something has happened or a deadline has passed.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/world.h"

namespace halp::test {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Notes each call of the world as a word ("accept", "bytes", ...), after asserting that the world keeps its
// promises: it does not call the handler from inside a call of Transport, nor about a stream that has ended or was
// closed here.
class Probe final : public EventHandler {
public:
    explicit Probe(LibeventWorld& world) : world_(world) { world.attach(*this); }

    std::function<void(StreamId)> accepted = [](StreamId) {};
    std::function<void(StreamId)> connected = [](StreamId) {};
    std::function<void(StreamId, ConnectFailure)> failed = [](StreamId, ConnectFailure) {};
    std::function<void(StreamId, Bytes)> bytes = [](StreamId, Bytes) {};
    std::function<void(StreamId)> ended = [](StreamId) {};
    std::function<void(StreamId)> closed = [](StreamId) {};
    std::function<void()> wakeup = [] {};

    std::vector<std::string> words;
    std::vector<Endpoint> remotes;
    std::string received;

    StreamId connect(const Endpoint& to) {
        const Inside inside(inside_);
        return world_.transport().connect(to);
    }
    void write(StreamId stream, Bytes text) {
        const Inside inside(inside_);
        world_.transport().write(stream, text);
    }
    void close(StreamId stream) {
        const Inside inside(inside_);
        world_.transport().close(stream);
        gone_.push_back(stream);
    }
    void abort(StreamId stream) {
        const Inside inside(inside_);
        world_.transport().abort(stream);
        gone_.push_back(stream);
    }

    void on_accept(StreamId stream, const Endpoint& source) override {
        hear(stream, "accept");
        remotes.push_back(source);
        accepted(stream);
    }
    void on_connected(StreamId stream, const Endpoint& remote) override {
        hear(stream, "connected");
        remotes.push_back(remote);
        connected(stream);
    }
    void on_connect_failed(StreamId stream, ConnectFailure why) override {
        hear(stream, "failed:" + std::to_string(static_cast<int>(why)));
        gone_.push_back(stream);
        failed(stream, why);
    }
    void on_bytes(StreamId stream, Bytes text) override {
        hear(stream, "bytes");
        received.append(text);
        const std::string before(text);
        bytes(stream, text);
        EXPECT_EQ(text, before) << "the bytes changed during the call";
    }
    void on_end(StreamId stream) override {
        hear(stream, "end");
        ended(stream);
    }
    void on_closed(StreamId stream) override {
        hear(stream, "closed");
        gone_.push_back(stream);
        closed(stream);
    }
    void on_wakeup() override {
        EXPECT_FALSE(inside_);
        words.emplace_back("wakeup");
        wakeup();
    }

    [[nodiscard]] bool heard(const std::string& word) const { return times(word) > 0; }
    [[nodiscard]] std::size_t times(const std::string& word) const {
        return static_cast<std::size_t>(std::count(words.begin(), words.end(), word));
    }

private:
    struct Inside {
        explicit Inside(bool& place) : flag(place) { EXPECT_FALSE(std::exchange(flag, true)); }
        ~Inside() { flag = false; }
        Inside(const Inside&) = delete;
        Inside& operator=(const Inside&) = delete;
        bool& flag;
    };
    void hear(StreamId stream, const std::string& word) {
        EXPECT_FALSE(inside_) << word << " came from inside a call of Transport";
        EXPECT_EQ(std::count(gone_.begin(), gone_.end(), stream), 0) << word << " of a stream that is gone";
        words.push_back(word);
    }

    LibeventWorld& world_;
    bool inside_ = false;
    std::vector<StreamId> gone_;
};

// Runs the loop until `done`. False when that takes longer than `patience`.
inline bool turn_until(LibeventWorld& world, const std::function<bool()>& done, Duration patience = seconds{5}) {
    const Instant latest = world.clock().now() + patience;
    bool in_time = true;
    const std::function<void()> look = [&] {
        in_time = world.clock().now() < latest;
        if (done() || !in_time) return world.stop();
        world.call_after(milliseconds{1}, look);
    };
    look();
    if (!done()) world.run();
    return done();
}

// Runs the loop so often that everything the kernel has ready is handled. For tests that expect nothing: what happens
// on loopback is ready at once.
inline void turn_often(LibeventWorld& world) {
    int left = 100;
    const std::function<void()> next = [&] {
        if (--left == 0) return world.stop();
        world.call_after(Duration{0}, next);
    };
    next();
    world.run();
}

// Runs the loop until a deadline has passed, and then so often.
inline void turn_past(LibeventWorld& world, Instant deadline) {
    EXPECT_TRUE(turn_until(world, [&] { return world.clock().now() > deadline; }));
    turn_often(world);
}

// The socket of a remote peer. Blocking operations are for what is certain to come; others poll between turns of
// the loop.
class Peer {
public:
    Peer() = default;
    explicit Peer(int fd) : fd_(fd) {}
    explicit Peer(const Endpoint& to, const char* from = nullptr) {
        const bool v6 = to.host.find(':') != std::string::npos;
        fd_ = ::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (from) {
            const sockaddr_in local = v4(from, 0);
            EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local), 0);
        }
        sockaddr_in6 six{};
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(to.port);
        ::inet_pton(AF_INET6, to.host.c_str(), &six.sin6_addr);
        const sockaddr_in four = v4(to.host.c_str(), to.port);
        const int failure = v6 ? ::connect(fd_, reinterpret_cast<const sockaddr*>(&six), sizeof six)
                               : ::connect(fd_, reinterpret_cast<const sockaddr*>(&four), sizeof four);
        EXPECT_EQ(failure, 0) << std::strerror(errno);
        ::fcntl(fd_, F_SETFL, O_NONBLOCK);
    }
    Peer(Peer&& other) noexcept : fd_(std::exchange(other.fd_, -1)), text_(std::move(other.text_)) {}
    Peer& operator=(Peer&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~Peer() { close(); }

    void send(std::string_view text) const {
        EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    void end() const { ::shutdown(fd_, SHUT_WR); }
    void reset() {
        const linger at_once{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        close();
    }
    void close() {
        if (fd_ >= 0) ::close(std::exchange(fd_, -1));
    }
    // Reads what has arrived. True once the connection has ended: FIN (ended) or RST (was_reset).
    bool finished() {
        char buffer[65536];
        while (!ended && !was_reset) {
            const ssize_t got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
            if (got > 0) text_.append(buffer, static_cast<std::size_t>(got));
            if (got == 0) ended = true;
            if (got < 0 && errno == EAGAIN) return false;
            if (got < 0) was_reset = true;
        }
        return true;
    }
    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] int fd() const { return fd_; }

    static sockaddr_in v4(const char* host, std::uint16_t port) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        ::inet_pton(AF_INET, host, &address.sin_addr);
        return address;
    }

    bool ended = false;
    bool was_reset = false;

private:
    int fd_ = -1;
    std::string text_;
};

// A listening socket that accepts nothing by itself. The kernel answers connections while its backlog has room.
class Backlog {
public:
    explicit Backlog(int length) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in local = Peer::v4("127.0.0.1", 0);
        socklen_t size = sizeof local;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::listen(fd_, length), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size), 0);
        port_ = ntohs(local.sin_port);
    }
    ~Backlog() { ::close(fd_); }
    Backlog(const Backlog&) = delete;
    Backlog& operator=(const Backlog&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] Endpoint endpoint() const { return Endpoint{"127.0.0.1", port_}; }
    [[nodiscard]] Peer accept() const { return Peer(::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC)); }

private:
    int fd_;
    std::uint16_t port_ = 0;
};

// A port of loopback on which nothing listens while this object lives.
class ClosedPort {
public:
    ClosedPort() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in local = Peer::v4("127.0.0.1", 0);
        socklen_t size = sizeof local;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size), 0);
        endpoint_ = Endpoint{"127.0.0.1", ntohs(local.sin_port)};
    }
    ~ClosedPort() { ::close(fd_); }
    ClosedPort(const ClosedPort&) = delete;
    ClosedPort& operator=(const ClosedPort&) = delete;
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }

private:
    int fd_;
    Endpoint endpoint_;
};

inline const Endpoint any_port{"127.0.0.1", 0};

// A world that listens on loopback.
struct Server {
    explicit Server(const WorldLimits& limits = {}, event_base* borrowed = nullptr, FileBudget* files = nullptr,
                    OutputAccount* output = nullptr)
        : world(limits, borrowed, files, output), probe(world) {
        auto listening = world.listen(any_port);
        EXPECT_TRUE(listening) << (listening ? "" : listening.error().message);
        at = listening.value_or(any_port);
    }
    bool until(const std::function<bool()>& done, Duration patience = seconds{5}) {
        return turn_until(world, done, patience);
    }

    LibeventWorld world;
    Probe probe;
    Endpoint at;
};

}  // namespace halp::test
