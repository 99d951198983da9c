// The legacy client against a fake node with faults: answers that are wrong, missing or cut off.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/legacy/legacy_handshake.h"
#include "overlay/dht/testing/fake_node.h"
#include "simulations/world/sim_world.h"

namespace halp {
namespace HALP_TEST_FILE {

using legacy::Command;
using legacy::Status;
using std::chrono::seconds;

class LegacyClientAndFaults : public ::testing::Test {
protected:
    using Notes = std::vector<std::string>;

    LegacyClientAndFaults() {
        world.attach(neo_host, fake);
        world.attach(legacy_host, fake.open_legacy(world.env(legacy_host)));
        world.attach(client_host, client);
        EXPECT_TRUE(client.add_node(address));
    }
    static LegacyDhtClientOptions options() {
        LegacyDhtClientOptions all;
        all.step_timeout = seconds{2};
        return all;
    }
    std::string shake_hands() {
        std::optional<HandshakeOutcome> outcome;
        LegacyHandshake handshake(client, {}, [&](const HandshakeOutcome& how) { outcome = how; });
        EXPECT_TRUE(world.run_until([&] { return outcome.has_value(); }, seconds{10}));
        return !outcome ? "?" : outcome->complete ? "complete" : outcome->text();
    }
    legacy::Notifier hear() {
        return [this](const legacy::About&, const legacy::Note& note) {
            records += std::holds_alternative<legacy::GotRecord>(note) ? 1 : 0;
            if (const auto* ended = std::get_if<legacy::Finished>(&note))
                ends.push_back(ended->succeeded() ? "ok" : legacy::describe(*ended));
            if (const auto* all = std::get_if<legacy::GroupFinished>(&note))
                ends.push_back("all: " + dht::describe(all->cover));
        };
    }
    Notes take(Duration span = seconds{5}) {
        world.run_for(span);
        return std::exchange(ends, {});
    }
    void put_many() {
        for (std::uint64_t key = 0; key < 200; ++key)
            ASSERT_TRUE(fake.put("chan", Key{key}, std::string(2000, static_cast<char>('a' + key % 7))));
    }

