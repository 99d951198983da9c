// A swarm of production peer views, and nothing else of a node: 10^4 to 10^6 of them in one process. Every node
// acts at its own phase of the period; a message takes the latency that a hash of (seed, source, target, time)
// says, and so does whatever is drawn. So a run is a function of its options: the same digest with every kind of
// queue, with every number of threads, and whether messages pass through the codec of gossip v2 (wire mode) or are
// handed over.
//
// Time is counted in ticks; one tick is the millisecond of the views, and a period is a million of them, so that
// few nodes share one. Nothing here depends on how long a period is.
//
// Newscast-like rules (whole views, no anchors, pool or graves) keep overlay/gossip/fresh_view.h alone for each node, all
// other rules the PeerView of halpd. The first is the second with less around it: their digests are equal
// (view_swarm_test).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "overlay/overlay_options.h"
#include "simulations/views/overlay_graph.h"

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
    std::uint32_t jitter = 0;             // of the period, up to this much more or less; below half a period
    bool feelers = false;                 // one ping a period to somebody unproved, as halpd does
    bool wire = false;                    // every exchange is encoded and decoded
    QueueKind queue = QueueKind::wheel;
    SwarmNodes keep = SwarmNodes::automatic;
    unsigned threads = 1;

    // Empty, or what is wrong in a sentence.
    [[nodiscard]] std::string fault() const;
};

// The hybrid of halpd: 24 fresh, 12 anchors, the 8 freshest and 7 others told; `pool` more are known. halpd keeps
// 92 of these for its users to read; what an exchange draws on is as good with 32.
inline constexpr std::size_t hybrid_pool = 32;
ViewOptions hybrid(std::size_t pool = hybrid_pool);

struct ViewSwarmCounters {
    std::uint64_t events = 0;    // wake-ups and messages
    std::uint64_t messages = 0;  // delivered
    std::uint64_t wire_bytes = 0;
};

class ViewSwarm {
public:
    // Every node begins with `view.fresh_max` others drawn at random, heard of within the period before.
    explicit ViewSwarm(const ViewSwarmOptions& options);
    ~ViewSwarm();

    void run_periods(std::uint32_t periods);  // at most 2000 in all
    // Of every event so far and of all views now.
    [[nodiscard]] std::uint64_t digest() const;
    [[nodiscard]] ViewSwarmCounters counters() const;
    [[nodiscard]] ViewGraph graph() const;

    class Engine;

private:
    std::unique_ptr<Engine> engine_;
};

}  // namespace halp::sim
