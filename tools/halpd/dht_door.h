// Stands between the world of one thread and its node of one protocol, and counts the connections, for the threads
// that share them out and that are asked for their number.
#pragma once

#include <atomic>
#include <cstddef>
#include <variant>

#include "overlay/dht/records/dht_events.h"
#include "overlay/environment.h"

namespace halp {

class DhtDoor final : public EventHandler, public DhtObserver {
public:
    explicit DhtDoor(DhtObserver& observer) : observer_(observer) {}
    void lead_to(EventHandler& node) { node_ = &node; }

    // For any thread: the connections that are open, and those with the ones that are on their way here.
    [[nodiscard]] std::size_t open() const { return open_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t load() const { return open() + coming_.load(std::memory_order_relaxed); }
    void send_one() { ++coming_; }
    void came() { --coming_; }

    void note(const DhtEvent& event) override {
        if (std::holds_alternative<DhtClientEnded>(event) || std::holds_alternative<DhtConnectionShed>(event))
            --open_;
        observer_.note(event);
    }

    void on_accept(StreamId stream, const Endpoint& source) override {
        ++open_;
        node_->on_accept(stream, source);
    }
    void on_connected(StreamId stream, const Endpoint& remote_address) override {
        node_->on_connected(stream, remote_address);
    }
    void on_connect_failed(StreamId stream, ConnectFailure why) override { node_->on_connect_failed(stream, why); }
    void on_bytes(StreamId stream, Bytes bytes) override { node_->on_bytes(stream, bytes); }
    void on_writable(StreamId stream) override { node_->on_writable(stream); }
    void on_end(StreamId stream) override { node_->on_end(stream); }
    void on_closed(StreamId stream) override { node_->on_closed(stream); }
    void on_wakeup() override { node_->on_wakeup(); }

private:
    DhtObserver& observer_;
    EventHandler* node_ = nullptr;
    std::atomic<std::size_t> open_{0}, coming_{0};
};

}  // namespace halp
