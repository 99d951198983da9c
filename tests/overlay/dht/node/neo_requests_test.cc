// The bytes of Put, Get, Exists, Remove, RemoveChannel, Update, GetChannels and GetHashRange.
#include <gtest/gtest.h>

#include <string>

#include "overlay/dht/node/neo_handlers.h"
#include "store/hash.h"
#include "tests/overlay/dht/neo_bench.h"

namespace halp::neo {
namespace HALP_TEST_FILE {

constexpr std::string_view chan = "04 00*7 63 68 61 6e";
constexpr std::string_view hello = " 05 00*7 68 65 6c 6c 6f";
constexpr std::string_view key_2 = " 02 00*7 ";

std::string request(std::string_view code, std::string_view rest = "") {
    return std::string(code) + " 00 | " + std::string(chan) + std::string(key_2) + std::string(rest);
}
std::string update(std::string_view ask, std::string_view rest = "") {
    return "0a 00 | " + std::string(ask) + std::string(chan) + std::string(key_2) + std::string(rest);
}
const std::string hello_hash = "0b bd aa 80 46 d8 30 a4";

class NeoRequests : public ::testing::Test {
protected:
    NeoRequests() { bench.open(); }
    std::string value(std::uint64_t key = 2) {
        std::string found;
        const auto got = bench.store.get(Channel::parse("chan").value(), Key{key}, found);
        return got.value_or(false) ? found : "(none)";
    }
    // A range without the even keys: the reversed bits of small even keys are below 2^63.
    void own_upper_half() { bench.ranges.set_own(HashRange::make(1ULL << 63, ~0ULL).value()); }
    Bench bench;
    RequestId id = 0;
    std::string answer(std::string_view payload) {
        ++id;
        std::string all;
        for (const std::string& message : bench.say(id, payload)) {
            const auto colon = message.find(':');
            EXPECT_EQ(message.substr(0, colon), std::to_string(id));
            all += (all.empty() ? "" : " ") + message.substr(colon + 1);
        }
        return all;
    }
};

TEST_F(NeoRequests, TheTableHasEachRequestOnce) {
    std::size_t codes = 0;
    for (const HandlerRow& row : handler_table()) {
        bool known = false;
        EXPECT_EQ(find_handler(static_cast<std::uint8_t>(row.code), row.version, known), &row);
        EXPECT_EQ(row.name, name(row.code));
        EXPECT_NE(row.single == nullptr, row.lasting == nullptr);
        ++codes;
    }
    EXPECT_EQ(codes, 10U);
}

TEST_F(NeoRequests, PutThenGetThenExistsThenRemove) {
    EXPECT_EQ(answer(request("02", hello)), "fd 01");
    EXPECT_EQ(answer(request("03")), "fd 02 050000000000000068656c6c6f");
    EXPECT_EQ(answer(request("07")), "fd 01");
    EXPECT_EQ(answer(request("08")), "fd 02");
    EXPECT_EQ(answer(request("08")), "fd 01");
    EXPECT_EQ(answer(request("07")), "fd 02");
    EXPECT_EQ(answer(request("03")), "fd 01");
}

TEST_F(NeoRequests, AnEmptyValueIsAValue) {
    EXPECT_EQ(answer(request("02", "00*8")), "fd 01");
    EXPECT_EQ(answer(request("03")), "fd 02 0000000000000000");
    EXPECT_EQ(answer(request("07")), "fd 01");
}

TEST_F(NeoRequests, OnlyRemoveRefusesSurplusBytes) {
    EXPECT_EQ(answer(request("02", std::string(hello) + "ff")), "fd 01");
    EXPECT_EQ(answer(request("03", "ff")), "fd 02 050000000000000068656c6c6f");
    EXPECT_EQ(answer(request("07", "ff")), "fd 01");
    EXPECT_EQ(answer("06 00 ff"), "fd 02040000000000000063" + std::string("68616e 03"));
    EXPECT_EQ(answer(request("08", "ff")), "fd");
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);
}

TEST_F(NeoRequests, SendsAwayWhoAsksTheWrongNode) {
    bench.put("chan", 2, "hello");
    own_upper_half();
    EXPECT_EQ(answer(request("02", hello)), "fd 02");
    EXPECT_EQ(answer(request("03")), "fd 03");
    EXPECT_EQ(answer(request("07")), "fd 03");
    EXPECT_EQ(answer(request("08")), "fd 03");
    EXPECT_EQ(answer(update("01")), "fd 09");
    EXPECT_EQ(answer(update("07")), "fd 09");                             // even if the ask is invalid
    EXPECT_EQ(answer("03 00 | 04 00*7 63 68 61 6e | 03 00*7"), "fd 01");  // key 3 reversed is in the upper half
}

TEST_F(NeoRequests, ChecksTheRangeBeforeTheChannelsName) {
    own_upper_half();
    EXPECT_EQ(answer("02 00 | 02 00*7 2e 2e | 02 00*7 | 00*8"), "fd 02");
}

TEST_F(NeoRequests, AnswersErrorToAChannelNameThatTheStoreCannotKeep) {
    const std::string bad = "e1 01 00*6 78*481 ";  // 481 bytes
    EXPECT_EQ(answer("02 00 | " + bad + "02 00*7 | 00*8"), "fd 03");
    EXPECT_EQ(answer("03 00 | " + bad + "02 00*7"), "fd 04");
    EXPECT_EQ(answer("07 00 | " + bad + "02 00*7"), "fd 04");
    EXPECT_EQ(answer("08 00 | " + bad + "02 00*7"), "fd 04");
    EXPECT_EQ(answer("09 00 | " + bad), "fd 03");
    EXPECT_EQ(answer("05 00 | 00 | " + bad + "00 | 00*8 | 00 | 00*8"), "fd 06");
    EXPECT_EQ(answer("04 00 | 00 | " + bad + "00 | 00*4"), "fd 06");
    EXPECT_EQ(answer("0a 00 | 01 | " + bad + "02 00*7"), "fd 0a");
    EXPECT_EQ(answer("02 00 | 00*8 | 02 00*7 | 00*8"), "fd 03");
    EXPECT_EQ(bench.store.channel_count(), 0U);
    EXPECT_EQ(bench.session->active_requests(), 0U);
}

TEST_F(NeoRequests, AskingForARecordMakesNoChannel) {
    EXPECT_EQ(answer(request("03")), "fd 01");
    EXPECT_EQ(answer(request("07")), "fd 02");
    EXPECT_EQ(answer(request("08")), "fd 01");
    EXPECT_EQ(answer(update("01")), "fd 07");
    EXPECT_EQ(answer("05 00 | 00 | " + std::string(chan) + "00 | 00*8 | 00 | 00*8"),
              "fd 05 070b000000000000000000000000000000110000 08");
    EXPECT_EQ(answer("04 00 | 00 | " + std::string(chan) + "01 | 00*4"), "fd 05");
    EXPECT_EQ(answer("06 00"), "fd 03");
    EXPECT_FALSE(bench.store.has_channel(Channel::parse("chan").value()));
}

TEST_F(NeoRequests, ListsEveryChannelHoweverMany) {
    for (int i = 0; i < 300; ++i) bench.put("c" + std::to_string(i), 1, "v");
    const Heard heard = bench.say(1, "06 00");
    EXPECT_EQ(heard.size(), 302U);
    EXPECT_EQ(heard.front(), "1:fd");
    EXPECT_EQ(heard.back(), "1:03");
    EXPECT_EQ(bench.session->active_requests(), 0U);
}

TEST_F(NeoRequests, RemovesAChannelForThoseWhoMay) {
    bench.put("chan", 2, "hello");
    bench.permissions.remove_channels = {"root"};
    EXPECT_EQ(answer("09 00 | " + std::string(chan)), "fd 02");
    EXPECT_EQ(value(), "hello");
    bench.permissions.anyone_removes_channels = true;
    EXPECT_EQ(answer("09 00 | " + std::string(chan)), "fd 01");
    EXPECT_EQ(value(), "(none)");
    EXPECT_EQ(answer("09 00 | " + std::string(chan)), "fd 01");  // a missing channel counts as removed
}

TEST_F(NeoRequests, AnswersErrorToAValueThatIsTooLong) {
    Bench small{{}, {.value_bytes_max = 4}};
    small.open();
    EXPECT_EQ(small.say(1, request("02", hello)), (Heard{"1:fd", "1:03"}));
    EXPECT_EQ(small.say(2, update("02", "00*8" + std::string(hello))), (Heard{"2:fd", "2:0a"}));
}

TEST_F(NeoRequests, UpdateReadsAndReplaces) {
    bench.put("chan", 2, "hello");
    EXPECT_EQ(answer(update("01")), "fd 05050000000000000068656c6c6f");
    EXPECT_EQ(bench.say(id, "02 | " + hello_hash + "05 00*7 77 6f 72 6c 64"), (Heard{"1:06"}));
    EXPECT_EQ(value(), "world");
    EXPECT_EQ(bench.session->active_requests(), 0U);
}

TEST_F(NeoRequests, UpdateFindsThatSomebodyElseWasFaster) {
    bench.put("chan", 2, "hello");
    answer(update("01"));
    bench.put("chan", 2, "quick");
    EXPECT_EQ(bench.say(id, "02 | " + hello_hash + "05 00*7 77 6f 72 6c 64"), (Heard{"1:08"}));
    EXPECT_EQ(value(), "quick");
}

TEST_F(NeoRequests, UpdateOfAKeyThatHasLeftTheRangeMeanwhileChangesNothing) {
    bench.put("chan", 2, "hello");
    answer(update("01"));
    own_upper_half();
    EXPECT_EQ(bench.say(id, "02 | " + hello_hash + "05 00*7 77 6f 72 6c 64"), (Heard{"1:08"}));
    EXPECT_EQ(value(), "hello");
}

TEST_F(NeoRequests, UpdateRemovesOrLeavesTheRecord) {
    bench.put("chan", 2, "hello");
    answer(update("01"));
    EXPECT_EQ(bench.say(id, "04"), (Heard{"1:06"}));
    EXPECT_EQ(value(), "hello");
    answer(update("01"));
    EXPECT_EQ(bench.say(id, "03 ff"), (Heard{"2:06"}));  // surplus bytes are ignored here
    EXPECT_EQ(value(), "(none)");
    bench.put("chan", 2, "hello");
    answer(update("01"));
    bench.remove("chan", 2);
    EXPECT_EQ(bench.say(id, "03"), (Heard{"3:06"}));  // a record that is already gone counts as removed
}

TEST_F(NeoRequests, UpdateWritesWhatWasReadElsewhere) {
    EXPECT_EQ(answer(update("02", "00*8" + std::string(hello))), "fd 06");  // no record: the value is written
    EXPECT_EQ(answer(update("02", "00*8" + std::string(hello))), "fd 08");
    EXPECT_EQ(answer(update("02", hello_hash + "02 00*7 78 79")), "fd 06");
    EXPECT_EQ(value(), "xy");
}

TEST_F(NeoRequests, UpdateEndsTheConnectionOnWhatItDoesNotKnow) {
    EXPECT_EQ(answer(update("05")), "fd");
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);

