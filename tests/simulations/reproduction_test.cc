#include "simulations/reproduction.h"

#include <gtest/gtest.h>

#include <vector>

namespace halp::sim {
namespace {

TEST(Reproduction, HoldsFiguresWithinToleranceAndOnTheRightSide) {
    EXPECT_TRUE((Check{"near", 100, 104, 0.05}.met()));
    EXPECT_FALSE((Check{"near", 100, 106, 0.05}.met()));
    EXPECT_TRUE((Check{"both", 100, 106, 0.05, 2}.met()));
    EXPECT_TRUE((Check{"most", 12, 3, 0, 0, Sense::at_most}.met()));
    EXPECT_FALSE((Check{"most", 12, 13, 0, 0, Sense::at_most}.met()));
    EXPECT_TRUE((Check{"least", 1, 2, 0, 0, Sense::at_least}.met()));
    EXPECT_FALSE((Check{"least", 1, 0.9, 0, 0, Sense::at_least}.met()));
}

TEST(Reproduction, AKnownDifferenceIsNotMetButNotMissedEither) {
    const Check known{"figure", 100, 50, 0.05, 0, Sense::near, "because"};
    EXPECT_FALSE(known.met());
    EXPECT_FALSE(known.missed());
    EXPECT_TRUE((Check{"figure", 100, 50, 0.05}.missed()));
}

// The item's spread is quick to reproduce.
TEST(Reproduction, ReproducesTheSpreadOfOneItem) {
    std::vector<Check> rows;
    reproduce({.quick = true, .only = "spread"}, [&](const Check& c) { rows.push_back(c); });
    EXPECT_GT(rows.size(), 15u);
    for (const Check& row : rows)
        EXPECT_FALSE(row.missed()) << row.what << ": " << row.got << " for " << row.expected;
}

}  // namespace
}  // namespace halp::sim
