#include "overlay/gossip/wire/gossip_codec.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tests/overlay/gossip/wire/gossip_frames.h"

namespace halp::gossip {
namespace HALP_TEST_FILE {

using test::from_hex;
using test::golden_frames;
using test::GoldenFrame;
using test::known;
using test::message_of;
using test::to_hex;

std::string frame(Kind kind, std::string_view payload) {
    std::string bytes = from_hex("b5 02 00 00");
    bytes[2] = static_cast<char>(kind);
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<char>(payload.size() >> shift & 0xff));
    return bytes.append(payload);
}

std::string section(unsigned id, std::string_view content) {
    std::string bytes{static_cast<char>(id), static_cast<char>(content.size() >> 8),
                      static_cast<char>(content.size() & 0xff)};
    return bytes.append(content);
}

std::string repeat(std::string_view text, std::size_t times) {
    std::string all;
    for (std::size_t i = 0; i < times; ++i) all.append(text);
    return all;
}

// The error of a frame, none when it is good. A bad frame must leave nothing in the table.
std::optional<DecodeError> error_of(std::string_view bytes) {
    EndpointTable endpoints;
    const auto decoded = decode(bytes, endpoints);
    if (!std::holds_alternative<DecodeError>(decoded)) return std::nullopt;
    EXPECT_EQ(endpoints.size(), 0u);
    return std::get<DecodeError>(decoded);
}
std::optional<DecodeError> error_of_payload(std::string_view payload) {
    return error_of(frame(Kind::news, payload));
}
std::optional<DecodeError> error_of_peer(std::string_view hex) {
    return error_of_payload(section(6, from_hex(hex)));
}

// A message that was accepted must survive being encoded and decoded again.
void expect_error_or_stable(std::string_view bytes) {
    EndpointTable endpoints;
    const auto decoded = decode(bytes, endpoints);
    if (!std::holds_alternative<Message>(decoded)) {
        EXPECT_EQ(endpoints.size(), 0u) << to_hex(bytes);
        return;
    }
    const auto again = decode(encode(std::get<Message>(decoded), endpoints), endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(again)) << to_hex(bytes);
    EXPECT_EQ(std::get<Message>(again), std::get<Message>(decoded)) << to_hex(bytes);
}

// ---- random messages ----

class Maker {
public:
    Maker(std::uint64_t seed, EndpointTable& endpoints) : random_(seed), endpoints_(endpoints) {}

    Message message() {
        Message message;
        message.kind = static_cast<Kind>(1 + below(10));
        if (below(8) != 0) message.hello = hello();
        if (below(2) != 0) message.peers = entries(below(40));
        for (auto n = below(10); n > 0; --n) message.digests.push_back({random_(), {any(), random_()}});
        for (auto n = below(10); n > 0; --n) message.wanted.push_back(random_());
        for (auto n = below(5); n > 0; --n) message.labels.push_back({label(), entries(below(20))});
        if (below(2) != 0) message.observed = endpoint();
        if (below(2) != 0) message.target = endpoint();
        message.reachable = below(2) != 0;
        message.refusal = static_cast<Refusal>(below(7));
        return message;
    }

private:
    std::uint64_t below(std::uint64_t n) { return random_() % n; }
    // A number of random magnitude, so that varints of every length occur.
    std::uint32_t any() { return static_cast<std::uint32_t>(random_()) >> below(32); }

