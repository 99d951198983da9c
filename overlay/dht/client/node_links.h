// One connection to each known node. A lost connection is made again, the first time at once and then after
// growing delays. The messages to one node leave in one write at the end of a turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "overlay/dht/client/neo_client_session.h"
#include "overlay/dht/client/node_map.h"
#include "overlay/dht/client/request_times.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/environment.h"
#include "overlay/input_account.h"
#include "store/endpoint.h"

namespace halp {

class LinkOwner {
public:
    virtual ~LinkOwner() = default;
    virtual void on_link_open(NodeNumber node) = 0;
    virtual void on_link_lost(NodeNumber node, std::string_view why) = 0;
    virtual void on_link_failed(NodeNumber node, std::string_view why) = 0;  // or rejected by the node
    virtual void on_link_alias(NodeNumber node) = 0;  // another name of a node that is connected already
    [[nodiscard]] virtual bool on_link_message(NodeNumber node, neo::RequestId id, Bytes payload) = 0;
};

struct LinkOptions {
    neo::Credential credential;
    neo::SessionLimits session;
    // The second attempt follows at once. The others follow a schedule that starts with it: delays begin at
    // retry_min and double up to retry_max, and moments that pass during a slow attempt are skipped. A connection
    // that lasted for retry_max starts the schedule anew; a shorter one counts as a failed attempt.
    Duration retry_min = std::chrono::microseconds{19'531};
    Duration retry_max = std::chrono::milliseconds{2500};
    // The limit for a hinted node that has never answered.
    Duration hint_retry_max = std::chrono::seconds{60};
    std::size_t nodes_max = 4096;  // hinted nodes may be half of them
};

struct LinkStats {
    std::uint64_t connects = 0, failures = 0, losses = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0, messages_in = 0, messages_out = 0;
    std::uint64_t stalls = 0;  // turns at whose end messages still waited for room in the connection
    RequestTimes queued;       // for each message, the time from send() to the connection's buffer

    LinkStats& operator+=(const LinkStats& other) {
        connects += other.connects, failures += other.failures, losses += other.losses;
        bytes_in += other.bytes_in, bytes_out += other.bytes_out;
        messages_in += other.messages_in, messages_out += other.messages_out;
        stalls += other.stalls, queued += other.queued;
        return *this;
    }
};

class NodeLinks final : InputHolder {
public:
    enum class Standing : std::uint8_t {
        known,   // named by a trusted source: requests to all nodes wait for it
        hinted,  // from a list that anybody can write to: counts as known after its first successful connection
    };

    // `options` must outlive it.
    NodeLinks(Environment environment, const LinkOptions& options, LinkOwner& owner);
    ~NodeLinks();

    // Returns the number of the node, new or not, or nothing when there are too many. The node is dialled in the
    // next turn. Two names of one node, such as localhost and 127.0.0.1, are detected when both lead to the same
    // address: the later name becomes an alias, and add() and find() return the other node for it. The alias is
    // tried again every hint_retry_max, because it may lead elsewhere by then.
    std::optional<NodeNumber> add(const Endpoint& node, Standing standing);
    [[nodiscard]] std::optional<NodeNumber> find(const Endpoint& node) const;
    [[nodiscard]] std::size_t size() const { return links_.size(); }
    [[nodiscard]] const Endpoint& endpoint(NodeNumber node) const;
    [[nodiscard]] bool open(NodeNumber node) const;
    [[nodiscard]] bool known(NodeNumber node) const;
    [[nodiscard]] std::vector<NodeNumber> known_nodes() const;
    // Whether a hinted node has neither answered nor failed yet.
    [[nodiscard]] bool untried_hints() const;
    [[nodiscard]] std::size_t open_count() const { return open_; }

    // Precondition of send and unsend: open(node).
    void send(NodeNumber node, neo::RequestId id, Bytes frame, Instant now);
    void unsend(NodeNumber node, neo::RequestId id);

    // Closes all connections at the end of the turn; they are made again.
    void reconnect();
    // Closes all connections at the end of the turn and makes none until dial_on().
    void close();
    void dial_on();

    // Events of the world. They return false for a stream that is not of these links.
    bool on_connected(StreamId stream, const Endpoint& remote);
    bool on_failed(StreamId stream, std::string_view why);
    bool on_bytes(StreamId stream, Bytes arrived);
    bool on_gone(StreamId stream, bool orderly);
    bool on_writable(StreamId stream);
    void on_deadlines(Instant now);
    void flush();
    [[nodiscard]] bool wants_flush() const { return !touched_.empty(); }
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] LinkStats stats() const;  // of all nodes
    [[nodiscard]] const LinkStats& stats(NodeNumber node) const;
    void clear_stats();

private:
    struct Link;
    Link& at(NodeNumber node) const { return *links_[static_cast<std::size_t>(node)]; }
    Link* of(StreamId stream);
    void drop_input(StreamId stream) override;
    void touch(Link& link);
    void dial(Link& link);
    void write(Link& link);
    void end(Link& link, std::string_view why);
    void schedule(Link& link, bool was_open);
    [[nodiscard]] const Link* same_node(const Link& link) const;
    [[nodiscard]] NodeNumber resolved(NodeNumber node) const;

    Environment environment_;
    InputAccount input_;  // of all nodes; it is the client's own, so its end comes in a turn of the client
    const LinkOptions& options_;
    LinkOwner& owner_;
    std::vector<std::unique_ptr<Link>> links_;
    std::map<Endpoint, NodeNumber> numbers_;
    std::unordered_map<StreamId, NodeNumber> streams_;  // never iterated
    std::vector<NodeNumber> touched_;
    std::size_t open_ = 0;
    bool closed_ = false;
};

}  // namespace halp
