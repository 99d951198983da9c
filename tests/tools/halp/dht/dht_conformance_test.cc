// The conformance suite against a real halpd on LMDB, which is killed and started again where a case needs it; and
// `halp dht conformance` as a user runs it, against `halp dht fake`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "overlay/libevent/runner.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "tests/tools/daemon_process.h"
#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"
#include "tests/tools/free_port.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using neo::Verdict;
using ::testing::HasSubstr;

// set_range writes the configuration and reloads it. restart is kill -9 and a new start at the same address with
// the same records.
class HalpdControl final : public neo::NodeControl {
public:
    HalpdControl(const Home& home, std::string engine)
        : home_(home), engine_(std::move(engine)), port_(free_port()) {
        write_range(HashRange::full());
        start();
    }

    [[nodiscard]] Endpoint address() const { return {"127.0.0.1", port_}; }
    bool set_range(const HashRange& range) override {
        const std::string wanted = write_range(range);
        daemon_->process().signal(SIGHUP);
        return eventually(
            [&] { return daemon_->admin(cli::Method::get, "/v1/dht").body.find(wanted) != std::string::npos; });
    }
    bool announce_node(const std::array<std::uint8_t, 4>&, std::uint16_t, const HashRange&) override {
        return false;
    }
    std::optional<neo::Credential> visitor() const override {
        neo::Credential visitor{"visitor", {}};
        visitor.secret.fill('\x22');
        return visitor;
    }
    bool restart() override {
        start();
        return true;
    }
    Daemon& daemon() { return *daemon_; }

private:
    // Returns the text of the range in the admin API.
    std::string write_range(const HashRange& range) {
        const std::string min = key_text(Key{range.min()}), max = key_text(Key{range.max()});
        std::ofstream{file_} << "dht: {range_min: \"" << min << "\", range_max: \"" << max << "\"}\n";
        return "\"range_min\":\"" + min + "\",\"range_max\":\"" + max + "\"";
    }
    void start() {
        if (daemon_) daemon_->process().kill_and_wait();
        const Endpoint legacy{address().host, static_cast<std::uint16_t>(address().port - 100)};
        DaemonOptions options =
            dht_options(home_, {"dht.listen=" + address().text(), "dht.legacy_listen=" + legacy.text(),
                                "dht.engine=" + engine_.substr(0, engine_.find('_')), "dht.threads=" + threads(),
                                "dht.durability=process", "dht.flush_interval=1ms"});
        options.more.insert(options.more.end(), {"--config", file_});
        write_credentials(home_, credentials_line("admin", '0') + credentials_line("visitor", '2'));
        daemon_ = std::make_unique<Daemon>(home_, options);
    }

    [[nodiscard]] std::string threads() const { return engine_.ends_with("_threads") ? "2" : "1"; }

    const Home& home_;
    const std::string engine_;
    const std::string file_ = home_.path() + "/range.yaml";
    const std::uint16_t port_;
    std::unique_ptr<Daemon> daemon_;
};

struct EngineAndGroup {
    std::string engine, group;
};

// For the memory engine only the groups that use its records, because it completes writes at once. It forgets them
// in a restart, and the transport is the same as with LMDB.
std::vector<EngineAndGroup> engines_and_groups() {
    std::set<std::string> names;
    for (const neo::ConformanceCase& each : neo::conformance_cases())
        names.emplace(each.name.substr(0, each.name.find('.')));
    std::vector<EngineAndGroup> all;
    for (const std::string& name : names) all.push_back({"lmdb", name});
    // With two threads those that show whether a list, a write and a change are of all threads.
    for (const char* name : {"get_all", "records", "update"}) all.push_back({"lmdb_threads", name});
    all.push_back({"memory_threads", "mixed"});
    for (const char* name : {"channels", "get_all", "legacy", "mirror", "mixed", "range", "records", "update"})
        all.push_back({"memory", name});
    return all;
}

// A case that needs a node which announces other nodes.
const std::set<std::string_view> may_be_skipped = {"range.new_node"};

