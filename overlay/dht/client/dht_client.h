// A client of DHT nodes: nodes found and connected, their ranges followed, requests sent to whom they concern, on
// the doors of overlay/environment.h. Callback style; one client belongs to one thread and one event loop.
//
//     DhtClient client(world.env(host), options);
//     world.attach(host, client);
//     client.add_node({"10.0.0.1", 10100});
//     client.get("chan", Key{7}, [](const dht::GetNote& note) { ... });
//
// Notifiers are called from the event loop, never from within the call that began the request. They may begin,
// control and cancel requests; they may not destroy the client. After its last note a request is unknown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/backlog.h"
#include "overlay/dht/client/client_stats.h"
#include "overlay/dht/client/dht_notes.h"
#include "overlay/dht/client/label_lookup.h"
#include "overlay/dht/client/node_links.h"
#include "overlay/dht/client/node_source.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

struct DhtClientOptions {
    // Name and secret, as one line of the nodes' credentials files has them.
    neo::Credential credential{"test", {}};
    std::size_t requests_max = 5000;  // at the same time; nodes of the originals take no more
    bool auto_connect = true;         // false: nodes are only remembered until connect()
    LinkOptions links;                // its credential is taken from above
    LookupOptions lookup;
    Duration source_interval = std::chrono::seconds{5};  // at which NodeSources are asked again
};

using DhtRequestId = neo::RequestId;

struct GetAllSettings {
    bool keys_only = false;
    std::string value_filter;  // only records whose value contains these bytes; empty: all
};
struct MirrorSettings {
    bool initial_refresh = true;
    std::uint32_t periodic_refresh_s = 360;  // 0: none
};

struct DhtNodeView {
    Endpoint node;
    bool connected = false;
    bool known = false;  // not only hinted at
    std::optional<HashRange> range;
    LinkStats traffic;  // of all its connections so far
};

class DhtClient final : public EventHandler, public WritableHandler {
public:
    DhtClient(Environment environment, DhtClientOptions options, dht::ConnectionNotifier notify = {},
              const Backlog* backlog = nullptr);
    ~DhtClient() override;

    // ---- nodes ----
    // False when it was known before, or there are too many. It is connected, and again whenever it is lost.
    bool add_node(const Endpoint& node);
    // How many were new; the text of a nodes file.
    Result<std::size_t> add_nodes(std::string_view nodes_file);
    // Asked at once and again at intervals. It outlives the client.
    void add_source(NodeSource& source);
    // Asks these hosts in turn, by HALP text, for who is announced under `label`.
    Result<void> find_nodes(std::vector<Endpoint> halp_hosts, const Label& label);
    [[nodiscard]] std::vector<DhtNodeView> nodes() const;
    // Every known node is connected; and has said its range. False without nodes.
    [[nodiscard]] bool all_connected() const;
    [[nodiscard]] bool all_ranges_known() const;
    // Without auto_connect, and after shutdown(): from now on connections are made, and again when they are lost.
    void connect();
    // Cuts every connection; all are made again.
    void reconnect();
    // Cuts every connection, until connect(). Running requests hear of it.
    void shutdown();

    // ---- requests ----
    // Each gives the id of what has begun, or ErrorCode::busy when requests_max are active. Those about one key
    // want a node to have been added or found before, connected or not: else ErrorCode::unreachable. Those to all
    // nodes wait for the first one.
    Result<DhtRequestId> put(Bytes channel, Key key, Bytes value, dht::PutNotifier notify);
    Result<DhtRequestId> get(Bytes channel, Key key, dht::GetNotifier notify);
    Result<DhtRequestId> exists(Bytes channel, Key key, dht::ExistsNotifier notify);
    Result<DhtRequestId> remove(Bytes channel, Key key, dht::RemoveNotifier notify);
    // `choose` is called with the value, once at most, before the one note.
    Result<DhtRequestId> update(Bytes channel, Key key, dht::UpdateChooser choose, dht::UpdateNotifier notify);
    Result<DhtRequestId> get_all(Bytes channel, const GetAllSettings& settings, dht::GetAllNotifier notify);
    Result<DhtRequestId> mirror(Bytes channel, const MirrorSettings& settings, dht::MirrorNotifier notify);
    Result<DhtRequestId> get_channels(dht::GetChannelsNotifier notify);
    Result<DhtRequestId> remove_channel(Bytes channel, dht::RemoveChannelNotifier notify);

    // TimedOut ends it then. False when the request is over.
    bool set_timeout(DhtRequestId id, Duration after);
    // No notes any more, nodes are left in good order. False when the request is over.
    bool cancel(DhtRequestId id);
    [[nodiscard]] bool active(DhtRequestId id) const;
    // Of GetAll and Mirror. False, and nothing happens, while a node has not acknowledged the change before, after
    // stop, and when the request is over or another one. Suspended, Resumed or Stopped tells of completion.
    bool suspend(DhtRequestId id);
    bool resume(DhtRequestId id);
    bool stop(DhtRequestId id);
    // For whom the moment does not matter: what is asked while nodes have not acknowledged the change before is
    // done behind it, and of several askings the last one. False when the request is over, stopped or another one.
    bool set_suspended(DhtRequestId id, bool suspended);

    [[nodiscard]] DhtClientStats stats() const;
    // Counts of requests, messages, bytes and connections begin again at 0.
    void clear_stats();

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
