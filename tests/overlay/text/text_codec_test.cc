#include "overlay/text/text_codec.h"

#include <gtest/gtest.h>
#include <regex.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::string_literals;

TextGet get(const std::string& query) {
    const TextQuery parsed = parse_text_query(query);
    const auto* found = std::get_if<TextGet>(&parsed);
    EXPECT_NE(found, nullptr) << query;
    return found != nullptr ? *found : TextGet{Label::halp(), 0, 0};
}

// POSIX regular expressions, as an oracle that shares nothing with the code under test.
class Expression {
public:
    explicit Expression(const char* text) { EXPECT_EQ(regcomp(&compiled_, text, REG_EXTENDED), 0) << text; }
    ~Expression() { regfree(&compiled_); }
    Expression(const Expression&) = delete;
    Expression& operator=(const Expression&) = delete;

    // The groups of a match, group 0 being the whole; empty when there is no match.
    std::vector<std::string> match(const std::string& text) const {
        std::array<regmatch_t, 4> found{};
        if (regexec(&compiled_, text.c_str(), found.size(), found.data(), 0) != 0) return {};
        std::vector<std::string> groups;
        for (const regmatch_t& group : found) {
            const auto begin = static_cast<std::size_t>(std::max<regoff_t>(group.rm_so, 0));
            groups.push_back(
                text.substr(begin, static_cast<std::size_t>(std::max<regoff_t>(group.rm_eo, 0)) - begin));
        }
        return groups;
    }

private:
    regex_t compiled_;
};

bool is_bad(const std::string& query) { return std::holds_alternative<TextBad>(parse_text_query(query)); }
bool is_insert(const std::string& query) { return std::holds_alternative<TextInsert>(parse_text_query(query)); }

TEST(TextGetQuery, AsksForTheTenNewestUnlessASliceSaysOtherwise) {
    EXPECT_EQ(get("get chat").label.text(), "chat");
    EXPECT_EQ(get("get chat").first, 0u);
    EXPECT_EQ(get("get chat\n").count, 10u);
    EXPECT_EQ(get("get chat[3:7]\n").first, 3u);
    EXPECT_EQ(get("get chat[3:7]").count, 4u);
}

TEST(TextGetQuery, SlicesSublabelsAndDirectoriesToo) {
    EXPECT_EQ(get("get a_b/c/d[0:5]").label.text(), "a_b/c/d");
    EXPECT_EQ(get("get labels[10:20]\n").first, 10u);
    EXPECT_EQ(get("get x/[0:5]").label.text(), "x/");
}

TEST(TextGetQuery, BoundsSlicesOfAnySize) {
    const std::string huge(2000, '9');
    EXPECT_EQ(get("get a[0:" + huge + "]").count, text_entries_max);
    EXPECT_EQ(get("get a[0:1001]").count, 1000u);
    EXPECT_EQ(get("get a[" + huge + ":" + huge + "]").count, 0u);
    EXPECT_EQ(get("get a[1000000001:1000000003]").count, 0u);
    EXPECT_EQ(get("get a[1000000000:1000000003]").count, 3u);
    EXPECT_EQ(get("get a[00000000000000000000000005:007]").first, 5u);
    EXPECT_EQ(get("get a[18446744073709551615:18446744073709551616]").count, 0u);
    EXPECT_EQ(get("get a[7:7]").count, 0u);
    EXPECT_EQ(get("get a[7:3]").count, 0u);
}

TEST(TextGetQuery, RefusesSlicesThatAreNone) {
    for (const char* slice :
         {"[", "[]", "[:]", "[0]", "[0:", "[0:]", "[:5]", "[0:5", "[0:5]]", "[0:5]x", "[0:5][0:5]", "[-1:5]",
          "[0:+5]", "[0: 5]", "[a:b]", "[0;5]", "[0:5] ", "[0:5]\n\n", "[0:5]\r\n"})
        EXPECT_TRUE(is_bad("get chat"s + slice)) << slice;
    EXPECT_TRUE(is_bad("get [0:5]"));
    EXPECT_TRUE(is_bad("get a_b[0:5]"));
}

TEST(TextGetQuery, BeyondWhatTheOriginalReadsIsAnsweredWithNothing) {
    const auto is_overlong = [](const std::string& query) {
        return std::holds_alternative<TextOverlong>(parse_text_query(query));
    };
    EXPECT_EQ(get("get " + std::string(4092, 'a')).label.text().size(), 4092u);
    EXPECT_TRUE(is_overlong("get " + std::string(4092, 'a') + "\n"));
    EXPECT_TRUE(is_overlong("get " + std::string(100000, 'a')));
    EXPECT_TRUE(is_bad("get a\n" + std::string(5000, 'a')));
    EXPECT_TRUE(is_bad("get a//" + std::string(5000, 'a')));
    EXPECT_TRUE(is_bad("get a-" + std::string(5000, 'a')));
}