class Halpd : public ::testing::TestWithParam<EngineAndGroup> {};

TEST_P(Halpd, ConformsToTheSuite) {
    const Home home;
    HalpdControl control(home, GetParam().engine);
    LibeventWorld world(limits_for_streaming(1));
    LibeventRunner runner(world);
    neo::ConformanceOptions options;
    options.node = control.address();
    options.patience = seconds{15};
    neo::ConformanceSuite suite(world.environment(), runner, options, &control);
    world.attach(suite);
    for (const neo::ConformanceCase& each : neo::conformance_cases_named(GetParam().group)) {
        const Verdict verdict = suite.run(each);
        if (verdict.kind == Verdict::Kind::skipped && may_be_skipped.contains(each.name)) continue;
        EXPECT_EQ(verdict.kind, Verdict::Kind::passed) << verdict.name << ": " << verdict.reason;
    }
    EXPECT_TRUE(control.daemon().running()) << control.daemon().messages();
    EXPECT_EQ(control.daemon().stop(), 0) << control.daemon().messages();
}

INSTANTIATE_TEST_SUITE_P(Conformance, Halpd, ::testing::ValuesIn(engines_and_groups()), [](const auto& tested) {
    return tested.param.engine == "lmdb" ? tested.param.group : tested.param.engine + "_" + tested.param.group;
});

// ---- the command line ----

std::size_t lines_beginning(const std::string& text, std::string_view with) {
    std::size_t count = 0;
    for (const std::string& line : lines_of(text)) count += line.starts_with(with) ? 1U : 0U;
    return count;
}

TEST(HalpDhtConformance, NamesItsCasesWithoutANode) {
    const Home home;
    const Finished all = halp(home, {"dht", "conformance", "--list"});
    EXPECT_EQ(all.code, 0) << all.error;
    EXPECT_EQ(lines_of(all.out).size(), neo::conformance_cases().size());
    const Finished some = halp(home, {"dht", "conformance", "--list", "--only", "mirror"});
    EXPECT_EQ(lines_of(some.out).size(), neo::conformance_cases_named("mirror").size());
    for (const std::string& line : lines_of(some.out)) EXPECT_THAT(line, HasSubstr("    0 mirror."));
    EXPECT_THAT(all.out, ::testing::StartsWith("  1 1000 handshake.version "));
    const Finished none = halp(home, {"dht", "conformance", "--list", "--only", "nothing"});
    EXPECT_EQ(none.code, 2);
    EXPECT_THAT(none.error, HasSubstr("`nothing`"));
}

TEST(HalpDhtConformance, PrintsOneLineForEachCaseOfTheFakeNode) {
    const Home home;
    FakeProcess fake(home);
    for (const std::string group : {"records", "channels", "update", "frames"}) {
        const std::string report = home.path() + "/" + group + ".xml";
        const Finished run = halp(home, {"dht", "conformance", fake.node, "--only", group, "--junit", report});
        const std::size_t cases = neo::conformance_cases_named(group).size();
        EXPECT_EQ(run.code, 0) << run.out << run.error;
        EXPECT_EQ(lines_beginning(run.out, "passed  " + group + "."), cases) << run.out;
        EXPECT_THAT(run.error, HasSubstr(std::to_string(cases) + " passed, 0 failed, 0 skipped."));
        const std::string xml = process::read_whole_file(report);
        EXPECT_THAT(xml, HasSubstr("tests=\"" + std::to_string(cases) + "\" failures=\"0\" skipped=\"0\""));
        EXPECT_THAT(xml, HasSubstr("<testcase classname=\"dht." + group + "\""));
    }
    const Finished skipped = halp(home, {"dht", "conformance", fake.node, "--only", "restart.records"});
    EXPECT_EQ(skipped.code, 0) << "what needs the owner of the node is skipped: " << skipped.out;
    EXPECT_EQ(lines_beginning(skipped.out, "skipped restart.records: only the owner"), 1U) << skipped.out;
    EXPECT_EQ(fake.stop(), 0);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
