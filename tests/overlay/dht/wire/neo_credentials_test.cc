#include "overlay/dht/wire/neo_credentials.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "tests/overlay/dht/neo_bytes.h"

namespace halp::neo {
namespace HALP_TEST_FILE {

const std::string zero_key(256, '0');
const std::string mixed_key = "0123456789abcdefABCDEF" + std::string(234, '7');

Nonce example_nonce() { return {0x3f, 0x1d, static_cast<char>(0xea), 0x7c}; }
constexpr std::uint64_t example_time = 0x6b001f35;
constexpr std::string_view example_hmac =
    "17 3f 7f db 99 e9 6c 27 2b be ad 8f 4e 1c ea 46 b4 c6 95 54 70 6e f3 2a 97 08 fb 37 8b 7a b1 06"
    "c5 1f 26 9e e3 9e 0b 43 69 d5 cb 6b cf a4 48 44 c7 9f 7c f5 b2 f7 6b 0a 45 73 cc d3 92 2a 09 5c";

Proof example_proof(std::string_view name = "admin") {
    Proof proof;
    proof.name = name;
    const std::string raw = bytes(example_hmac);
    std::copy(raw.begin(), raw.end(), proof.hmac.begin());
    return proof;
}

TEST(Hmac, IsTheOneSeenOnTheOriginalsWire) {
    const Hmac hmac = handshake_hmac({}, example_time, example_nonce());
    EXPECT_EQ(hex({hmac.data(), hmac.size()}), hex(bytes(example_hmac)));
}

TEST(Hmac, AgreesWithTheStandardsFirstTestVector) {  // RFC 4231, case 2, key padded with zeros: the same key
    Secret key{};
    key[0] = 'J', key[1] = 'e', key[2] = 'f', key[3] = 'e';
    const Hmac hmac = hmac_sha512(key, "what do ya want for nothing?");
    EXPECT_EQ(hex({hmac.data(), 8}), "164b7a7bfcf819e2");
}

TEST(Hmac, EqualityLooksAtEveryByte) {
    const Hmac hmac = handshake_hmac({}, example_time, example_nonce());
    for (std::size_t i = 0; i < hmac.size(); ++i) {
        Hmac other = hmac;
        other[i] = static_cast<char>(other[i] ^ 1);
        EXPECT_FALSE(equal(hmac, other));
    }
    EXPECT_TRUE(equal(hmac, hmac));
}

TEST(Credentials, ReadsNamesAndKeysOfEitherCase) {
    const auto read = Credentials::parse("\n\nalice:" + mixed_key + "\n \t bob : " + zero_key + " \r\n\n");
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read.value().names(), (std::vector<std::string>{"alice", "bob"}));
    EXPECT_EQ(read.value().find("alice")->at(8), static_cast<char>(0xab));
    EXPECT_EQ(*read.value().find("bob"), Secret{});
    EXPECT_EQ(read.value().find("carol"), nullptr);
}

TEST(Credentials, TheLaterOfTwoLinesWithOneNameCounts) {
    const auto read = Credentials::parse("a:" + mixed_key + "\na:" + zero_key);
    ASSERT_TRUE(read);
    EXPECT_EQ(*read.value().find("a"), Secret{});
}

TEST(Credentials, OneBadLineFailsTheWholeText) {
    const std::string good = "a:" + zero_key + "\n";
    for (const std::string& bad :
         {std::string("no colon"), ":" + zero_key, "b# c:" + zero_key, "b:" + zero_key + "#",
          "b:" + zero_key.substr(1), "b:" + zero_key + "0", "b:g" + zero_key.substr(1), "b c:" + zero_key,
          "b\x7f:" + zero_key, std::string(101, 'n') + ":" + zero_key, "\xc3\xa9:" + zero_key}) {
        EXPECT_FALSE(Credentials::parse(good + bad)) << bad;
    }
    EXPECT_TRUE(Credentials::parse(good + std::string(100, 'n') + ":" + zero_key));
    EXPECT_FALSE(Credentials::parse(std::string(credentials_bytes_max + 1, '\n')));
}

TEST(Credentials, AreReadAsEveryEditorWritesThem) {
    const std::string text = "\xef\xbb\xbf# who may use the records\r\n\r\n  \t\r\nalice:" + zero_key +
                             "\r\n   # and an operator:\n  ops : " + mixed_key + "  # Bob's\r\n \n#no end of line";
    const auto read = Credentials::parse(text);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read.value().names(), (std::vector<std::string>{"alice", "ops"}));
    const auto client = parse_client_credential("# mine\r\n\r\nme:" + zero_key + "\r\n");
    ASSERT_TRUE(client) << client.error().message;
    EXPECT_EQ(client->name, "me");
}

TEST(Credentials, AnErrorCountsCommentsAndEmptyLinesToo) {
    const auto read = Credentials::parse("# one\r\n\r\na:" + zero_key + "\r\nadmin\r\n");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, "credentials, line 4: it is not NAME:KEY");
}

TEST(Credentials, AnErrorNeverShowsTheKey) {
    const auto read = Credentials::parse("a:" + std::string(255, '7'));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message.find("777"), std::string::npos);
    EXPECT_NE(read.error().message.find("line 1"), std::string::npos);
}

TEST(Credentials, AClientHasExactlyOne) {
    EXPECT_EQ(parse_client_credential("me:" + zero_key).value().name, "me");
    EXPECT_FALSE(parse_client_credential(""));
    EXPECT_FALSE(parse_client_credential("a:" + zero_key + "\nb:" + zero_key));
}

TEST(CheckProof, AcceptsTheHandshakeOfTheOriginalClient) {
    EXPECT_EQ(check_proof(Credentials::for_tests(), example_proof(), example_time, UnixSeconds{example_time},
                          example_nonce()),
              std::nullopt);
}

TEST(CheckProof, ToleratesHalfAnHourEitherWay) {
    const auto verdict = [](std::int64_t node_time) {
        return check_proof(Credentials::for_tests(), example_proof(), example_time, UnixSeconds{node_time},
                           example_nonce());
    };
    const auto then = static_cast<std::int64_t>(example_time);
    EXPECT_EQ(verdict(then + 1800), std::nullopt);
    EXPECT_EQ(verdict(then - 1800), std::nullopt);
    EXPECT_EQ(verdict(then + 1801), Rejection::clocks_apart);
    EXPECT_EQ(verdict(then - 1801), Rejection::clocks_apart);
}

TEST(CheckProof, GivesTheReasonsOfTheOriginals) {
    const Credentials all = Credentials::for_tests();
    const auto verdict = [&](const Proof& proof, std::uint64_t time = example_time) {
        return check_proof(all, proof, time, UnixSeconds{example_time}, example_nonce());
    };
    EXPECT_EQ(verdict(example_proof("")), Rejection::empty_name);
    const std::string long_name(101, 'a');
    EXPECT_EQ(verdict(example_proof(long_name)), Rejection::name_too_long);
    EXPECT_EQ(verdict(example_proof("ad min")), Rejection::bad_name);
    EXPECT_EQ(verdict(example_proof("Admin")), Rejection::unknown_name);
    EXPECT_EQ(verdict(example_proof(), 0), Rejection::timestamp_zero);
    EXPECT_EQ(verdict(example_proof(), 1ULL << 63), Rejection::timestamp_out_of_range);
    EXPECT_EQ(verdict(example_proof(), std::numeric_limits<std::int64_t>::max()), Rejection::clocks_apart);
    EXPECT_EQ(verdict(example_proof(), example_time + 1), Rejection::wrong_key);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::neo
