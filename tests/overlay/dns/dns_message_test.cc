#include "overlay/dns/dns_message.h"

#include <gtest/gtest.h>

#include "tests/overlay/dns/dns_bytes.h"

namespace halp::dns {
namespace HALP_TEST_FILE {

using test::question;
using test::two;
using test::wire;
constexpr auto dropped = Query::Verdict::dropped, malformed = Query::Verdict::malformed;
constexpr auto not_implemented = Query::Verdict::not_implemented;

TEST(DnsQuestion, IsReadWithItsNameAsItCame) {
    const Query query = parse_query(question("_CHAT._tcp.Halp", 33, 4096));
    EXPECT_EQ(query.verdict, Query::Verdict::question);
    EXPECT_EQ(query.id, 0x1234);
    EXPECT_TRUE(query.recursion_desired);
    EXPECT_EQ(query.name, wire("_CHAT._tcp.Halp"));
    EXPECT_EQ(query.parts, (std::vector<std::string>{"_chat", "_tcp", "halp"}));
    EXPECT_EQ(query.type, 33);
    EXPECT_TRUE(query.edns);
    EXPECT_EQ(query.udp_bytes_max, edns_udp_bytes_max) << "no fragments, whatever the asker takes";
    EXPECT_EQ(parse_query(question("a.halp", 1, 100)).udp_bytes_max, plain_udp_bytes_max);
}

TEST(DnsQuestion, IsRefusedWhenItIsCutAnywhereOrGoesOn) {
    const std::string whole = question("chat.halp", 1, 1232);
    for (std::size_t i = 0; i < whole.size(); ++i)
        EXPECT_EQ(parse_query(whole.substr(0, i)).verdict, i < header_bytes ? dropped : malformed) << i;
    EXPECT_EQ(parse_query(whole + "x").verdict, malformed);
}

TEST(DnsQuestion, IsRefusedWhenItIsNoOneGoodQuestion) {
    const auto with = [](std::size_t at, const std::string& bytes) {
        std::string changed = question("chat.halp", 1);
        changed.replace(at, bytes.size(), bytes);
        return parse_query(changed).verdict;
    };
    EXPECT_EQ(with(2, two(0x8100)), dropped) << "an answer: two servers would talk for ever";
    EXPECT_EQ(with(2, two(0x2800)), not_implemented) << "an update";
    EXPECT_EQ(with(4, two(0)), malformed);
    EXPECT_EQ(with(4, two(2)), malformed);
    EXPECT_EQ(with(6, two(1)), malformed);
    EXPECT_EQ(with(10, two(1)), malformed) << "a record that is not there";
    EXPECT_EQ(with(header_bytes, "\xc0\x0c"), malformed) << "a name that points at itself";
    EXPECT_EQ(with(header_bytes, "\x40"), malformed);
    const std::string long_name = question(
        std::string(63, 'a') + "." + std::string(63, 'b') + "." + std::string(63, 'c') + "." + std::string(63, 'd'),
        1);
    EXPECT_EQ(parse_query(long_name).verdict, malformed);
    const std::string opt = question("a.halp", 1, 1232).substr(question("a.halp", 1).size());
    std::string twice = question("a.halp", 1, 1232) + opt;
    twice.replace(10, 2, two(2));
    EXPECT_EQ(parse_query(twice).verdict, malformed);
}

TEST(DnsQuestion, MayHaveOptionsAndOtherRecordsBehind) {
    std::string cookie = question("a.halp", 1, 1232);
    cookie.replace(cookie.size() - 2, 2, two(12));
    cookie += two(10) + two(8) + "12345678";
    EXPECT_EQ(parse_query(cookie).verdict, Query::Verdict::question);
    std::string more = question("a.halp", 1);
    more.replace(10, 2, two(1));
    more += std::string("\xc0\x0c") + two(250) + two(255) + two(0) + two(0) + two(3) + "abc";
    EXPECT_EQ(parse_query(more).verdict, Query::Verdict::question);
    EXPECT_FALSE(parse_query(more).edns);
}

TEST(DnsAnswer, HasTheseBytes) {
    const Query query = parse_query(question("Chat.halp", 1));
    Answer answer{query, 512};
    answer.set_authoritative();
    EXPECT_NE(answer.add(Answer::Section::answer, {Answer::question_at, ""}, Type::a, 5,
                         std::string("\xc0\x00\x02\x01", 4)),
              0u);
    EXPECT_EQ(answer.finish(), two(0x1234) + two(0x8500) + two(1) + two(1) + two(0) + two(0) + wire("Chat.halp") +
                                   two(1) + two(1) + "\xc0\x0c" + two(1) + two(1) + two(0) + two(5) + two(4) +
                                   std::string("\xc0\x00\x02\x01", 4));
}

TEST(DnsAnswer, LeavesOutWholeRecordsAndSaysSo) {
    const Query query = parse_query(question("chat.halp", 1, 512));
    Answer answer{query, 80};
    std::size_t fitted = 0;
    for (int i = 0; i < 10; ++i)
        fitted += answer.add(Answer::Section::answer, {Answer::question_at, ""}, Type::a, 5, "abcd") != 0 ? 1 : 0;
    const std::string bytes = answer.finish();
    EXPECT_LE(bytes.size(), 80u);
    const auto read = test::read_answer(bytes);
    EXPECT_TRUE(read.truncated);
    EXPECT_EQ(read.answers.size(), fitted);
    EXPECT_EQ(fitted, 2u);
    EXPECT_EQ(read.additional.size(), 1u) << "the room for OPT was kept";
}

TEST(DnsNames, AreCheckedBeforeTheyAreWritten) {
    EXPECT_EQ(wire_name({"a", "halp"}), wire("a.halp"));
    EXPECT_EQ(wire_name({std::string(64, 'a')}), "");
    EXPECT_EQ(wire_name({"a", ""}), "");
    EXPECT_EQ(parts_of("node.example."), (std::vector<std::string>{"node", "example"}));
    for (const char* bad : {"", ".", "a..b", ".a"}) EXPECT_TRUE(parts_of(bad).empty()) << bad;
    EXPECT_TRUE(parts_of(std::string(64, 'a')).empty());
}

TEST(DnsAnswer, ToNoQuestionIsAHeader) {
    std::string update = question("a.halp", 1);
    update[2] = 0x28;
    EXPECT_EQ(answer_to_no_question(parse_query(update)), two(0x1234) + two(0xa804) + std::string(8, '\0'));
    EXPECT_EQ(answer_to_no_question(parse_query(question("a.halp", 1) + "x")),
              two(0x1234) + two(0x8001) + std::string(8, '\0'));
    EXPECT_EQ(answer_to_no_question(parse_query("short")), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::dns