    Bench other;
    other.open();
    other.put("chan", 2, "hello");
    other.say(1, update("01"));
    EXPECT_EQ(other.say(1, "01"), (Heard{}));
    EXPECT_EQ(other.session->end(), SessionEnd::out_of_turn);
}

TEST_F(NeoRequests, UpdateTakesNoSecondDecision) {
    bench.put("chan", 2, "hello");
    answer(update("01"));
    bench.raw(framed(id, "04") + framed(id, "04"));
    EXPECT_EQ(bench.session->end(), SessionEnd::out_of_turn);
}

TEST_F(NeoRequests, GetHashRangeTellsTheRangeAndEveryChange) {
    EXPECT_EQ(answer("01 00"), "fd 0000000000000000ffffffffffffffff");
    bench.ranges.set_own(HashRange::make(0, 0x7fffffffffffffff).value());
    bench.ranges.tell({HashRangeCode::new_node, {127, 0, 0, 1}, 11100, {1ULL << 63, ~0ULL}});
    EXPECT_EQ(bench.nudges, 2);
    EXPECT_EQ(bench.hear(),
              (Heard{"1:020000000000000000ffffffffffffff7f", "1:017f0000012b5c0000000000000080ffffffffffffffff"}));
    EXPECT_EQ(answer("01 00"), "fd 0000000000000000ffffffffffffff7f");
}

TEST_F(NeoRequests, NewsOfRangesDoNotPileUpForEver) {
    Bench slow{{}, {.hash_range_queue_max = 3}};
    slow.open();
    slow.say(1, "01 00");
    for (std::uint64_t i = 0; i < 3; ++i) slow.ranges.set_own(HashRange::make(i, ~0ULL).value());
    EXPECT_EQ(slow.hear().size(), 3U);
    for (std::uint64_t i = 0; i < 9; ++i) slow.ranges.set_own(HashRange::make(i, ~0ULL).value());
    slow.hear();
    EXPECT_EQ(slow.session->end(), SessionEnd::failed);
}

TEST_F(NeoRequests, GetHashRangeOfAnEmptyNode) {
    bench.ranges.set_own(HashRange{});
    EXPECT_EQ(answer("01 00"), "fd ffffffffffffffff0000000000000000");
}

TEST_F(NeoRequests, ALostConnectionTakesItsRequestsAlong) {
    answer("01 00");
    bench.connect();
    bench.ranges.set_own(HashRange{});
    EXPECT_EQ(bench.nudges, 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::neo
