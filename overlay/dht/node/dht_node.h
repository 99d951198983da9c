// One DHT node speaking neo: connections, requests and records put together, on the doors of overlay/environment.h.
// The fake node of tests is this class on a MemoryStore with the whole range. Single thread.
//
// A turn: what came is handed to its session; what the store has completed is told; requests that have something to
// say get turns while the turn's budget lasts; what each connection has to say leaves in one write. What did not
// fit into the budget goes on at the next wake-up, and only there: once in a round of the event loop, behind
// whatever has arrived meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/backlog.h"
#include "overlay/dht/node/hash_ranges.h"
#include "overlay/dht/node/neo_session.h"
#include "overlay/dht/node/record_desk.h"
#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"

namespace halp {

struct DhtNodeOptions {
    HashRange range = HashRange::full();
    neo::Credentials credentials = neo::Credentials::for_tests();
    neo::Permissions permissions;
    neo::SessionLimits session;
    neo::HandlerLimits handlers;
    std::size_t connections_max = 5000;  // one more is accepted and closed at once
    // Long requests may look at so many bytes in one turn of the event loop (neo::Budget).
    std::size_t turn_bytes = std::size_t{256} << 10;
    // Of writes the store has not completed; beyond it everybody waits for the disk.
    std::size_t waiting_bytes_max = std::size_t{64} << 20;
};

// For logs and counters. At most a few for each connection.
struct DhtClientAccepted {
    Endpoint source;
    std::string client;
};
struct DhtClientEnded {
    Endpoint source;
    std::string client;  // as it called itself, empty when it never did; not to be trusted when rejected
    neo::SessionEnd why;
    std::optional<neo::Rejection> rejection;
};
struct DhtConnectionShed {  // connections_max
    Endpoint source;
};
struct DhtStoreFailed {
    std::string what;  // a plain sentence
};
// At most once in a second, with all of it that was not told before.
struct DhtReadsFailed {
    std::uint64_t times = 0;
    std::string last;  // request, client and cause
};
struct DhtRecordsLeftOut {  // of GetAlls and Mirrors: too long for any batch
    std::uint64_t times = 0;
};
using DhtEvent = std::variant<DhtClientAccepted, DhtClientEnded, DhtConnectionShed, DhtStoreFailed, DhtReadsFailed,
                              DhtRecordsLeftOut>;

class DhtObserver {
public:
    virtual ~DhtObserver() = default;
    virtual void note(const DhtEvent& event) = 0;
};

struct DhtNodeStatus {
    std::size_t connections = 0, clients = 0, requests_active = 0;
    std::uint64_t accepted = 0, shed = 0, rejected = 0, broken = 0;  // broken: ended by a fault of the peer
    std::uint64_t messages = 0, requests = 0, unsupported = 0,
                  late_messages = 0;  // of connections that have ended too
    std::uint64_t bytes_in = 0, bytes_out = 0;
};

class DhtNode final : public EventHandler, public WritableHandler {
public:
    // `records` may be shared with other protocols on the same thread. Without a backlog everything written counts
    // as sent, and what waits for slow readers is bounded by the world alone. The observer may be null.
    DhtNode(Environment environment, RecordDesk& records, DhtNodeOptions options, DhtObserver* observer = nullptr,
            const Backlog* backlog = nullptr);
    ~DhtNode() override;

    // Connections that stand are not affected.
    void set_credentials(neo::Credentials credentials);
    [[nodiscard]] const HashRange& range() const;
    // Every GetHashRange hears of both. The port is the neo one.
    void set_range(const HashRange& range);
    void announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port, const HashRange& range);
    // Ends every connection, as a restart would.
    void disconnect_all();
    // Somebody has written to the records without passing by a connection of this node: completions are told.
    void records_changed();
    [[nodiscard]] DhtNodeStatus status() const;

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;
    // WritableHandler
    void on_writable(StreamId stream) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
