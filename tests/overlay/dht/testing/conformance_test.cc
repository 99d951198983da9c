// The whole conformance suite against the fake node, in virtual time and over loopback.
#include "overlay/dht/testing/conformance_suite.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "overlay/dht/testing/fake_node.h"
#include "overlay/libevent/runner.h"
#include "overlay/libevent/world.h"
#include "tests/overlay/dht/testing/simulated_suite.h"

namespace halp {
namespace HALP_TEST_FILE {

using neo::Verdict;

TEST(Conformance, TheFakeNodePassesInTheVirtualWorld) {
    SimulatedSuite bench;
    for (const neo::ConformanceCase& test : neo::conformance_cases()) {
        const Verdict verdict = bench.suite.run(test);
        EXPECT_EQ(verdict.kind, Verdict::Kind::passed) << verdict.name << ": " << verdict.reason;
    }
    bench.world.run_for(std::chrono::seconds{1});
    EXPECT_EQ(bench.fake.node().status().clients, 0U);
    EXPECT_EQ(bench.world.total().strays, 0U);
}

// Runs cases, one after the other, until none is left.
void run_cases_over_loopback(std::atomic<std::size_t>& next, std::vector<Verdict>& verdicts) {
    LibeventWorld client_world(limits_for_streaming(1000));
    LibeventWorld node_world(limits_for_streaming(1000), client_world.base());
    FakeNode fake(node_world.environment(), options_under_test());
    node_world.attach(fake);
    const auto address = node_world.listen({"127.0.0.1", 0});
    LibeventWorld legacy_world(limits_for_streaming(1000), client_world.base());
    legacy_world.attach(fake.open_legacy(legacy_world.environment()));
    const auto legacy = legacy_world.listen({"127.0.0.1", 0});
    ASSERT_TRUE(address && legacy);
    LibeventRunner runner(client_world);
    FakeControl control(fake);
    neo::ConformanceOptions options;
    options.legacy = *legacy;
    options.node = *address;
    neo::ConformanceSuite suite(client_world.environment(), runner, options, &control);
    client_world.attach(suite);
    for (std::size_t i = next++; i < verdicts.size(); i = next++)
        verdicts[i] = suite.run(neo::conformance_cases()[i]);
}

// The cases mostly wait, so that several suites, each with its own node, run side by side.
TEST(Conformance, TheFakeNodePassesOverLoopback) {
    std::atomic<std::size_t> next = 0;
    std::vector<Verdict> verdicts(neo::conformance_cases().size());
    std::vector<std::thread> threads(6);
    for (std::thread& thread : threads) thread = std::thread([&] { run_cases_over_loopback(next, verdicts); });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GE(next, verdicts.size());
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        EXPECT_EQ(verdicts[i].name, neo::conformance_cases()[i].name);  // it was run
        EXPECT_EQ(verdicts[i].kind, Verdict::Kind::passed) << verdicts[i].name << ": " << verdicts[i].reason;
    }
}

TEST(Conformance, EveryCaseHasItsOwnNameAndSaysWhatItShows) {
    std::set<std::string_view> names;
    for (const neo::ConformanceCase& test : neo::conformance_cases()) {
        EXPECT_TRUE(names.insert(test.name).second) << test.name;
        EXPECT_NE(test.name.find('.'), std::string_view::npos) << test.name;
        EXPECT_FALSE(test.shows.empty()) << test.name;
    }
    EXPECT_GT(names.size(), 100U);
}

TEST(Conformance, CasesAreChosenByNameOrGroup) {
    EXPECT_EQ(neo::conformance_cases_named("dhttest.put_get").size(), 1U);
    EXPECT_EQ(neo::conformance_cases_named("dhttest").size(), 24U);
    EXPECT_EQ(neo::conformance_cases_named("dhttes").size(), 0U);
    EXPECT_EQ(neo::conformance_cases_named("").size(), neo::conformance_cases().size());
}

TEST(Conformance, TheMostImportantCasesComeFirst) {
    const auto& cases = neo::conformance_cases();
    const auto all_of = [](std::string_view group) {
        const auto some = neo::conformance_cases_named(group);
        return std::pair{some.front(), some.back()};
    };
    EXPECT_EQ(cases[0].name, "handshake.version");
    EXPECT_EQ(cases[1].name, "handshake.accepted");
    EXPECT_EQ(cases[1].priority, 1000);
    for (std::size_t i = 0; i < cases.size(); ++i) {
        EXPECT_EQ(cases[i].number, i + 1);
        EXPECT_LE(cases[i].priority, cases[i == 0 ? 0 : i - 1].priority) << cases[i].name;
    }
    EXPECT_LT(all_of("requests").second.number, all_of("dhttest").first.number);
    EXPECT_EQ(all_of("dhttest").first.name, "dhttest.put_get");
    EXPECT_EQ(all_of("dhttest").first.priority, 100);
    EXPECT_LT(all_of("dhttest").second.number, all_of("records").first.number);
    EXPECT_EQ(all_of("restart").second.number, cases.size()) << "what kills the node comes last";
}

neo::Sanity sanity_of(SimulatedSuite& bench, const Endpoint& node, const neo::Credential& credential) {
    const HostId host = bench.world.add_host({"10.0.0.4", 1000});
    neo::ConformanceOptions options = bench.options(10);
    options.node = node;
    options.credential = credential;
    neo::ConformanceSuite suite(bench.world.env(host), bench.world, options, nullptr);
    bench.world.attach(host, suite);
    return suite.sanity();
}

using SanityKind = neo::Sanity::Kind;

TEST(ConformanceSanity, FindsANodeThatTakesTheClient) {
    SimulatedSuite bench;
    const neo::Sanity found = sanity_of(bench, bench.address, {"admin", {}});
    EXPECT_EQ(found.kind, SanityKind::sound) << found.reason;
    EXPECT_EQ(found.reason, "");
}

TEST(ConformanceSanity, TellsNobodyFromSilenceFromStrangers) {
    SimulatedSuite nobody, mute, gone;
    const neo::Sanity none = sanity_of(nobody, {"10.0.0.8", 10100}, {"admin", {}});
    EXPECT_EQ(none.kind, SanityKind::unreachable);
    EXPECT_NE(none.reason.find("nobody can be reached at 10.0.0.8:10100"), std::string::npos) << none.reason;
    mute.fake.delay_requests(std::chrono::seconds{60});
    const neo::Sanity silent = sanity_of(mute, mute.address, {"admin", {}});
    EXPECT_EQ(silent.kind, SanityKind::silent) << silent.reason;
    gone.fake.stop();
    const neo::Sanity stranger = sanity_of(gone, gone.address, {"admin", {}});
    EXPECT_EQ(stranger.kind, SanityKind::stranger) << stranger.reason;
}

TEST(ConformanceSanity, TellsANodeThatTurnsTheClientAway) {
    for (const auto& who : {neo::Credential{"nobody", {}}, neo::Credential{"admin", {{1}}}}) {
        SimulatedSuite bench;
        const neo::Sanity found = sanity_of(bench, bench.address, who);
        EXPECT_EQ(found.kind, SanityKind::rejected);
        EXPECT_NE(found.reason.find("turns the client `" + who.name + "` away"), std::string::npos) << found.reason;
    }
}

TEST(Conformance, WithoutControlOfTheNodeSomeCasesAreSkipped) {
    SimulatedSuite bench;
    const HostId host = bench.world.add_host({"10.0.0.3", 1000});
    neo::ConformanceSuite stranger(bench.world.env(host), bench.world, bench.options(10), nullptr);
    bench.world.attach(host, stranger);
    for (const std::string_view name : {"range.put", "range.changes", "permission.remove_channel"})
        EXPECT_EQ(stranger.run(neo::conformance_cases_named(name).front()).kind, Verdict::Kind::skipped) << name;
}

TEST(Conformance, LeavesANodeTheRangeItHad) {
    SimulatedSuite bench;
    const HashRange former = HashRange::make(0x4000000000000000, ~std::uint64_t{0}).value();
    bench.fake.set_range(former);
    for (const std::string_view name :
         {"range.put", "range.empty", "range.changes", "range.out_of_range_records"}) {
        const Verdict verdict = bench.run(name);
        EXPECT_EQ(verdict.kind, Verdict::Kind::passed) << name << ": " << verdict.reason;
        EXPECT_EQ(bench.fake.node().range(), former) << name;
    }
}

TEST(Conformance, LeavesNoChannelBehindWhereTheNodeIsNotRestarted) {
    struct NoRestart final : neo::NodeControl {
        bool set_range(const HashRange&) override { return false; }
        bool announce_node(const std::array<std::uint8_t, 4>&, std::uint16_t, const HashRange&) override {
            return false;
        }
        std::optional<neo::Credential> visitor() const override { return std::nullopt; }
    } control;
    for (neo::NodeControl* owner :
         {static_cast<neo::NodeControl*>(&control), static_cast<neo::NodeControl*>(nullptr)}) {
        SimulatedSuite bench;
        const HostId host = bench.world.add_host({"10.0.0.3", 1000});
        neo::ConformanceSuite suite(bench.world.env(host), bench.world, bench.options(10), owner);
        bench.world.attach(host, suite);
        for (const neo::ConformanceCase& test : neo::conformance_cases_named("restart"))
            if (test.name != "restart.range") {
                EXPECT_EQ(suite.run(test).kind, Verdict::Kind::skipped) << test.name;
            }
        EXPECT_EQ(bench.fake.channels(), std::vector<std::string>{});
    }
}

TEST(Conformance, VerdictsAreWrittenAsBuildServersReadThem) {
    const std::vector<Verdict> verdicts = {
        {"a.one", Verdict::Kind::passed, "", std::chrono::milliseconds{1500}},
        {"a.two", Verdict::Kind::failed, "got <01> & \"more\"", std::chrono::milliseconds{20}},
        {"b.three", Verdict::Kind::skipped, "not now", {}},
    };
    EXPECT_EQ(neo::junit_xml(verdicts, {"127.0.0.1", 10100}),
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
              "<testsuite name=\"dht conformance of 127.0.0.1:10100\" tests=\"3\" failures=\"1\" skipped=\"1\" "
              "errors=\"0\" time=\"1.520\">\n"
              "  <testcase classname=\"dht.a\" name=\"one\" time=\"1.500\"/>\n"
              "  <testcase classname=\"dht.a\" name=\"two\" time=\"0.020\">\n"
              "    <failure message=\"got &lt;01&gt; &amp; &quot;more&quot;\"/>\n  </testcase>\n"
              "  <testcase classname=\"dht.b\" name=\"three\" time=\"0.000\">\n"
              "    <skipped message=\"not now\"/>\n  </testcase>\n"
              "</testsuite>\n");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
