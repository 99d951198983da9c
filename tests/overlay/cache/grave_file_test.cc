#include "overlay/cache/grave_file.h"

#include <gtest/gtest.h>

#include <string>

namespace halp {
namespace HALP_TEST_FILE {

GraveLine grave(const std::string& host, bool proved) {
    return {.endpoint = {host, 3451}, .version = 7, .buried = UnixSeconds{100}, .proved = proved};
}

TEST(GraveFile, SurvivesItsFile) {
    GraveFile file;
    file.graves = {grave("a", true), grave("b", false), grave("c", true)};
    file.graves[0].known = UnixSeconds{50};
    file.graves[2].left = true;
    const std::string text = file.format("my swarm");
    EXPECT_EQ(text,
              "halp-graves-1\nswarm my%20swarm\n"
              "proved 100 7 a 3451 50\nheard 100 7 b 3451\nproved-left 100 7 c 3451\n");
    EXPECT_EQ(GraveFile::parse("my swarm", text).graves, file.graves);
    for (std::size_t end = 0; end < text.size(); ++end)
        EXPECT_LE(GraveFile::parse("my swarm", text.substr(0, end)).graves.size(), 3U);
}

TEST(GraveFile, KeepsTheLinesOfOtherSwarmsAsTheyAre) {
    GraveFile other;
    other.graves = {grave("a", true)};
    GraveFile mine = GraveFile::parse("halp", other.format("other"));
    EXPECT_TRUE(mine.graves.empty());
    mine.graves = {grave("b", false)};
    const GraveFile again = GraveFile::parse("other", mine.format("halp"));
    EXPECT_EQ(again.graves, other.graves);
    EXPECT_EQ(GraveFile::parse("halp", again.format("other")).graves, mine.graves);
}

TEST(GraveFile, SkipsWhatItCannotRead) {
    const GraveFile read = GraveFile::parse("halp",
                                            "halp-graves-1\nproved 1 1 early 1\nswarm halp\nproved x 1 a 1\n"
                                            "proved 1 1 a 0\nproved 1 1 a 70000\nburied 1 1 a 1\nheard 1 1 a 1 9\n"
                                            "proved 1 4294967296 a 1\nproved 1 1 b 1\nproved 1 1 c");
    ASSERT_EQ(read.graves.size(), 1U);
    EXPECT_EQ(read.graves[0].endpoint.host, "b");
    EXPECT_TRUE(GraveFile::parse("halp", "halp-graves-2\nswarm halp\nproved 1 1 b 1\n").graves.empty());
    EXPECT_EQ(GraveFile{}.format("halp"), "");
}

TEST(GraveFile, WhatWasOnlyHeardOfTakesNoPlaceOfWhatWasProved) {
    GraveFile file;
    for (std::size_t i = 0; i < 2 * GraveFile::lines_of_a_kind_max; ++i)
        file.graves.push_back(grave("made-up" + std::to_string(i), false));
    file.graves.push_back(grave("real", true));
    const GraveFile read = GraveFile::parse("halp", file.format("halp"));
    EXPECT_EQ(read.graves.size(), GraveFile::lines_of_a_kind_max + 1);
    EXPECT_EQ(read.graves.back().endpoint.host, "real");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
