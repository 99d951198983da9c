// The connections of a legacy client. Each node has up to connections_max of them, opened when they are needed and
// kept, and a queue for the requests that find no free one. The queue is bounded in bytes.
//
// A connection carries one request behind the other. Requests with a short answer may be sent ahead, up to
// ahead_max on a connection; a list (GetAll, Listen and so on) has its connection for itself.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "overlay/dht/client/legacy/legacy_client_session.h"
#include "overlay/dht/client/legacy/legacy_client_stats.h"
#include "overlay/dht/client/legacy/legacy_queue_overflow.h"
#include "overlay/dht/client/node_map.h"
#include "overlay/environment.h"
#include "overlay/input_account.h"
#include "overlay/read_control.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp::legacy {

// The defaults of the first two are those of the originals.
struct LinksOptions {
    std::size_t connections_max = 5;  // to each node; at least 1
    std::size_t queue_bytes = 32768;  // of waiting requests, for each node; at least queue_bytes_min
    // Requests without a list that are under way on one connection. 1: as the originals, which send the next one
    // only when the one before is answered. What is sent ahead fails with the connection.
    std::size_t ahead_max = 200;
    // Nothing more is sent ahead on a connection with so many unsent bytes.
    std::size_t backlog_bytes_max = std::size_t{256} << 10;
    static constexpr std::size_t queue_bytes_min = 1024;
    // Takes what finds no room in a queue, and must outlive the client. Null: such a request fails.
    QueueOverflow* overflow = nullptr;
    // So long after an error a node counts as unavailable. Nothing else depends on it.
    Duration unavailable_for = std::chrono::seconds{3};
};

// Called within a turn, except that submit() may be called at any time.
class LinksOwner {
public:
    virtual ~LinksOwner() = default;
    virtual void on_begun(const CallHead& call) = 0;  // has left the queue
    [[nodiscard]] virtual SessionAnswers::Next on_item(const CallHead& call, const ReadItem& item) = 0;
    // The call was held back and is so no more. Returns what is to be done with the input that waits.
    [[nodiscard]] virtual SessionAnswers::Next on_released(const CallHead& call) = 0;
    virtual void on_done(const CallHead& call, const ReadAnswer& answer) = 0;
    virtual void on_failed(const CallHead& call, Trouble trouble, std::string_view why) = 0;
    // A connection has failed, or the node has answered 500.
    virtual void on_node_error(NodeNumber node) = 0;
};

class ClientLinks final : InputHolder {
public:
    // `reading` may be null: then what arrives for a request that is held back is kept here.
    ClientLinks(Environment environment, ReadControl* reading, const LinksOptions& options, LinksOwner& owner);
    ~ClientLinks();

    NodeNumber add(const Endpoint& node);
    [[nodiscard]] std::optional<NodeNumber> find(const Endpoint& node) const;
    [[nodiscard]] std::size_t size() const { return nodes_.size(); }
    [[nodiscard]] const Endpoint& endpoint(NodeNumber node) const { return at(node).endpoint; }
    [[nodiscard]] LegacyNodeStats& stats(NodeNumber node) { return at(node).stats; }
    // With the state of its connections and its queue.
    [[nodiscard]] LegacyNodeStats stats_now(NodeNumber node) const;

    enum class Taken : std::uint8_t { begun, queued, full, disabled };
    [[nodiscard]] Taken submit(NodeNumber node, const CallHead& call, Bytes wire, Instant now);
    // Drops what waits, and closes the connection that is busy with a list of the request.
    void cancel(NodeNumber node, RequestId request);
    // Reads nothing more of its lists, or goes on.
    void hold(NodeNumber node, RequestId request, bool held);
    // Nothing more is sent to the node. What is under way goes on.
    void suspend(NodeNumber node, bool suspended);
    // Requests to the node fail, and so does what waits for it. What is under way goes on.
    void disable(NodeNumber node, bool disabled);
    [[nodiscard]] bool disabled(NodeNumber node) const { return at(node).disabled; }
    [[nodiscard]] bool available(NodeNumber node, Instant now) const {
        return !at(node).disabled && now >= at(node).available_again;
    }
    // How full the fullest queue is, from 0 to 1; more with an overflow.
    [[nodiscard]] double queue_level() const;
    void write_now();  // what was begun, without waiting for the end of a turn
    // At the end of the turn. What is under way fails, and what waits goes to new connections.
    void disconnect();
    void disconnect_idle(NodeNumber node);

    // Events of the world. They return false for a stream that is not of these links.
    bool on_connected(StreamId stream);
    bool on_connect_failed(StreamId stream, bool timed_out, std::string_view why);
    bool on_bytes(StreamId stream, Bytes arrived);
    bool on_gone(StreamId stream, bool orderly);
    bool on_writable(StreamId stream);
    void on_deadlines(Instant now);
    void flush();
    [[nodiscard]] bool wants_flush() const { return !touched_.empty(); }
    [[nodiscard]] Instant next_deadline() const;

private:
    struct Link;
    struct Waiting {
        CallHead call;
        std::string wire;
        std::size_t outside = 0;  // so many bytes are in the overflow, and not in `wire`
        bool cancelled = false;   // waits only for its turn in the overflow
    };
    struct Node {
        Endpoint endpoint;
        NodeNumber number{};
        std::vector<std::unique_ptr<Link>> links;
        std::deque<Waiting> queue;
        std::size_t queued_bytes = 0;
        std::size_t bytes_outside = 0;
        bool suspended = false, disabled = false;
        Instant available_again = never;
        LegacyNodeStats stats;
    };
    Node& at(NodeNumber node) { return *nodes_[static_cast<std::size_t>(node)]; }
    [[nodiscard]] const Node& at(NodeNumber node) const { return *nodes_[static_cast<std::size_t>(node)]; }
    Link* of(StreamId stream);
    Link* free_link(Node& node, bool for_list);
    void begin(Link& link, const CallHead& call, Bytes wire, Instant now);
    void dial(Link& link);
    void refill(Node& node);
    [[nodiscard]] Waiting take_first(Node& node);
    void fail_waiting(Node& node);
    void ask_for_turn(Node& node);
    void note_error(Node& node);
    [[nodiscard]] std::size_t queue_max() const {
        return std::max(options_.queue_bytes, LinksOptions::queue_bytes_min);
    }
    void touch(Link& link);
    void release(Link& link);
    void write(Link& link);
    void end(Link& link, Trouble trouble, std::string_view why);
    void drop_input(StreamId stream) override;

    Environment environment_;
    ReadControl* reading_;
    InputAccount input_;  // of all nodes
    const LinksOptions options_;
    LinksOwner& owner_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::map<Endpoint, NodeNumber> numbers_;
    std::unordered_map<StreamId, Link*> streams_;  // never iterated
    std::vector<Link*> touched_;                   // links live as long as this object
};

}  // namespace halp::legacy
