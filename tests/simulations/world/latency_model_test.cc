#include "simulations/world/latency_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;

std::unique_ptr<LatencyModel> model(const TopologyOptions& options, std::uint64_t seed = 1) {
    return make_latency_model(options, seed);
}

std::vector<std::int64_t> sorted_latencies(const LatencyModel& m, std::uint32_t hosts) {
    std::vector<std::int64_t> out;
    for (std::uint32_t a = 0; a < hosts; ++a)
        for (std::uint32_t b = a + 1; b < hosts; ++b) out.push_back(m.one_way(a, b).count());
    std::ranges::sort(out);
    return out;
}

TEST(LatencyModel, EveryTopologyIsAFunctionOfSeedAndPairAndNeverZero) {
    for (const Topology kind :
         {Topology::uniform, Topology::log_normal, Topology::transit_stub, Topology::small_world, Topology::plod}) {
        TopologyOptions options;
        options.kind = kind;
        options.routers = 60;
        const auto a = model(options), again = model(options), other = model(options, 2);
        bool differs = false;
        for (std::uint32_t i = 0; i < 40; ++i) {
            const Duration one = a->one_way(i, i * 7 + 1);
            EXPECT_GT(one, Duration{0});
            EXPECT_LE(one, 10s);
            EXPECT_EQ(one, again->one_way(i, i * 7 + 1));
            EXPECT_EQ(one, a->one_way(i * 7 + 1, i)) << "links are the same both paths";
            differs = differs || one != other->one_way(i, i * 7 + 1);
        }
        EXPECT_TRUE(differs) << static_cast<int>(kind);
    }
}

TEST(LatencyModel, UniformStaysWithinItsBounds) {
    TopologyOptions options;
    options.latency_min = 3ms;
    options.latency_max = 5ms;
    const auto all = sorted_latencies(*model(options), 60);
    EXPECT_GE(all.front(), 3000);
    EXPECT_LE(all.back(), 5000);
    EXPECT_NEAR(static_cast<double>(all[all.size() / 2]), 4000, 100);
}

TEST(LatencyModel, LogNormalHasItsMedianAndItsSpread) {
    TopologyOptions options;
    options.kind = Topology::log_normal;
    options.median = 40ms;
    options.sigma = 0.5;
    const auto all = sorted_latencies(*model(options), 120);
    const auto at = [&](double q) { return static_cast<double>(all[static_cast<std::size_t>(q * 7140)]); };
    EXPECT_NEAR(at(0.5), 40'000, 2'000);
    EXPECT_NEAR(at(0.8413) / at(0.5), std::exp(0.5), 0.1);  // one standard deviation up
}