    SimWorld world{7};
    const Endpoint address{"10.0.0.9", 10000};
    const HostId neo_host = world.add_host({"10.0.0.1", 10100}), legacy_host = world.add_host(address),
                 client_host = world.add_host({"10.0.1.1", 1000});
    FakeNode fake{world.env(neo_host)};
    LegacyDhtClient client{world.env(client_host), nullptr, options()};
    Notes ends;
    std::size_t records = 0;
    const std::string nothing = "all: no answer for 0x0000000000000000 to 0xffffffffffffffff";
};

TEST_F(LegacyClientAndFaults, AnotherVersionIsNoHandshake) {
    std::string other;
    legacy::encode_status(other, Status::ok);
    legacy::encode_array(other, "20100101");
    fake.answer(Command::get_version, other, 1);
    EXPECT_EQ(shake_hands(),
              "10.0.0.9:10000: the node speaks another version; "
              "no answer for 0x0000000000000000 to 0xffffffffffffffff");
    EXPECT_EQ(shake_hands(), "complete") << "it was told once";
}

TEST_F(LegacyClientAndFaults, ARangeThatIsNoneIsNoHandshake) {
    std::string odd;
    legacy::encode_status(odd, Status::ok);
    legacy::encode_range(odd, 5, 3);
    fake.answer(Command::get_responsible_range, odd, 1);
    EXPECT_NE(shake_hands().find("breaks the protocol"), std::string::npos);
}

TEST_F(LegacyClientAndFaults, StatusesAreToldAndTheConnectionGoesOn) {
    EXPECT_EQ(shake_hands(), "complete");
    fake.answer(Command::put, Status::out_of_memory, 1);
    client.put("chan", Key{1}, "v", hear());
    EXPECT_EQ(take(), Notes{"407 (out of memory)"});
    client.put("chan", Key{1}, "v", hear());
    EXPECT_EQ(take(), Notes{"ok"});
    EXPECT_EQ(client.stats().total().losses, 0U);
}

TEST_F(LegacyClientAndFaults, AnErrorOrAnUnknownStatusEndsTheConnection) {
    EXPECT_EQ(shake_hands(), "complete");
    fake.answer(Command::put, Status::error, 1);
    client.put("chan", Key{1}, "v", hear());
    EXPECT_EQ(take(), Notes{"the node failed, 500 (error)"});
    EXPECT_EQ(client.stats().total().losses, 1U);
    fake.answer(Command::put, std::string("\x7f\x01\0\0", 4), 1);
    client.put("chan", Key{1}, "v", hear());
    EXPECT_EQ(take(), Notes{"the node failed, 383 (unknown)"});
    EXPECT_EQ(client.stats().total().losses, 2U);
    client.put("chan", Key{1}, "v", hear());
    EXPECT_EQ(take(), Notes{"ok"});
}

TEST_F(LegacyClientAndFaults, ARequestThatIsNeverAnsweredTimesOut) {
    EXPECT_EQ(shake_hands(), "complete");
    fake.ignore(Command::get, 1);
    client.get("chan", Key{1}, hear());
    EXPECT_EQ(take(seconds{1}), Notes{});
    EXPECT_EQ(take(), Notes{"timed out"});
    client.get("chan", Key{1}, hear());
    EXPECT_EQ(take(), Notes{"ok"});
}

TEST_F(LegacyClientAndFaults, AGetAllThatIsCutOffSaysThatItIsNotAll) {
    EXPECT_EQ(shake_hands(), "complete");
    put_many();
    client.get_all("chan", hear());
    EXPECT_EQ(take(), (Notes{"ok", "all: "}));
    EXPECT_EQ(records, 200U);
    const std::uint64_t whole = client.stats().total().bytes_in;
    // Within the status, within the first batch, and in front of the end of the list.
    for (const std::uint64_t bytes : {std::uint64_t{2}, std::uint64_t{100}, whole / 2}) {
        fake.cut_legacy_after_bytes(bytes);
        client.get_all("chan", hear());
        EXPECT_EQ(take(), (Notes{"disconnected: the node ended the connection", nothing})) << bytes;
    }
    records = 0;
    client.get_all("chan", hear());
    EXPECT_EQ(take(), (Notes{"ok", "all: "})) << "it is asked again by whoever wants it";
    EXPECT_EQ(records, 200U);
}

TEST_F(LegacyClientAndFaults, ABatchThatIsNoneEndsTheConnection) {
    EXPECT_EQ(shake_hands(), "complete");
    std::string odd;
    legacy::encode_status(odd, Status::ok);
    legacy::encode_array(odd, "no batch at all");
    fake.answer(Command::get_all, odd, 1);
    client.get_all("chan", hear());
    EXPECT_EQ(take(), (Notes{"the answer breaks the protocol", nothing}));
    EXPECT_EQ(client.stats().total().losses, 1U);
}

TEST_F(LegacyClientAndFaults, AnAnswerThatNobodyAskedForEndsTheConnection) {
    EXPECT_EQ(shake_hands(), "complete");
    std::string twice;
    for (int i = 0; i < 2; ++i) legacy::encode_status(twice, Status::ok);
    fake.answer(Command::put, twice, 1);
    client.put("chan", Key{1}, "v", hear());
    EXPECT_EQ(take(), Notes{"ok"});
    EXPECT_EQ(client.stats().total().losses, 1U);
}

TEST_F(LegacyClientAndFaults, WhatWasSentAheadFailsWithItsConnection) {
    EXPECT_EQ(shake_hands(), "complete");
    fake.disconnect_legacy_after(0);
    for (std::uint64_t key = 0; key < 20; ++key) client.put("chan", Key{key}, "v", hear());
    const Notes told = take();
    // Four on each of five connections.
    EXPECT_EQ(std::ranges::count(told, "ok"), 16);
    EXPECT_EQ(std::ranges::count(told, "disconnected: the connection broke"), 4);
}

TEST_F(LegacyClientAndFaults, AnArrayAboveTheLimitEndsTheConnection) {
    EXPECT_EQ(shake_hands(), "complete");
    std::string long_one;
    legacy::encode_status(long_one, Status::ok);
    legacy::encode_number(long_one, legacy::array_bytes_max + 1);
    fake.answer(Command::get, long_one, 1);
    client.get("chan", Key{1}, hear());
    EXPECT_EQ(take(), Notes{"the answer breaks the protocol"});
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
