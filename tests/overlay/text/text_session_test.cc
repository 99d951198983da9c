#include "overlay/text/text_session.h"

#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <variant>
#include <vector>

#include "tests/overlay/text/text_connection.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using Verdict = TextSession::Verdict;

const Instant start{1h};

TEST(TextSession, AnswersAGetInOneSegmentAtOnceWithOrWithoutLineFeed) {
    for (const char* query : {"get foo", "get foo\n", "get foo/", "get foo[0:5]", "insert foo\n1 h 80"}) {
        TextConnection session;
        EXPECT_TRUE(TextSession::whole_query(query)) << query;
        EXPECT_EQ(session.on_bytes(query, start), Verdict::answer) << query;
        EXPECT_EQ(session.bytes(), query);
        EXPECT_EQ(session.next_deadline(), no_deadline);
    }
}

TEST(TextSession, RefusesAtOnceWhatCannotBecomeAQuery) {
    for (const char* query :
         {"hello", "\n", "get\n", "get a b", "get foo\r\n", "insert Foo", "insert a.b", "insert\n"}) {
        TextConnection session;
        EXPECT_EQ(session.on_bytes(query, start), Verdict::answer) << query;
    }
}

TEST(TextSession, WaitsForAPauseAfterAnythingElse) {
    const std::string large = "insert foo\n" + std::string(1500, 'x') + "\n1 h 80";
    for (const std::string& query :
         {std::string{"ge"}, std::string{"get "}, std::string{"get a_"}, std::string{"get foo[0:"},
          std::string{"insert"}, std::string{"insert foo"}, std::string{"insert foo\n"},
          std::string{"insert foo\n1 h"}, std::string{"insert foo\n1 h 80\n"}, std::string{"insert foo\nhello"},
          large}) {
        TextConnection session;
        EXPECT_FALSE(TextSession::whole_query(query)) << query;
        EXPECT_EQ(session.on_bytes(query, start + 1s), Verdict::wait) << query;
        EXPECT_EQ(session.next_deadline(), start + 1s + 400ms);
        EXPECT_EQ(session.on_deadline(start + 1s + 399ms), Verdict::wait);
        EXPECT_EQ(session.on_deadline(start + 1s + 400ms), Verdict::answer) << query;
        EXPECT_EQ(session.bytes(), query);
    }
}

TEST(TextSession, WaitsAnewAfterEachSegment) {
    TextConnection session;
    EXPECT_EQ(session.on_bytes("insert foo\n", start), Verdict::wait);
    EXPECT_EQ(session.on_bytes("1 h 80\n", start + 300ms), Verdict::wait);
    EXPECT_EQ(session.on_deadline(start + 400ms), Verdict::wait);
    EXPECT_EQ(session.next_deadline(), start + 700ms);
}

TEST(TextSession, JoinsAQueryThatComesInPieces) {
    TextConnection session;
    EXPECT_EQ(session.on_bytes("get ", start), Verdict::wait);
    EXPECT_EQ(session.on_bytes("fo", start), Verdict::wait) << "more may follow: it already came in pieces";
    EXPECT_EQ(session.on_bytes("o\n", start), Verdict::answer);
    EXPECT_EQ(session.bytes(), "get foo\n");
}

TEST(TextSession, AnswersWhatIsThereWhenThePeerSendsNoMore) {
    TextConnection insert, prefix, silent;
    EXPECT_EQ(insert.on_bytes("insert foo\n1 h 80\n", start), Verdict::wait);
    EXPECT_EQ(insert.on_end(), Verdict::answer);
    EXPECT_EQ(prefix.on_bytes("ge", start), Verdict::wait);
    EXPECT_EQ(prefix.on_end(), Verdict::answer);
    EXPECT_EQ(silent.on_end(), Verdict::answer) << "the original answers an empty query with its error";
    EXPECT_EQ(silent.bytes(), "");
}

TEST(TextSession, RefusesTheSlow) {
    TextConnection slow;
    for (Instant now = start; now < start + 10s; now += 300ms)
        ASSERT_EQ(slow.on_bytes(now == start ? "insert foo\n" : "1 h 80\n", now), Verdict::wait);
    EXPECT_EQ(slow.next_deadline(), start + 10s);
    EXPECT_EQ(slow.on_deadline(start + 10s - 1us), Verdict::wait);
    EXPECT_EQ(slow.on_deadline(start + 10s), Verdict::refuse);
}

