// A client of DHT nodes by the legacy protocol (overlay/dht/wire/legacy.md). It sends each request to the node that
// covers its key, or to all nodes, through the interfaces of overlay/environment.h. Results come by callbacks. One
// client belongs to one thread and one event loop.
//
//     LegacyDhtClient client(world.environment(), &world.reading());
//     world.attach(client);
//     auto added = client.add_node({"10.0.0.1", 10000});
//     LegacyHandshake handshake(client, {}, [](const HandshakeOutcome& how) { ... });   // legacy_handshake.h
//     client.get("chan", Key{7}, [](const legacy::About&, const legacy::Note& note) { ... });
//
// The handshake asks every node for its version and its range. Before it, requests end with Trouble::no_version or
// no_responsible_node. After a whole one no node can be added.
//
// Notifiers are called from the event loop, never within the call that began the request. They may begin, control
// and cancel requests, and must not destroy the client. Nothing is tried again by itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "overlay/dht/client/legacy/legacy_client_links.h"
#include "overlay/dht/client/legacy/legacy_client_stats.h"
#include "overlay/dht/client/legacy/legacy_notes.h"
#include "overlay/dht/client/legacy/node_deactivator.h"
#include "overlay/dht/client/range_cover.h"
#include "overlay/environment.h"
#include "overlay/read_control.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

struct LegacyDhtClientOptions {
    legacy::LinksOptions links;
    // For each step of a request: connecting, and each read or write. 0: none, as in the originals. Not for Listen
    // and Redistribute, which may be silent for long; they have the one of their CallOptions.
    Duration step_timeout{0};
    std::size_t scheduled_max = 1024;  // requests that wait for their time (CallOptions::after)
    std::size_t nodes_max = 4096;
    // A Get or Exists that finds nothing is over when the node has told that the key is still its own. The protocol
    // lets a node answer for keys that it has given away.
    bool confirm_misses = true;
    legacy::DeactivationSettings deactivate;
};

// What may be said about any request.
struct LegacyCallOptions {
    std::optional<Duration> step_timeout{};
    std::optional<std::uint64_t> context{};  // told with every note; else the key, or 0
    std::optional<Endpoint> node{};          // only this node
    std::optional<Duration> after{};         // begin so much later
};

struct LegacyNodeView {
    Endpoint node;
    bool version_known = false;  // and right
    std::optional<HashRange> range;
    bool disabled = false;
    legacy::LegacyNodeStats stats;
};

class LegacyDhtClient final : public EventHandler {
public:
    using Id = legacy::RequestId;
    using Notifier = legacy::Notifier;
    using CallOptions = LegacyCallOptions;

    // `reading` may be null, and must outlive the client: without it what arrives for a suspended request is kept
    // in memory.
    LegacyDhtClient(Environment environment, ReadControl* reading, LegacyDhtClientOptions options = {});
    ~LegacyDhtClient() override;

    // ---- nodes ----
    // An error when the node is known, there are too many, or the handshake is whole.
    [[nodiscard]] Result<void> add_node(const Endpoint& node);
    // Takes the text of a nodes file and returns how many nodes it has. An error adds none of the rest.
    [[nodiscard]] Result<std::size_t> add_nodes(std::string_view nodes_file);
    [[nodiscard]] std::vector<LegacyNodeView> nodes() const;
    // Every node has told the right version and its range, and together they cover each key once.
    [[nodiscard]] bool complete() const;
    [[nodiscard]] dht::RangeCover cover() const;  // of the ranges that are known
    [[nodiscard]] std::optional<Endpoint> responsible_node(Key key) const;
    // Asks all nodes for their ranges, unless that is under way.
    void refresh_ranges();

    // ---- requests about one key ----
    Id put(Bytes channel, Key key, Bytes value, Notifier notify, const CallOptions& options = {});
    Id get(Bytes channel, Key key, Notifier notify, const CallOptions& options = {});
    Id exists(Bytes channel, Key key, Notifier notify, const CallOptions& options = {});
    Id remove(Bytes channel, Key key, Notifier notify, const CallOptions& options = {});

    // ---- requests to all nodes, or to one ----
    Id get_all(Bytes channel, Notifier notify, const CallOptions& options = {});
    Id get_all_filter(Bytes channel, Bytes filter, Notifier notify, const CallOptions& options = {});
    Id get_all_keys(Bytes channel, Notifier notify, const CallOptions& options = {});
    // The protocol does not tell when it has begun: Started says only that it was sent.
    Id listen(Bytes channel, Notifier notify, const CallOptions& options = {});
    Id get_channels(Notifier notify, const CallOptions& options = {});
    Id get_size(Notifier notify, const CallOptions& options = {});
    Id get_channel_size(Bytes channel, Notifier notify, const CallOptions& options = {});
    Id remove_channel(Bytes channel, Notifier notify, const CallOptions& options = {});
    Id get_num_connections(Notifier notify, const CallOptions& options = {});
    Id get_version(Notifier notify, const CallOptions& options = {});
    Id get_responsible_range(Notifier notify, const CallOptions& options = {});

    // ---- for nodes and tools ----
    // `batch` is packed, with keys as digits (wire/record_batch.h).
    Id put_batch(const Endpoint& node, Bytes channel, Bytes batch, Notifier notify, CallOptions options = {});
    // Ends when the node has moved all records, which may take hours.
    Id redistribute(const Endpoint& node, const HashRange& its_range, std::vector<legacy::Takeover> takeovers,
                    Notifier notify, CallOptions options = {});

    // ---- control ----
    // Stops the notes. A list ends with its connection. Returns false when the request is over.
    bool cancel(Id id);
    [[nodiscard]] bool active(Id id) const;
    // No record is told from now on until resume(). Nodes are held back by TCP. Returns false when the request is
    // over or is no list.
    bool suspend(Id id);
    bool resume(Id id);
    // Of a list: the bytes of what was told so far.
    [[nodiscard]] std::uint64_t bytes_handled(Id id) const;
    // Of a request to all nodes: for which keys nobody has answered so far. A Listen answers for the nodes that it
    // was sent to and has not ended on.
    [[nodiscard]] std::optional<dht::RangeCover> cover(Id id) const;
    // Nothing more is sent to the node; what is begun for it meanwhile is queued. False: the node is not known.
    bool suspend_node(const Endpoint& node);
    bool resume_node(const Endpoint& node);
    // Requests to the node end with Trouble::node_disabled, those that wait for it too, until enable_node. A
    // request to all nodes misses its keys.
    bool disable_node(const Endpoint& node);
    bool enable_node(const Endpoint& node);
    // Whether the node is enabled and has made no error lately (LinksOptions::unavailable_for): a connection that
    // failed, a step that took too long, status 500.
    [[nodiscard]] bool available(const Endpoint& node) const;
    // How full the fullest queue of requests is, from 0 to 1; more when it overflows (LinksOptions::overflow).
    [[nodiscard]] double queue_level() const;
    // Hands what was begun to the world now. Otherwise it leaves in the next turn of the event loop, which may be
    // late in a program that computes.
    void flush();
    // Closes all connections; what is under way fails.
    void disconnect();
    bool disconnect_idle(const Endpoint& node);

    [[nodiscard]] legacy::LegacyClientStats stats() const;
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