    EndpointId endpoint() {
        const auto port = static_cast<std::uint16_t>(1 + below(65'535));
        if (below(3) == 0) return known(endpoints_, "host" + std::string(below(200), 'x') + ".example", port);
        std::string packed(below(2) != 0 ? 4 : 16, '\0');
        for (char& byte : packed) byte = static_cast<char>(random_());
        return known(endpoints_, Endpoint::unpack_address(packed), port);
    }
    Entry entry() {
        Entry entry{endpoint(), any(), any(), below(2) != 0, below(2) != 0, below(2) != 0, 0};
        if (entry.claimed) entry.stated_age_s = any();
        return entry;
    }
    std::vector<Entry> entries(std::size_t count) {
        std::vector<Entry> all;
        while (all.size() < count) all.push_back(entry());
        return all;
    }
    Hello hello() {
        Hello hello;
        hello.swarm = random_();
        hello.node = random_();
        if (below(2) != 0) hello.self = endpoint();
        hello.port = static_cast<std::uint16_t>(random_());
        hello.incarnation = any();
        hello.joining = below(2) != 0;
        hello.leaving = below(2) != 0;
        hello.all_labels = below(2) != 0;
        hello.peers = {any(), random_()};
        for (auto n = below(interests_max + 1); n > 0; --n) hello.interests.push_back(any());
        return hello;
    }
    Label label() {
        std::string text(1 + below(300), 'a');
        if (below(2) != 0) text += "/x" + std::to_string(below(100));
        return Label::parse(text).value();
    }

    std::mt19937_64 random_;
    EndpointTable& endpoints_;
};

// ---- round trips ----

TEST(GossipCodec, WritesTheGoldenBytesOfEveryKind) {
    EndpointTable endpoints;
    for (const GoldenFrame& golden : golden_frames(endpoints)) {
        EXPECT_EQ(to_hex(encode(golden.message, endpoints)), to_hex(from_hex(golden.hex))) << golden.file;
    }
}

TEST(GossipCodec, ReadsTheGoldenBytesOfEveryKind) {
    EndpointTable endpoints;
    for (const GoldenFrame& golden : golden_frames(endpoints)) {
        const std::string bytes = from_hex(golden.hex);
        EXPECT_EQ(std::get<std::size_t>(frame_size(bytes)), bytes.size()) << golden.file;
        const auto decoded = decode(bytes, endpoints);
        ASSERT_TRUE(std::holds_alternative<Message>(decoded)) << golden.file;
        EXPECT_EQ(std::get<Message>(decoded), golden.message) << golden.file;
    }
}

TEST(GossipCodec, ReturnsEveryMessageUnchanged) {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        EndpointTable endpoints;
        const Message message = Maker{seed, endpoints}.message();
        const auto decoded = decode(encode(message, endpoints), endpoints);
        ASSERT_TRUE(std::holds_alternative<Message>(decoded)) << "seed " << seed;
        EXPECT_EQ(std::get<Message>(decoded), message) << "seed " << seed;
    }
}

TEST(GossipCodec, AppendsToWhatIsAlreadyWritten) {
    EndpointTable endpoints;
    const GoldenFrame golden = test::golden_exchange(endpoints);
    std::string out = "before";
    encode_to(out, golden.message, endpoints);
    EXPECT_EQ(out, "before" + from_hex(golden.hex));
}

TEST(GossipCodec, InternsTheEndpointsOfAGoodFrameInAForeignTable) {
    EndpointTable theirs, ours;
    const std::string bytes = from_hex(test::golden_exchange(theirs).hex);
    known(ours, "unrelated.example", 1);
    const auto decoded = decode(bytes, ours);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    const Message& message = std::get<Message>(decoded);
    EXPECT_EQ(ours.size(), 4u);
    EXPECT_EQ(ours.at(message.hello.self).host, "192.0.2.1");
    EXPECT_EQ(ours.at(message.peers.at(1).endpoint).host, "node.example");
}

TEST(GossipCodec, SpendsAtMostFourteenBytesOnAnIpv4HostOfTheLastMinutes) {
    EndpointTable endpoints;
    Message message = message_of(Kind::news);
    const std::size_t empty = encode(message, endpoints).size();
    Entry entry;
    entry.endpoint = known(endpoints, "192.0.2.1", 3451);
    entry.incarnation = 1'800'000'000;
    entry.age_ms = 300'000;
    message.peers.assign(100, entry);
    EXPECT_LE(encode(message, endpoints).size(), empty + 3 + 100 * 14);
}

TEST(GossipCodec, KeepsTheExactTextOfAHost) {
    for (const char* host : {"1.2.3.4", "01.2.3.4", "::1", "[::1]", "0:0:0:0:0:0:0:1", "::FFFF", "::ffff:1.2.3.4",
                             "fe80::1%eth0", "A.example", "a.example"}) {
        EndpointTable endpoints, others;
        Message message = message_of(Kind::try_for);
        message.target = known(endpoints, host, 80);
        const auto decoded = decode(encode(message, endpoints), others);
        ASSERT_TRUE(std::holds_alternative<Message>(decoded)) << host;
        EXPECT_EQ(others.at(std::get<Message>(decoded).target).host, host);
    }
}

// ---- bad frames ----

TEST(GossipCodec, WaitsForTheRestOfEveryTruncatedFrame) {
    EndpointTable endpoints;
    for (const GoldenFrame& golden : golden_frames(endpoints)) {
        const std::string bytes = from_hex(golden.hex);
        for (std::size_t n = 0; n < bytes.size(); ++n) {
            EXPECT_EQ(error_of(bytes.substr(0, n)), DecodeError::need_more) << golden.file << " cut at " << n;
            const auto size = frame_size(Bytes(bytes).substr(0, n));
            EXPECT_EQ(std::holds_alternative<std::size_t>(size), n >= header_bytes) << golden.file << " at " << n;
        }
    }
}

TEST(GossipCodec, SurvivesEveryPayloadThatIsShorterThanItsSections) {
    EndpointTable endpoints;
    for (const GoldenFrame& golden : golden_frames(endpoints)) {
        const std::string payload = from_hex(golden.hex).substr(header_bytes);
        for (std::size_t n = 0; n < payload.size(); ++n) {
            expect_error_or_stable(frame(golden.message.kind, payload.substr(0, n)));
        }
    }
}

TEST(GossipCodec, SurvivesEverySingleByteCorruption) {
    EndpointTable endpoints;
    for (const GoldenFrame& golden : golden_frames(endpoints)) {
        std::string bytes = from_hex(golden.hex);
        for (char& byte : bytes) {
            const char good = byte;
            for (int value = 0; value < 256; ++value) {
                byte = static_cast<char>(value);
                expect_error_or_stable(bytes);
            }
            byte = good;
        }
    }
}

TEST(GossipCodec, RefusesBytesBehindAFrame) {
    EndpointTable endpoints;
    EXPECT_EQ(error_of(from_hex(test::golden_ping().hex + "00")), DecodeError::trailing_bytes);
}

TEST(GossipCodec, RefusesAddressesThatCannotBeDialled) {
    EXPECT_EQ(error_of_peer("01 c0000201 0050 00"), std::nullopt);
    EXPECT_EQ(error_of_peer("01 c0000201 0000 00"), DecodeError::bad_endpoint);   // port 0
    EXPECT_EQ(error_of_peer("03 00 0050 00"), DecodeError::bad_endpoint);         // no name
    EXPECT_EQ(error_of_peer("03 03 612062 0050 00"), DecodeError::bad_endpoint);  // "a b"
    EXPECT_EQ(error_of_peer("03 03 610062 0050 00"), DecodeError::bad_endpoint);  // "a\0b"
    EXPECT_EQ(error_of_peer("00 0050 00"), DecodeError::bad_section);             // no address at all
}

TEST(GossipCodec, RefusesASecondEncodingOfTheSameValue) {
    EXPECT_EQ(error_of_peer("03 07 312e322e332e34 0050 00"), DecodeError::bad_endpoint);  // "1.2.3.4" as a name
    EXPECT_EQ(error_of_peer("03 03 3a3a31 0050 00"), DecodeError::bad_endpoint);          // "::1" as a name
    EXPECT_EQ(error_of_peer("01 c0000201 0050 8000"), DecodeError::bad_section);          // age 0 in two bytes
    EXPECT_EQ(error_of_peer("21 c0000201 0050 00 00000000"), DecodeError::bad_section);   // incarnation 0 written
    EXPECT_EQ(error_of_payload(section(5, from_hex("00"))), DecodeError::bad_section);    // "not reachable" written
    EXPECT_EQ(error_of_payload(repeat(section(8, ""), 2)), DecodeError::bad_section);     // a section twice
}

TEST(GossipCodec, RefusesNumbersThatDoNotFit) {
    EXPECT_EQ(error_of_peer("01 c0000201 0050 ffffffff0f"), std::nullopt);
    EXPECT_EQ(error_of_peer("01 c0000201 0050 ffffffff1f"), DecodeError::bad_section);
    EXPECT_EQ(error_of_peer("01 c0000201 0050 ffffffffff01"), DecodeError::bad_section);
}

TEST(GossipCodec, RefusesUnknownEntryAndHelloBits) {
    EXPECT_EQ(error_of_peer("41 c0000201 0050 00"), DecodeError::bad_section);
    EXPECT_EQ(error_of_peer("81 c0000201 0050 00"), DecodeError::bad_section);
    EXPECT_EQ(error_of_payload(section(2, "\x20" + std::string(31, '\0'))), DecodeError::bad_section);
    EXPECT_EQ(error_of_payload(section(3, from_hex("05 c0000201 0050"))), DecodeError::bad_section);
}

TEST(GossipCodec, RefusesBadLabels) {
    EXPECT_EQ(error_of_payload(section(9, from_hex("04 63686174"))), std::nullopt);
    EXPECT_EQ(error_of_payload(section(9, from_hex("04 63682074"))), DecodeError::bad_label);
    EXPECT_EQ(error_of_payload(section(9, from_hex("00"))), DecodeError::bad_label);
    EXPECT_EQ(error_of_payload(section(9, from_hex("05 63686174"))), DecodeError::truncated_section);
    EXPECT_EQ(error_of_payload(section(9, from_hex("8120") + std::string(4097, 'a'))), DecodeError::bad_label);
}

TEST(GossipCodec, KeepsTheFlagThatTheDigestsNameEveryLabel) {
    EndpointTable endpoints;
    Message message;
    message.kind = Kind::exchange;
    message.hello.port = 3451;
    message.hello.all_labels = true;
    const std::string bytes = encode(message, endpoints);
    EXPECT_EQ(bytes[header_bytes + 3], '\x10') << "the first byte of the hello section";
    const auto decoded = decode(bytes, endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_TRUE(std::get<Message>(decoded).hello.all_labels);
}

// ---- versions, flags, kinds, sections that this reader does not know ----

TEST(GossipCodec, ChecksTheHeaderBeforeThePayloadArrives) {
    const auto judged = [](std::string_view hex) {
        const auto size = frame_size(from_hex(hex));
        return std::holds_alternative<DecodeError>(size) ? std::optional(std::get<DecodeError>(size))
                                                         : std::nullopt;
    };
    EXPECT_EQ(judged(""), DecodeError::need_more);
    EXPECT_EQ(judged("67"), DecodeError::bad_magic);  // "g" of a HALP text query
    EXPECT_EQ(judged("b5 02 01 00 000000"), DecodeError::need_more);
    EXPECT_EQ(judged("b5 02 01 00 00010000"), std::nullopt);
    EXPECT_EQ(judged("b5 02 01 00 00010001"), DecodeError::too_long);
    EXPECT_EQ(judged("b5 02 01 00 ffffffff"), DecodeError::too_long);
    EXPECT_EQ(judged("b5 03 01 00 00000000"), DecodeError::unknown_version);
    EXPECT_EQ(judged("b5 01 01 00 00000000"), DecodeError::unknown_version);
    EXPECT_EQ(judged("b5 02 01 7f 00000000"), std::nullopt);
    EXPECT_EQ(judged("b5 02 01 80 00000000"), DecodeError::unknown_flag);
    EXPECT_EQ(judged("b5 02 00 00 00000000"), DecodeError::unknown_kind);
    EXPECT_EQ(judged("b5 02 0b 00 00000000"), DecodeError::unknown_kind);
    EXPECT_EQ(judged("b5 03 0a 80 00000004"), std::nullopt);  // a refuse frame of any version
    EXPECT_EQ(judged("b5 03 0a 80 00010001"), DecodeError::too_long);
}

TEST(GossipCodec, UnderstandsARefusalOfAnyVersion) {
    EndpointTable endpoints;
    const auto reason_of = [&](std::string_view hex) {
        const auto decoded = decode(from_hex(hex), endpoints);
        if (!std::holds_alternative<Message>(decoded)) return Refusal::none;
        EXPECT_EQ(std::get<Message>(decoded).kind, Kind::refuse);
        return std::get<Message>(decoded).refusal;
    };
    EXPECT_EQ(reason_of("b5 03 0a 00 00000004 01 0001 02"), Refusal::version);
    EXPECT_EQ(reason_of("b5 03 0a 80 00000004 01 0001 04"), Refusal::busy);
    EXPECT_EQ(reason_of("b5 ff 0a ff 00000008 01 0001 05 deadbeef"),
              Refusal::leaving);  // the rest of its payload is ignored
    EXPECT_EQ(reason_of("b5 02 0a 80 00000008 01 0001 06 deadbeef"), Refusal::self);
    EXPECT_EQ(reason_of("b5 02 0a 00 00000004 01 0001 63"),
              Refusal::version);  // a reason that this version does not know
    EXPECT_EQ(error_of(from_hex("b5 02 0a 00 00000008 01 0001 06 deadbeef")), DecodeError::truncated_section);
}

TEST(GossipCodec, RefusesARefusalThatDoesNotBeginWithAReason) {
    EXPECT_EQ(error_of(from_hex("b5 03 0a 00 00000000")), DecodeError::truncated_section);
    EXPECT_EQ(error_of(from_hex("b5 03 0a 00 00000003 01 0001")), DecodeError::truncated_section);
    EXPECT_EQ(error_of(from_hex("b5 03 0a 00 00000004 02 0001 01")), DecodeError::bad_section);
    EXPECT_EQ(error_of(from_hex("b5 02 0a 00 00000005 01 0002 01 00")), DecodeError::bad_section);
}

TEST(GossipCodec, SkipsSectionsThatMayBeSkippedAndRefusesTheOthers) {
    EndpointTable endpoints;
    const std::string hello = from_hex(test::plain_hello_hex);
    const auto decoded = decode(
        frame(Kind::ping, section(0x80, "future") + hello + section(0xff, "") + section(0x80, "again")), endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_EQ(std::get<Message>(decoded), message_of(Kind::ping));
    EXPECT_EQ(error_of_payload(hello + section(0x0a, "")), DecodeError::bad_section);
    EXPECT_EQ(error_of_payload(hello + section(0x7f, "")), DecodeError::bad_section);
    EXPECT_EQ(error_of_payload(hello + section(0x00, "")), DecodeError::bad_section);
}

TEST(GossipCodec, CarriesWhatACallerCannotSeeOfItselfInASectionThatOldReadersSkip) {
    EndpointTable endpoints;
    Message message = message_of(Kind::pong);
    message.observed = test::known(endpoints, "192.0.2.1", 40'000);
    message.notice = {.contested = true, .failures = 3, .why = ConnectFailure::timed_out, .failing_s = 200};
    const std::string bytes = from_hex("b5 02 06 00 00000035" + std::string(test::plain_hello_hex) +
                                       "03 0007 01 c0000201 9c40 81 0005 03 01 03 c801");
    EXPECT_EQ(encode(message, endpoints), bytes);
    const auto decoded = decode(bytes, endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_EQ(std::get<Message>(decoded), message);
    const std::string hello = from_hex(test::plain_hello_hex);
    for (const std::string& bad : {std::string("\x00", 1), std::string("\x04"), std::string("\x02\x04\x01\x01"),
                                   std::string("\x02\x00\x00\x01", 4)})
        EXPECT_EQ(error_of_payload(hello + section(0x81, bad)), DecodeError::bad_section);
    EXPECT_EQ(error_of_payload(hello + section(0x81, "\x01\x01")), DecodeError::trailing_bytes);
    EXPECT_EQ(error_of_payload(hello + section(0x81, "\x02")), DecodeError::truncated_section);
    EXPECT_EQ(error_of_payload(hello + section(0x81, "\x01") + section(0x81, "\x01")), DecodeError::bad_section);
}

TEST(GossipCodec, CarriesLabelsThatOldReadersRefuseAndTagsInSectionsThatTheySkip) {
    EndpointTable endpoints;
    Message message = message_of(Kind::news);
    const Label label = Label::parse("my-chat").value();
    Entry entry;
    entry.endpoint = test::known(endpoints, "198.51.100.7", 3451);
    entry.incarnation = 1'700'000'001;
    message.labels = {{label, {entry}}};
    message.tags = {{label, entry.endpoint, entry.incarnation, "blue,v=2"}};
    const std::string bytes = from_hex("b5 02 04 00 00000047" + std::string(test::plain_hello_hex) +
                                       "82 0014 07 6d792d63686174 21 c6336407 0d7b 00 6553f101"
                                       "83 000a 00 08 626c75652c763d32");
    EXPECT_EQ(to_hex(encode(message, endpoints)), to_hex(bytes));
    const auto decoded = decode(bytes, endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_EQ(std::get<Message>(decoded), message);
    const std::string hello = from_hex(test::plain_hello_hex);
    const std::string wide = from_hex("82 0014 07 6d792d63686174 21 c6336407 0d7b 00 6553f101");
    EXPECT_EQ(error_of_payload(hello + section(9, from_hex("07 6d792d63686174"))), DecodeError::bad_label);
    EXPECT_EQ(error_of_payload(hello + section(0x82, from_hex("04 63686174"))), DecodeError::bad_label);
    for (const char* bad : {"01 01 61", "00 02 622c", "00 02 2061", "00 03 622c61", "00 01 61 00 01 61"})
        EXPECT_EQ(error_of_payload(hello + wide + section(0x83, from_hex(bad))), DecodeError::bad_section) << bad;
    EXPECT_EQ(error_of_payload(hello + wide + section(0x83, from_hex("00 05 61"))), DecodeError::truncated_section);
    EXPECT_EQ(error_of_payload(hello + wide + section(0x83, "") + section(0x83, "")), DecodeError::bad_section);
}

TEST(GossipCodec, KeepsTagsBesideTheirEntriesWhateverIsCut) {
    EndpointTable endpoints;
    Message message = message_of(Kind::answer);
    for (const char* text : {"a", "b-b", "c", "d.d"}) {
        LabelEntries list{Label::parse(text).value(), {}};
        for (std::uint32_t i = 0; i < 1500; ++i) {
            Entry entry;
            entry.endpoint =
                test::known(endpoints, "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250), 80);
            entry.incarnation = i + 1;
            list.entries.push_back(entry);
            if (i % 10 == 0)
                message.tags.push_back({list.label, entry.endpoint, entry.incarnation, "v=" + std::to_string(i)});
        }
        message.labels.push_back(list);
    }
    const auto decoded = decode(encode(message, endpoints), endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    const Message& read = std::get<Message>(decoded);
    std::size_t entries = 0;
    for (const LabelEntries& list : read.labels) entries += list.entries.size();
    EXPECT_EQ(entries, entries_per_message_max);
    EXPECT_GT(read.tags.size(), 350u);
    for (const EntryTags& tagged : read.tags)
        EXPECT_EQ(tagged.text, "v=" + std::to_string(tagged.incarnation - 1)) << tagged.label.text();
    expect_error_or_stable(encode(read, endpoints));
}

TEST(GossipCodec, ReadsSectionsInAnyOrderAndAbsentOnesAsZeros) {
    EndpointTable endpoints;
    const std::string wanted = section(8, std::string(8, '\x01'));
    const auto decoded = decode(frame(Kind::ping, wanted + from_hex(test::plain_hello_hex)), endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_EQ(std::get<Message>(decoded).hello, test::plain_hello());
    const auto bare = decode(frame(Kind::ping, ""), endpoints);
    ASSERT_TRUE(std::holds_alternative<Message>(bare));
    EXPECT_EQ(std::get<Message>(bare).hello, Hello{});
}

TEST(GossipCodec, GivesTheReasonToRefuseWith) {
    EXPECT_EQ(refusal_for(DecodeError::need_more), Refusal::none);
    EXPECT_EQ(refusal_for(DecodeError::bad_magic), Refusal::none);
    EXPECT_EQ(refusal_for(DecodeError::unknown_version), Refusal::version);
    EXPECT_EQ(refusal_for(DecodeError::unknown_flag), Refusal::version);
    EXPECT_EQ(refusal_for(DecodeError::unknown_kind), Refusal::version);
    EXPECT_EQ(refusal_for(DecodeError::too_long), Refusal::malformed);
    EXPECT_EQ(refusal_for(DecodeError::trailing_bytes), Refusal::malformed);
    EXPECT_EQ(name(DecodeError::need_more), "need more");
    EXPECT_EQ(name(DecodeError::trailing_bytes), "trailing bytes");
}

// ---- limits ----

TEST(GossipCodec, TakesAsManyItemsAsTheLimitsAllowAndNotOneMore) {
    const std::string peer = from_hex("01 c0000201 0050 00");
    const std::string digest = std::string(17, '\0'), hash = std::string(8, '\0');
    const std::string hello = std::string(32, '\0'), interest = std::string(4, '\0');
    const std::string label = from_hex("09 0002 01 61");
    const auto error = [](unsigned id, const std::string& content) {
        return error_of_payload(section(id, content));
    };

    EXPECT_EQ(error(6, repeat(peer, peers_per_message_max)), std::nullopt);
    EXPECT_EQ(error(6, repeat(peer, peers_per_message_max + 1)), DecodeError::too_many);
    EXPECT_EQ(error(7, repeat(digest, digests_per_message_max)), std::nullopt);
    EXPECT_EQ(error(7, repeat(digest, digests_per_message_max + 1)), DecodeError::too_many);
    EXPECT_EQ(error(8, repeat(hash, digests_per_message_max)), std::nullopt);
    EXPECT_EQ(error(8, repeat(hash, digests_per_message_max + 1)), DecodeError::too_many);
    EXPECT_EQ(error(2, hello + repeat(interest, interests_max)), std::nullopt);
    EXPECT_EQ(error(2, hello + repeat(interest, interests_max + 1)), DecodeError::too_many);
    EXPECT_EQ(error_of_payload(repeat(label, labels_per_message_max)), std::nullopt);
    EXPECT_EQ(error_of_payload(repeat(label, labels_per_message_max + 1)), DecodeError::too_many);
}

TEST(GossipCodec, CountsTheEntriesOfAllLabelsTogether) {
    const std::string peer = from_hex("01 c0000201 0050 00");
    const std::string most = section(9, from_hex("01 61") + repeat(peer, entries_per_message_max - 1));
    EXPECT_EQ(error_of_payload(most + section(9, from_hex("01 62") + peer)), std::nullopt);
    EXPECT_EQ(error_of_payload(most + section(9, from_hex("01 62") + peer + peer)), DecodeError::too_many);
}

TEST(GossipCodec, LeavesOutWhatAReceiverWouldRefuse) {
    EndpointTable endpoints;
    Entry entry;
    entry.endpoint = known(endpoints, "192.0.2.1", 80);
    Message message = message_of(Kind::exchange);
    message.hello.interests.assign(100, 7);
    message.peers.assign(200, entry);
    message.digests.resize(100);
    message.wanted.resize(100);
    message.labels.assign(100, {Label::parse("a").value(), {}});

    const auto decoded = decode(encode(message, endpoints), endpoints);

    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    const Message& kept = std::get<Message>(decoded);
    EXPECT_EQ(kept.hello.interests.size(), interests_max);
    EXPECT_EQ(kept.peers.size(), peers_per_message_max);
    EXPECT_EQ(kept.digests.size(), digests_per_message_max);
    EXPECT_EQ(kept.wanted.size(), digests_per_message_max);
    EXPECT_EQ(kept.labels.size(), labels_per_message_max);
}

TEST(GossipCodec, LeavesOutTheLastEntriesWhenAFrameIsFull) {
    EndpointTable endpoints;
    Message message = message_of(Kind::supplement);
    for (int label = 0; label < 3; ++label) {
        LabelEntries list{Label::parse("label" + std::to_string(label)).value(), {}};
        for (int i = 0; i < 200; ++i) {
            Entry entry;
            const std::string host = std::to_string(label * 1000 + i) + std::string(200, 'x') + ".example";
            entry.endpoint = known(endpoints, host, 80);
            list.entries.push_back(entry);
        }
        message.labels.push_back(list);
    }

    const std::string bytes = encode(message, endpoints);
    const auto decoded = decode(bytes, endpoints);

    EXPECT_LE(bytes.size(), frame_bytes_max);
    EXPECT_GT(bytes.size(), frame_bytes_max - 300);
    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    const std::vector<LabelEntries>& kept = std::get<Message>(decoded).labels;
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0], message.labels[0]);
    ASSERT_LT(kept[1].entries.size(), 200u);
    EXPECT_TRUE(
        std::ranges::equal(kept[1].entries, std::span(message.labels[1].entries).first(kept[1].entries.size())));
}

TEST(GossipCodec, FillsAFrameWithTheEntriesOfAllLabelsTogether) {
    EndpointTable endpoints;
    Entry entry;
    entry.endpoint = known(endpoints, "192.0.2.1", 80);
    Message message = message_of(Kind::supplement);
    message.labels.push_back({Label::parse("a").value(), std::vector<Entry>(4000, entry)});
    message.labels.push_back({Label::parse("b").value(), std::vector<Entry>(4000, entry)});
    message.labels.push_back({Label::parse("c").value(), {entry}});

    const auto decoded = decode(encode(message, endpoints), endpoints);

    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    const std::vector<LabelEntries>& kept = std::get<Message>(decoded).labels;
    ASSERT_EQ(kept.size(), 2u);
    EXPECT_EQ(kept[0].entries.size(), 4000u);
    EXPECT_EQ(kept[1].entries.size(), entries_per_message_max - 4000);
}

TEST(GossipCodec, TakesTheWidestMessageThatTheLimitsAllow) {
    EndpointTable endpoints;
    Entry entry;
    entry.endpoint = known(endpoints, std::string(Endpoint::host_length_max, 'x'), 65'535);
    entry.incarnation = entry.age_ms = entry.stated_age_s = 0xffffffff;
    entry.claimed = true;
    Message message = message_of(Kind::exchange);
    message.hello.self = message.observed = message.target = entry.endpoint;
    message.hello.interests.assign(interests_max, 7);
    message.peers.assign(peers_per_message_max, entry);
    message.digests.assign(digests_per_message_max, {1, {0xffffffff, 2}});
    message.wanted.assign(digests_per_message_max, 3);
    message.labels.push_back({Label::parse(std::string(Label::length_max, 'a')).value(), {entry}});

    const auto decoded = decode(encode(message, endpoints), endpoints);

    ASSERT_TRUE(std::holds_alternative<Message>(decoded));
    EXPECT_EQ(std::get<Message>(decoded), message);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::gossip
