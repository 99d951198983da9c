#include "simulations/views/view_swarm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "simulations/views/overlay_graph.h"
#include "simulations/views/peer_cycles.h"
#include "simulations/views/view_nodes.h"
#include "simulations/world/sim_random.h"
#include "tests/simulations/views/thread_ranks.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

ViewSwarmOptions swarm_of(std::uint32_t nodes) {
    ViewSwarmOptions o;
    o.seed = 7;
    o.nodes = nodes;
    o.view = newscast(20);
    return o;
}

ViewSwarmOptions hybrid_of(std::uint32_t nodes) {
    ViewSwarmOptions o = swarm_of(nodes);
    o.view = hybrid();
    o.feelers = true;
    o.jitter = ticks_per_period / 5;
    return o;
}

std::uint64_t digest_of(const ViewSwarmOptions& options, std::uint32_t periods) {
    ViewSwarm swarm{options};
    swarm.run_periods(periods);
    return swarm.digest();
}

// Everything that must not change the digest: queue, threads, wire mode.
template <class Check>
void in_every_way(ViewSwarmOptions options, Check check) {
    for (const unsigned threads : {1U, 2U, 4U})
        for (const QueueKind queue : {QueueKind::wheel, QueueKind::heap})
            for (const bool wire : {false, true}) {
                if (wire && (threads == 4 || queue == QueueKind::heap))
                    continue;  // slow, and covered by the others
                options.threads = threads;
                options.queue = queue;
                options.wire = wire;
                SCOPED_TRACE(testing::Message()
                             << threads << " threads, queue " << static_cast<int>(queue) << ", wire " << wire);
                check(options);
            }
}

TEST(ViewSwarm, ADigestDependsOnNeitherQueueNorThreadsNorEncoding) {
    // A fixed value: the same with every compiler.
    in_every_way(swarm_of(500),
                 [](const ViewSwarmOptions& o) { EXPECT_EQ(digest_of(o, 6), 13925357417738838177ULL); });
}

TEST(ViewSwarm, TheDigestOfTheHybridDoesNeither) {
    in_every_way(hybrid_of(300),
                 [](const ViewSwarmOptions& o) { EXPECT_EQ(digest_of(o, 6), 5192103265298164744ULL); });
}

struct PlayedByRanks {
    std::uint64_t digest = 0, messages = 0, wire_bytes = 0;
    GraphFigures figures = {};
    bool operator==(const PlayedByRanks& other) const {
        return digest == other.digest && messages == other.messages && wire_bytes == other.wire_bytes &&
               figures.clustering == other.figures.clustering && figures.path_length == other.figures.path_length;
    }
};

PlayedByRanks play_by_ranks(const ViewSwarmOptions& options, unsigned count) {
    ThreadRanks::Shared shared{count};
    std::vector<PlayedByRanks> played(count);
    std::vector<std::thread> all;
    for (unsigned rank = 0; rank < count; ++rank)
        all.emplace_back([&, rank] {
            ThreadRanks ranks{shared, rank};
            ViewSwarm swarm{options, &ranks};
            for (int period = 0; period < 5; ++period) swarm.run_periods(1);
            const ViewSwarmCounters done = swarm.counters();
            played[rank] = {swarm.digest(), done.messages, done.wire_bytes};
            SimRandom random{1, 1};
            const ViewGraph graph = swarm.graph();
            if (rank == 0) played[rank].figures = figures_of(graph, 50, random);
        });
    for (std::thread& one : all) one.join();
    for (const PlayedByRanks& one : played) EXPECT_EQ(one.digest, played[0].digest);
    return played[0];
}

TEST(ViewSwarm, AnyNumberOfRanksPlaysTheSameRun) {
    for (ViewSwarmOptions options : {swarm_of(301), hybrid_of(301)})
        for (const bool wire : {false, true}) {
            options.wire = wire;
            const PlayedByRanks alone = play_by_ranks(options, 1);
            EXPECT_EQ(alone.digest, digest_of(options, 5));
            EXPECT_GT(alone.figures.clustering, 0);
            for (const unsigned count : {2U, 3U, 4U}) EXPECT_EQ(play_by_ranks(options, count), alone) << count;
            options.threads = 2;
            EXPECT_EQ(play_by_ranks(options, 2), alone) << "two threads in each";
            options.threads = 1;
        }
}

TEST(Ranks, SharesCoverAllNodes) {
    for (const std::uint32_t nodes : {1U, 7U, 100U, 16'000'000U})
        for (const unsigned count : {1U, 2U, 3U, 7U})
            for (const std::uint32_t node : {0U, nodes / 3, nodes / 2, nodes - 1}) {
                const unsigned owner = share_of(node, nodes, count);
                EXPECT_LE(share_begin(nodes, owner, count), node);
                EXPECT_LT(node, share_begin(nodes, owner + 1, count));
            }
}

