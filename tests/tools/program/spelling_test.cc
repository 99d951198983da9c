#include "tools/program/spelling.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

TEST(Spelling, GuessesOnlyLikelyWords) {
    const std::vector<std::string> words = {"get", "insert", "status", "announce"};
    EXPECT_EQ(likely_meant("gte", words), "get");
    EXPECT_EQ(likely_meant("stauts", words), "status");
    EXPECT_EQ(likely_meant("ann", words), "announce");
    EXPECT_EQ(likely_meant("frobnicate", words), "");
    EXPECT_EQ(likely_meant(std::string(1000, 'g'), words), "");
}

TEST(Spelling, NeverSuggestsWhatWasGiven) {
    EXPECT_EQ(likely_meant("get", {"get"}), "");
    EXPECT_EQ(likely_meant("get", {"get", "gets"}), "gets");
    EXPECT_EQ(did_you_mean("get", {"get"}), ".");
    EXPECT_EQ(did_you_mean("gte", {"get"}, "halp "), "; did you mean `halp get`?");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
