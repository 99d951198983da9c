// A swarm of production peer views without the rest of a node: 10^4 to 10^6 of them in one process. Every node acts
// at its own phase of the period. Latencies and all draws are hashes of (seed, source, target, time). So a run is a
// function of its options: the digest is the same for every kind of queue, every number of threads, and with or
// without the codec of gossip v2 (wire mode).
//
// Time is counted in ticks. One tick is a millisecond for the views. A period is a million ticks, so that few nodes
// share a tick. Nothing depends on the length of a period.
//
// For rules like Newscast (whole views, no anchors, pool or graves) a node is an overlay/gossip/view/fresh_view.h;
// for all other rules it is the PeerView of halpd. Both give the same digest for a rule that both can run
// (view_swarm_test).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "overlay/overlay_options.h"
#include "simulations/views/overlay_graph.h"
#include "simulations/world/ranks.h"

namespace halp::sim {

inline constexpr std::uint32_t ticks_per_period = 1'000'000;

enum class QueueKind : std::uint8_t { wheel, heap };
enum class SwarmNodes : std::uint8_t { automatic, fresh_views, peer_views };

struct ViewSwarmOptions {
    std::uint64_t seed = 1;
    std::uint32_t nodes = 10'000;
    ViewOptions view;                     // push_pull only
    std::uint32_t latency_min = 10'000;   // ticks, one way; more than 0
    std::uint32_t latency_max = 100'000;  // at most a quarter of a period
    std::uint32_t jitter = 0;             // ticks by which a period is longer or shorter; below half a period
    bool feelers = false;                 // one ping a period to an unproved node, as halpd sends
    bool wire = false;                    // every exchange is encoded and decoded
    QueueKind queue = QueueKind::wheel;
    SwarmNodes keep = SwarmNodes::automatic;
    unsigned threads = 1;

    // An error message; empty when the options are valid.
    [[nodiscard]] std::string fault() const;
    // So long can it be run: 2000, of more than 33 million nodes less.
    [[nodiscard]] std::uint32_t periods_max() const;
};

// The hybrid view of halpd: 24 fresh entries, 12 anchors, a pool; the 8 freshest and 7 random entries are sent.
// halpd has a pool of 92 for its users to read; exchanges need no more than 32.
inline constexpr std::size_t hybrid_pool = 32;
ViewOptions hybrid(std::size_t pool = hybrid_pool);

struct ViewSwarmCounters {
    std::uint64_t events = 0;    // wake-ups and messages
    std::uint64_t messages = 0;  // delivered
    std::uint64_t wire_bytes = 0;
};

class ViewSwarm {
public:
    // Every node starts with `view.fresh_max` others drawn at random, seen within the period before. With `ranks`
    // each of these processes has a share of the nodes. All of them make the same calls then, and get the same
    // answers, the same as one process gets.
    explicit ViewSwarm(const ViewSwarmOptions& options, Ranks* ranks = nullptr);
    ~ViewSwarm();

    void run_periods(std::uint32_t periods);  // at most periods_max() in total
    // A hash of every event so far and of the present views.
    [[nodiscard]] std::uint64_t digest() const;
    [[nodiscard]] ViewSwarmCounters counters() const;
    // Of all nodes, at rank 0; the others get nothing.
    [[nodiscard]] ViewGraph graph() const;
    // Of the nodes of this rank.
    [[nodiscard]] ViewGraph own_graph() const;

    class Engine;

private:
    Ranks* ranks_;
    std::unique_ptr<Engine> engine_;
};

}  // namespace halp::sim