TEST(ViewSwarm, TheFreshPartAloneDoesWhatAWholePeerViewDoes) {
    for (const std::size_t c : {8U, 20U, 30U}) {
        ViewSwarmOptions alone = swarm_of(400), whole = alone;
        alone.view = whole.view = newscast(c);
        alone.keep = SwarmNodes::fresh_views;
        whole.keep = SwarmNodes::peer_views;
        EXPECT_EQ(digest_of(alone, 10), digest_of(whole, 10)) << "c = " << c;
    }
}

// Stamps and nodes up to the largest that a swarm of this size can have; neighbours in the block stay as they are.
TEST(PackedViews, KeepSightingsAsTheyWere) {
    for (const std::uint32_t swarm : {100U, 1U << 24, (1U << 24) + 1, 100'000'000U}) {
        PackedViews views{3, swarm, 4};
        const std::uint32_t stamp = PackedViews::stamp_max(swarm);
        const std::vector<Sighting> most{Sighting::of(stamp, EndpointId{swarm - 1}),
                                         Sighting::of(stamp, EndpointId{1}), Sighting::of(1, EndpointId{swarm - 2}),
                                         Sighting::of(1, EndpointId{0})};
        const std::vector<Sighting> few{Sighting::of(stamp - 1, EndpointId{2})};
        views.write(0, few.data(), 1);
        views.write(2, few.data(), 1);
        views.write(1, most.data(), most.size());
        std::vector<Sighting> got(5, Sighting{1});
        ASSERT_EQ(views.read(1, got.data()), 4U);
        EXPECT_EQ(got.back().word, 0U) << "the end";
        got.pop_back();
        EXPECT_EQ(got, most) << swarm;
        for (const std::uint32_t node : {0U, 2U}) {
            ASSERT_EQ(views.size(node), 1U);
            EXPECT_EQ(views.at(node, 0), few[0]);
        }
    }
}

TEST(ViewSwarm, VeryManyNodesLeaveLessRoomForTime) {
    ViewSwarmOptions options = swarm_of(1000);
    EXPECT_EQ(options.periods_max(), 2000U);
    options.nodes = 1U << 24;
    EXPECT_EQ(options.periods_max(), 2000U);
    options.nodes = 100'000'000;
    EXPECT_EQ(options.periods_max(), 535U);
    EXPECT_EQ(options.fault(), "");
}

TEST(ViewSwarm, AnotherSeedIsAnotherRun) {
    ViewSwarmOptions other = swarm_of(300);
    ++other.seed;
    EXPECT_NE(digest_of(swarm_of(300), 3), digest_of(other, 3));
}

TEST(ViewSwarm, EveryNodeExchangesOnceAPeriod) {
    ViewSwarm swarm{swarm_of(1000)};
    swarm.run_periods(20);
    const ViewSwarmCounters done = swarm.counters();
    EXPECT_EQ(done.events - done.messages, 20'000U) << "wake-ups";
    EXPECT_GT(done.messages, 39'700U) << "but for those on their way";
    EXPECT_LE(done.messages, 40'000U);
}

// overlay/gossip/rules.md section 8.0, the event-driven program: degree 33.5 and in-degree sd 8.24 at N = 10 000.
TEST(ViewSwarm, NewscastHasTheShapeThatIsKnown) {
    ViewSwarm swarm{swarm_of(5000)};
    swarm.run_periods(40);
    const ViewGraph graph = swarm.graph();
    SimRandom random{1, 1};
    const GraphFigures figures = figures_of(graph, 50, random);
    EXPECT_EQ(figures.components.count, 1U);
    EXPECT_NEAR(figures.clustering, 0.2915, 0.015);
    EXPECT_NEAR(figures.degree, 33.5, 1);
    EXPECT_NEAR(spread_of(in_degrees(graph)).deviation, 8.24, 0.5);
}

TEST(ViewSwarm, TheHybridFillsItsViewAndItsAnchors) {
    ViewSwarm swarm{hybrid_of(1000)};
    swarm.run_periods(20);
    const ViewGraph graph = swarm.graph();
    for (const auto& view : graph.views) EXPECT_EQ(view.size(), 36U);
    EXPECT_EQ(components_of(graph).count, 1U);
}

TEST(ViewSwarm, SaysWhatItCannotSimulate) {
    EXPECT_EQ(swarm_of(500).fault(), "");
    ViewSwarmOptions o = swarm_of(10);
    EXPECT_NE(o.fault(), "") << "fewer nodes than a view holds";
    o = swarm_of(500);
    o.latency_min = 0;
    EXPECT_NE(o.fault(), "");
    o = swarm_of(500);
    o.view.propagation = Propagation::swap;
    EXPECT_NE(o.fault(), "");
    o = hybrid_of(500);
    o.keep = SwarmNodes::fresh_views;
    EXPECT_NE(o.fault(), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
