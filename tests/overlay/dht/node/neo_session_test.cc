#include "overlay/dht/node/neo_session.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/client/neo_client_session.h"
#include "tests/overlay/dht/neo_bench.h"

namespace halp::neo {
namespace HALP_TEST_FILE {

constexpr std::string_view timestamp_frame = "02 08 00*7 0a 35 1f 00 6b 00*4";
constexpr std::string_view put_hello =
    "02 00 | 04 00*7 63 68 61 6e | 88 77 66 55 44 33 22 11 | 05 00*7 68 65 6c 6c 6f";
constexpr std::string_view get_hello = "03 00 | 04 00*7 63 68 61 6e | 88 77 66 55 44 33 22 11";
constexpr std::string_view hash_range = "01 00";

TEST(NeoHandshake, IsTheOneOfTheOriginalByteForByte) {
    Bench bench;
    EXPECT_EQ(bench.turn(), "");  // the node never sends first
    EXPECT_EQ(hex(bench.raw(bytes("01"))), "01");
    EXPECT_EQ(hex(bench.raw(bytes(timestamp_frame))), hex(bytes("02 04 00*7 06 3f 1d ea 7c")));
    EXPECT_EQ(
        hex(bench.raw(bytes(
            "02 4d 00*7 4f 05 00*7 61 64 6d 69 6e"
            "17 3f 7f db 99 e9 6c 27 2b be ad 8f 4e 1c ea 46 b4 c6 95 54 70 6e f3 2a 97 08 fb 37 8b 7a b1 06"
            "c5 1f 26 9e e3 9e 0b 43 69 d5 cb 6b cf a4 48 44 c7 9f 7c f5 b2 f7 6b 0a 45 73 cc d3 92 2a 09 5c"))),
        hex(bytes("02 01 00*7 03 01")));
    EXPECT_TRUE(bench.session->authenticated());
    EXPECT_EQ(bench.session->client(), "admin");
}

TEST(NeoHandshake, TellsItsVersionToWhoSpeaksAnother) {
    Bench bench;
    EXPECT_EQ(hex(bench.raw(bytes("02"))), "01");
    EXPECT_EQ(bench.session->end(), SessionEnd::version);
}

TEST(NeoHandshake, TakesNothingBehindTheVersionByte) {
    Bench bench;
    EXPECT_EQ(bench.raw(bytes("01") + bytes(timestamp_frame)), "");
    EXPECT_EQ(bench.session->end(), SessionEnd::version);
}

TEST(NeoHandshake, SaysNoToAWrongProofAndEnds) {
    Bench bench;
    bench.raw(bytes("01"));
    bench.raw(bytes(timestamp_frame));
    EXPECT_EQ(hex(bench.raw(Bench::proof("nobody"))), hex(bytes("02 01 00*7 03 00")));
    EXPECT_EQ(bench.session->end(), SessionEnd::rejected);
    EXPECT_EQ(bench.session->rejection(), Rejection::unknown_name);
}

TEST(NeoHandshake, EndsWithoutAWordOnMalformedAuthentication) {
    for (const std::string_view bad : {"02 07 00*7 05 00*7", "02 09 00*7 0b 00*9", "01 08 00*7 09 00*8",
                                       "02 08 00*7 0b 00*8", "02 00*5 01 00*2 03"}) {
        Bench bench;
        bench.raw(bytes("01"));
        EXPECT_EQ(bench.raw(bytes(bad)), "") << bad;
        EXPECT_EQ(bench.session->end(), SessionEnd::malformed) << bad;
    }
}

TEST(NeoHandshake, HasATimeOut) {
    Bench bench;
    bench.raw(bytes("01"));
    bench.pass(std::chrono::milliseconds{9999});
    EXPECT_FALSE(bench.session->over());
    bench.pass(std::chrono::milliseconds{1});
    EXPECT_EQ(bench.session->end(), SessionEnd::too_slow);

    Bench in_time;
    in_time.open();
    in_time.pass(std::chrono::hours{1});
    EXPECT_FALSE(in_time.session->over());
}

TEST(NeoHandshake, RemembersNoMoreThanAnAuthenticationMessage) {
    Bench bench;
    bench.raw(bytes("01"));
    bench.raw(bytes("01 40 42 0f 00*5 0c"));  // a request frame of a million bytes
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);
}

TEST(NeoSession, AnswersByteByByteAsInOnePiece) {
    Bench whole, parts;
    whole.open();
    parts.open();
    const std::string all = framed(2, put_hello) + framed(3, get_hello);
    std::string heard;
    for (const char byte : all) heard += parts.raw({&byte, 1});
    EXPECT_EQ(messages_of(heard), (Heard{"2:fd", "2:01", "3:fd", "3:02", "3:050000000000000068656c6c6f"}));
    Heard at_once = messages_of(whole.raw(all));
    std::ranges::sort(at_once);
    EXPECT_EQ(at_once, (Heard{"2:01", "2:fd", "3:02", "3:050000000000000068656c6c6f", "3:fd"}));
}

TEST(NeoSession, TakesManyMessagesInOneSegment) {
    Bench bench;
    bench.open();
    std::string all;
    for (RequestId id = 1; id <= 100; ++id) all += framed(id, put_hello);
    const Heard heard = messages_of(bench.raw(all));
    EXPECT_EQ(heard.size(), 200U);
    EXPECT_EQ(std::ranges::count_if(heard, [](const std::string& m) { return m.ends_with(":01"); }), 100);
    EXPECT_EQ(bench.session->active_requests(), 0U);
}

TEST(NeoSession, NamesWhatItDoesNotSupport) {
    Bench bench;
    bench.open();
    EXPECT_EQ(bench.say(1, "4d 00"), (Heard{"1:ff"}));
    EXPECT_EQ(bench.say(2, "03 09"), (Heard{"2:fe"}));
    EXPECT_EQ(bench.say(3, "00 00"), (Heard{"3:ff"}));
    EXPECT_EQ(bench.session->active_requests(), 0U);
    EXPECT_FALSE(bench.session->over());
}

TEST(NeoSession, AFinishedIdMayBeUsedAgain) {
    Bench bench;
    bench.open();
    EXPECT_EQ(bench.say(9, put_hello), (Heard{"9:fd", "9:01"}));
    EXPECT_EQ(bench.say(9, put_hello), (Heard{"9:fd", "9:01"}));
}

struct Offence {
    std::string what;
    std::string bytes;
    SessionEnd end;
};

TEST(NeoSession, EndsWithoutAWordOnWhatBreaksTheProtocol) {
    const std::vector<Offence> offences{
        {"id zero", bytes("01 0a 00*7 0b | 00*8 | 02 00"), SessionEnd::request_zero},
        {"parity", bytes("01 0a 00*7 0c"), SessionEnd::malformed},
        {"type 0", bytes("00 0a 00*7 0a"), SessionEnd::malformed},
        {"type 3", bytes("03 0a 00*7 09"), SessionEnd::malformed},
        {"authentication once more", bytes(timestamp_frame), SessionEnd::malformed},
        {"body of 7", bytes("01 07 00*7 06"), SessionEnd::malformed},
        {"no code", framed(5, ""), SessionEnd::malformed},
        {"no version", framed(5, "02"), SessionEnd::malformed},
        {"2^40 bytes", bytes("01 00*5 01 00*2 00"), SessionEnd::malformed},
        {"2^64 - 5 bytes", bytes("01 fb ff*7 05"), SessionEnd::malformed},
    };
    for (const Offence& offence : offences) {
        Bench bench;
        bench.open();
        EXPECT_EQ(hex(bench.raw(offence.bytes)), "") << offence.what;
        EXPECT_EQ(bench.session->end(), offence.end) << offence.what;
    }
}

TEST(NeoSession, EndsOnMalformedParametersBehindTheFirstAnswer) {
    Bench bench;
    bench.open();
    EXPECT_EQ(bench.say(5, "02 00 | 04 00*7 63 68"), (Heard{"5:fd"}));
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);
}