TEST(TextSession, AnswersAfterALateWakeUpWhatHadPausedInTime) {
    TextConnection session;
    EXPECT_EQ(session.on_bytes("insert foo\n", start + 1s), Verdict::wait);
    EXPECT_EQ(session.on_deadline(start + 1h), Verdict::answer);
}

TEST(TextSession, TakesItsTimesFromItsSettings) {
    TextSession session{"ge", start, {.pause_max = 5ms, .patience = 12ms}};
    EXPECT_EQ(session.next_deadline(), start + 5ms);
    EXPECT_EQ(session.on_bytes("t", start + 4ms), Verdict::wait);
    EXPECT_EQ(session.on_bytes(" ", start + 8ms), Verdict::wait);
    EXPECT_EQ(session.next_deadline(), start + 12ms);
}

TEST(TextSession, KeepsNoMoreThanAQueryMayHave) {
    TextConnection session;
    const std::string piece(100000, 'x');
    auto verdict = session.on_bytes("insert foo\n", start);
    for (int i = 0; i < 100 && verdict == Verdict::wait; ++i) verdict = session.on_bytes(piece, start);
    EXPECT_EQ(verdict, Verdict::answer);
    EXPECT_EQ(session.bytes().size(), text_query_bytes_max + 1);
    EXPECT_TRUE(std::holds_alternative<TextBad>(parse_text_query(session.bytes())));
    EXPECT_EQ(session.on_bytes(piece, start), Verdict::wait) << "it is over";
    EXPECT_EQ(session.bytes().size(), text_query_bytes_max + 1);
}

TEST(TextSession, HearsNothingAfterItsVerdict) {
    TextConnection session;
    EXPECT_EQ(session.on_bytes("get foo", start), Verdict::answer);
    EXPECT_EQ(session.on_bytes("\n", start), Verdict::wait);
    EXPECT_EQ(session.on_end(), Verdict::wait);
    EXPECT_EQ(session.on_deadline(start + 1h), Verdict::wait);
    EXPECT_EQ(session.bytes(), "get foo");
}

// The query that a connection makes of these segments, sent a millisecond apart, with silence afterwards.
std::string joined(const std::vector<std::string>& segments) {
    TextConnection session;
    Instant now = start;
    for (const std::string& segment : segments) {
        if (session.on_bytes(segment, now) == Verdict::answer) return std::string{session.bytes()};
        now += 1ms;
    }
    EXPECT_EQ(session.on_deadline(session.next_deadline()), Verdict::answer);
    return std::string{session.bytes()};
}

const std::vector<std::string> valid_queries = {"get foo",
                                                "get foo\n",
                                                "get a_b/c[3:10]\n",
                                                "get labels[0:5]",
                                                "get x/\n",
                                                "insert foo\n1300000000 h.example 80",
                                                "insert\n",
                                                "insert foo bar\n1 a 1\n2 b 2\n",
                                                "insert labels\n1 evil",
                                                "insert foo\nhello\n1 h 80"};

TEST(TextSession, MakesTheSameQueryOfSingleBytesAsOfTheWhole) {
    for (const std::string& query : valid_queries) {
        std::vector<std::string> bytes;
        for (const char c : query) bytes.emplace_back(1, c);
        EXPECT_EQ(joined(bytes), query);
        EXPECT_EQ(joined({query}), query);
    }
}

TEST(TextSession, MakesTheSameQueryOfAnySplitBehindAnIncompletePart) {
    std::mt19937 random{42};
    for (const std::string& query : valid_queries) {
        for (std::size_t cut = 1; cut < query.size(); ++cut) {
            const std::string head = query.substr(0, cut);
            if (TextSession::whole_query(head)) {
                EXPECT_EQ(joined({head, query.substr(cut)}), head);
                continue;
            }
            const std::size_t second = cut + random() % (query.size() - cut + 1);
            EXPECT_EQ(joined({head, query.substr(cut, second - cut), query.substr(second)}), query)
                << cut << " " << second;
        }
    }
}

TEST(TextSession, EndsEveryTruncationOfAQuerySomehow) {
    for (const std::string& query : valid_queries)
        for (std::size_t size = 1; size <= query.size(); ++size)
            EXPECT_EQ(joined({query.substr(0, size)}), query.substr(0, size));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
