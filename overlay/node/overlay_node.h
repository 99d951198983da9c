// One HALP node: lists by label, gossip with its peers, HALP text for everybody. It assembles the machines
// below and is the only holder of the doors; the daemon and the simulator run exactly this class. Single thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/listing.h"
#include "overlay/overlay_options.h"

namespace halp {

struct PeerStatus {
    Endpoint endpoint;
    PeerRole role = PeerRole::pool;
    bool proved = false, suspect = false, original = false;
    Duration age{0};  // since the last confirmed contact anybody told us of
    std::optional<Duration> proved_age;  // since our own
    int failures = 0;
};

struct OwnAnnouncement {
    Label label;
    Endpoint endpoint;
};

struct NodeStatus {
    std::string swarm;
    std::optional<Endpoint> self;  // as others reach us, once known
    std::size_t peers_listed = 0, peers_proved = 0, anchors = 0, graves = 0;
    std::size_t labels = 0, entries = 0, announcements = 0;
    std::size_t endpoints = 0, table_bytes = 0, text_sessions = 0;
    int health = 1;
    bool leaving = false;
    std::uint64_t rounds = 0, rounds_failed = 0, news_sent = 0, news_received = 0;
    std::uint64_t text_queries = 0, text_inserts = 0, text_bad = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0, streams_in = 0, streams_out = 0;
    std::uint64_t evicted[eviction_causes] = {}, refused[refusal_causes] = {};
    std::uint64_t malformed = 0, other_swarm = 0;
};

class OverlayNode final : public EventHandler {
public:
    // `endpoints` may be shared by many nodes of one process; pass collects_endpoints = false then.
    OverlayNode(OverlayEnvironment environment, EndpointTable& endpoints, OverlayOptions options,
                bool collects_endpoints = true);
    ~OverlayNode() override;

    void start();  // reads the cache, joins, begins to gossip
    // Withdraws the own announcements and tells peers; the Observer hears LeaveDone, at most leave_linger later.
    void leave();
    void flush();  // writes everything unsaved to the cache now

    // Applications. Announcing again refreshes; ttl is the profile's.
    Result<void> announce(const Label& label, const Endpoint& endpoint);
    bool withdraw(const Label& label, const Endpoint& endpoint);
    std::vector<OwnAnnouncement> announcements() const;
    // An address somebody typed in: a claim, ranked by `seen`.
    Result<void> insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen);
    // The application is the sensor: it dialled this host and it worked, or did not (three in a row: forgotten).
    Result<void> confirm(const Label& label, const Endpoint& endpoint, bool worked);

    // Rank order, as HALP text answers. `halp` lists the peers (and this node, once it is part of a swarm).
    std::vector<ListedHost> hosts(const Label& label, std::size_t first, std::size_t count) const;
    std::size_t host_count(const Label& label) const;
    std::vector<ListedName> names(const Label& directory, std::size_t first, std::size_t count) const;
    bool known(const Label& label) const;

    bool clear(const Label& label);  // memory and cache file; false when there was nothing
    void clear_all();
    void hold(const Label& label, bool held);  // watched: preferred in gossip, never evicted

    void join(const Endpoint& seed);           // adds a seed and contacts it now
    std::vector<PeerStatus> peers() const;
    NodeStatus status() const;
    // What may change while running: seeds, allocation, gossip and text settings. Swarm and addresses may not.
    void reconfigure(const OverlayOptions& options);

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