TEST(NeoSession, KeepsFiveThousandRequestsAndNotOneMore) {
    Bench bench;
    bench.open();
    for (RequestId id = 1; id <= 5000; ++id) bench.raw(framed(id, hash_range));
    EXPECT_EQ(bench.session->active_requests(), 5000U);
    EXPECT_FALSE(bench.session->over());
    bench.raw(framed(5001, hash_range));
    EXPECT_EQ(bench.session->end(), SessionEnd::too_many);
}

TEST(NeoSession, EndsOnAMessageForARequestThatWantsNone) {
    Bench bench;
    bench.open();
    bench.say(1, hash_range);
    bench.raw(framed(1, "01"));
    EXPECT_EQ(bench.session->end(), SessionEnd::out_of_turn);
}

TEST(NeoSession, PassesOverAControlWordThatCameTooLate) {
    Bench bench;
    bench.open();
    bench.say(7, "04 00 | 00 | 04 00*7 63 68 61 6e | 00 | 00*4");  // Mirror
    EXPECT_EQ(bench.say(7, "03"), (Heard{"7:04"}));                // Stop
    EXPECT_EQ(bench.say(7, "02"), (Heard{}));
    EXPECT_FALSE(bench.session->over());
    EXPECT_EQ(bench.session->stats().late_messages, 1U);
    bench.raw(framed(8, "02"));  // for a request that was never begun
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);
}

