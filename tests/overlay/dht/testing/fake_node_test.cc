// The fake node as the tests of other programs use it.
#include "overlay/dht/testing/fake_node.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/testing/conformance_case_run.h"
#include "store/hash.h"
#include "tests/overlay/dht/testing/simulated_suite.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

// Runs a test's own conformance case against the fake node, as straight-line code.
class FakeNodeForTests : public ::testing::Test {
protected:
    FakeNodeForTests() { current = this; }
    template <class Run>
    neo::Verdict client(Run run) {
        body = run;
        return bench.suite.run({"test.client", "", [](neo::CaseRun& t) { current->body(t); }});
    }
    static inline FakeNodeForTests* current = nullptr;
    std::function<void(neo::CaseRun&)> body;
    SimulatedSuite bench;
    FakeNode& fake = bench.fake;
};

constexpr auto passed = neo::Verdict::Kind::passed;

TEST_F(FakeNodeForTests, ItsContentsAreOpenToTheTest) {
    EXPECT_FALSE(fake.get("chan", Key{1}));
    EXPECT_EQ(fake.get("chan", Key{1}).error().message, "There is no channel `chan`.");
    ASSERT_TRUE(fake.put("chan", Key{1}, "one"));
    ASSERT_TRUE(fake.put("chan", Key{2}, "two"));
    EXPECT_EQ(fake.get("chan", Key{3}).error().message, "There is no record 0000000000000003 in `chan`.");
    EXPECT_EQ(*fake.get("chan", Key{1}), "one");
    EXPECT_EQ(*fake.keys("chan"), (std::vector<Key>{Key{1}, Key{2}}));
    EXPECT_EQ(*fake.all("chan"), (std::vector<std::pair<Key, std::string>>{{Key{1}, "one"}, {Key{2}, "two"}}));
    EXPECT_EQ(fake.missing("other", Key{1}), Missing::channel);
    EXPECT_EQ(fake.missing("chan", Key{3}), Missing::record);
    EXPECT_EQ(fake.missing("chan", Key{1}), std::nullopt);
    EXPECT_EQ(fake.size("chan"), (RecordCount{2, 6}));
    EXPECT_EQ(fake.size("other"), (RecordCount{0, 0}));
    EXPECT_TRUE(*fake.remove("chan", Key{1}));
    EXPECT_FALSE(*fake.remove("chan", Key{1}));
    EXPECT_FALSE(fake.put("", Key{1}, "x"));
    EXPECT_EQ(fake.channels(), (std::vector<std::string>{"chan"}));
}

struct UserV1 {
    std::string name;
    static constexpr std::uint8_t struct_version = 1;
    static constexpr auto fields = std::tuple{&UserV1::name};
};
struct User {
    std::string name;
    std::uint32_t visits = 0;
    static constexpr std::uint8_t struct_version = 2;
    static constexpr auto fields = std::tuple{&User::name, &User::visits};
    using Previous = UserV1;
    static User from(UserV1 old) { return {std::move(old.name), 1}; }
};

TEST_F(FakeNodeForTests, ItHoldsStructsAsProgramsInDStoreThem) {
    ASSERT_TRUE(fake.put("chan", Key{1}, User{"Ann", 7}));
    EXPECT_EQ(*fake.get("chan", Key{1}),
              neo::octets({2}) + std::string(16, '\0') + neo::number_of(7) + neo::array_of("Ann"));
    EXPECT_EQ(fake.get<User>("chan", Key{1}).value().visits, 7U);
    ASSERT_TRUE(fake.put("chan", Key{2}, UserV1{"Bob"}));
    EXPECT_EQ(fake.get<User>("chan", Key{2}).value().name, "Bob");
    EXPECT_EQ(fake.get<User>("chan", Key{2}).value().visits, 1U);
    EXPECT_EQ(fake.get<User>("chan", Key{3}).error().message, "There is no record 0000000000000003 in `chan`.");
    EXPECT_EQ(fake.get<UserV1>("chan", Key{1}).error().message,
              "The struct has version 2, which is newer than the newest that is known, 1.");
    EXPECT_FALSE(fake.put("", Key{1}, User{}));
}

