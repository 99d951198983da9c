#include "overlay/libevent/text_query.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "overlay/connect_failure.h"
#include "overlay/environment.h"
#include "overlay/libevent/world.h"

namespace halp {
namespace {

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
    void on_connect_failed(StreamId, ConnectFailure why) override { fail(connect_error(why, server_, timeout_)); }
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
        const ConnectFailure why = connected_ ? ConnectFailure::silent : ConnectFailure::timed_out;
        fail(connect_error(why, server_, timeout_));
    }

private:
    void fail(Error error) {
        error_ = std::move(error);
        world_.stop();
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