TEST(NeoSession, WithoutAMemoryForEndedRequestsItDoesAsTheOriginals) {
    SessionLimits limits;
    limits.ended_requests_kept = 0;
    Bench bench{limits};
    bench.open();
    bench.say(7, "04 00 | 00 | 04 00*7 63 68 61 6e | 00 | 00*4");
    bench.say(7, "03");
    bench.raw(framed(7, "02"));
    EXPECT_EQ(bench.session->end(), SessionEnd::malformed);
}

TEST(NeoSession, SaysNothingMoreThanFitsWhileTheReaderSleeps) {
    SessionLimits limits;
    limits.output_bytes_max = 1000;
    Bench bench{limits};
    bench.open();
    bench.put("chan", 0x1122334455667788, std::string(400, 'v'));
    bench.session->set_unsent(1000);
    std::string all;
    for (RequestId id = 1; id <= 300; ++id) all += framed(id, id % 2 ? get_hello : std::string_view{put_hello});
    EXPECT_EQ(bench.raw(all), "");
    EXPECT_EQ(bench.session->active_requests(), 300U);

    bench.session->set_unsent(0);
    std::size_t messages = 0, turns = 0;
    while (bench.session->active_requests() > 0 && turns < 1000) {
        const std::string said = bench.turn();
        EXPECT_LT(said.size(), 1000U + 500U);
        messages += messages_of(said).size();
        ++turns;
    }
    EXPECT_EQ(messages, 150U * 2 + 150U * 3);
    EXPECT_GT(turns, 10U);
}

TEST(NeoSession, ALongRequestDoesNotKeepOthersWaiting) {
    Bench bench;
    bench.open();
    for (std::uint64_t key = 0; key < 20000; ++key) bench.put("big", key, std::string(100, 'x'));
    bench.session->on_bytes(framed(1, "05 00 | 00 | 03 00*7 62 69 67 | 00 | 00*8 | 00 | 00*8"), bench.now,
                            UnixSeconds{0});
    bench.turn(1 << 18);
    bench.session->on_bytes(framed(2, put_hello), bench.now, UnixSeconds{0});
    const Heard heard = messages_of(bench.turn(1 << 18));
    EXPECT_TRUE(std::ranges::count(heard, "2:01")) << "the Put was answered in the turn it came in";
    EXPECT_EQ(bench.session->active_requests(), 1U);
}