TEST(TextInsertQuery, TakesEveryEntryUnderEveryLabel) {
    const std::string query = "insert foo bar\n1 a 1\n\n2 b 2\n";
    const TextQuery parsed = parse_text_query(query);
    const auto& insert = std::get<TextInsert>(parsed);
    ASSERT_EQ(insert.labels.size(), 2u);
    EXPECT_EQ(insert.labels[1].text(), "bar");
    std::vector<std::string> lines;
    TextLines reader{insert.entries};
    for (std::string_view line; reader.next(line);) lines.emplace_back(line);
    EXPECT_EQ(lines, (std::vector<std::string>{"1 a 1", "", "2 b 2", ""}));
}

TEST(TextInsertQuery, NamesOnlyWhatTheOriginalSurvives) {
    for (const char* head : {"insert",        "insert foo",        "insert \n",        "insert  foo\n",
                             "insert foo \n", "insert foo  bar\n", "insertfoo\n",      "insert foo\r\n",
                             "insert Foo\n",  "insert foo/bar\n",  "insert foo/\n",    "insert a_b\n",
                             "insert a.b\n",  "insert ..\n",       "insert _\n",       "insert foo a_b\n",
                             "insert -\n",    "insert foo\tbar\n", "insert caf\xe9\n", " insert foo\n",
                             "Insert foo\n"})
        EXPECT_TRUE(is_bad(head + "1 a 1"s)) << head;
    EXPECT_TRUE(is_insert("insert labels\n1 a"));
    EXPECT_TRUE(is_insert("insert 0\n"));
}

TEST(TextInsertQuery, WithoutLabelsIsReadAndMeansNothing) {
    for (const std::string& query : {"insert\n"s, "insert\n1 a 1"s}) {
        const TextQuery parsed = parse_text_query(query);
        ASSERT_TRUE(std::holds_alternative<TextInsert>(parsed));
        EXPECT_TRUE(std::get<TextInsert>(parsed).labels.empty());
    }
}

TEST(TextInsertQuery, IsBoundedInBytesAndInWhatItsAnswerTakes) {
    const std::string head = "insert foo\n";
    const auto filled = [&head](std::size_t size) { return head + std::string(size - head.size(), 'x'); };
    EXPECT_TRUE(is_insert(filled(text_query_bytes_max)));
    EXPECT_TRUE(is_bad(filled(text_query_bytes_max + 1)));
    EXPECT_TRUE(is_bad(head + std::string(1000000, '\n'))) << "13 bytes of answer for each of a million entries";
    std::string many = "insert";
    while (many.size() < 4000) many += " a";
    EXPECT_TRUE(is_insert(many + "\n1 a 1"));
    EXPECT_TRUE(is_bad(many + "\n" + std::string(3000, '\n')));
}

TEST(TextInsertQuery, AnswerStaysWithinItsBound) {
    const std::string head = "insert foo\n";
    const std::size_t entries = text_answer_bytes_max / 13;  // "failure: foo " each
    EXPECT_TRUE(is_insert(head + std::string(entries - 1, '\n')));
    EXPECT_TRUE(is_bad(head + std::string(entries, '\n')));
}

TEST(TextInsertQuery, HeadEndsWhereTheOriginalStopsReading) {
    std::string names;
    while (names.size() < 4088) names += " a";  // with "insert" and LF 4095 bytes
    EXPECT_TRUE(is_insert("insert" + names + "\n1 a 1"));
    EXPECT_TRUE(is_insert("insert" + names + "b\n1 a 1"));
    EXPECT_TRUE(is_bad("insert" + names + "bb\n1 a 1"));
    EXPECT_EQ(parse_text_start("insert" + names + "b").shape, TextShape::need_more);
    EXPECT_EQ(parse_text_start("insert" + names + "bb").shape, TextShape::complete);
}

TEST(TextHostLineParser, TakesWhatTheOriginalTakesAndSomebodyCouldDial) {
    const auto line = parse_host_line("0001300000000 h.example 00080");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->stated, UnixSeconds{1300000000});
    EXPECT_EQ(line->endpoint, (Endpoint{"h.example", 80}));
    EXPECT_TRUE(parse_host_line("253402300799 h 65535"));
    EXPECT_TRUE(parse_host_line("0 " + std::string(255, 'h') + " 1"));
    EXPECT_TRUE(parse_host_line("0 \x85\xa0\xff 1"));
}

