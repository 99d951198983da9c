// The parts of libhalp that read what a daemon sends. Whatever it sends, they stay within bounds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "tools/libhalp/daemon_answers.h"
#include "tools/libhalp/endpoint_list.h"
#include "tools/libhalp/http_head.h"
#include "tools/libhalp/include/halp/halp.h"
#include "tools/libhalp/json_reader.h"
#include "tools/libhalp/options.h"
#include "tools/libhalp/watch_table.h"

namespace halp::lib {
namespace {

using ::testing::ElementsAre;

constexpr std::string_view hosts_answer =
    R"({"schema_version":1,"label":"chat","kind":"hosts","known":true,"first":0,"total":2,"more":{"x":[1,2.5e3,null]},)"
    R"("entries":[{"host":"192.0.2.7","port":80,"endpoint":"192.0.2.7:80","seen_unix_s":1700000000,"own":true,)"
    R"("proved":false,"claimed":false,"remembered":false},{"host":"h\u00e4\ud83d\ude00","port":1,"own":false,"proved":true}]})";

TEST(DaemonAnswers, HostsAreReadAndUnknownMembersPassedOver) {
    const auto page = read_hosts(hosts_answer);

    ASSERT_TRUE(page);
    EXPECT_EQ(page->total, 2U);
    ASSERT_EQ(page->hosts.size(), 2U);
    EXPECT_EQ(page->hosts[0].endpoint, (Endpoint{"192.0.2.7", 80}));
    EXPECT_EQ(page->hosts[0].seen_unix_s, 1'700'000'000);
    EXPECT_EQ(page->hosts[0].flags, HALP_OWN);
    EXPECT_EQ(page->hosts[1].endpoint.host, "h\xc3\xa4\xf0\x9f\x98\x80");
    EXPECT_EQ(page->hosts[1].flags, HALP_PROVED);
}

TEST(DaemonAnswers, EveryTruncationIsRefused) {
    for (std::size_t length = 0; length < hosts_answer.size(); ++length)
        EXPECT_FALSE(read_hosts(hosts_answer.substr(0, length))) << length;
    EXPECT_FALSE(read_hosts(std::string{hosts_answer} + "x"));
}

TEST(DaemonAnswers, HostsThatNobodyCouldDialAreLeftOut) {
    const auto page = read_hosts(
        R"({"entries":[{"host":"a b","port":80},{"host":"a","port":0},{"host":"a","port":65536},{"host":"x\u0000y","port":1},)"
        R"({"port":1},{"host":"good","port":9}]})");

    ASSERT_TRUE(page);
    ASSERT_EQ(page->hosts.size(), 1U);
    EXPECT_EQ(page->hosts[0].endpoint.host, "good");
}

TEST(DaemonAnswers, DeepNestingIsRefused) {
    std::string deep = "{\"x\":";
    for (int i = 0; i < 100'000; ++i) deep += '[';
    EXPECT_FALSE(read_hosts(deep));
}

TEST(DaemonAnswers, AnErrorHasTheDaemonsSentence) {
    const Error told = read_failure(409, R"({"error":{"code":"self_unknown","message":"Give a host."}})");
    EXPECT_EQ(told.code, ErrorCode::not_found);
    EXPECT_EQ(told.message, "Give a host.");
    EXPECT_EQ(read_failure(500, "<html>").code, ErrorCode::io);
    EXPECT_EQ(read_failure(503, R"({"error":{"code":"full","message":"x"}})").code, ErrorCode::full);
}

TEST(DaemonAnswers, ADhtNodeOnAllAddressesIsReachedByLoopback) {
    EXPECT_EQ(read_dht_node(R"({"dht":{"listening":"[::]:10100","x":{}}})"), (Endpoint{"::1", 10100}));
    EXPECT_FALSE(read_dht_node(R"({"dht":{}})"));
}

TEST(JsonReader, HalvesOfCharactersAreReplaced) {
    for (const auto& [json, text] :
         std::vector<std::pair<std::string, std::string>>{{R"("\ud83d")", "\xef\xbf\xbd"},
                                                          {R"("\ude00x")", "\xef\xbf\xbdx"},
                                                          {R"("\n\t\"\\\/")", "\n\t\"\\/"}}) {
        JsonReader reader{json};
        std::string read;
        reader.text(read);
        EXPECT_TRUE(reader.finished());
        EXPECT_EQ(read, text);
    }
    for (const char* bad : {R"("\x")", R"("\u12")", R"("\)", R"("a)", "x"}) {
        JsonReader reader{bad};
        std::string read;
        reader.text(read);
        EXPECT_FALSE(reader.finished()) << bad;
    }
}

TEST(HttpHead, IsReadWhenItIsWhole) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Type: x\r\nCONTENT-LENGTH: 12\r\nConnection: Close\r\n\r\n";
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_FALSE(HttpHead::parse(std::string_view{text}.substr(0, length)));
    const auto head = HttpHead::parse(text + "body");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->status, 200);
    EXPECT_EQ(head->length, 12U);
    EXPECT_EQ(head->bytes, text.size());
    EXPECT_TRUE(head->closes);
}

TEST(HttpHead, GarbageHasNoStatus) {
    for (const std::string& garbage : {std::string{"SSH-2.0-x\r\n\r\n"}, std::string{"HTTP/1.1 -12 x\r\n\r\n"},
                                       std::string(HttpHead::bytes_max, 'x')}) {
        const auto head = HttpHead::parse(garbage);
        ASSERT_TRUE(head);
        EXPECT_EQ(head->status, 0);
    }
    EXPECT_FALSE(HttpHead::parse("HTTP/1.1"));
}

TEST(ChunkReader, PutsTogetherWhatComesInPieces) {
    const std::string body = "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\n\r\n";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        ChunkReader reader;
        std::string read;
        for (std::size_t at = 0; at < body.size(); at += piece)
            ASSERT_TRUE(reader.feed(body.substr(at, piece), [&](std::string_view bytes) {
                read += bytes;
                return true;
            }));
        EXPECT_EQ(read, "hello world") << piece;
        EXPECT_TRUE(reader.ended());
    }
    const auto take = [](std::string_view) { return true; };
    EXPECT_FALSE(ChunkReader{}.feed("zz\r\n", take));
    EXPECT_FALSE(ChunkReader{}.feed("ffffffffffffffff\r\n", take));
    EXPECT_FALSE(ChunkReader{}.feed(std::string(200, '0'), take));
}

std::vector<std::string> told(WatchTable& table, Update update) {
    std::vector<std::string> all;
    for (const Update& one : table.take(std::move(update)))
        all.push_back(std::to_string(static_cast<int>(one.kind)) + one.host.endpoint.host);
    return all;
}

TEST(WatchTable, AListThatComesAgainTellsWhatIsMissing) {
    using enum Update::Kind;
    WatchTable table;
    EXPECT_THAT(told(table, {1, begin}), ElementsAre());
    EXPECT_THAT(told(table, {1, host, {{"a", 1}}}), ElementsAre("1a"));
    EXPECT_THAT(told(table, {1, host, {{"b", 1}}}), ElementsAre("1b"));
    EXPECT_THAT(told(table, {1, complete}), ElementsAre("3"));
    EXPECT_THAT(told(table, {1, gone, {{"unknown", 1}}}), ElementsAre());

    EXPECT_THAT(told(table, {1, lost}), ElementsAre("4"));
    EXPECT_THAT(told(table, {1, begin}), ElementsAre());
    EXPECT_THAT(told(table, {1, host, {{"b", 1}}}), ElementsAre("1b"));
    EXPECT_THAT(told(table, {1, complete}), ElementsAre("2a", "3"));
    EXPECT_THAT(told(table, {1, gone, {{"b", 1}}}), ElementsAre("2b"));
}

TEST(Options, OfAnotherVersionAreTakenAsFarAsTheyAreKnown) {
    struct Newer {
        halp_lookup_options known = HALP_LOOKUP_OPTIONS_INIT;
        std::uint64_t more = 0;
    } newer;
    newer.known.size = sizeof newer;
    newer.known.count = 7;
    halp_lookup_options taken = HALP_LOOKUP_OPTIONS_INIT;
    EXPECT_TRUE(take_options(&newer.known, taken));
    EXPECT_EQ(taken.count, 7U);
    newer.more = 1;  // something that this version cannot do
    EXPECT_FALSE(take_options(&newer.known, taken));

    taken = HALP_LOOKUP_OPTIONS_INIT;
    halp_lookup_options older = HALP_LOOKUP_OPTIONS_INIT;
    older.size = offsetof(halp_lookup_options, flags);
    older.count = 9;
    older.flags = 99;  // not its memory
    EXPECT_TRUE(take_options(&older, taken));
    EXPECT_EQ(taken.count, 9U);
    EXPECT_EQ(taken.flags, 0U);
    older.size = 3;
    EXPECT_FALSE(take_options(&older, taken));
}

TEST(EndpointList, NamesWhatIsWrong) {
    const auto good = parse_endpoint_list(" a:1, [::1]:2,", "join");
    ASSERT_TRUE(good);
    EXPECT_THAT(*good, ElementsAre(Endpoint{"a", 1}, Endpoint{"::1", 2}));
    EXPECT_THAT(parse_endpoint_list("a", "join").error().message, ::testing::HasSubstr("join"));
    EXPECT_FALSE(parse_endpoint_list(" ,", "join"));
}

}  // namespace
}  // namespace halp::lib
