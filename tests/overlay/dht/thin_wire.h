// A layer between a node and its world. It limits the bytes per millisecond, which the virtual network does not,
// so that a stream lasts long enough to suspend it. It can also lose messages or refuse pieces of them, which
// makes a faulty node of a correct one.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace halp {

struct WireFaults {
    using Loses = std::function<bool(StreamId stream, neo::RequestId id, Bytes payload)>;
    Loses heard, said;            // by the node; true loses the message
    bool wants_whole = false;     // ends a connection when a piece of a message arrives alone
    bool never_ends = false;      // the node's closes are ignored: connections stay open and silent
    std::size_t pieces_most = 0;  // the longest series of single bytes that arrived directly after each other
};

class ThinWire final : public Transport, public Alarm, public EventHandler {
public:
    static constexpr Duration tick = std::chrono::milliseconds{1};
    static constexpr std::size_t writable_below = std::size_t{64} << 10;

    ThinWire(Environment world, std::size_t bytes_per_tick) : world_(world), bytes_per_tick_(bytes_per_tick) {}

    // The interfaces for the node. To be attached before the world runs.
    [[nodiscard]] Environment environment() {
        return {world_.clock, *this, world_.random, *this};
    }
    void attach(EventHandler& node) { node_ = &node; }

    WireFaults faults;

    // Transport, Alarm: called by the node.
    StreamId connect(const Endpoint& to) override { return world_.transport.connect(to); }
    void write(StreamId stream, Bytes bytes) override {
        Line& line = lines_[stream];
        line.unsent += faults.said ? sift(stream, line.said, bytes, faults.said) : std::string(bytes);
        arm();
    }
    void close(StreamId stream) override {
        if (const auto at = lines_.find(stream); at != lines_.end())
            world_.transport.write(stream, at->second.unsent);
        lines_.erase(stream);
        if (!faults.never_ends) world_.transport.close(stream);
    }
    void abort(StreamId stream) override {
        lines_.erase(stream);
        if (!faults.never_ends) world_.transport.abort(stream);
    }
    void wake_at(Instant when) override {
        wanted_ = when;
        arm();
    }
    [[nodiscard]] std::size_t unsent(StreamId stream) const override {
        const auto at = lines_.find(stream);
        return at == lines_.end() ? 0 : at->second.unsent.size();
    }

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override {
        lines_[stream];
        node_->on_accept(stream, source);
    }
    void on_connected(StreamId stream, const Endpoint& remote) override { node_->on_connected(stream, remote); }
    void on_connect_failed(StreamId stream, ConnectFailure why) override { node_->on_connect_failed(stream, why); }
    void on_bytes(StreamId stream, Bytes bytes) override {
        const auto at = lines_.find(stream);
        if (at == lines_.end()) return;
        Line& line = at->second;
        line.pieces = bytes.size() == 1 ? line.pieces + 1 : 0;
        faults.pieces_most = std::max(faults.pieces_most, line.pieces);
        if (!faults.heard && !faults.wants_whole) return node_->on_bytes(stream, bytes);
        const std::string through = sift(stream, line.heard, bytes, faults.heard);
        if (faults.wants_whole && !line.heard.part.empty()) {
            abort(stream);
            return node_->on_closed(stream);
        }
        if (!through.empty()) node_->on_bytes(stream, through);
    }
    void on_end(StreamId stream) override {
        if (lines_.contains(stream)) return node_->on_end(stream);
        world_.transport.abort(stream);
    }
    void on_closed(StreamId stream) override {
        if (lines_.erase(stream) > 0) node_->on_closed(stream);
    }
    void on_wakeup() override {
        armed_ = no_deadline;
        const Instant now = world_.clock.now();
        if (now >= next_tick_) carry(now);
        if (now >= wanted_) {
            wanted_ = no_deadline;
            node_->on_wakeup();
        }
        arm();
    }

private:
    struct Direction {
        bool versioned = false;
        std::string part;  // the beginning of an incomplete message
    };
    struct Line {
        Direction heard, said;
        std::string unsent;
        std::size_t pieces = 0;
    };

    // Returns whole messages, without the lost ones.
    static std::string sift(StreamId stream, Direction& way, Bytes bytes, const WireFaults::Loses& loses) {
        std::string through;
        if (!way.versioned && !bytes.empty()) {
            way.versioned = true;
            through = bytes.substr(0, 1);
            bytes.remove_prefix(1);
        }
        way.part += bytes;
        constexpr std::uint64_t any = ~std::uint64_t{0};
        for (;;) {
            auto header = neo::decode_header(way.part, neo::FrameType::request, any);
            const bool request = std::holds_alternative<neo::FrameHeader>(header);
            if (!request) header = neo::decode_header(way.part, neo::FrameType::authentication, any);
            const auto* whole = std::get_if<neo::FrameHeader>(&header);
            if (!whole) {
                // Bytes that are no message go to the node.
                if (std::get<neo::DecodeError>(header) != neo::DecodeError::need_more)
                    through += std::exchange(way.part, {});
                return through;
            }
            const std::size_t size = neo::header_bytes + static_cast<std::size_t>(whole->body_bytes);
            if (way.part.size() - neo::header_bytes < whole->body_bytes) return through;
            const std::string message = way.part.substr(0, size);
            way.part.erase(0, size);
            const auto body = neo::decode_request_body(Bytes(message).substr(neo::header_bytes));
            const auto* said = request ? std::get_if<neo::RequestBody>(&body) : nullptr;
            if (!said || !loses || !loses(stream, said->id, said->payload)) through += message;
        }
    }
    void carry(Instant now) {
        std::vector<StreamId> relieved;
        for (auto& [stream, line] : lines_) {
            const std::size_t before = line.unsent.size(), count = std::min(before, bytes_per_tick_);
            if (count == 0) continue;
            world_.transport.write(stream, Bytes(line.unsent).substr(0, count));
            line.unsent.erase(0, count);
            if (before > writable_below && line.unsent.size() <= writable_below) relieved.push_back(stream);
        }
        next_tick_ = now + tick;
        for (const StreamId stream : relieved) node_->on_writable(stream);
    }
    void arm() {
        const bool busy =
            std::any_of(lines_.begin(), lines_.end(), [](const auto& e) { return !e.second.unsent.empty(); });
        const Instant next = busy ? std::min(wanted_, std::max(next_tick_, world_.clock.now())) : wanted_;
        if (next == armed_) return;
        armed_ = next;
        world_.alarm.wake_at(next);
    }

    Environment world_;
    const std::size_t bytes_per_tick_;
    EventHandler* node_ = nullptr;
    std::map<StreamId, Line> lines_;
    Instant wanted_ = no_deadline, armed_ = no_deadline, next_tick_{};
};

}  // namespace halp
