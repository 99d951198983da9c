#include "simulations/faults/checkers/no_reentrance.h"

namespace halp::sim {

namespace {

// Names the running call for as long as it lives.
class RunningCall {
public:
    RunningCall(const char*& place, const char* what) : place_(place), before_(place) { place_ = what; }
    ~RunningCall() { place_ = before_; }
    RunningCall(const RunningCall&) = delete;
    RunningCall& operator=(const RunningCall&) = delete;

private:
    const char*& place_;
    const char* before_;
};

}  // namespace

ReentranceGuard::ReentranceGuard(std::size_t node, OverlayEnvironment world)
    : node_(node),
      world_(world),
      environment_{{world.clock, *this, world.random, *this}, world.cache, world.state, *this} {}

template <class Call>
void ReentranceGuard::enter(const char* what, Call call) {
    if (interface_call_)
        report(node_, world_.clock.now(),
               std::string{what} + " was called before " + interface_call_ + " had returned");
    if (handler_call_) report(node_, world_.clock.now(), std::string{what} + " was called within " + handler_call_);
    const RunningCall running{handler_call_, what};
    call();
}

void ReentranceGuard::on_accept(StreamId stream, const Endpoint& source) {
    enter("on_accept", [&] { handler_->on_accept(stream, source); });
}
void ReentranceGuard::on_connected(StreamId stream, const Endpoint& remote) {
    enter("on_connected", [&] { handler_->on_connected(stream, remote); });
}
void ReentranceGuard::on_connect_failed(StreamId stream, ConnectFailure why) {
    enter("on_connect_failed", [&] { handler_->on_connect_failed(stream, why); });
}
void ReentranceGuard::on_bytes(StreamId stream, Bytes bytes) {
    enter("on_bytes", [&] { handler_->on_bytes(stream, bytes); });
}
void ReentranceGuard::on_writable(StreamId stream) {
    enter("on_writable", [&] { handler_->on_writable(stream); });
}
void ReentranceGuard::on_end(StreamId stream) {
    enter("on_end", [&] { handler_->on_end(stream); });
}
void ReentranceGuard::on_closed(StreamId stream) {
    enter("on_closed", [&] { handler_->on_closed(stream); });
}
void ReentranceGuard::on_wakeup() {
    enter("on_wakeup", [&] { handler_->on_wakeup(); });
}

void ReentranceGuard::wake_at(Instant when) {
    const RunningCall running{interface_call_, "wake_at"};
    world_.alarm.wake_at(when);
}
StreamId ReentranceGuard::connect(const Endpoint& to) {
    const RunningCall running{interface_call_, "connect"};
    if (dialled_) dialled_(to);
    return world_.transport.connect(to);
}
void ReentranceGuard::write(StreamId stream, Bytes bytes) {
    const RunningCall running{interface_call_, "write"};
    world_.transport.write(stream, bytes);
}
std::size_t ReentranceGuard::unsent(StreamId stream) const { return world_.transport.unsent(stream); }
void ReentranceGuard::close(StreamId stream) {
    const RunningCall running{interface_call_, "close"};
    world_.transport.close(stream);
}
void ReentranceGuard::abort(StreamId stream) {
    const RunningCall running{interface_call_, "abort"};
    world_.transport.abort(stream);
}
void ReentranceGuard::note(const Event& event) {
    const RunningCall running{interface_call_, "note"};
    world_.observer.note(event);
}

}  // namespace halp::sim
