#include "simulations/published/published_figures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

namespace halp::sim {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

std::string readme() {
    std::ifstream file(HALP_SOURCE_DIR "/simulations/published/README.md");
    return {std::istreambuf_iterator<char>(file), {}};
}

// One source: what the page says is what check and reports compare with.
TEST(PublishedFigures, StandInTheReadmeAsTheyAreComparedWith) {
    const std::string page = readme();
    std::set<std::string_view> keys;
    for (const PublishedFigure& one : published_figures()) {
        EXPECT_TRUE(keys.insert(one.key).second) << one.key << " is there twice";
        EXPECT_EQ(&published(one.key), &one);
        EXPECT_THAT(page, HasSubstr("| " + std::string{one.figure} + " | " + value_text(one) + " | " +
                                    std::string{one.setting} + " | " + std::string{one.source} + " |\n"));
    }
}

TEST(PublishedFigures, SpreadIsLookedUpAtTheNearestSizeAsARatio) {
    EXPECT_EQ(nearest_published_spread(2).nodes, 100u);
    EXPECT_EQ(nearest_published_spread(300).nodes, 100u);
    EXPECT_EQ(nearest_published_spread(330).nodes, 1'000u);
    EXPECT_EQ(nearest_published_spread(1e9).nodes, 100'000u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
