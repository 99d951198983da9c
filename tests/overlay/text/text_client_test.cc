#include "overlay/text/text_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

constexpr UnixSeconds now{1700000000};

Label label(const std::string& text) { return Label::parse(text).value(); }

TEST(TextClientGet, SendsNoLineFeedAndNothingAnOriginalDiesOf) {
    EXPECT_EQ(get_query(Label::halp()).value(), "get halp");
    EXPECT_EQ(get_query(label("a_b/")).value(), "get a_b/");
    for (const char* kept_here : {"a_b", "a-b", "v1.2", "x/a_b"})
        EXPECT_FALSE(get_query(label(kept_here))) << kept_here << " would end an original";
    EXPECT_TRUE(get_query(label(std::string(255, 'a'))));
    EXPECT_FALSE(get_query(label(std::string(256, 'a'))));
    EXPECT_FALSE(get_query(label(std::string(300, 'a') + "/b")));
}

TEST(TextClientInsert, WritesLinesWithoutAFinalLineFeed) {
    const auto queries = insert_queries(label("chat"), {{UnixSeconds{5}, {"a.example", 80}}, {now, {"::1", 1}}});
    EXPECT_EQ(queries.value(), std::vector<std::string>{"insert chat\n5 a.example 80\n1700000000 ::1 1"});
    EXPECT_TRUE(insert_queries(label("chat"), {}).value().empty());
}

TEST(TextClientInsert, SplitsWhatAnOriginalWouldCut) {
    std::vector<TextHostLine> lines;
    for (std::uint16_t i = 1; i <= 200; ++i) lines.push_back({now, {std::string(i, 'h'), i}});
    const auto queries = insert_queries(label("chat"), lines).value();
    std::size_t found = 0;
    const char* shape = "insert [a-z0-9]+(\n[0-9]{1,10} [^ \n]{1,255} [0-9]{1,5})+";
    for (const std::string& query : queries) {
        EXPECT_LE(query.size(), text_sent_bytes_max);
        EXPECT_THAT(query, testing::MatchesRegex(shape));
        TextLines reader{std::string_view{query}.substr(query.find('\n') + 1)};
        for (std::string_view line; reader.next(line); ++found)
            EXPECT_EQ(parse_host_line(line)->endpoint, lines[found].endpoint);
    }
    EXPECT_EQ(found, lines.size());
    EXPECT_GT(queries.size(), 20u);
}

TEST(TextClientInsert, FitsTheLongestLabelAndHostTogether) {
    const auto queries =
        insert_queries(label(std::string(255, 'a')), {{now, {std::string(255, 'h'), 65535}}, {now, {"b", 2}}})
            .value();
    ASSERT_EQ(queries.size(), 1u);
    EXPECT_LE(queries.front().size(), text_sent_bytes_max);
}

TEST(TextClientInsert, FillsAQueryToTheLastByteAndNotBeyond) {
    const std::string host(233, 'h');  // four lines of 247 bytes, each with the LF before it
    const std::vector<TextHostLine> four = {{now, {host, 1}}, {now, {host, 2}}, {now, {host, 3}}, {now, {host, 4}}};
    const auto exact = insert_queries(label("chats"), four).value();
    ASSERT_EQ(exact.size(), 1u);
    EXPECT_EQ(exact.front().size(), text_sent_bytes_max);
    EXPECT_EQ(insert_queries(label("chatss"), four).value().size(), 2u);
}

TEST(TextClientInsert, KeepsTimesWithinWhatOriginalsCanHold) {
    const auto queries =
        insert_queries(label("a"), {{UnixSeconds{-7}, {"h", 1}}, {unix_seconds_max, {"h", 2}}}).value();
    EXPECT_EQ(queries.front(), "insert a\n0 h 1\n2147483647 h 2");
}

