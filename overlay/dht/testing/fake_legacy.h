// The legacy door of a fake node, and its faults. A request that meets a fault does not reach the node. Requests
// are looked at only while a fault is pending, so one that has begun to arrive before is not recognized.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/testing/fake_store.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"

namespace halp::fake {

struct LegacyFaults {
    struct Injected {
        std::string answer;  // empty: none
        std::uint64_t times = 0;
    };
    std::map<legacy::Command, Injected> injected;
    std::uint64_t requests_left = StoreFaults::always;  // before a connection ends
    std::uint64_t bytes_left = StoreFaults::always;     // that nodes send before a connection ends
    [[nodiscard]] bool of_requests() const { return !injected.empty() || requests_left != StoreFaults::always; }
};

// Ends a connection when the node has sent as much as is left, in the middle of what it sends.
class CuttingTransport final : public Transport {
public:
    CuttingTransport(Transport& world, LegacyFaults& faults) : to_(world), faults_(faults) {}
    StreamId connect(const Endpoint& remote) override { return to_.connect(remote); }
    void write(StreamId stream, Bytes bytes) override {
        const bool cut = faults_.bytes_left < bytes.size();
        to_.write(stream, cut ? bytes.substr(0, static_cast<std::size_t>(faults_.bytes_left)) : bytes);
        if (faults_.bytes_left != StoreFaults::always)
            faults_.bytes_left -= cut ? faults_.bytes_left : bytes.size();
        if (!cut) return;
        faults_.bytes_left = StoreFaults::always;
        to_.close(stream);
        cut_(stream);
    }
    [[nodiscard]] std::size_t unsent(StreamId stream) const override { return to_.unsent(stream); }
    void close(StreamId stream) override { to_.close(stream); }
    void abort(StreamId stream) override { to_.abort(stream); }
    // Called within a call of the node, which must not be called then.
    void on_cut(std::function<void(StreamId)> call) { cut_ = std::move(call); }

private:
    Transport& to_;
    LegacyFaults& faults_;
    std::function<void(StreamId)> cut_;
};

// The legacy protocol of a node that may be stopped. After each event the first door is armed, because its Mirrors
// may have been told something.
class LegacyDoor final : public EventHandler {
public:
    LegacyDoor(Environment environment, DhtNode& first, DhtNodeOptions options, DhtObserver* observer,
               const bool& running, std::function<void()> arm_first)
        : world_(environment.transport),
          transport_(environment.transport, faults),
          node_(
              Environment{environment.clock, environment.alarm, environment.random, transport_, environment.input},
              first, std::move(options), observer),
          running_(running),
          arm_first_(std::move(arm_first)) {
        transport_.on_cut([this](StreamId stream) { cut_.push_back(stream); });
    }
    [[nodiscard]] DhtNode& node() { return node_; }

    void on_accept(StreamId stream, const Endpoint& source) override {
        if (!running_) return world_.abort(stream);
        node_.on_accept(stream, source);
    }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId stream, Bytes bytes) override {
        if (faults.of_requests() || held_.contains(stream))
            sift(stream, bytes);
        else
            node_.on_bytes(stream, bytes);
        done();
    }
    void on_writable(StreamId stream) override {
        node_.on_writable(stream);
        done();
    }
    void on_end(StreamId stream) override {
        held_.erase(stream);
        node_.on_end(stream);
        done();
    }
    void on_closed(StreamId stream) override {
        held_.erase(stream);
        node_.on_closed(stream);
        done();
    }
    void on_wakeup() override {
        node_.on_wakeup();
        done();
    }

    LegacyFaults faults;

private:
    // Gives the node what is to reach it. The beginning of a request is held back while a fault is pending.
    void sift(StreamId stream, Bytes bytes) {
        std::string all = std::move(held_[stream]) + std::string(bytes), through;
        held_.erase(stream);
        bool cut = false;
        while (faults.of_requests() && !all.empty() && !cut) {
            const legacy::ReadRequest read = legacy::read_request(all, legacy::array_bytes_max);
            if (read.kind == legacy::ReadRequest::Kind::need_more) break;
            if (read.kind != legacy::ReadRequest::Kind::request) {  // the node ends the connection
                through += std::exchange(all, {});
                break;
            }
            if (!take(stream, read.request.command, cut)) through += all.substr(0, read.bytes);
            all.erase(0, read.bytes);
        }
        if (!faults.of_requests() && !cut) through += std::exchange(all, {});
        if (!all.empty() && !cut) held_[stream] = std::move(all);
        if (!through.empty()) node_.on_bytes(stream, through);
        if (!cut) return;
        world_.abort(stream);
        node_.on_closed(stream);
    }
    // Returns true when the request must not reach the node.
    bool take(StreamId stream, legacy::Command command, bool& cut) {
        if (faults.requests_left != StoreFaults::always && faults.requests_left-- == 0) {
            faults.requests_left = StoreFaults::always;
            return cut = true;
        }
        const auto found = faults.injected.find(command);
        if (found == faults.injected.end()) return false;
        if (!found->second.answer.empty()) world_.write(stream, found->second.answer);
        std::uint64_t& times = found->second.times;
        if (times != StoreFaults::always && --times == 0) faults.injected.erase(found);
        return true;
    }
    void done() {
        for (const StreamId stream : std::exchange(cut_, {})) node_.on_closed(stream);
        arm_first_();
    }

    Transport& world_;
    CuttingTransport transport_;
    DhtNode node_;
    const bool& running_;
    std::function<void()> arm_first_;
    std::map<StreamId, std::string> held_;
    std::vector<StreamId> cut_;  // the world has closed them, and the node does not know yet
};

}  // namespace halp::fake
