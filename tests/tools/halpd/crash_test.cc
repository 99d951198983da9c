// kill -9 during a load of inserts: what was acknowledged a second before is on disk, and every file is complete.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "store/cache_format.h"
#include "store/label.h"
#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using Steady = std::chrono::steady_clock;

constexpr int rounds = 20;
constexpr int labels = 4;

struct Acknowledged {
    std::string label;
    std::string host;
    Steady::time_point at;
};

std::string label_name(int i) { return "crash" + std::to_string(i % labels); }

// Inserts hosts until the time is over. Each insert must be answered.
std::vector<Acknowledged> insert_for(Daemon& daemon, int round, milliseconds span) {
    std::vector<Acknowledged> taken;
    const auto end = Steady::now() + span;
    for (int i = 0; Steady::now() < end; ++i) {
        const std::string host = "r" + std::to_string(round) + "i" + std::to_string(i) + ".example";
        const std::string line = std::to_string(1700000000 + round * 10000 + i) + " " + host + " 80";
        const std::string label = label_name(i);
        EXPECT_EQ(daemon.ask("insert " + label + "\n" + line), "success: " + label + " " + line);
        taken.push_back({label, host, Steady::now()});
        std::this_thread::sleep_for(milliseconds{4});  // keeps the lists below their quota over all rounds
    }
    return taken;
}

std::set<std::string> hosts_on_disk(const Home& home, const std::string& name) {
    const Result<Label> label = Label::parse(name);
    const CacheFile file = parse_cache_file(*label, process::read_whole_file(home.cache_file(name)));
    EXPECT_EQ(file.bad_count, 0U) << name << " has a damaged line: " << (file.bad.empty() ? "" : file.bad[0].why);
    std::set<std::string> hosts;
    for (const CacheLine& line : file.lines) hosts.insert(line.endpoint.host);
    return hosts;
}

// A truncated line may be a valid line: `... 8` of `... 80`.
void expect_ports_whole(const Home& home, const std::string& name) {
    const Result<Label> label = Label::parse(name);
    const CacheFile file = parse_cache_file(*label, process::read_whole_file(home.cache_file(name)));
    for (const CacheLine& line : file.lines) EXPECT_EQ(line.endpoint.port, 80) << line.endpoint.text();
}

TEST(Crash, LosesNothingAcknowledgedASecondBeforeAKill) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    Home home;
    std::map<std::string, std::set<std::string>> due;

    for (int round = 0; round < rounds; ++round) {
        SCOPED_TRACE("round " + std::to_string(round));
        Daemon daemon{home, {}};
        ASSERT_TRUE(daemon.running());
        const std::vector<Acknowledged> taken =
            insert_for(daemon, round, milliseconds{1050 + static_cast<int>(random() % 450)});
        const auto killed_at = Steady::now();
        daemon.process().kill_and_wait();

        for (const Acknowledged& one : taken)
            if (killed_at - one.at > seconds{1}) due[one.label].insert(one.host);
        for (const auto& [label, hosts] : due) {
            const std::set<std::string> found = hosts_on_disk(home, label);
            expect_ports_whole(home, label);
            for (const std::string& host : hosts) EXPECT_TRUE(found.contains(host)) << host << " of " << label;
        }
        if (HasFailure()) break;
    }
    EXPECT_GT(due[label_name(0)].size(), static_cast<std::size_t>(rounds) / 2) << "hardly anything was tried";
}

TEST(Crash, LeavesNoTemporaryFilesBehindForGood) {
    Home home;
    for (int round = 0; round < 5; ++round) {
        Daemon daemon{home, {}};
        insert_for(daemon, round, milliseconds{450});
        daemon.process().kill_and_wait();
    }
    Daemon last{home, {}};
    insert_for(last, 5, milliseconds{100});
    ASSERT_EQ(last.stop(), 0);

    std::size_t files = 0;
    for (const auto& file : std::filesystem::directory_iterator{home.cache()})
        files += file.is_regular_file() && !file.path().filename().string().starts_with(".halp-origins-") ? 1 : 0;

    EXPECT_LE(files, static_cast<std::size_t>(labels) + 6)
        << "labels, `labels`, `halp`, and a lock or two, besides one of origins for each";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