TEST(NeoSession, RequestsTakeTurns) {
    Bench bench;
    bench.open();
    for (std::uint64_t key = 0; key < 4000; ++key) bench.put("big", key, std::string(100, 'x'));
    std::string both;
    for (RequestId id = 1; id <= 2; ++id)
        both += framed(id, "05 00 | 00 | 03 00*7 62 69 67 | 00 | 00*8 | 00 | 00*8");
    std::string said = bench.raw(both);
    std::vector<std::string> order;
    for (int i = 0; i < 100; ++i) {
        for (const std::string& message : messages_of(said))
            if (message.substr(2, 2) == "07") order.push_back(message.substr(0, 1));
        said = bench.turn();
    }
    ASSERT_GE(order.size(), 10U);
    // The first request had its first batch ready while the second had not yet been told that it is supported.
    for (std::size_t i = 2; i < 10; ++i) EXPECT_NE(order[i], order[i - 1]) << i;
}

// Ten GetAlls are under way on the connection.
TEST(NeoSession, AGetGoesBeforeTheBatchesOfStreamsAndLeavesThemTheirTurns) {
    Bench bench;
    bench.open();
    for (std::uint64_t key = 0; key < 4000; ++key) bench.put("big", key, std::string(100, 'x'));
    const auto send = [&](const std::string& frames) {
        bench.session->on_bytes(frames, bench.now, UnixSeconds{static_cast<std::int64_t>(bench_time)});
        return messages_of(bench.turn(60'000));
    };
    std::string streams;
    for (RequestId id = 1; id <= 10; ++id)
        streams += framed(id, "05 00 | 00 | 03 00*7 62 69 67 | 00 | 00*8 | 00 | 00*8");
    std::size_t streamed = send(streams).size();
    RequestId id = 100;
    for (int i = 0; i < 100; ++i) {
        std::string gets;
        for (int n = 0; n < 20; ++n) gets += framed(++id, "03 00 | 03 00*7 62 69 67 | 07 00*7");
        const auto said = send(gets);
        const auto of_streams = std::ranges::count_if(
            said, [](const std::string& message) { return message.find(':') <= 2; });  // ids of one or two digits
        streamed += static_cast<std::size_t>(of_streams);
        EXPECT_EQ(said.size() - static_cast<std::size_t>(of_streams), 60U) << i;
    }
    EXPECT_GT(streamed, 50U);
}

// ---- client session and node session together ----

struct Sink : ClientMessages {
    void on_authenticated() override { authenticated = true; }
    bool on_message(RequestId id, Bytes payload) override {
        heard.push_back(std::to_string(id) + ":" + hex(payload));
        return true;
    }
    bool authenticated = false;
    Heard heard;
    RequestTimes queued;
};

TEST(NeoSession, KeepsOnlySoMuchOfRequestsThatWaitForAReaderWhoSleeps) {
    SessionLimits limits;
    limits.held_bytes_max = 1000;
    Bench bench(limits);
    bench.open();
    bench.put("chan", 9, "so that there is a channel");
    bench.session->set_unsent(limits.output_bytes_max);
    std::string get;  // with surplus bytes, which Get ignores
    {
        FrameWriter frame(get, 7);
        get += bytes("03 00 | 04 00*7 63 68 61 6e | 02 00*7") + std::string(380, 'x');
    }
    bench.raw(get);
    EXPECT_EQ(bench.session->end(), SessionEnd::none);
    bench.session->set_unsent(0);
    EXPECT_EQ(bench.hear(), (Heard{"7:fd", "7:01"}));
    bench.session->set_unsent(limits.output_bytes_max);
    // Answered requests hold nothing any more: there is room for two again, and none for a third.
    for (const RequestId id : {RequestId{8}, RequestId{9}}) {
        get[header_bytes] = static_cast<char>(id);
        bench.raw(get);
        EXPECT_EQ(bench.session->end(), SessionEnd::none) << id;
    }
    get[header_bytes] = 10;
    bench.raw(get);
    EXPECT_EQ(bench.session->end(), SessionEnd::too_many);
}

TEST(NeoSession, KeepsOnlySoMuchOfFilters) {
    SessionLimits limits;
    limits.held_bytes_max = 1000;
    Bench bench(limits);
    bench.open();
    bench.put("chan", 9, "so that there is a channel");
    const auto get_all = [&](RequestId id) {
        std::string frame;
        encode_get_all(frame, id, {true, "chan", false, 0, false, std::string(400, 'x')});
        bench.raw(frame);
    };
    get_all(1);
    get_all(2);
    EXPECT_EQ(bench.session->end(), SessionEnd::none);
    bench.say(2, "04");  // nothing was found, and it has finished
    get_all(3);
    EXPECT_EQ(bench.session->end(), SessionEnd::none) << "what an ended one kept is free again";
    get_all(4);
    EXPECT_EQ(bench.session->end(), SessionEnd::too_many);
}

TEST(NeoSession, UpdatesThatWaitKeepNoValues) {
    SessionLimits limits;
    limits.held_bytes_max = 1000;
    Bench bench(limits);
    bench.open();
    bench.put("chan", 2, std::string(5000, 'v'));
    bench.session->set_unsent(limits.output_bytes_max);
    for (RequestId id = 1; id <= 20; ++id) bench.raw(framed(id, "0a 00 | 01 | 04 00*7 63 68 61 6e | 02 00*7"));
    EXPECT_EQ(bench.session->end(), SessionEnd::none);
    bench.put("chan", 2, "new");
    bench.session->set_unsent(0);
    const Heard heard = bench.hear();
    EXPECT_EQ(heard.size(), 40U);
    EXPECT_EQ(heard.back(), "20:0503000000000000006e6577") << "read when it was told";
}

TEST(NeoClientSession, AuthenticatesAndSpeaksWithANode) {
    Bench node;
    Sink sink;
    const Credential credential{"admin", {}};
    ClientSession client(node.limits, credential, sink, node.now);
    const UnixSeconds wall{static_cast<std::int64_t>(bench_time)};
    for (int i = 0; i < 3; ++i) client.on_bytes(node.raw(std::exchange(client.output(), {})), wall);
    ASSERT_TRUE(sink.authenticated);

    client.send(1, framed(1, put_hello), never);
    EXPECT_TRUE(client.waiting(1));
    client.pump(never, sink.queued);
    EXPECT_FALSE(client.waiting(1));
    client.on_bytes(node.raw(std::exchange(client.output(), {})), wall);
    EXPECT_EQ(sink.heard, (Heard{"1:fd", "1:01"}));
}

TEST(NeoClientSession, LearnsThatItWasTurnedAway) {
    Bench node;
    Sink sink;
    const Credential credential{"stranger", {}};
    ClientSession client(node.limits, credential, sink, node.now);
    for (int i = 0; i < 3; ++i)
        client.on_bytes(node.raw(std::exchange(client.output(), {})),
                        UnixSeconds{static_cast<std::int64_t>(bench_time)});
    EXPECT_EQ(client.end(), SessionEnd::rejected);
    EXPECT_FALSE(sink.authenticated);
}

TEST(NeoClientSession, SendsInTurnAndOnlyWhileThereIsRoom) {
    SessionLimits limits;
    limits.output_bytes_max = 30;
    Bench node;
    Sink sink;
    const Credential credential{"admin", {}};
    ClientSession client(limits, credential, sink, node.now);
    for (int i = 0; i < 3; ++i)
        client.on_bytes(node.raw(std::exchange(client.output(), {})),
                        UnixSeconds{static_cast<std::int64_t>(bench_time)});
    for (RequestId id = 1; id <= 3; ++id) client.send(id, framed(id, hash_range), never);  // 20 bytes each
    client.cancel(2);
    client.set_unsent(30);
    client.pump(never, sink.queued);
    EXPECT_EQ(client.output(), "");
    client.set_unsent(15);
    client.pump(never, sink.queued);
    EXPECT_EQ(messages_of(client.output()), (Heard{"1:0100"}));
    EXPECT_TRUE(client.waiting(3));
}

TEST(NeoClientSession, EndsOnANodeOfAnotherVersion) {
    Sink sink;
    const Credential credential{"admin", {}};
    SessionLimits limits;
    ClientSession client(limits, credential, sink, Instant{});
    EXPECT_EQ(client.output(), "\x01");
    client.on_bytes("\x02", UnixSeconds{0});
    EXPECT_EQ(client.end(), SessionEnd::version);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::neo
