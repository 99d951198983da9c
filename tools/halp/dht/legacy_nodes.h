// Connections of a tool to several nodes by the legacy protocol: two for each, one for a request that may last and
// one for questions meanwhile. Straight-line code on an event loop of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "overlay/dht/ranges/legacy_link.h"
#include "overlay/libevent/world.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/result.h"
#include "tools/halp/dht/interruptible_runner.h"

namespace halp::cli {

class LegacyNodes final : EventHandler {
public:
    explicit LegacyNodes(std::vector<Endpoint> nodes);

    struct Size {
        std::uint64_t records = 0, value_bytes = 0;
    };
    // An error says which node does not answer, or that the program was interrupted.
    [[nodiscard]] Result<HashRange> range(std::size_t node);
    [[nodiscard]] Result<Size> size(std::size_t node);

    // Begins a request that may last. Its answer, or the loss of its connection (0), is the status.
    void begin(std::size_t node, const legacy::Request& request);
    [[nodiscard]] bool running(std::size_t node) const { return lines_[2 * node].asked; }
    [[nodiscard]] std::uint32_t status(std::size_t node) const { return lines_[2 * node].status; }
    // Lets the requests go on. False after an interrupt.
    bool wait(const std::function<bool()>& done, Duration span);
    [[nodiscard]] Instant now() { return world_.clock().now(); }

private:
    struct Line {
        Endpoint to;
        std::unique_ptr<legacy::Link> link;
        bool open = false, asked = false;
        std::uint32_t status = 0;
        legacy::Link::Answer answer;
    };
    [[nodiscard]] Line* line_of(StreamId stream);
    void ask(Line& line, const legacy::Request& request);
    [[nodiscard]] Result<legacy::Link::Answer> question(std::size_t node, legacy::Command command);
    void lost(StreamId stream);

    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId stream, const Endpoint& remote) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override { lost(stream); }
    void on_wakeup() override {}

    LibeventWorld world_;
    InterruptibleRunner runner_;
    std::vector<Line> lines_;  // 2 i: requests that last; 2 i + 1: questions
};

}  // namespace halp::cli