TEST(TextClientInsert, RefusesLabelsAndHostsThatEndOrPoisonAnOriginal) {
    const std::vector<TextHostLine> good = {{now, {"h", 80}}};
    for (const char* name : {"a/b", "a/", "Chat", "labels"})
        EXPECT_FALSE(insert_queries(label(name), good)) << name;
    EXPECT_FALSE(insert_queries(label(std::string(256, 'a')), good));
    for (const char* host : {"", "a b", "a\nb", "a\tb", "a\x1b"})
        EXPECT_FALSE(insert_queries(label("chat"), {{now, {host, 80}}})) << host;
    EXPECT_FALSE(insert_queries(label("chat"), {{now, {"h", 0}}}));
}

TEST(TextAnswer, KeepsABoundedPieceOfAnEndlessAnswer) {
    TextAnswer answer;
    const std::string line = "1700000000 h.example 80\n";
    int taken = 0;
    while (answer.on_bytes(line)) ASSERT_LT(++taken, 10000);
    EXPECT_FALSE(answer.on_bytes(line));
    EXPECT_LE(answer.text(true).size(), TextAnswer::bytes_max);
    EXPECT_EQ(parse_host_answer(answer.text(true), now).bad_lines, 0u) << "the cut line is not shown";
    EXPECT_EQ(parse_host_answer(answer.text(true), now).lines.size(), TextAnswer::bytes_max / line.size());
}

TEST(TextAnswer, DoesNotTrustTheLastLineOfABrokenConnection) {
    TextAnswer answer;
    EXPECT_TRUE(answer.on_bytes("1700000000 a 80\n1700000000 b 80"));
    EXPECT_EQ(answer.text(true), "1700000000 a 80\n1700000000 b 80");
    EXPECT_EQ(answer.text(false), "1700000000 a 80");
    TextAnswer one_line;
    EXPECT_TRUE(one_line.on_bytes("1700000000 b 80"));
    EXPECT_EQ(one_line.text(false), "");
}

TEST(TextAnswer, OfExactlyTheLimitIsWhole) {
    TextAnswer answer;
    EXPECT_TRUE(answer.on_bytes(std::string(TextAnswer::bytes_max, 'x')));
    EXPECT_EQ(answer.text(true).size(), TextAnswer::bytes_max);
    EXPECT_FALSE(answer.on_bytes("x"));
}

TEST(TextAnswer, MayBeARefusal) {
    EXPECT_TRUE(is_refusal("Could not parse request"));
    EXPECT_TRUE(is_refusal("Could not parse request\r\n"));
    EXPECT_FALSE(is_refusal(""));
    EXPECT_FALSE(is_refusal("1 could 2\nCould not parse request"));
}

TEST(TextProof, IsAnAnswerThatOnlyAHalpServerGives) {
    const std::string insert = "insert halp\n1700000000 a.example 80";
    EXPECT_EQ(proof_of(proof_query, "Could not parse request"), TextProof::halp);
    EXPECT_EQ(proof_of("get halp", "1700000000 a.example 80"), TextProof::halp);
    EXPECT_EQ(proof_of("get halp", "garbage\r\n1700000000 a.example 80\r\n"), TextProof::halp);
    EXPECT_EQ(proof_of("get labels", "1700000000 chat"), TextProof::halp);
    EXPECT_EQ(proof_of("get x/", "1700000000 y"), TextProof::halp);
    EXPECT_EQ(proof_of("get halp", "Could not parse request"), TextProof::halp);
    EXPECT_EQ(proof_of(insert, "success: halp 1700000000 a.example 80"), TextProof::halp);
    EXPECT_EQ(proof_of(insert, "failure: halp 1700000000 a.example 80"), TextProof::halp);
}

