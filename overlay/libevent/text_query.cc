#include "overlay/libevent/text_query.h"

#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

#include "overlay/environment.h"
#include "overlay/libevent/world.h"

namespace halp {
namespace {

std::string seconds_text(Duration time) {
    char text[32];
    std::snprintf(text, sizeof text, "%.3g s", static_cast<double>(time.count()) / 1e6);
    return text;
}

class Query final : public EventHandler {
public:
    Query(LibeventWorld& world, const Endpoint& server, std::string_view query, Duration timeout,
          std::size_t answer_bytes_max)
        : world_(world), server_(server), timeout_(timeout), answer_bytes_max_(answer_bytes_max) {
        world_.attach(*this);
        world_.alarm().wake_at(world_.clock().now() + timeout);
        stream_ = world_.transport().connect(server);
        world_.transport().write(stream_, query);
    }

    Result<std::string> take_outcome() {
        if (error_) return *std::move(error_);
        return std::move(answer_);
    }

    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override { connected_ = true; }
    void on_connect_failed(StreamId, ConnectFailure why) override { fail(connect_error(why)); }
    void on_bytes(StreamId, Bytes bytes) override {
        if (answer_.size() + bytes.size() <= answer_bytes_max_) {
            answer_.append(bytes);
            return;
        }
        world_.transport().abort(stream_);
        fail({ErrorCode::full, server_.text() + " answers with more than " + std::to_string(answer_bytes_max_) +
                                   " bytes; ask for less"});
    }
    void on_end(StreamId) override {
        world_.transport().close(stream_);
        world_.stop();
    }
    void on_closed(StreamId) override {
        fail({ErrorCode::io, server_.text() + " broke the connection before its answer was complete; try again"});
    }
    void on_wakeup() override {
        world_.transport().abort(stream_);
        fail(connected_ ? Error{ErrorCode::timed_out, server_.text() +
                                                          " accepted the connection but did not finish its "
                                                          "answer within " +
                                                          seconds_text(timeout_)}
                        : connect_error(ConnectFailure::timed_out));
    }

private:
    void fail(Error error) {
        error_ = std::move(error);
        world_.stop();
    }

    Error connect_error(ConnectFailure why) const {
        const std::string whom = server_.text();
        switch (why) {
            case ConnectFailure::refused:
                return {ErrorCode::refused,
                        "nothing listens on " + whom + "; check the port, or start halpd there"};
            case ConnectFailure::timed_out:
                return {ErrorCode::timed_out, whom + " did not take the connection within " +
                                                  seconds_text(timeout_) +
                                                  "; it is down, or a firewall drops the packets"};
            case ConnectFailure::unreachable:
                return {ErrorCode::unreachable,
                        "there is no way to " + whom + "; check the address and the network"};
            case ConnectFailure::name_unknown:
                return {ErrorCode::not_found, "the host name of " + whom + " is unknown; check its spelling"};
            case ConnectFailure::local_limit:
                return {ErrorCode::busy, "cannot connect to " + whom +
                                             ": this machine has no free socket or port left; close some programs"};
        }
        return {ErrorCode::io, "cannot connect to " + whom};
    }

    LibeventWorld& world_;
    Endpoint server_;
    Duration timeout_;
    std::size_t answer_bytes_max_;
    StreamId stream_{};
    bool connected_ = false;
    std::string answer_;
    std::optional<Error> error_;
};

}  // namespace

Result<std::string> ask(const Endpoint& server, std::string_view query, Duration timeout,
                        std::size_t answer_bytes_max) {
    WorldLimits limits;
    limits.connect_timeout = timeout;
    limits.idle_timeout = timeout + std::chrono::seconds{1};
    LibeventWorld world(limits);
    Query asking(world, server, query, timeout, answer_bytes_max);
    world.run();
    return asking.take_outcome();
}

}  // namespace halp
