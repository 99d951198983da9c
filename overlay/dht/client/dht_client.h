// A client of DHT nodes. It finds and connects nodes, follows their hash ranges and sends each request to the
// nodes it concerns, through the interfaces of overlay/environment.h. Results come by callbacks. One client
// belongs to one thread and one event loop.
//
//     DhtClient client(world.env(host), options);
//     world.attach(host, client);
//     client.add_node({"10.0.0.1", 10100});
//     client.get("chan", Key{7}, [](const dht::GetNote& note) { ... });
//
// Notifiers are called from the event loop, never within the call that began the request. A notifier may begin,
// control and cancel requests, and must not destroy the client. After its last note a request id is unknown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
    // Name and secret, as in one line of the nodes' credentials files.
    neo::Credential credential{"test", {}};
    std::size_t requests_max = 5000;  // at the same time; original nodes accept no more
    bool auto_connect = true;         // false: nodes are only remembered until connect()
    LinkOptions links;                // its credential is replaced by the one above
    LookupOptions lookup;
    Duration source_interval = std::chrono::seconds{5};  // between two calls of each NodeSource
};

using DhtRequestId = neo::RequestId;

struct GetAllSettings {
    bool keys_only = false;
    std::string value_filter;  // only records whose value contains these bytes; empty: all records
};
struct MirrorSettings {
    bool initial_refresh = true;
    std::uint32_t periodic_refresh_s = 360;  // 0: none
};

struct DhtNodeView {
    Endpoint node;
    bool connected = false;
    bool known = false;  // false: only hinted at by a list that anybody can write to
    std::optional<HashRange> range;
    LinkStats traffic;  // of all its connections so far
};

class DhtClient final : public EventHandler {
public:
    DhtClient(Environment environment, DhtClientOptions options, dht::ConnectionNotifier notify = {});
    ~DhtClient() override;

    // ---- nodes ----
    // Returns false when the node was known before or there are too many. The client connects to it, and again
    // whenever the connection is lost.
    bool add_node(const Endpoint& node);
    // Takes the text of a nodes file and returns how many nodes were new.
    Result<std::size_t> add_nodes(std::string_view nodes_file);
    // Asks the source now and at intervals. The source must outlive the client.
    void add_source(NodeSource& source);
    // Asks these hosts in turn, by HALP text, which endpoints are announced under `label`.
    Result<void> find_nodes(std::vector<Endpoint> halp_hosts, const Label& label);
    [[nodiscard]] std::vector<DhtNodeView> nodes() const;
    // Whether every known node is connected, and whether every one has sent its range. False without nodes.
    [[nodiscard]] bool all_connected() const;
    [[nodiscard]] bool all_ranges_known() const;
    // Starts making connections, without auto_connect or after shutdown(). Lost ones are made again.
    void connect();
    // Closes every connection and makes all of them again.
    void reconnect();
    // Closes every connection until connect(). Running requests are told.
    void shutdown();

    // ---- requests ----
    // Each returns the id of the new request, or ErrorCode::busy when requests_max are active. A request about one
    // key needs a known node, connected or not, and returns ErrorCode::unreachable otherwise. A request to all
    // nodes waits for the first node.
    Result<DhtRequestId> put(Bytes channel, Key key, Bytes value, dht::PutNotifier notify);
    Result<DhtRequestId> get(Bytes channel, Key key, dht::GetNotifier notify);
    Result<DhtRequestId> exists(Bytes channel, Key key, dht::ExistsNotifier notify);
    Result<DhtRequestId> remove(Bytes channel, Key key, dht::RemoveNotifier notify);
    // `choose` is called with the value at most once, before the one note.
    Result<DhtRequestId> update(Bytes channel, Key key, dht::UpdateChooser choose, dht::UpdateNotifier notify);
    Result<DhtRequestId> get_all(Bytes channel, const GetAllSettings& settings, dht::GetAllNotifier notify);
    Result<DhtRequestId> mirror(Bytes channel, const MirrorSettings& settings, dht::MirrorNotifier notify);
    Result<DhtRequestId> get_channels(dht::GetChannelsNotifier notify);
    Result<DhtRequestId> remove_channel(Bytes channel, dht::RemoveChannelNotifier notify);

    // The request ends with TimedOut after this span. Returns false when the request is over.
    bool set_timeout(DhtRequestId id, Duration after);
    // Stops the notes and tells the nodes to stop. Returns false when the request is over.
    bool cancel(DhtRequestId id);
    [[nodiscard]] bool active(DhtRequestId id) const;
    // Of an active request to all nodes: for which keys nobody has answered so far, and for which several nodes
    // have. A Mirror answers for the keys of the nodes that it is running on now.
    [[nodiscard]] std::optional<dht::RangeCover> cover(DhtRequestId id) const;
    // Of the nodes that are connected now.
    [[nodiscard]] dht::RangeCover cover() const;
    // For GetAll and Mirror. Each returns false and does nothing in these cases: a node has not yet acknowledged
    // the change before; the request is stopped, over or of another kind. Suspended, Resumed or Stopped reports
    // completion.
    bool suspend(DhtRequestId id);
    bool resume(DhtRequestId id);
    bool stop(DhtRequestId id);
    // Like suspend and resume, but an incomplete earlier change is no obstacle: the call is remembered and carried
    // out behind it. Of several remembered calls only the last counts. Returns false when the request is over,
    // stopped or of another kind.
    bool set_suspended(DhtRequestId id, bool suspended);

    [[nodiscard]] DhtClientStats stats() const;
    // Sets the counts of requests, messages, bytes and connections to 0.
    void clear_stats();

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_writable(StreamId stream) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