TEST(TextProof, IsNotAnAnswerOfAnotherServiceNorTheQueryItself) {
    const std::string insert = "insert halp\n1700000000 a.example 80";
    for (const std::string& query :
         {std::string{proof_query}, std::string{"get halp"}, std::string{"get labels"}, insert})
        for (const std::string& answer :
             {std::string{"SSH-2.0-OpenSSH_9.2p1\r\nInvalid SSH identification string.\r\n"},
              std::string{"HTTP/1.1 400 Bad Request\r\n\r\n<h1>400</h1>"}, std::string{"Could not parse"}, query})
            EXPECT_EQ(proof_of(query, answer), TextProof::foreign) << query << " -> " << answer;
    EXPECT_EQ(proof_of("get halp", "220 ready"), TextProof::foreign) << "a name is no host";
    EXPECT_EQ(proof_of(proof_query, ""), TextProof::foreign);
    EXPECT_EQ(proof_of("get halp", ""), TextProof::nothing);
    EXPECT_EQ(proof_of(insert, ""), TextProof::nothing);
}

TEST(HostAnswer, ReadsWhatItCanAndCountsTheRest) {
    const std::string text =
        "1699999990 a.example 80\r\n9 host\n\n253402300800 f 80\nhello\n1699999980 b 81\n1 h 0\n1 h 65536\n";
    const HostAnswer answer = parse_host_answer(text, now);
    ASSERT_EQ(answer.lines.size(), 2u);
    EXPECT_EQ(answer.lines[0].endpoint, (Endpoint{"a.example", 80}));
    EXPECT_EQ(answer.lines[0].age, 10s);
    EXPECT_EQ(answer.lines[0].stated, UnixSeconds{1699999990});
    EXPECT_EQ(answer.lines[1].age, 20s);
    EXPECT_EQ(answer.bad_lines, 5u);
    EXPECT_TRUE(parse_host_answer("", now).lines.empty());
}

TEST(HostAnswer, SubtractsTheExcessOfAClockThatIsAhead) {
    const HostAnswer answer = parse_host_answer("1700028800 a 1\n1700028790 b 1\n1700000000 c 1", now);
    EXPECT_EQ(answer.lines[0].age, 0s);
    EXPECT_EQ(answer.lines[1].age, 10s);
    EXPECT_EQ(answer.lines[2].age, 28800s);
}

TEST(HostAnswer, LeavesAClockThatIsBehindAlone) {
    const HostAnswer answer = parse_host_answer("1699967600 a 1", now);
    EXPECT_EQ(answer.lines[0].age, 32400s);
}

TEST(HostAnswer, ClampsAgesToThirtyDays) {
    const HostAnswer answer = parse_host_answer("1699999999 a 1\n0 b 1\n1697408000 c 1\n1697407999 d 1", now);
    EXPECT_EQ(answer.lines[1].age, 24h * 30);
    EXPECT_EQ(answer.lines[2].age, 24h * 30);
    EXPECT_EQ(answer.lines[3].age, 24h * 30);
}

TEST(HostAnswer, FollowsAServerWhoseWholeAnswerLiesFarAhead) {
    const HostAnswer answer = parse_host_answer("253402300799 a 1\n253402300789 b 1", now);
    EXPECT_EQ(answer.lines[0].age, 0s);
    EXPECT_EQ(answer.lines[1].age, 10s);
}

// One line with a made-up time in an original must not make all other hosts decades old.
TEST(HostAnswer, DoesNotTakeOneMadeUpTimeForTheServersClock) {
    const HostAnswer answer = parse_host_answer("4102444800 pinned 1\n1699999990 b 1\n1699999980 c 1", now);
    EXPECT_EQ(answer.lines[0].age, 24h * 30);
    EXPECT_EQ(answer.lines[1].age, 10s);
    EXPECT_EQ(answer.lines[2].age, 20s);
}

TEST(HostAnswer, SurvivesAClockOfOursThatIsWildlyWrong) {
    for (const auto wild : {UnixSeconds{0}, UnixSeconds{-1}, unix_seconds_max}) {
        const HostAnswer answer = parse_host_answer("0 a 1\n253402300799 b 1\n1700000000 c 1", wild);
        for (const auto& line : answer.lines) {
            EXPECT_GE(line.age, 0s);
            EXPECT_LE(line.age, 24h * 30);
        }
    }
}

