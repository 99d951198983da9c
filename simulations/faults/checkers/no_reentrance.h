// No door is re-entered: while a door of a node is open nothing comes back through its handler, and one call into
// the handler ends before the next begins. A guard stands between one node and its world, on both sides, and
// reports. (SimWorld asserts the same of itself; a guard works in any world.)
#pragma once

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class DoorGuard final : public Checker, public EventHandler, Alarm, Transport, Observer {
public:
    DoorGuard(std::size_t node, OverlayEnvironment world);
    // The doors for the node; then tell who it is, and attach the guard to the world in its place.
    [[nodiscard]] const OverlayEnvironment& doors() const { return doors_; }
    void stand_before(EventHandler& node) { handler_ = &node; }

    [[nodiscard]] std::string_view name() const override { return "doors"; }

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
    OverlayEnvironment doors_;
    EventHandler* handler_ = nullptr;
    const char* open_ = nullptr;     // the door that is open
    const char* running_ = nullptr;  // the call into the node that is under way
};

}  // namespace halp::sim
