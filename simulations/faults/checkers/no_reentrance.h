// Checks that no call re-enters a node: while a node calls an interface of its world, its handler is not called,
// and one handler call returns before the next begins. The guard stands between one node and its world, wraps the
// calls in both directions and reports. SimWorld asserts the same; the guard works with any world.
#pragma once

#include <functional>
#include <utility>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class ReentranceGuard final : public Checker, public EventHandler, Alarm, Transport, Observer {
public:
    ReentranceGuard(std::size_t node, OverlayEnvironment world);
    // Build the node with this environment, then guard it and attach the guard to the world in place of the node.
    [[nodiscard]] const OverlayEnvironment& environment() const { return environment_; }
    void guard(EventHandler& node) { handler_ = &node; }
    // Hears of every connection that the node opens.
    void when_dialled(std::function<void(const Endpoint& to)> call) { dialled_ = std::move(call); }

    [[nodiscard]] std::string_view name() const override { return "no re-entrance"; }

    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_writable(StreamId stream) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    void wake_at(Instant when) override;
    StreamId connect(const Endpoint& to) override;
    void write(StreamId stream, Bytes bytes) override;
    [[nodiscard]] std::size_t unsent(StreamId stream) const override;
    void close(StreamId stream) override;
    void abort(StreamId stream) override;
    void note(const Event& event) override;

    template <class Call>
    void enter(const char* what, Call call);

    std::size_t node_;
    OverlayEnvironment world_;
    OverlayEnvironment environment_;
    EventHandler* handler_ = nullptr;
    std::function<void(const Endpoint&)> dialled_;
    const char* interface_call_ = nullptr;  // call of the node that has not returned
    const char* handler_call_ = nullptr;    // call into the node that has not returned
};

}  // namespace halp::sim