TEST_F(FakeNodeForTests, AnEmptyValueIsAValue) {
    ASSERT_TRUE(fake.put("chan", Key{1}, ""));
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        t.expect(t.get(peer, 1, "chan") == "", "not the empty value");
        t.put(peer, 2, "", "chan");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
    EXPECT_EQ(*fake.get("chan", Key{2}), "");
}

TEST_F(FakeNodeForTests, AClientSeesWhatTheTestPutAndTheOtherWayRound) {
    ASSERT_TRUE(fake.put("chan", Key{1}, "one"));
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        t.expect(t.get(peer, 1, "chan") == "one", "not seen");
        t.put(peer, 2, "two", "chan");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
    EXPECT_EQ(*fake.get("chan", Key{2}), "two");
}

TEST_F(FakeNodeForTests, ClearingIsSilentAndResettingEndsMirrors) {
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        const auto id = t.start_with(peer, [](std::string& out, neo::RequestId i) {
            neo::encode_mirror(out, i, {false, "chan", false, 0});
        });
        t.expect_answer(peer, id, neo::MirrorCode::started, "Mirror");
        EXPECT_TRUE(fake.expect_listeners(bench.world, {"chan"}, 1));
        EXPECT_TRUE(fake.put("chan", Key{1}, "v"));
        t.expect_message(peer, id, neo::octets({7}) + neo::number_of(1) + neo::array_of("v"), "the change");
        fake.clear();
        EXPECT_EQ(fake.size("chan"), (RecordCount{0, 0}));
        t.expect_silence(peer, id, "clear");
        EXPECT_EQ(fake.listeners("chan"), 1U);
        fake.reset();
        t.expect_code(peer, id, 10, "reset");
        EXPECT_TRUE(fake.channels().empty());
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
    EXPECT_EQ(fake.expect_listeners(bench.world, {"chan"}, 1).error().message,
              "`chan` has 0 listeners instead of 1.");
}

