#include "simulations/faults/checkers/doors.h"

namespace halp::sim {

namespace {

// Says for as long as it lives what is under way.
class Under {
public:
    Under(const char*& place, const char* what) : place_(place), before_(place) { place_ = what; }
    ~Under() { place_ = before_; }
    Under(const Under&) = delete;
    Under& operator=(const Under&) = delete;

private:
    const char*& place_;
    const char* before_;
};

}  // namespace

DoorGuard::DoorGuard(std::size_t node, OverlayEnvironment world)
    : node_(node),
      world_(world),
      doors_{{world.clock, *this, world.random, *this}, world.cache, world.state, *this} {}

template <class Call>
void DoorGuard::enter(const char* what, Call call) {
    if (open_) report(node_, world_.clock.now(), std::string{what} + " came back while " + open_ + " was open");
    if (running_) report(node_, world_.clock.now(), std::string{what} + " came within " + running_);
    const Under under{running_, what};
    call();
}

void DoorGuard::on_accept(StreamId stream, const Endpoint& source) {
    enter("on_accept", [&] { handler_->on_accept(stream, source); });
}
void DoorGuard::on_connected(StreamId stream, const Endpoint& remote) {
    enter("on_connected", [&] { handler_->on_connected(stream, remote); });
}
void DoorGuard::on_connect_failed(StreamId stream, ConnectFailure why) {
    enter("on_connect_failed", [&] { handler_->on_connect_failed(stream, why); });
}
void DoorGuard::on_bytes(StreamId stream, Bytes bytes) {
    enter("on_bytes", [&] { handler_->on_bytes(stream, bytes); });
}
void DoorGuard::on_writable(StreamId stream) {
    enter("on_writable", [&] { handler_->on_writable(stream); });
}
void DoorGuard::on_end(StreamId stream) {
    enter("on_end", [&] { handler_->on_end(stream); });
}
void DoorGuard::on_closed(StreamId stream) {
    enter("on_closed", [&] { handler_->on_closed(stream); });
}
void DoorGuard::on_wakeup() {
    enter("on_wakeup", [&] { handler_->on_wakeup(); });
}

void DoorGuard::wake_at(Instant when) {
    const Under under{open_, "wake_at"};
    world_.alarm.wake_at(when);
}
StreamId DoorGuard::connect(const Endpoint& to) {
    const Under under{open_, "connect"};
    return world_.transport.connect(to);
}
void DoorGuard::write(StreamId stream, Bytes bytes) {
    const Under under{open_, "write"};
    world_.transport.write(stream, bytes);
}
std::size_t DoorGuard::unsent(StreamId stream) const { return world_.transport.unsent(stream); }
void DoorGuard::close(StreamId stream) {
    const Under under{open_, "close"};
    world_.transport.close(stream);
}
void DoorGuard::abort(StreamId stream) {
    const Under under{open_, "abort"};
    world_.transport.abort(stream);
}
void DoorGuard::note(const Event& event) {
    const Under under{open_, "note"};
    world_.observer.note(event);
}

}  // namespace halp::sim
