// A DHT node: it joins connections, request handlers and records, and uses the interfaces of
// overlay/environment.h. The fake node of tests is this class on a MemoryStore with the whole hash range. One
// thread.
//
// Every call of the world is one turn:
//   1. The session of the connection handles the bytes, the close or the deadline.
//   2. The write log reports the writes that the store has completed.
//   3. Requests with something to send get turns until the turn's budget is spent.
//   4. The store commits if it is due.
//   5. Each connection's output leaves in one write.
// Requests left over by step 3 continue at the next wake-up and at no other event. A wake-up comes once a round of
// the event loop, after the events that have arrived meanwhile, so short requests overtake long ones.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "overlay/dht/node/handler_context.h"
#include "overlay/dht/node/handler_options.h"
#include "overlay/dht/node/legacy_handlers.h"
#include "overlay/dht/node/session.h"
#include "overlay/dht/ranges/auto_range.h"
#include "overlay/dht/ranges/hash_ranges.h"
#include "overlay/dht/ranges/range_journal.h"
#include "overlay/dht/ranges/redistribution.h"
#include "overlay/dht/records/dht_events.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/environment.h"
#include "overlay/input_account.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/result.h"

namespace halp {

enum class DhtProtocol : std::uint8_t { neo, legacy };

struct DhtNodeOptions {
    DhtProtocol protocol = DhtProtocol::neo;
    legacy::Options legacy;  // for that protocol only
    HashRange range = HashRange::full();
    neo::Credentials credentials = neo::Credentials::for_tests();
    neo::Permissions permissions;
    neo::SessionLimits session;
    neo::HandlerLimits handlers;
    std::size_t connections_max = 5000;  // one more is accepted and closed at once
    bool request_times = false;          // requests are timed, which costs two readings of the clock for each
    // How many bytes long requests may read in one turn (neo::TurnBudget). While other requests come, 64 KiB at
    // most.
    std::size_t turn_bytes = std::size_t{256} << 10;
    // Limit of the writes that the store has not completed. Above it the node waits for the disk.
    std::size_t waiting_bytes_max = std::size_t{64} << 20;
    // Keeps the range over restarts. Null: the node forgets a range that a Redistribute gave it. `range` is not
    // used otherwise.
    RangeJournal* journal = nullptr;
    // False: the node refuses Redistribute and takes over no part by the messages of handover_wire.h, as the fake
    // node of the originals.
    bool redistributes = true;
    // The node finds its range by itself, or hands it over before it ends. It needs a legacy door.
    std::optional<AutoRangeOptions> auto_range;
    // Connections of this protocol that other nodes of the process have, for the answer to GetNumConnections. Null:
    // there are none.
    std::function<std::size_t()> connections_elsewhere = nullptr;
};

struct DhtNodeStatus {
    std::size_t connections = 0, clients = 0, requests_active = 0;
    std::uint64_t accepted = 0, shed = 0, rejected = 0, broken = 0;  // broken: ended by a fault of the peer
    // These include the connections that have ended.
    std::uint64_t messages = 0, requests = 0, unsupported = 0, late_messages = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0;
    std::uint64_t changes_dropped = 0;  // by Listens of legacy clients that read too slowly
};

class DhtNode final : public EventHandler, neo::SessionOwner, CompletionHandler, InputHolder {
public:
    // `records` may be shared with other protocols on the same thread. If the transport does not say what is
    // unsent, only the world limits the output that waits for slow readers. The observer may be null.
    DhtNode(Environment environment, WriteLog& records, DhtNodeOptions options, DhtObserver* observer = nullptr);
    // Another door to the records of `first`, which outlives it: the same range, and connections, limits and, as a
    // rule, a protocol of its own. `options.range` is not used.
    DhtNode(Environment environment, DhtNode& first, DhtNodeOptions options, DhtObserver* observer = nullptr);
    ~DhtNode() override;

    // Open connections are not affected.
    void set_credentials(neo::Credentials credentials) { options_.credentials = std::move(credentials); }
    [[nodiscard]] const HashRange& range() const { return ranges_.own(); }
    // Both tell every GetHashRange request. The port is the neo port. A part of a new range that the node has not
    // served is served when the stale records are set aside (RecordStore::set_range); until then range() is
    // smaller. On failure nothing has changed; it fails while a part of the range is being handed over.
    [[nodiscard]] Result<void> set_range(const HashRange& range);
    void announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port, const HashRange& range);
    // Ends every connection, as a restart would.
    void disconnect_all();
    // To be called after a write that did not come from a connection of this node: reports the completed writes.
    void records_changed() { finish_turn(); }
    [[nodiscard]] DhtNodeStatus status() const;
    // Of every request of this protocol, in the order of its table.
    [[nodiscard]] std::vector<NamedRequestCount> request_counts() const;
    void begin_counting_period() { context_.counts.begin_period(); }  // of RequestCount::active_max

