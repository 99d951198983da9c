// The cases that --only, --filter and --id choose, and the errors for invalid values.
#include "tools/halp/dht/conformance_choice.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> chosen(const std::string& only, const std::string& filter,
                                std::vector<std::size_t> ids = {}) {
    DhtCommand typed;
    typed.only = only;
    typed.case_filter = filter;
    typed.ids = std::move(ids);
    const auto cases = chosen_cases(typed);
    EXPECT_TRUE(cases) << cases.error().message;
    std::vector<std::string> names;
    if (cases)
        for (const neo::ConformanceCase& each : *cases) names.emplace_back(each.name);
    return names;
}

std::string refused(const std::string& only, const std::string& filter, std::vector<std::size_t> ids = {}) {
    DhtCommand typed;
    typed.only = only;
    typed.case_filter = filter;
    typed.ids = std::move(ids);
    const auto cases = chosen_cases(typed);
    EXPECT_FALSE(cases);
    return cases ? "" : cases.error().message;
}

TEST(ConformanceChoice, IsEverythingUnlessSaidOtherwise) {
    EXPECT_EQ(chosen("", "").size(), neo::conformance_cases().size());
}

TEST(ConformanceChoice, FindsAnExpressionAnywhereInTheName) {
    EXPECT_THAT(chosen("", "st\\.put_get$"), ElementsAre("dhttest.put_get"));
    EXPECT_THAT(chosen("", "^handshake\\.(31|29)_minutes_l"),
                ElementsAre("handshake.29_minutes_late", "handshake.31_minutes_late"));
}

TEST(ConformanceChoice, IsWhatAllOptionsAllow) {
    EXPECT_THAT(chosen("handshake", "accepted|bytes_behind"),
                ElementsAre("handshake.accepted", "handshake.bytes_behind_version"));
    EXPECT_THAT(chosen("", "", {2, 1, 2}), ElementsAre("handshake.version", "handshake.accepted"));
    EXPECT_THAT(chosen("handshake", "version", {1, 2, 3}),
                ElementsAre("handshake.version", "handshake.version_mismatch"));
    EXPECT_THAT(refused("mirror", "^x", {1}), HasSubstr("no case fits --only mirror and --filter `^x` and --id"));
    EXPECT_THAT(refused("nothing", ""), HasSubstr("`nothing`"));
}

TEST(ConformanceChoice, KnowsItsNumbers) {
    const std::size_t last = neo::conformance_cases().size();
    EXPECT_EQ(chosen("", "", {last}).size(), 1U);
    EXPECT_THAT(refused("", "", {0}), HasSubstr("no case 0"));
    EXPECT_THAT(refused("", "", {last + 1}), HasSubstr("from 1 to " + std::to_string(last)));
}

TEST(ConformanceChoice, SaysWhereAnExpressionIsWrong) {
    const std::vector<std::pair<std::string, std::string>> all = {
        {"put(get", "a ( or ) lacks its counterpart, or there is nothing to repeat, at character 4."},
        {"a(b)c(d", "a ( or ) lacks its counterpart, or there is nothing to repeat, at character 6."},
        {"put)", "a ( or ) lacks its counterpart, or there is nothing to repeat, at character 4."},
        {"put[ab", "a [ lacks its ], at character 4."},
        {"*put", "or there is nothing to repeat, at character 1."},
        {"put\\", "a \\ that escapes nothing, at character 4."},
        {"x{3,1}y", "these are no bounds for a {}, at character 2."},
        {"a[[:letter:]]", "no such class or name of characters, at character 12."},
    };
    for (const auto& each : all) EXPECT_THAT(refused("", each.first), HasSubstr(each.second)) << each.first;
    EXPECT_THAT(refused("", "[z-a]"), HasSubstr("a range in [] ends before it begins, at character "));
}

TEST(ConformanceChoice, BoundsWhatAnExpressionMayCost) {
    EXPECT_THAT(refused("", std::string(filter_characters_max + 1, 'a')), HasSubstr("at most 200 characters"));
    EXPECT_THAT(refused("", std::string(filter_characters_max, '(')), HasSubstr("at character 1."));
    EXPECT_THAT(refused("", "(((a{999}){999}){999})"), HasSubstr("too complex"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
