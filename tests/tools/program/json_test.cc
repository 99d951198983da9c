#include "tools/program/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

TEST(Json, WritesMembersInTheOrderInWhichTheyWereSet) {
    Json object = Json::object({{"z", 1}, {"a", nullptr}, {"m", true}});
    object.set("list", Json::array({-1, 0.5, "x"})).set("a", "later");
    EXPECT_EQ(object.line(), R"({"z":1,"a":"later","m":true,"list":[-1,0.5,"x"]})");
    EXPECT_EQ(Json::object().line(), "{}");
    EXPECT_EQ(Json::array().line(), "[]");
    EXPECT_EQ(Json{}.line(), "null");
}

TEST(Json, WritesNumbersSoThatTheyReadBackAsTheSame) {
    EXPECT_EQ(Json{std::numeric_limits<std::uint64_t>::max()}.line(), "18446744073709551615");
    EXPECT_EQ(Json{std::numeric_limits<std::int64_t>::min()}.line(), "-9223372036854775808");
    EXPECT_EQ(Json{0.1}.line(), "0.1");
    EXPECT_EQ(Json{3.0}.line(), "3.0");
    EXPECT_EQ(Json{1e-7}.line(), "1e-07");
    EXPECT_EQ(Json{std::numeric_limits<double>::infinity()}.line(), "null");
    EXPECT_EQ(Json::fixed(0.5, 3).line(), "0.500");
    EXPECT_EQ(Json::fixed(1e300, 3).line().size(), 305u);
}

TEST(Json, IndentsByTwoBlanksForPeople) {
    const Json object = Json::object({{"a", Json::array({1, 2})}, {"b", Json::object()}, {"c", Json::array()}});
    EXPECT_EQ(object.indented(), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}");
}

TEST(Json, BecomesAListOrAnObjectByItsFirstContent) {
    Json list, object;
    list.push("a").push(1);
    object.set("k", 2);
    EXPECT_EQ(list.line(), R"(["a",1])");
    EXPECT_EQ(object.line(), R"({"k":2})");
    EXPECT_EQ(Json::array_of(std::vector<std::string>{"a", "b"}).line(), R"(["a","b"])");
}

TEST(Json, ReadsBackWhatItWrote) {
    const std::string text = R"({"a":[1,-2,2.5,"x",null,true],"b":{"c":""}})";
    const auto parsed = Json::parse(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->line(), text);
    const std::vector<Json>& items = (*parsed)["a"].items();
    ASSERT_EQ(items.size(), 6u);
    EXPECT_EQ(items[0].whole_or(7), 1u);
    EXPECT_EQ(items[1].number_or(7), -2);
    EXPECT_EQ(items[2].number_or(7), 2.5);
    EXPECT_EQ(items[3].text_or("7"), "x");
    EXPECT_TRUE(items[4].is(Json::Kind::null));
    EXPECT_TRUE(items[5].flag_or(false));
}

TEST(Json, AnswersWithTheFallbackWhereSomethingElseStands) {
    const Json object = Json::object({{"text", "x"}, {"negative", -1}, {"part", 0.5}});
    EXPECT_EQ(object["text"].whole_or(7), 7u);
    EXPECT_EQ(object["text"].number_or(7), 7);
    EXPECT_EQ(object["negative"].whole_or(7), 7u);
    EXPECT_EQ(object["part"].whole_or(7), 7u);
    EXPECT_EQ(object["part"].text_or("7"), "7");
    EXPECT_EQ(object["absent"]["deeper"].text(), nullptr);
    EXPECT_FALSE(object["absent"].flag_or(false));
    EXPECT_TRUE(object["absent"].items().empty());
    EXPECT_TRUE(object.has("part"));
    EXPECT_FALSE(object.has("absent"));
}

TEST(Json, ParsesNothingButOneWholeValue) {
    for (const char* text : {"", "{", "[1,]", "{\"a\":1}x", "nul", "'a'", "\"\xff\"", "{\"a\"}"})
        EXPECT_FALSE(Json::parse(text)) << text;
    EXPECT_TRUE(Json::parse(" [ ] "));
}

TEST(Json, KeepsTheLastOfMembersWithTheSameName) {
    EXPECT_EQ(Json::parse(R"({"a":1,"b":2,"a":3,"c":4,"b":5})")->line(), R"({"a":3,"b":5,"c":4})");
}

TEST(Json, RefusesWhatIsNestedTooDeep) {
    const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
    EXPECT_TRUE(Json::parse(nested(500)));
    EXPECT_FALSE(Json::parse(nested(501)));
    EXPECT_FALSE(Json::parse(std::string(1'000'000, '[')));
}

TEST(Json, SortsMembersAtEveryDepth) {
    Json value = *Json::parse(R"({"b":[{"z":1,"y":2}],"a":{"d":1,"c":2}})");
    value.sort_members();
    EXPECT_EQ(value.line(), R"({"a":{"c":2,"d":1},"b":[{"y":2,"z":1}]})");
}

TEST(Json, TakesOverTheMembersOfAnotherObject) {
    Json object = Json::object({{"a", 1}, {"b", 2}});
    object.set_all(Json::object({{"b", 3}, {"c", 4}})).set_all(Json{});
    EXPECT_EQ(object.line(), R"({"a":1,"b":3,"c":4})");
}

TEST(Json, WritesTheShortestEscapesUnlessItIsForALog) {
    EXPECT_EQ(Json{"\b\r\x7f\xff"}.line(), "\"\\b\\r\\u007f\xef\xbf\xbd\"");
    EXPECT_EQ(Json{"\b\r\x7f\xff"}.line(JsonEscapes::hardened), "\"\\u0008\\u000d\\u007f\\ufffd\"");
}

TEST(JsonText, EscapesWhatStrangersSend) {
    EXPECT_EQ(json_quoted("a\"b\\c\n\x01\x7f"), "\"a\\\"b\\\\c\\n\\u0001\\u007f\"");
    EXPECT_EQ(json_quoted("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa6"), "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa6\"");
    EXPECT_EQ(json_quoted("\xff\xc3"), "\"\\ufffd\\ufffd\"");
    EXPECT_EQ(json_quoted("\xc0\x80"), "\"\\ufffd\\ufffd\"");
    EXPECT_EQ(json_quoted("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
    for (int first = 0; first < 256; ++first)
        for (int second = 0; second < 256; second += 5) {
            const std::string bytes{static_cast<char>(first), static_cast<char>(second), 'x'};
            EXPECT_FALSE(nlohmann::json::parse(json_quoted(bytes), nullptr, false).is_discarded()) << first;
        }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
