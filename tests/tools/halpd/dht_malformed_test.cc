// Every kind of malformed input, sent to a real halpd over raw sockets. It must end its connection, no further
// answer may be sent, and another client must not notice.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/tools/dht_daemon.h"
#include "tests/tools/neo_peer.h"
#include "tools/bench/proc_stats.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

std::string octets(std::initializer_list<int> bytes) {
    std::string out;
    for (const int byte : bytes) out.push_back(static_cast<char>(byte));
    return out;
}

std::string number(std::uint64_t n) {
    std::string out;
    for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<char>(n >> shift & 0xff));
    return out;
}

std::string array(std::string_view text) { return number(text.size()).append(text); }

std::string header(int type, std::uint64_t body_bytes) {
    std::string out = octets({type}) + number(body_bytes);
    char parity = 0;
    for (const char byte : out) parity = static_cast<char>(parity ^ byte);
    return out + parity;
}

std::string frame(int type, std::string_view body) { return header(type, body.size()).append(body); }
std::string request(std::string_view payload, std::uint64_t id = 1) { return frame(1, number(id).append(payload)); }
std::string bad_parity(std::string bytes) {
    bytes[9] = static_cast<char>(bytes[9] ^ 1);
    return bytes;
}

enum class Stage { nothing, versions, nonce, open };

struct Malformed {
    std::string name;
    Stage stage;  // how much of the handshake precedes the input
    std::string said;
    // The answer that is due before the end: the node's version after the first byte, -3 for a known request.
    std::string due;
    // The input before, which is answered with this many messages, so that only the last input is malformed.
    std::string begun = {};
    int answers = 0;
};

const std::string channel = array("test_channel"), key = number(1);
const std::string supported = request(octets({0xfd}));
constexpr std::uint64_t too_much = (std::uint64_t{64} << 20) + 1;
constexpr std::uint64_t all_ones = ~std::uint64_t{0};

void add_handshakes(std::vector<Malformed>& all) {
    for (const int version : {0, 2, 71, 255})
        all.push_back({"version " + std::to_string(version), Stage::nothing, octets({version}), octets({1})});
    all.push_back({"bytes behind the version", Stage::nothing, octets({1}) + frame(2, number(1)), {}});
    all.push_back({"HTTP", Stage::nothing, "GET / HTTP/1.1\r\n\r\n", {}});
    all.push_back({"a megabyte", Stage::nothing, std::string(1 << 20, 'x'), {}});

    const std::string hmac(neo::hmac_bytes, 'x');
    for (const std::size_t bytes : {std::size_t{0}, std::size_t{7}, std::size_t{9}, std::size_t{999}})
        all.push_back({"a timestamp of " + std::to_string(bytes) + " bytes",
                       Stage::versions,
                       frame(2, std::string(bytes, 'x')),
                       {}});
    all.push_back({"a request before the timestamp", Stage::versions, request(octets({6, 0})), {}});
    all.push_back({"a request before the proof", Stage::nonce, request(octets({6, 0})), {}});
    all.push_back({"an empty proof", Stage::nonce, frame(2, ""), {}});
    all.push_back({"a proof without hmac", Stage::nonce, frame(2, array("admin")), {}});
    all.push_back({"a proof that lacks a byte", Stage::nonce, frame(2, array("admin") + hmac.substr(1)), {}});
    all.push_back({"a proof with one byte more", Stage::nonce, frame(2, array("admin") + hmac + "x"), {}});
    all.push_back({"a name of 2^64 - 1 bytes", Stage::nonce, frame(2, number(all_ones) + "admin" + hmac), {}});
    all.push_back({"a name longer than its message", Stage::nonce, frame(2, number(500) + "admin" + hmac), {}});
}

void add_frames(std::vector<Malformed>& all) {
    for (const auto& [stage, where] : {std::pair{Stage::versions, std::string(" instead of the timestamp")},
                                       std::pair{Stage::nonce, std::string(" instead of the proof")},
                                       std::pair{Stage::open, std::string(" after authentication")}}) {
        all.push_back({"wrong parity" + where, stage, bad_parity(request(octets({6, 0}))), {}});
        all.push_back({"wrong parity of an authentication" + where, stage, bad_parity(frame(2, number(1))), {}});
        for (const int type : {0, 3, 128, 255})
            all.push_back({"type " + std::to_string(type) + where, stage, frame(type, number(1)), {}});
        for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{7}})
            all.push_back({"a request body of " + std::to_string(bytes) + where, stage, header(1, bytes), {}});
        for (const std::uint64_t bytes :
             {too_much, std::uint64_t{1} << 40, std::uint64_t{1} << 63, all_ones - 10, all_ones - 4, all_ones})
            all.push_back({"a request body of " + std::to_string(bytes) + where, stage, header(1, bytes), {}});
        for (const std::uint64_t bytes : {std::uint64_t{1000}, all_ones})
            all.push_back({"an authentication of " + std::to_string(bytes) + where, stage, header(2, bytes), {}});
    }
    all.push_back({"an authentication after the verdict", Stage::open, frame(2, number(1)), {}});
    all.push_back({"id 0", Stage::open, request(octets({6, 0}), 0), {}});
    all.push_back({"no payload", Stage::open, request(""), {}});
    all.push_back({"a payload of one byte", Stage::open, request(octets({3})), {}});
}

