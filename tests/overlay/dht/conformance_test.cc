// The whole conformance suite against the fake node: in the virtual world and over loopback.
#include "overlay/dht/conformance.h"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "overlay/dht/fake_node.h"
#include "overlay/libevent_runner.h"
#include "overlay/libevent_world.h"
#include "simulations/memory_storage.h"
#include "tests/overlay/dht/fake_and_judge.h"

namespace halp {
namespace {

using neo::Verdict;

struct Nobody : Observer {
    void note(const Event&) override {}
};

TEST(Conformance, TheFakeNodePassesInTheVirtualWorld) {
    SimulatedJudge bench;
    for (const neo::ConformanceCase& test : neo::conformance_cases()) {
        const Verdict verdict = bench.judge.run(test);
        // A virtual link carries everything at once, so nothing is left that could be suspended or stopped.
        const bool too_fast = test.name == "dhttest.get_all_suspend" || test.name == "get_all.stop_midway";
        if (too_fast && verdict.kind == Verdict::Kind::skipped) continue;
        EXPECT_EQ(verdict.kind, Verdict::Kind::passed) << verdict.name << ": " << verdict.reason;
    }
    bench.world.run_for(std::chrono::seconds{1});
    EXPECT_EQ(bench.fake.node().status().clients, 0U);
    EXPECT_EQ(bench.world.total().strays, 0U);
}

TEST(Conformance, TheFakeNodePassesOverLoopback) {
    LibeventWorld client_world(limits_for_streaming(1000));
    LibeventWorld node_world(limits_for_streaming(1000), client_world.base());
    Nobody nobody;
    MemoryStorage cache, state;
    const auto doors = [&](LibeventWorld& world) {
        return Environment{world.clock(), world.alarm(), world.random(), world.transport(), cache, state, nobody};
    };
    FakeNode fake(doors(node_world), judged_options(), nullptr, &node_world.backlog());
    node_world.attach(fake, &fake);
    const auto address = node_world.listen({"127.0.0.1", 0});
    ASSERT_TRUE(address);
    LibeventRunner runner(client_world);
    FakeControl control(fake);
    neo::ConformanceOptions options;
    options.node = *address;
    neo::Conformance judge(doors(client_world), runner, options, &control);
    client_world.attach(judge);

    for (const neo::ConformanceCase& test : neo::conformance_cases()) {
        const Verdict verdict = judge.run(test);
        EXPECT_EQ(verdict.kind, Verdict::Kind::passed) << verdict.name << ": " << verdict.reason;
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

TEST(Conformance, WithoutControlOfTheNodeSomeCasesAreSkipped) {
    SimulatedJudge bench;
    const HostId host = bench.world.add_host({"10.0.0.3", 1000});
    neo::Conformance stranger(bench.world.env(host), bench.runner, bench.options(10), nullptr);
    bench.world.attach(host, stranger);
    for (const std::string_view name : {"range.put", "range.changes", "permission.remove_channel"})
        EXPECT_EQ(stranger.run(neo::conformance_cases_named(name).front()).kind, Verdict::Kind::skipped) << name;
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

}  // namespace
}  // namespace halp