TEST_F(FakeNodeForTests, DroppedListenersHearNothingAnyMoreAndNewOnesDo) {
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        const auto mirror = [](std::string& out, neo::RequestId i) {
            neo::encode_mirror(out, i, {false, "chan", false, 0});
        };
        const auto dropped = t.start_with(peer, mirror);
        t.expect_answer(peer, dropped, neo::MirrorCode::started, "Mirror");
        EXPECT_TRUE(fake.expect_listeners(bench.world, {"chan"}, 1));
        fake.drop_listeners();
        EXPECT_EQ(fake.listeners("chan"), 0U);
        const auto fresh = t.start_with(peer, mirror);
        t.expect_answer(peer, fresh, neo::MirrorCode::started, "the second Mirror");
        EXPECT_TRUE(fake.put("chan", Key{1}, "v"));
        t.expect_message(peer, fresh, neo::octets({7}) + neo::number_of(1) + neo::array_of("v"), "the change");
        t.expect_silence(peer, dropped, "the change");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

TEST(FakeNodeForTestsAlone, TellsOfErrorsUnlessMuted) {
    struct Listener final : DhtObserver {
        void note(const DhtEvent& event) override {
            accepted += std::holds_alternative<DhtClientAccepted>(event) ? 1 : 0;
            const auto* ended = std::get_if<DhtClientEnded>(&event);
            errors += ended && ended->why == neo::SessionEnd::malformed ? 1 : 0;
        }
        int accepted = 0, errors = 0;
    } heard;
    SimulatedSuite bench(options_under_test(), 10, &heard);
    ASSERT_EQ(bench.run("frames.bad_parity").kind, passed);
    const int told = heard.errors;
    EXPECT_GT(told, 0);
    EXPECT_GT(heard.accepted, 0);
    const int accepted = heard.accepted;
    bench.fake.log_errors(false);
    ASSERT_EQ(bench.run("frames.bad_parity").kind, passed);
    EXPECT_EQ(heard.errors, told);
    EXPECT_GT(heard.accepted, accepted) << "what is no error is told";
}

TEST(FakeNodeForTestsAlone, TellsOfReadsThatFailAndOfRecordsLeftOutOnceASecond) {
    struct Listener final : DhtObserver {
        void note(const DhtEvent& event) override {
            if (const auto* failed = std::get_if<DhtReadsFailed>(&event)) {
                ++lines;
                reads += failed->times;
                last = failed->last;
            }
            if (const auto* left_out = std::get_if<DhtRecordsLeftOut>(&event)) records += left_out->times;
        }
        std::uint64_t lines = 0, reads = 0, records = 0;
        std::string last;
    } heard;
    SimulatedSuite bench(options_under_test(), 10, &heard);
    ASSERT_TRUE(bench.fake.put("chan", Key{1}, "one"));
    ASSERT_TRUE(bench.fake.put("chan", Key{2}, std::string(70'000, 'x')));
    bench.fake.store_faults().reads_failing = 100;
    const HostId host = bench.world.add_host({"10.0.0.3", 1000});
    DhtClientOptions options;
    options.credential.name = "admin";
    DhtClient client(bench.world.env(host), options);
    bench.world.attach(host, client);
    client.add_node(bench.address);
    bench.world.run_for(milliseconds{500});
    std::size_t errors = 0;
    for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(client.get("chan", Key{1}, [&](const dht::GetNote& note) {
            errors += std::holds_alternative<dht::NodeError>(note) ? 1 : 0;
        }));
        bench.world.run_for(milliseconds{20});
    }
    EXPECT_EQ(errors, 100U);
    EXPECT_LE(heard.lines, 3U) << "two seconds";
    EXPECT_EQ(heard.last.substr(0, 30), "Get of the client `admin`: A r");
    bench.world.run_for(seconds{1});
    EXPECT_TRUE(client.get_all("chan", {}, [](const dht::GetAllNote&) {}));
    bench.world.run_for(seconds{2});
    EXPECT_EQ(heard.reads, 100U) << "what was held back is told later";
    EXPECT_EQ(heard.records, 1U);
}

TEST_F(FakeNodeForTests, ExpectedChangesAreWaitedFor) {
    ASSERT_TRUE(fake.put("chan", Key{1}, "old"));
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        t.start_with(peer, [](std::string& out, neo::RequestId i) { neo::encode_put(out, i, {"chan", 1, "new"}); });
        EXPECT_TRUE(fake.expect_change(bench.world, "chan", Key{1}));
        EXPECT_EQ(*fake.get("chan", Key{1}), "new");
        EXPECT_EQ(fake.expect_change(bench.world, "chan", Key{1}, {milliseconds{100}}).error().code,
                  ErrorCode::timed_out);
        const auto is_x = [](const std::optional<std::string>& value) { return value == "x"; };
        EXPECT_EQ(fake.expect_record(bench.world, "chan", Key{1}, is_x, {milliseconds{100}}).error().message,
                  "Record 0000000000000001 in `chan` did not become what was expected in time: it is `new`.");
        const auto gone = [](const std::optional<std::string>& value) { return !value; };
        EXPECT_TRUE(fake.expect_record(bench.world, "chan", Key{2}, gone));
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

TEST_F(FakeNodeForTests, ExpectationsAreLookedAtOncePerIntervalAndAtTheEnd) {
    std::vector<Duration> looks;
    const Instant begun = bench.world.now();
    const auto look = [&](const std::optional<std::string>&) {
        looks.push_back(bench.world.now() - begun);
        return false;
    };
    EXPECT_FALSE(fake.expect_record(bench.world, "chan", Key{1}, look, {milliseconds{250}, milliseconds{100}}));
    EXPECT_EQ(looks, (std::vector<Duration>{milliseconds{100}, milliseconds{200}, milliseconds{250}}));
    EXPECT_FALSE(fake.expect_record(bench.world, "chan", Key{1}, look));
    EXPECT_EQ(looks.size(), 3U + 20U) << "a second, every 50 ms";
    const auto at_once = [](const std::optional<std::string>&) { return true; };
    const Instant now = bench.world.now();
    EXPECT_TRUE(fake.expect_record(bench.world, "chan", Key{1}, at_once, {seconds{1}, Duration{0}}));
    EXPECT_EQ(bench.world.now(), now);
}

TEST(FakeNodeForTestsAlone, SaysWhatItsStoreRefuses) {
    FakeNodeOptions options = options_under_test();
    options.store.value_bytes_max = 3;
    options.store.channels_max = 1;
    SimulatedSuite bench(std::move(options));
    ASSERT_TRUE(bench.fake.put("chan", Key{1}, "abc"));
    const auto longer = bench.fake.put("chan", Key{1}, "abcd");
    ASSERT_FALSE(longer);
    EXPECT_EQ(longer.error().code, ErrorCode::full);
    EXPECT_EQ(longer.error().message,
              "The store refuses 4 bytes for record 0000000000000001 in `chan`: one of its "
              "limits (FakeNodeOptions::store).");
    EXPECT_EQ(bench.fake.get("chan", Key{1}).value(), "abc");
    EXPECT_FALSE(bench.fake.put("more", Key{1}, "a")) << "one channel too many";
    EXPECT_EQ(bench.fake.missing("more", Key{1}), Missing::channel);
    bench.fake.store_faults().writes_failing = 1;
    EXPECT_TRUE(bench.fake.put("chan", Key{2}, "b")) << "faults are for others";
}

TEST_F(FakeNodeForTests, ItsRecordsSurviveARestartAndItsConnectionsDoNot) {
    ASSERT_TRUE(fake.put("chan", Key{1}, "kept"));
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& before = t.open();
        fake.stop();
        t.wait([&] { return before.ended; }, "the end");
        neo::Peer& meanwhile = t.dial();
        t.wait([&] { return meanwhile.ended; }, "the refusal");
        fake.restart();
        t.expect(t.get(t.open(), 1, "chan") == "kept", "lost");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

TEST_F(FakeNodeForTests, FaultsAreInjectedAsOftenAsToldAndThenOver) {
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        fake.answer(neo::RequestCode::get, neo::GetAnswer::wrong_node, 2);
        for (const int answer : {3, 3, 1}) {
            const auto id = t.start(peer, neo::octets({3, 0}) + neo::array_of("chan") + neo::number_of(1));
            t.expect_supported(peer, id, "Get");
            t.expect_code(peer, id, static_cast<std::uint8_t>(answer), "Get");
        }
        fake.store_faults().writes_failing = 1;
        for (const int answer : {3, 1}) {
            const auto id =
                t.start(peer, neo::octets({2, 0}) + neo::array_of("chan") + neo::number_of(1) + neo::array_of("v"));
            t.expect_supported(peer, id, "Put");
            t.expect_code(peer, id, static_cast<std::uint8_t>(answer), "Put");
        }
        fake.ignore(neo::RequestCode::exists, 1);
        const auto ignored = t.start(peer, neo::octets({7, 0}) + neo::array_of("chan") + neo::number_of(1));
        t.expect_silence(peer, ignored, "an ignored request");
        t.expect(t.exists(peer, 1, "chan"), "the next one is answered");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

// The decision is 2 and then the hash. If the lowest byte of the hash is 0, they look like the code and version of
// Put.
TEST_F(FakeNodeForTests, TheDecisionOfAnUpdateIsNotTakenForAPut) {
    std::string old;
    for (int i = 0; i < 10'000 && (old.empty() || (fnv1a(old) & 0xff) != 0); ++i) old = std::to_string(i);
    ASSERT_EQ(fnv1a(old) & 0xff, 0U);
    ASSERT_TRUE(fake.put("chan", Key{1}, old));
    const auto verdict = client([&](neo::CaseRun& t) {
        const std::string record = neo::array_of("chan") + neo::number_of(1);
        neo::Peer& peer = t.open();
        fake.answer(neo::RequestCode::put, neo::PutAnswer::error, 1);
        const auto id = t.start(peer, neo::octets({10, 0, 1}) + record);
        t.expect_supported(peer, id, "Update");
        t.expect_message(peer, id, neo::octets({5}) + neo::array_of(old), "the value");
        t.say_to(peer, id, neo::octets({2}) + neo::number_of(fnv1a(old)) + neo::array_of("new"));
        t.expect_code(peer, id, 6, "the decision");
        // The same id again, which is free now.
        t.say_to(peer, id, neo::octets({2, 0}) + record + neo::array_of("lost"));
        t.expect_answer(peer, id, neo::PutAnswer::error, "Put");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
    EXPECT_EQ(*fake.get("chan", Key{1}), "new");
}

TEST_F(FakeNodeForTests, AnUpdateThatEndsWithoutADecisionFreesItsId) {
    const auto verdict = client([&](neo::CaseRun& t) {
        const std::string record = neo::array_of("chan") + neo::number_of(1);
        neo::Peer& peer = t.open();
        fake.answer(neo::RequestCode::put, neo::PutAnswer::wrong_node, 1);
        const auto id = t.start(peer, neo::octets({10, 0, 1}) + record);
        t.expect_answer(peer, id, neo::UpdateCode::no_record, "Update");
        t.say_to(peer, id, neo::octets({2, 0}) + record + neo::array_of("x"));
        t.expect_answer(peer, id, neo::PutAnswer::wrong_node, "Put");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

TEST_F(FakeNodeForTests, ARequestInTheHandshakeEndsItsConnectionAndNothingElse) {
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.dial();
        t.say(peer, neo::octets({1}));
        t.expect_heard(peer, neo::octets({1}), "the version");
        std::string both;
        neo::encode_timestamp(both, t.wall());
        neo::encode_update(both, 1, {neo::UpdateAsk::get_record, "chan", 1, 0, {}});
        t.say(peer, both);
        t.wait([&] { return peer.ended; }, "the end");
        t.put(t.open(), 1, "one", "chan");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

// With a fault pending the fake holds back incomplete messages, but not those that the node refuses for their
// length.
TEST_F(FakeNodeForTests, AMessageThatIsAnnouncedTooLongIsNotWaitedFor) {
    fake.ignore(neo::RequestCode::put, 1);
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        const std::uint64_t too_long = options_under_test().node.session.message_bytes_max + 1;
        t.say(peer, neo::header_of(1, too_long) + std::string(100, 'x'));
        t.wait([&] { return peer.ended; }, "the end");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

TEST_F(FakeNodeForTests, DelaysKeepTheOrderAndCanBeEnded) {
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        fake.delay_requests(milliseconds{300});
        const Instant begun = bench.world.now();
        t.put(peer, 1, "late", "chan");
        EXPECT_GE(bench.world.now() - begun, milliseconds{300});
        fake.no_faults();
        t.expect(t.get(peer, 1, "chan") == "late", "Get");
        fake.store_faults().write_delay = milliseconds{200};
        const Instant again = bench.world.now();
        t.put(peer, 2, "later", "chan");
        EXPECT_GE(bench.world.now() - again, milliseconds{200});
        EXPECT_LT(bench.world.now() - again, seconds{1});
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

TEST_F(FakeNodeForTests, ConnectionsEndAfterSoManyRequests) {
    const auto verdict = client([&](neo::CaseRun& t) {
        neo::Peer& peer = t.open();
        fake.disconnect_after(2);
        t.put(peer, 1, "a", "chan");
        t.put(peer, 2, "b", "chan");
        t.start(peer, neo::octets({6, 0}));
        t.expect_end(peer, "the third request");
        t.expect(t.get(t.open(), 2, "chan") == "b", "afterwards it works again");
    });
    EXPECT_EQ(verdict.kind, passed) << verdict.reason;
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
