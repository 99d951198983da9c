#include "store/label.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using Listing = std::pair<std::string, std::string>;

std::vector<Listing> listings_of(const std::string& text, std::size_t directory_max = Label::length_max) {
    std::vector<Listing> listings;
    for (const auto& [directory, name] : Label::parse(text).value().listings(directory_max))
        listings.emplace_back(directory.text(), name);
    return listings;
}

TEST(Label, TakesWhatTheOriginalTakes) {
    for (const char* good : {"a", "Foo", "0", "a_b/c", "a_b/", "labels", "labels/", "labels/x", "halp", "x/y/z",
                             "x/y/", "_a/b", "a_/b", "0_/"}) {
        const auto label = Label::parse(good);
        ASSERT_TRUE(label) << good;
        EXPECT_EQ(label->text(), good);
    }
}

TEST(Label, TakesMoreThanTheOriginalAndKnowsWhatTheOriginalSurvives) {
    for (const char* wide :
         {"a_b", "a-b", "a.b", "v1.2-rc_3", "x/a_b", "_a", "a_", "a-b/c", "a.b/", "a..b", "x/_a.b/c"}) {
        ASSERT_TRUE(Label::parse(wide)) << wide;
        EXPECT_FALSE(Label::parse(wide)->is_original()) << wide;
    }
    for (const char* original : {"a", "a_b/c", "a_b/", "labels", "_a/b", "x/y/z"})
        EXPECT_TRUE(Label::parse(original)->is_original()) << original;
}

TEST(Label, RefusesWhatIsUnsafeAsAFileOrAnOption) {
    for (const char* bad : {"",
                            "_",
                            "/",
                            "/x",
                            "a//b",
                            "_/x",
                            "a//",
                            "..",
                            "-a",
                            "a-",
                            ".a",
                            "a.",
                            "-",
                            ".",
                            "../x",
                            "~",
                            "a~b",
                            "a b",
                            "a\n",
                            "\n",
                            "caf\xe9",
                            "caf\xc3\xa9",
                            "x/_",
                            "x/-y",
                            "x/y.",
                            "x./y",
                            "foo[0:5]",
                            "a=b",
                            "a,b",
                            "a+b",
                            "../../etc/passwd"})
        EXPECT_FALSE(Label::parse(bad)) << bad;
    EXPECT_FALSE(Label::parse(std::string("a\0b", 3)));
}

TEST(Label, HasAtMost4096Bytes) {
    EXPECT_TRUE(Label::parse(std::string(4096, 'a')));
    EXPECT_FALSE(Label::parse(std::string(4097, 'a')));
}

TEST(Label, FitsAFileNameUpTo255Bytes) {
    EXPECT_TRUE(Label::parse(std::string(255, 'a'))->storable());
    EXPECT_FALSE(Label::parse(std::string(256, 'a'))->storable());
}

TEST(Label, KnowsWhichLabelsListNames) {
    EXPECT_TRUE(Label::labels().lists_names());
    EXPECT_TRUE(Label::parse("x/")->lists_names());
    EXPECT_TRUE(Label::parse("labels/")->lists_names());
    EXPECT_FALSE(Label::parse("labels/x")->lists_names());
    EXPECT_FALSE(Label::parse("Labels")->lists_names());
    EXPECT_FALSE(Label::halp().lists_names());
}

TEST(Label, IsListedInEveryDirectoryAboveIt) {
    EXPECT_EQ(listings_of("x"), (std::vector<Listing>{{"labels", "x"}}));
    EXPECT_EQ(listings_of("x/"), (std::vector<Listing>{{"labels", "x"}}));
    EXPECT_EQ(listings_of("x/y/z"), (std::vector<Listing>{{"labels", "x"}, {"x/", "y"}, {"x/y/", "z"}}));
    EXPECT_EQ(listings_of("x/y/"), (std::vector<Listing>{{"labels", "x"}, {"x/", "y"}}));
    EXPECT_EQ(listings_of("labels"), (std::vector<Listing>{{"labels", "labels"}}));
    EXPECT_EQ(listings_of("labels/"), (std::vector<Listing>{{"labels", "labels"}}));
    EXPECT_EQ(listings_of("labels/x"), (std::vector<Listing>{{"labels", "labels"}, {"labels/", "x"}}));
}

TEST(Label, LeavesOutDirectoriesThatAreTooLongWhenAsked) {
    EXPECT_EQ(listings_of("x/y/z", 4).size(), 3U);
    EXPECT_EQ(listings_of("x/y/z", 3), (std::vector<Listing>{{"labels", "x"}, {"x/", "y"}}));
    EXPECT_EQ(listings_of("x/y/z", 1), (std::vector<Listing>{{"labels", "x"}}));
}

// These numbers are part of the wire format: all machines compute the same.
TEST(Label, HashesAlikeEverywhere) {
    EXPECT_EQ(Label::halp().hash(), 0x2d1e7787ec3e1229ULL);
    EXPECT_EQ(Label::parse("chat")->hash(), 0xff647b523a9c9456ULL);
    EXPECT_NE(Label::parse("chat")->hash(), Label::parse("Chat")->hash());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
