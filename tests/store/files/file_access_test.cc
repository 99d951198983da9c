#include "store/files/file_access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::uint32_t me = 1000, root = 0, another = 1001;

TEST(FileAccess, TellsOfKeysThatOthersMayRead) {
    EXPECT_EQ(readable_by_others("keys", {me, 0600}, me), "");
    EXPECT_EQ(readable_by_others("keys", {root, 0640}, me), "") << "this user reads it as one of its group";
    EXPECT_EQ(readable_by_others("keys", {me, 0644}, me),
              "other users may read keys, which holds keys (mode 0644): chmod 600 keys");
    EXPECT_THAT(readable_by_others("keys", {me, 0640}, me), HasSubstr("chmod 600 keys"));
    EXPECT_THAT(readable_by_others("keys", {root, 0644}, me), HasSubstr("chmod o-rwx keys"));
}

TEST(FileAccess, TellsOfFilesThatOthersMayChange) {
    EXPECT_EQ(changeable_by_others("halpd.yaml", {me, 0644}, me), "");
    EXPECT_EQ(changeable_by_others("halpd.yaml", {root, 0644}, me), "");
    EXPECT_EQ(changeable_by_others("halpd.yaml", {me, 0664}, me), "") << "the group of many users is their own";
    EXPECT_EQ(changeable_by_others("halpd.yaml", {me, 0646}, me),
              "every user may change halpd.yaml (mode 0646): chmod go-w halpd.yaml");
    EXPECT_THAT(changeable_by_others("halpd.yaml", {another, 0600}, me),
                AllOf(HasSubstr("halpd.yaml belongs to another user (uid 1001)"), HasSubstr("chown")));
    EXPECT_NE(changeable_by_others("halpd.yaml", {another, 0600}, root), "");
}

TEST(FileAccess, TellsOfDirectoriesInWhichOthersMayPutFiles) {
    EXPECT_EQ(directory_of_others("/s", {me, 0755}, me), "");
    EXPECT_EQ(directory_of_others("/s", {root, 0755}, me), "");
    EXPECT_THAT(directory_of_others("/s", {me, 01777}, me),
                AllOf(HasSubstr("the directory /s (mode 1777)"), HasSubstr("chmod go-w /s")));
    EXPECT_THAT(directory_of_others("/s", {another, 0700}, root), HasSubstr("belongs to another user (uid 1001)"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