    // A Redistribute from within the process: `range: auto` and the end of a node use it.
    [[nodiscard]] Redistribution& redistribution() { return redistribution_; }
    // Null without DhtNodeOptions::auto_range.
    [[nodiscard]] AutoRange* auto_range() { return auto_range_.get(); }
    // After a call of it, and once after the world knows the node, which goes on with what the range file has.
    void run_redistribution() { finish_turn(); }

    // EventHandler: called by the world. A node opens connections only to hand over a part of its range.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_writable(StreamId stream) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    struct Connection {
        Endpoint source;
        std::unique_ptr<neo::Session> session;
        Instant deadline = no_deadline;
        InputAccount::Share kept;
        bool ready = false;    // is in ready_
        bool touched = false;  // is in touched_
        bool greeted = false;  // DhtClientAccepted was noted
    };

    // SessionOwner, CompletionHandler, InputHolder
    void send_output(std::uint64_t stream) override;
    void on_ready(std::uint64_t stream) override;
    [[nodiscard]] std::size_t connection_count() const override {
        return connections_.size() + (options_.connections_elsewhere ? options_.connections_elsewhere() : 0);
    }
    void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) override;
    void drop_input(StreamId stream) override;

    [[nodiscard]] Connection* find(StreamId stream) {
        const auto at = connections_.find(stream);
        return at == connections_.end() ? nullptr : &at->second;
    }
    [[nodiscard]] neo::Nonce draw_nonce();
    [[nodiscard]] std::unique_ptr<neo::Session> make_session(StreamId stream);
    void open(StreamId stream, const Endpoint& source);
    void receive(StreamId stream, Bytes bytes);
    void drop(StreamId stream, bool orderly);
    void run_deadlines();
    void touch(StreamId stream, Connection& connection) {
        if (!std::exchange(connection.touched, true)) touched_.push_back(stream);
    }

    void begin_turn();
    void finish_turn();
    void find_ready();
    void send_short_answers();
    void run_requests();
    void run_handover();
    [[nodiscard]] bool in_company(Instant now) const { return now < company_until_; }
    [[nodiscard]] bool wants_range_turn() const;
    [[nodiscard]] RangeWorld range_world();
    void commit();
    void follow_range();
    void move_range();
    [[nodiscard]] legacy::Link* link_of(StreamId stream);
    void report_failures();
    void flush();
    void update(StreamId stream, Connection& connection);
    void send(StreamId stream, Connection& connection);
    void set_deadline(StreamId stream, Connection& connection, Instant deadline);
    void remove(StreamId stream, Connection& connection);
    void arm();
    void note(const DhtEvent& event) {
        if (observer_) observer_->note(event);
    }

    Environment environment_;
    InputAccount own_input_;
    InputAccount& input_;
    WriteLog& records_;
    DhtNodeOptions options_;
    DhtObserver* observer_;
    HashRanges own_ranges_;  // of a first door
    HashRanges& ranges_;
    RangeJournal own_journal_;
    std::unique_ptr<Redistribution> own_redistribution_;  // of a first door
    Redistribution& redistribution_;
    std::unique_ptr<AutoRange> auto_range_;
    neo::HandlerContext context_;
    std::unordered_map<StreamId, Connection> connections_;  // never iterated where the order is visible
    std::set<std::pair<Instant, StreamId>> deadlines_;
    std::deque<StreamId> ready_;     // connections whose sessions want turns
    std::vector<StreamId> touched_;  // connections that may have output or may have ended
    DhtNodeStatus totals_;           // without the counts of open sessions
    Instant armed_ = no_deadline;
    Instant next_failure_report_ = never;
    Instant company_until_ = never;  // clients send requests until then, as far as is known
    Instant handover_rest_until_ = never, handover_ended_ = never;
    bool range_moving_ = false;  // the store sets records aside
    bool in_turn_ = false;
    bool may_run_requests_ = false;  // in this turn
};

}  // namespace halp
