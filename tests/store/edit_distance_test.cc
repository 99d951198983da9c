#include "store/edit_distance.h"

#include <gtest/gtest.h>

namespace halp {
namespace HALP_TEST_FILE {

TEST(EditDistance, CountsTypingErrors) {
    EXPECT_EQ(edit_distance("period", "period"), 0u);
    EXPECT_EQ(edit_distance("", "abc"), 3u);
    EXPECT_EQ(edit_distance("abc", ""), 3u);
    EXPECT_EQ(edit_distance("perod", "period"), 1u);
    EXPECT_EQ(edit_distance("perriod", "period"), 1u);
    EXPECT_EQ(edit_distance("pariod", "period"), 1u);
    EXPECT_EQ(edit_distance("peroid", "period"), 1u) << "a swap of neighbours";
    EXPECT_EQ(edit_distance("ca", "abc"), 3u) << "no letter is changed twice";
    EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
