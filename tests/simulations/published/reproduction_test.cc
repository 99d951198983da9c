#include "simulations/published/reproduction.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <string>

namespace halp::sim {
namespace HALP_TEST_FILE {

TEST(Reproduction, HoldsFiguresWithinToleranceAndOnTheRightSide) {
    EXPECT_TRUE((Check{"near", 100, 104, 0.05}.met()));
    EXPECT_FALSE((Check{"near", 100, 106, 0.05}.met()));
    EXPECT_TRUE((Check{"both", 100, 106, 0.05, 2}.met()));
    EXPECT_TRUE((Check{"most", 12, 3, 0, 0, Sense::at_most}.met()));
    EXPECT_FALSE((Check{"most", 12, 13, 0, 0, Sense::at_most}.met()));
    EXPECT_TRUE((Check{"least", 1, 2, 0, 0, Sense::at_least}.met()));
    EXPECT_FALSE((Check{"least", 1, 0.9, 0, 0, Sense::at_least}.met()));
}

void expect_met(const std::string& section, std::size_t rows_min) {
    std::size_t rows = 0;
    reproduce({.quick = true, .only = section}, [&](const Check& row) {
        ++rows;
        EXPECT_TRUE(row.met()) << row.what << ": " << row.got << " for " << row.expected;
    });
    EXPECT_GE(rows, rows_min);
}

TEST(Reproduction, ReproducesTheSpreadOfOneItem) { expect_met("spread", 20); }
TEST(Reproduction, ReproducesTheRuleOfTheDaemonAfterHalfOfItDied) { expect_met("hybrid", 5); }
TEST(Reproduction, ReproducesTheRecoveryOfHyParView) { expect_met("hyparview", 15); }

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