TEST(NameAnswer, GivesLabelsThatAnOriginalSurvivesBeingAskedFor) {
    const std::string text =
        "1699999990 chat\n1699999980 a_b\n1 ../../etc/passwd\n1 x/y\n1 _\n1 pinned 80\nhello\n1 caf\xc3\xa9\n1 " +
        std::string(256, 'a');
    const NameAnswer answer = parse_name_answer(Label::labels(), text, now);
    ASSERT_EQ(answer.lines.size(), 3u);
    EXPECT_EQ(answer.lines[0].name, "chat");
    EXPECT_EQ(answer.lines[0].label, label("chat"));
    EXPECT_EQ(answer.lines[0].age, 10s);
    EXPECT_EQ(answer.lines[1].name, "a_b");
    EXPECT_EQ(answer.lines[1].label, label("a_b/"));
    EXPECT_EQ(answer.lines[2].label, label("pinned"));
    EXPECT_EQ(answer.bad_lines, 6u);
}

TEST(NameAnswer, PutsChildrenBelowTheirDirectory) {
    const NameAnswer answer = parse_name_answer(label("x/y/"), "1 z\n1 " + std::string(252, 'a'), now);
    ASSERT_EQ(answer.lines.size(), 1u);
    EXPECT_EQ(answer.lines[0].label, label("x/y/z"));
    EXPECT_EQ(answer.bad_lines, 1u) << "x/y/aa.. has 256 bytes: too long for a file of the original";
    EXPECT_EQ(parse_name_answer(label("labels/"), "1 z", now).lines[0].label, label("labels/z"));
}

TEST(InsertAnswerReader, FindsRepliesThatNothingSeparates) {
    const std::string query = "insert foo\n1 a 80\nget foo\n";
    const InsertAnswer answer = parse_insert_answer(query, "success: foo 1 a 80failure: foo get foofailure: foo ");
    EXPECT_EQ(answer.stored, 1u);
    EXPECT_EQ(answer.refused, 2u);
    EXPECT_EQ(answer.unanswered, 0u);
}

TEST(InsertAnswerReader, CountsWhatIsNotAnswered) {
    const std::string query = "insert foo\n1 a 80\n2 b 80\n3 c 80";
    const auto check = [&query](const std::string& text, std::size_t stored, std::size_t unanswered) {
        const InsertAnswer answer = parse_insert_answer(query, text);
        EXPECT_EQ(answer.stored, stored) << text;
        EXPECT_EQ(answer.refused, 0u) << text;
        EXPECT_EQ(answer.unanswered, unanswered) << text;
    };
    check("", 0, 3);
    check("Could not parse request", 0, 3);
    check("success: foo 1 a 80", 1, 2);
    check("success: foo 1 a 80success: foo 2 b 8", 1, 2);
    check("success: foo 2 b 80success: foo 3 c 80", 0, 3);
}

TEST(ClientParsers, SurviveEveryTruncationAndRandomBytes) {
    const std::string text =
        "1699999990 a.example 80\r\n9 host\n253402300799 [::1] 65535\n99999999999999999999 x 1";
    for (std::size_t size = 0; size <= text.size(); ++size) {
        const auto hosts = parse_host_answer(text.substr(0, size), now);
        EXPECT_LE(hosts.lines.size() + hosts.bad_lines, 4u);
        (void)parse_name_answer(Label::labels(), text.substr(0, size), now);
    }
    std::mt19937 random{7};
    for (int round = 0; round < 2000; ++round) {
        std::string noise;
        for (std::size_t i = random() % 200; i > 0; --i) noise += "0159 \n\r\tah:/_\x00\xff"[random() % 16];
        for (const auto& line : parse_name_answer(Label::labels(), noise, now).lines)
            EXPECT_TRUE(get_query(line.label)) << noise;
        EXPECT_LE(parse_host_answer(noise, now).lines.size(), noise.size() / 5);
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