struct Whole {
    std::string name;
    std::string parameters;  // with code and version
    bool strict;
};

// The longest bytes of each request. Every shorter prefix is malformed unless noted otherwise.
std::vector<Whole> whole_requests() {
    return {
        {"Put", octets({2, 0}) + channel + key + array("value"), false},
        {"Get", octets({3, 0}) + channel + key, false},
        {"Mirror", octets({4, 0, 0}) + channel + octets({1, 1, 0, 0, 0}), true},
        {"GetAll", octets({5, 0, 0}) + channel + octets({0}) + key + octets({0}) + array("filter"), true},
        {"Exists", octets({7, 0}) + channel + key, false},
        {"Remove", octets({8, 0}) + channel + key, true},
        {"RemoveChannel", octets({9, 0}) + channel, false},
        {"Update", octets({10, 0, 1}) + channel + key, false},
        {"write-only Update", octets({10, 0, 2}) + channel + key + key + array("value"), true},
    };
}

void add_parameters(std::vector<Malformed>& all) {
    for (const Whole& whole : whole_requests()) {
        for (std::size_t bytes = 2; bytes < whole.parameters.size(); ++bytes)
            all.push_back({whole.name + " cut to " + std::to_string(bytes), Stage::open,
                           request(whole.parameters.substr(0, bytes)), supported});
        if (whole.strict)
            all.push_back(
                {whole.name + " with a byte more", Stage::open, request(whole.parameters + "x"), supported});
        // The length of the channel's name is the first number after code, version and flags.
        const std::size_t at = whole.parameters.find(channel);
        for (const std::uint64_t lie : {all_ones, all_ones - 7, std::uint64_t{1} << 62, std::uint64_t{100'000}}) {
            std::string lying = whole.parameters;
            lying.replace(at, sizeof lie, number(lie));
            all.push_back(
                {whole.name + " with a name of " + std::to_string(lie), Stage::open, request(lying), supported});
        }
    }
    for (const int type : {0, 3, 4, 5, 77, 255})
        all.push_back({"an Update of type " + std::to_string(type), Stage::open,
                       request(octets({10, 0, type}) + channel + key), supported});
    all.push_back({"a value of 2^64 - 1 bytes", Stage::open,
                   request(octets({2, 0}) + channel + key + number(all_ones) + "value"), supported});
}

// Malformed messages after a well-formed beginning of a request.
void add_later_messages(std::vector<Malformed>& all) {
    const std::string mirror = request(octets({4, 0, 0}) + channel + octets({0, 0, 0, 0, 0}));
    // Suspended and with a record (SetUp), because otherwise the request would be over.
    const std::string get_all = request(octets({5, 0, 1}) + channel + octets({0}) + key + octets({0}) + number(0));
    for (const int control : {0, 4, 5, 77}) {
        const std::string name = "control " + std::to_string(control);
        all.push_back({name + " for a Mirror", Stage::open, request(octets({control})), {}, mirror, 2});
        all.push_back({name + " for a GetAll", Stage::open, request(octets({control})), {}, get_all, 2});
        all.push_back({name + " and a byte more", Stage::open, request(octets({control, 1})), {}, mirror, 2});
    }
    all.push_back({"a control of none for a Mirror", Stage::open, request(""), {}, mirror, 2});
    all.push_back({"a control of none for a GetAll", Stage::open, request(""), {}, get_all, 2});
    all.push_back({"a control before Started", Stage::open, mirror + request(octets({1})), {}});
    all.push_back(
        {"a message for a GetHashRange", Stage::open, request(octets({1})), {}, request(octets({1, 0})), 2});
    std::string many;
    for (std::uint64_t id = 1; id <= 5001; ++id) many += request(octets({1, 0}), id);
    all.push_back({"5001 requests at a time", Stage::open, many, {}});
}

std::vector<Malformed> all_malformed() {
    std::vector<Malformed> all;
    add_handshakes(all);
    add_frames(all);
    add_parameters(all);
    add_later_messages(all);
    return all;
}

class MalformedInput : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(healthy_.log_in());
        ASSERT_EQ(healthy_.put("test_channel", 1, "v"), static_cast<int>(neo::PutAnswer::put));
    }

    // The other client: its record is unchanged.
    void expect_untroubled(const std::string& after) {
        const std::string value = "round " + std::to_string(++rounds_);
        ASSERT_EQ(healthy_.put("healthy", 7, value), static_cast<int>(neo::PutAnswer::put)) << after;
        ASSERT_EQ(healthy_.get("healthy", 7), value) << after;
    }
    static bool advance(NeoPeer& peer, Stage stage) {
        if (stage == Stage::open) return peer.log_in();
        if (stage == Stage::nothing) return true;
        return peer.exchange_versions() && (stage == Stage::versions || peer.get_nonce());
    }

    Home home_;
    Daemon daemon_{home_, dht_options(home_, {"dht.durability=process", "dht.flush_interval=0ms"})};
    Endpoint port_ = dht_port(daemon_);
    NeoPeer healthy_{port_};
    int rounds_ = 0;
};

