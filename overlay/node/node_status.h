// What a node tells about itself and its peers: for the admin API, for logs and for measures.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "overlay/connect_failure.h"
#include "overlay/gossip/received.h"
#include "overlay/listing.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/label_table.h"
#include "store/time.h"

namespace halp {

struct PeerStatus {
    Endpoint endpoint;
    PeerRole role = PeerRole::pool;
    bool proved = false, suspect = false, original = false;
    bool stalled = false;                // it takes calls and does not answer
    bool left = false;                   // it said that it leaves; role grave
    Duration age{0};                     // since the last confirmed contact that anybody told of
    std::optional<Duration> proved_age;  // since the last one of this node
    int failures = 0;
};

struct OwnAnnouncement {
    Label label;
    Endpoint endpoint;
    bool own_host = false;  // it follows the own address of this node
    std::string tags{};     // store/tags.h
};

// What became of what was taken: all of it is held still, or has gone for a reason that is counted. Since the
// start.
struct Kept {
    // Hosts under labels, each time that one begins or ceases to be listed; by LearnedFrom and ForgottenWhy.
    std::array<std::uint64_t, 6> hosts_listed{};
    std::array<std::uint64_t, 5> hosts_gone{};
    // Nodes and graves of the view. Those without room are in pool_short and graves_short.
    std::uint64_t nodes_added = 0, nodes_expired = 0, nodes_erased = 0;
    std::size_t nodes_held = 0;
};

struct NodeStatus {
    std::string swarm;
    std::optional<Endpoint> self;  // as others reach this node, once known
    std::size_t peers_listed = 0, peers_proved = 0, anchors = 0, graves = 0, acquaintances = 0;
    std::size_t labels = 0, entries = 0, announcements = 0, tagged = 0;
    std::uint64_t tags_short = 0;              // TagTable::no_room()
    std::size_t names = 0;                     // that the directory `labels` lists
    std::size_t kept_aside = 0;                // hosts of other swarms in the files of the host cache
    std::size_t announcements_waiting = 0;     // for an address: this machine does not have it now
    std::size_t witnesses = 0, unreached = 0;  // nodes that answered lately; those that do not reach this one
    ConnectFailure unreached_why = ConnectFailure::refused;
    std::uint64_t addresses_not_told = 0, addresses_not_taken = 0;  // meaningless elsewhere, or here
    std::uint64_t self_contested = 0, numbers_shared = 0;
    // What others said against nodes and announcements: withdrawals that wait for their announcer to outrank them;
    // since the start, those outranked, those that found no room to wait, newer versions of nodes that only others
    // named, leaves of nodes that stay, and leaves that no call looked at, because too many others were.
    std::size_t withdrawals_waiting = 0;
    std::uint64_t withdrawals_refuted = 0, withdrawals_short = 0, versions_unproved = 0, leaves_refuted = 0;
    std::uint64_t leaves_short = 0;
    // Calls to nodes of which this one only heard; calls to such nodes that were not made.
    std::uint64_t hearsay_dials = 0, hearsay_dials_held = 0;
    std::size_t endpoints = 0, table_bytes = 0;
    std::size_t text_sessions = 0;  // queries that have begun and are not whole
    std::size_t streams_open = 0;
    std::uint64_t turns_cut = 0;      // that left work of strangers to the next turn
    std::size_t sources_waiting = 0;  // whose work waits now
    int health = 1;
    bool leaving = false;
    std::uint64_t rounds = 0, rounds_failed = 0, news_sent = 0, news_received = 0;
    std::uint64_t text_queries = 0, text_inserts = 0, text_bad = 0, text_refused = 0;
    std::uint64_t bytes_in = 0, bytes_out = 0, streams_in = 0, streams_out = 0;
    std::uint64_t evicted[eviction_causes] = {}, refused[refusal_causes] = {};
    std::uint64_t malformed = 0, other_swarm = 0;
    Arrived arrived;
    ReceivedItems received;
    std::uint64_t text_ahead = 0;    // inserts that stated a time ahead of the clock here; they count as now
    std::uint64_t stood_still = 0;   // how often this node was suspended, stopped or without CPU for seconds
    std::uint64_t news_dropped = 0;  // without room among the news: the exchanges told it later
    // Forgotten before their time for want of room: nodes of the view (which holds a sample of a large swarm), dead
    // nodes, hosts that failed here, and who spoke from where.
    std::uint64_t pool_short = 0, graves_short = 0, failures_short = 0, contacts_short = 0;
    std::uint64_t removals_short = 0;         // hosts whose lines stay in a file of the host cache
    std::uint64_t own_withdrawals_short = 0;  // that this node no longer repeats to who announces the host still
    std::uint64_t arguments_short = 0;        // about nodes and hosts: they count as never heard
    std::uint64_t met_short = 0;              // nodes that were met, and calls to others
    std::uint64_t self_checks_short = 0;      // of addresses that may be this node's
    std::uint64_t proved_short = 0;           // of these nodes and graves: proved ones
    std::size_t sources = 0;                  // that made new labels in their hour
    std::uint64_t sources_forgotten = 0;      // before their hour was over
    std::uint64_t failed_calls_short = 0;     // what came of calls to nodes that were only heard of
    // Of the files of the host cache: lines that could not be read, and lines and names that found no room in one.
    std::uint64_t cache_bad_lines = 0, cache_lines_short = 0;
    Kept kept;
};

}  // namespace halp