TEST(LatencyModel, TransitStubIsNearWithinAStubAndFarAcrossTheCore) {
    TopologyOptions options;
    options.kind = Topology::transit_stub;
    options.latency_min = options.latency_max = 1ms;
    const auto all = sorted_latencies(*model(options), 100);
    EXPECT_LE(all.front(), 1000 + 1000 + 6000);              // one stub domain: two lines and a few hops
    EXPECT_GE(all.back(), 1000 + 1000 + 2 * 5000 + 40'000);  // two uplinks and two hops in the core
    EXPECT_EQ(router_count(options), 3u * 4 * (1 + 3 * 5));
}

TEST(LatencyModel, TheTriangleHoldsBetweenRouters) {
    for (const Topology kind : {Topology::small_world, Topology::plod, Topology::transit_stub}) {
        TopologyOptions options;
        options.kind = kind;
        options.routers = 50;
        const RouterPaths paths = router_paths(options, 7);
        const std::size_t n = paths.latencies.rows;
        ASSERT_EQ(n, router_count(options));
        for (std::size_t a = 0; a < n; ++a)
            for (std::size_t b = 0; b < n; ++b) {
                ASSERT_LT(paths.latencies.cells[a * n + b], 10'000'000u) << "connected";
                const std::size_t c = (a * 31 + b * 17) % n;
                EXPECT_LE(paths.latencies.cells[a * n + b],
                          paths.latencies.cells[a * n + c] + paths.latencies.cells[c * n + b]);
            }
    }
}

TEST(LatencyModel, AMatrixIsReadRowToColumnAndComesBackTheSame) {
    const auto matrix = parse_latency_matrix("m.csv", "# ms\n0.5, 10 ,20\n11,0.5,30\n21;31\t0\n");
    ASSERT_TRUE(matrix);
    TopologyOptions options;
    options.kind = Topology::matrix;
    options.matrix = *matrix;
    const auto m = model(options);
    EXPECT_EQ(m->one_way(0, 1), 10ms);
    EXPECT_EQ(m->one_way(1, 0), 11ms);
    EXPECT_EQ(m->one_way(4, 2), 30ms);  // host 4 has row 1
    EXPECT_EQ(m->one_way(2, 5), 1us);   // zero becomes the shortest latency
    EXPECT_EQ(parse_latency_matrix("again", print_latency_matrix(*matrix))->cells, matrix->cells);
}

TEST(LatencyModel, MissingCellsFollowTheRuleOfTheFile) {
    using Cells = std::vector<std::uint32_t>;
    const auto cells = [](std::string_view content) {
        const auto matrix = parse_latency_matrix("m.csv", content);
        EXPECT_TRUE(matrix) << matrix.error().message;
        return matrix ? matrix->cells : Cells{};
    };
    EXPECT_EQ(cells("# missing: mirror\n0,-1,3\n7,0,NaN\n3,9,0\n"),
              (Cells{0, 7000, 3000, 7000, 0, 9000, 3000, 9000, 0}));
    EXPECT_EQ(cells("# missing: median\n0,,3\n,0,9\n3,9,0\n"),
              (Cells{0, 9000, 3000, 9000, 0, 9000, 3000, 9000, 0}));
    EXPECT_EQ(cells("nan 2\n4 -1\n"), (Cells{2000, 2000, 4000, 4000})) << "the diagonal has the least of its row";
    EXPECT_EQ(cells("1,2,\n3,4,\n"), (Cells{1000, 2000, 3000, 4000})) << "a comma behind every row ends it";
}

TEST(LatencyModel, TrianglesAndMicrosecondsSayWhatTheyAre) {
    using Cells = std::vector<std::uint32_t>;
    const Cells all{0, 5000, 6000, 5000, 0, 7000, 6000, 7000, 0};
    for (const char* content : {"# layout: lower\n0\n5 0\n6 7 0\n", "# layout: upper\n0,5,6\n0,7\n0\n",
                                "# unit: us\n0,5000,6000\n5000,0,7000\n6000,7000,0\n",
                                "# unit: s\n0,.005,.006\n.005,0,.007\n.006,.007,0\n"}) {
        const auto matrix = parse_latency_matrix("m.csv", content);
        ASSERT_TRUE(matrix) << matrix.error().message;
        EXPECT_EQ(matrix->cells, all) << content;
    }
    const auto bare = parse_latency_matrix("m.csv", "# layout: strictly lower\n# unit: us\n5000\n6000,7000\n");
    ASSERT_TRUE(bare) << bare.error().message;
    EXPECT_EQ(bare->cells, (Cells{5000, 5000, 6000, 5000, 5000, 7000, 6000, 7000, 6000}));
}

TEST(LatencyModel, AWrongMatrixIsToldWithItsLine) {
    const auto wrong = [](std::string_view content) {
        return parse_latency_matrix("m.csv", content).error().message;
    };
    EXPECT_EQ(wrong("1,2\n3,x\n"),
              "m.csv:2: column 2: \"x\" is not allowed; allowed: milliseconds from 0 to 10000");
    EXPECT_THAT(wrong("1,-2\n3,4\n"), StartsWith("m.csv:1: column 2: \"-2\""));
    EXPECT_THAT(wrong("1,nan\n3,4\n"), StartsWith("m.csv:1: column 2"));
    EXPECT_EQ(wrong("1,2\n3\n"),
              "m.csv:2: 1 columns; the first row has 2; a triangle needs a line `# layout: lower` "
              "or `# layout: upper` before the rows");
    EXPECT_THAT(wrong("1,-1\n3,4\n"),
                StartsWith("m.csv:1: column 2: the cell is missing; a line `# missing: mirror`"));
    EXPECT_THAT(wrong("1,2\n,4\n"), StartsWith("m.csv:2: column 1: the cell is missing"));
    EXPECT_THAT(wrong("# missing: mirror\n1,NaN\n-1,4\n"),
                HasSubstr("m.csv:2: column 2: the cell is missing in both"));
    EXPECT_THAT(wrong("# missing: zero\n1,2\n3,4\n"), HasSubstr("m.csv:1: missing: \"zero\" is not allowed"));
    EXPECT_THAT(wrong("1,20000\n20000,1\n"), HasSubstr("microseconds need a line `# unit: us`"));
    EXPECT_THAT(wrong("0,5000\n4000,0\n"), HasSubstr("m.csv:1: the median is 5000 ms: say what the unit is"));
    EXPECT_THAT(wrong("# layout: lower\n1\n2,3,4\n"),
                HasSubstr("m.csv:3: 3 columns; this row of the triangle has 2"));
    EXPECT_EQ(wrong("1,2\n3,4\n5,6\n"), "m.csv:3: more rows than the 2 columns");
    EXPECT_THAT(wrong("1,2,3\n4,5,6\n"), HasSubstr("the file ends after 2 rows of 3 columns"));
    EXPECT_THAT(wrong("# nothing\n\n"), StartsWith("m.csv:2: no rows"));
    std::string wide;
    for (int i = 0; i < 2001; ++i) wide += "1,";
    EXPECT_THAT(wrong(wide), HasSubstr("more than 2000 columns"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