TEST_F(MalformedInput, EndsItsOwnConnectionAndNoOther) {
    const std::vector<Malformed> all = all_malformed();
    ASSERT_GT(all.size(), 300U);
    for (const Malformed& each : all) {
        NeoPeer peer(port_);
        ASSERT_TRUE(advance(peer, each.stage)) << each.name;
        peer.say(each.begun);
        for (int i = 0; i < each.answers; ++i) ASSERT_TRUE(peer.hear()) << each.name;
        peer.say(each.said);
        const auto heard = peer.rest();
        ASSERT_TRUE(heard) << each.name << ": the connection was not ended";
        if (!each.due.empty() || each.stage != Stage::open || each.answers > 0) {
            EXPECT_EQ(*heard, each.due) << each.name;
        }
        expect_untroubled(each.name);
    }
    const std::string status = daemon_.admin(cli::Method::get, "/v1/status").body;
    EXPECT_THAT(status, HasSubstr("\"broken\":" + std::to_string(all.size()))) << "each counts once";
    EXPECT_TRUE(eventually([&] {
        return daemon_.admin(cli::Method::get, "/v1/status").body.find("\"connections\":1,") != std::string::npos;
    })) << "connections are left over";
    EXPECT_LT(lines_of(daemon_.messages()).size(), 100U) << "a stranger fills the log";
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.messages();
}

// neo.md specifies nothing for bytes after a control message. They are ignored, like those after the originals'
// other messages of one byte (RemoveRecord, LeaveRecord).
TEST_F(MalformedInput, BytesBehindAControlArePassedOver) {
    NeoPeer peer(port_);
    ASSERT_TRUE(peer.log_in());
    using Heard = std::pair<neo::RequestId, std::string>;
    peer.say(request(octets({4, 0, 0}) + channel + octets({0, 0, 0, 0, 0})));
    EXPECT_EQ(peer.hear(), Heard(1, octets({0xfd})));
    EXPECT_EQ(peer.hear(), Heard(1, octets({5}))) << "Started";
    for (const std::string& control : {octets({1, 1}), octets({2}) + "garbage", octets({3}) + "and more"}) {
        peer.say(request(control));
        EXPECT_EQ(peer.hear(), Heard(1, octets({4}))) << "the Ack of " << static_cast<int>(control[0]);
    }
    // That was Stop, so the id is free.
    peer.say(request(octets({7, 0}) + channel + key));
    EXPECT_EQ(peer.hear(), Heard(1, octets({0xfd})));
    EXPECT_EQ(peer.hear(), Heard(1, octets({1})));
}

TEST_F(MalformedInput, OfRandomBytesHarmsNobodyEither) {
    const std::uint64_t seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    for (int round = 0; round < 150; ++round) {
        NeoPeer peer(port_);
        ASSERT_TRUE(advance(peer, static_cast<Stage>(round % 4)));
        std::string said;
        for (int frames = 0; frames < 20; ++frames) {
            std::string body(random() % 60, '\0');
            for (char& c : body) c = static_cast<char>(random() % 3 == 0 ? random() % 12 : random());
            // Mostly well framed and with a small id, because otherwise nothing after the frame would be reached.
            said += random() % 10 == 0 ? body : request(body, 1 + random() % 3);
        }
        peer.say(said);
        expect_untroubled("random bytes");
    }
    EXPECT_EQ(daemon_.stop(), 0) << daemon_.messages();
}

TEST_F(MalformedInput, AnnouncedButNeverSentTakesNoMemory) {
    // Sixteen messages of the maximum length, of which one byte each arrives. Believing their headers would take a
    // gigabyte.
    const std::uint64_t before = bench::memory_of(daemon_.process().pid()).rss_bytes;
    std::vector<std::unique_ptr<NeoPeer>> peers;
    for (int i = 0; i < 16; ++i) {
        peers.push_back(std::make_unique<NeoPeer>(port_));
        ASSERT_TRUE(peers.back()->log_in());
        peers.back()->say(header(1, too_much - 1) + "x");
    }
    expect_untroubled("announcements");
    EXPECT_LT(bench::memory_of(daemon_.process().pid()).rss_bytes, before + (std::uint64_t{64} << 20));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
