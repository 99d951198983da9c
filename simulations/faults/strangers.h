// Hosts of a fault run that are not nodes: one that uses the nodes by HALP text, and servers that got the port of a
// node that is gone.
#pragma once

#include <string>

#include "overlay/environment.h"

namespace halp::sim {

// Queries and inserts by HALP text and ignores the answers.
class Stranger final : public EventHandler {
public:
    explicit Stranger(Environment& env) : env_(env) {}
    void send(const Endpoint& to, const std::string& query) {
        env_.transport.write(env_.transport.connect(to), query);
    }

    void on_accept(StreamId stream, const Endpoint&) override { env_.transport.abort(stream); }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId stream) override { env_.transport.close(stream); }
    void on_closed(StreamId) override {}
    void on_wakeup() override {}

private:
    Environment& env_;
};

// A server that does not speak HALP.
class OtherServer final : public EventHandler {
public:
    enum class Kind : std::uint8_t {
        greets,   // speaks first, as SSH does, and closes after the first words of the other side
        silent,   // accepts and never answers
        echoes,   // sends back what it gets
        answers,  // one line for anything, as HTTP does
    };
    static constexpr std::int64_t kinds = 4;

    OtherServer(Environment& env, Kind kind) : env_(env), kind_(kind) {}

    void on_accept(StreamId stream, const Endpoint&) override {
        if (kind_ == Kind::greets) env_.transport.write(stream, "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n");
    }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId stream, Bytes bytes) override {
        if (kind_ == Kind::echoes) return env_.transport.write(stream, bytes);
        if (kind_ == Kind::silent) return;
        env_.transport.write(stream, kind_ == Kind::greets ? "Invalid SSH identification string.\r\n"
                                                           : "HTTP/1.1 400 Bad Request\r\n\r\n");
        env_.transport.close(stream);
    }
    void on_end(StreamId stream) override { env_.transport.close(stream); }
    void on_closed(StreamId) override {}
    void on_wakeup() override {}

private:
    Environment& env_;
    Kind kind_;
};

}  // namespace halp::sim