TEST(TextHostLineParser, RefusesTheRest) {
    for (const std::string& line : {""s,
                                    " "s,
                                    "1"s,
                                    "1 "s,
                                    "1 h"s,
                                    "1 h "s,
                                    "1 h:80"s,
                                    "h 80"s,
                                    "-1 h 80"s,
                                    "+1 h 80"s,
                                    "1  h 80"s,
                                    "1 h  80"s,
                                    "1\th\t80"s,
                                    "1 h 80 "s,
                                    "1 h 80 x"s,
                                    " 1 h 80"s,
                                    "1 h 80\r"s,
                                    "1 h x"s,
                                    "1 h -80"s,
                                    "1 h 0"s,
                                    "1 h 65536"s,
                                    "1 h 18446744073709551617"s,
                                    "253402300800 h 80"s,
                                    "18446744073709551617 h 80"s,
                                    "1 a\0b 80"s,
                                    "1 \x1b[m 80"s,
                                    "1 a\x7f 80"s,
                                    "1 a\x1c 80"s,
                                    "1 " + std::string(256, 'h') + " 80"})
        EXPECT_FALSE(parse_host_line(line)) << line;
}

TEST(TextNameLineParser, IgnoresThePortOfANameButNotRubbish) {
    const auto line = parse_name_line("4000000000 pinned 99999999999999999999999");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->stated, UnixSeconds{4000000000});
    EXPECT_EQ(line->name, "pinned");
    EXPECT_TRUE(parse_name_line("1 ../../etc/passwd"));
    EXPECT_TRUE(parse_name_line("1 evil "));
    for (const std::string& bad :
         {"1"s, "1 "s, "evil"s, "1 a b"s, "1 a\0"s, "1 a\x1b"s, "1 " + std::string(256, 'n'), "253402300800 a"s})
        EXPECT_FALSE(parse_name_line(bad)) << bad;
}

TEST(TextAnswers, AreLinesJoinedWithoutAFinalLineFeed) {
    std::string hosts;
    append_host_line(hosts, UnixSeconds{1300000001}, {"b.example", 81});
    append_host_line(hosts, UnixSeconds{0}, {"::1", 65535});
    EXPECT_EQ(hosts, "1300000001 b.example 81\n0 ::1 65535");
    std::string names;
    append_name_line(names, unix_seconds_max, "foo");
    append_name_line(names, UnixSeconds{1}, "bar");
    EXPECT_EQ(names, "253402300799 foo\n1 bar");
}

TEST(TextAnswers, OfInsertsAreNotSeparatedAtAll) {
    std::string answer;
    append_insert_reply(answer, true, Label::halp(), "1 a 1");
    append_insert_reply(answer, false, Label::halp(), "");
    EXPECT_EQ(answer, "success: halp 1 a 1failure: halp ");
}

// Every `get` with at most `length` bytes after the verb, over a small alphabet, built from the grammar.
std::set<std::string> all_gets(std::size_t length) {
    std::set<std::string> names = {""}, gets, slices = {""};
    for (std::size_t round = 0; round < length; ++round)
        for (const std::string& name : std::set<std::string>{names})
            for (const char* c : {"0", "_", "/"}) names.insert(name + c);
    for (const char* a : {"0", "00", "000"})
        for (const char* b : {"0", "00", "000"}) slices.insert("["s + a + ":" + b + "]");
    const Expression label{"^(_*0[0_]*/)*0*$"};
    for (const std::string& name : names) {
        if (name.empty() || label.match(name).empty()) continue;
        for (const std::string& slice : slices) {
            if (name.size() + slice.size() <= length) gets.insert(name + slice);
            if (name.size() + slice.size() < length) gets.insert(name + slice + "\n");
        }
    }
    return gets;
}

TEST(TextShapeOfAGet, AgreesWithTheSetOfAllQueriesThatBeginAlike) {
    constexpr std::size_t decided = 4, longest = 9;  // "_" and "[" need five more bytes at most
    const std::set<std::string> gets = all_gets(longest);
    std::vector<std::string> prefixes = {""};
    for (std::size_t i = 0; i < prefixes.size(); ++i) {
        const std::string prefix = prefixes[i];
        const auto longer = gets.upper_bound(prefix);
        const bool grows = longer != gets.end() && longer->starts_with(prefix);
        const bool good = gets.count(prefix) == 1;
        const TextShape shape = !grows ? TextShape::complete : good ? TextShape::may_grow : TextShape::need_more;
        ASSERT_EQ(parse_text_start("get " + prefix).shape, shape) << prefix;
        ASSERT_EQ(!is_bad("get " + prefix), good) << prefix;
        if (prefix.size() < decided)
            for (const char c : "0_/[:]\n-"s) prefixes.push_back(prefix + c);
    }
    EXPECT_EQ(prefixes.size(), 1u + 8 + 64 + 512 + 4096);
}

