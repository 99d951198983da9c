#include "simulations/views/overlay_graph.h"

#include <gtest/gtest.h>

#include <cmath>
#include <sstream>

#include "simulations/world/sim_random.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

// Two triangles without a common node, and one single node.
const ViewGraph triangles{{}, {{1}, {2}, {0}, {4, 5}, {5}, {}, {}}};

TEST(OverlayGraph, CountsComponentsOfTheUndirectedGraph) {
    const Components got = components_of(triangles);
    EXPECT_EQ(got.count, 3u);
    EXPECT_EQ(got.largest, 3u);
    EXPECT_EQ(components_of(ViewGraph{}).count, 0u);
}

TEST(OverlayGraph, MeasuresClusteringPathAndDegree) {
    SimRandom random{1, 1};
    const GraphFigures got = figures_of(triangles, 100, random);
    EXPECT_NEAR(got.clustering, 6.0 / 7, 1e-12);
    EXPECT_NEAR(got.path_length, 1, 1e-12);
    EXPECT_NEAR(got.degree, 12.0 / 7, 1e-12);

    const ViewGraph line{{}, {{1}, {2}, {3}, {}}};
    const GraphFigures of_line = figures_of(line, 100, random);
    EXPECT_EQ(of_line.clustering, 0);
    EXPECT_NEAR(of_line.path_length, 10.0 / 6, 1e-12);  // 3 pairs at distance 1, 2 at 2, 1 at 3
}

TEST(OverlayGraph, AnEdgeHeldFromBothSidesIsOneEdge) {
    SimRandom random{1, 1};
    EXPECT_EQ(figures_of({{}, {{1}, {0}}}, 10, random).degree, 1);
}

TEST(OverlayGraph, CountsWhoIsInHowManyViews) {
    EXPECT_EQ(in_degrees(triangles), (std::vector<std::uint32_t>{1, 1, 1, 0, 1, 2, 0}));
    const Spread spread = spread_of({1, 3});
    EXPECT_EQ(spread.mean, 2);
    EXPECT_EQ(spread.deviation, 1);
    EXPECT_EQ(spread.max, 3);
}

TEST(OverlayGraph, KeepsTheMarkedNodesAndTheirEdges) {
    const ViewGraph graph{{"a", "b", "c"}, {{1, 2}, {2}, {0}}};
    const ViewGraph got = induced(graph, {true, false, true});
    EXPECT_EQ(got.names, (std::vector<std::string>{"a", "c"}));
    EXPECT_EQ(got.views, (std::vector<std::vector<std::uint32_t>>{{1}, {0}}));
}

TEST(OverlayGraph, IsWrittenForOtherPrograms) {
    const ViewGraph graph{{"10.0.0.1", "10.1.0.1"}, {{1}, {}}};
    std::ostringstream dot, graphml;
    write_dot(dot, graph);
    write_graphml(graphml, graph);
    EXPECT_EQ(dot.str(), "digraph G {\n0[label=\"10.0.0.1\"];\n1[label=\"10.1.0.1\"];\n0->1 ;\n}\n");
    EXPECT_NE(graphml.str().find("edgedefault=\"directed\""), std::string::npos);
    EXPECT_NE(graphml.str().find("source=\"n0\" target=\"n1\""), std::string::npos);
    EXPECT_NE(graphml.str().find("10.1.0.1"), std::string::npos);
}

// A chain: distances differ much between sources, so that a sample has an error worth telling.
TEST(OverlayGraph, APathLengthOfASampleTellsItsError) {
    ViewGraph chain;
    chain.views.resize(200);
    for (std::uint32_t i = 1; i < 200; ++i) chain.views[i].push_back(i - 1);
    SimRandom random{1, 2};
    const GraphFigures all = figures_of(chain, 200, random);
    EXPECT_NEAR(all.path_length, 67, 1e-9);
    EXPECT_EQ(all.path_error, 0) << "nothing was estimated";
    double within = 0;
    for (int i = 0; i < 100; ++i) {
        const GraphFigures some = figures_of(chain, 20, random);
        EXPECT_GT(some.path_error, 0);
        within += std::abs(some.path_length - all.path_length) <= 2 * some.path_error ? 1 : 0;
    }
    EXPECT_GE(within, 85) << "about 95 of 100 lie within two standard errors";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