TEST(TextShapeOfAnInsert, MayGrowBehindAGoodEntryOnly) {
    for (const char* bad : {"insert a_", "insert  ", "insert a  ", "insert \n", "insert\n", "inserta", "insert A",
                            "insert a/", "hello", "x", "\n", "G", "getx", "get\n", "ix"})
        EXPECT_EQ(parse_text_start(bad).shape, TextShape::complete) << bad;
    for (const char* more :
         {"", "g", "get", "get ", "i", "insert", "insert ", "insert x", "insert x y", "insert x\n",
          "insert x\n1 h 80\n", "insert x\n1 h", "insert x\nhello", "insert labels x\n1 h"})
        EXPECT_EQ(parse_text_start(more).shape, TextShape::need_more) << more;
    for (const char* good :
         {"insert x\n1 h 8", "insert x\nhello\n1 h 80", "insert labels\n1 h", "insert labels x\n1 h 8"})
        EXPECT_EQ(parse_text_start(good).shape, TextShape::may_grow) << good;
    EXPECT_EQ(parse_text_start("insert " + std::string(255, 'a')).shape, TextShape::need_more);
    EXPECT_EQ(parse_text_start("insert " + std::string(256, 'a')).shape, TextShape::complete);
    EXPECT_EQ(parse_text_start("insert x\n" + std::string(text_query_bytes_max, 'a')).shape, TextShape::complete);
}

// What is complete stays as it is: more bytes never turn it into a query or into a different query.
TEST(TextScanner, NeverCallsCompleteWhatCouldStillBecomeAQuery) {
    const std::uint32_t seed = 20110316;
    std::mt19937 random{seed};
    const std::vector<std::string> pieces = {"get ",
                                             "insert",
                                             " ",
                                             "foo",
                                             "a_b",
                                             "/",
                                             "[",
                                             "0",
                                             ":",
                                             "]",
                                             "\n",
                                             "labels",
                                             "1 h 80",
                                             "x",
                                             ".",
                                             "A",
                                             std::string(300, 'a'),
                                             std::string(2000, 'b')};
    for (int round = 0; round < 20000; ++round) {
        std::string query;
        std::size_t completed = std::string::npos;
        TextScan scan;
        for (int i = 0; i < 8; ++i) {
            for (const char c : pieces[random() % pieces.size()]) {
                query += c;
                scan.feed(std::string_view{&c, 1});
                if (scan.complete() && completed == std::string::npos) completed = query.size();
            }
        }
        TextScan at_once;
        at_once.feed(query);
        ASSERT_EQ(at_once.complete(), completed != std::string::npos) << "seed " << seed << ": " << query;
        if (completed == std::string::npos || completed == query.size()) continue;
        const TextQuery then = parse_text_query(query.substr(0, completed));
        const TextQuery later = parse_text_query(query);
        const bool was_get = std::holds_alternative<TextGet>(then);
        if (was_get)
            ASSERT_TRUE(std::holds_alternative<TextBad>(later)) << "seed " << seed << ": " << query;
        else
            ASSERT_EQ(then.index(), later.index()) << "seed " << seed << ": " << query;
    }
}

TEST(TextLineParsers, AgreeWithTheOriginalsExpression) {
    const std::uint32_t seed = 3451;
    std::mt19937 random{seed};
    const Expression entry{"^([0-9]+) ([^ \t]+) ?([0-9]+)?$"};
    const std::string bytes = "1180 h.\t-";
    for (int round = 0; round < 30000; ++round) {
        std::string line = round % 2 == 0 ? "1 h 80" : "";
        for (std::size_t i = random() % 5; i > 0; --i)
            line.insert(line.begin() + static_cast<std::ptrdiff_t>(random() % (line.size() + 1)),
                        bytes[random() % bytes.size()]);
        const std::vector<std::string> match = entry.match(line);
        const bool good = !match.empty();
        const unsigned long port = good && !match[3].empty() ? std::stoul(match[3]) : 0;
        const bool dialable = port > 0 && port < 65536;
        ASSERT_EQ(parse_name_line(line).has_value(), good) << "seed " << seed << ": " << line;
        ASSERT_EQ(parse_host_line(line).has_value(), dialable) << "seed " << seed << ": " << line;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
