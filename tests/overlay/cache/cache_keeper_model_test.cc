// A cache keeper with random operations and faults, beside a model of what it has promised.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "simulations/world/sim_random.h"
#include "tests/overlay/cache/cache_rig.h"

namespace halp::cache_test {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using testing::IsEmpty;

// A node with random operations, crashes, losses of power, full and locked disks, and another program on the same
// directory. It must keep one promise: what was acknowledged a second ago is there after a crash.
class Life {
public:
    explicit Life(std::uint64_t seed) : random_(seed, 1), rig_{small()} {}
    void live() {
        for (int step = 0; step < 400 && !testing::Test::HasFailure(); ++step) act();
    }

private:
    static constexpr int hosts = 16;
    struct Promise {
        UnixSeconds seen;
        Instant made;
    };
    struct Gone {
        Instant since;
        Duration allowed;  // until it is on disk
    };
    static CacheKeeperOptions small() {
        CacheKeeperOptions options;
        options.files_per_turn = 3;
        options.large_lines = 8;
        options.journal_bytes_max = 2000;
        return options;
    }
    Label some_label() { return label("l" + std::to_string(random_.below(6))); }
    Endpoint some_host() { return host(static_cast<int>(random_.below(hosts))); }

    void act() {
        const std::uint64_t dice = random_.below(100);
        if (dice < 40) return insert();
        if (dice < 45) return foreign_insert();
        if (dice < 52) return forget();
        if (dice < 54) return clear();
        if (dice < 58) return fault();
        if (dice < 64) return crash();
        if (dice < 65) return flush();
        if (dice < 90) return rig_.pass(milliseconds{random_.below(700)});
        rig_.pass(seconds{random_.below(40)});
    }
    void insert() {
        for (std::uint64_t burst = random_.below(12); burst-- > 0;) {
            const Label to = some_label();
            const Endpoint who = some_host();
            const UnixSeconds seen{count(rig_.clock.wall()) - static_cast<std::int64_t>(random_.below(6))};
            rig_.insert(to, who, seen);
            promises_[to][who] = {seen, rig_.clock.at};
            forgotten_[to].erase(who);
        }
    }
    void foreign_insert() {  // as `halp insert` does without a daemon
        const Label to = some_label();
        const Endpoint who{"foreign" + std::to_string(random_.below(5)), 99};
        CacheFile line;
        line.lines.push_back({rig_.clock.wall(), who});
        const std::string old = rig_.cache_files.read(cache_file_name(to)).value_or("");
        const CacheFile merged = merge_cache_files(parse_cache_file(to, old), line, {}, 1000);
        ASSERT_TRUE(rig_.cache_files.replace(cache_file_name(to), format_cache_file(to, merged)).has_value());
        promises_[to][who] = {rig_.clock.wall(), rig_.clock.at - seconds{2}};
    }
    void forget() {
        const Label at = some_label();
        const Endpoint who = some_host();
        rig_.forget(at, who);
        promises_[at].erase(who);
        forgotten_[at][who] = {rig_.clock.at, seconds{34}};
    }
    void clear() {
        const Label at = some_label();
        rig_.table->hosts.erase(at);
        rig_.keeper->clear(at);
        promises_.erase(at);
        forgotten_.erase(at);
        for (int i = 0; i < hosts; ++i) forgotten_[at][host(i)] = {rig_.clock.at, seconds{1}};
    }
    void fault() {
        FaultyStorage& disk = random_.chance(0.5) ? rig_.cache : rig_.state;
        const StorageFault faults[] = {StorageFault::full, StorageFault::read_only, StorageFault::busy};
        disk.tear_appends(random_.below(60));
        disk.fail(faults[random_.below(3)]);
        rig_.pass(milliseconds{random_.below(20'000)});
        disk.fail(StorageFault::none);
        fault_ended_ = rig_.clock.at;
    }
    void flush() {
        EXPECT_TRUE(rig_.keeper->flush(rig_.clock.at, *rig_.table));
        for (auto& label_promises : promises_) {
            for (auto& promise : label_promises.second) promise.second.made = Instant{};
        }
        EXPECT_THAT(rig_.state_names(), IsEmpty());
    }
    // Time does not count while a fault lasts, nor until everything has been tried again.
    [[nodiscard]] bool held(Instant made) const {
        return fault_ended_ + seconds{1} < made || rig_.clock.at - fault_ended_ > seconds{130};
    }
    void crash() {
        const bool power = random_.chance(0.3);
        const Instant enough = rig_.clock.at - seconds{1};
        if (power) rig_.cache.lose_power(random_), rig_.state.lose_power(random_);
        rig_.crash();
        const auto& loaded = rig_.table->hosts;
        for (const auto& [of, promises] : promises_) {
            for (const auto& [who, promise] : promises) {
                if (promise.made > enough || !held(promise.made)) continue;
                const auto list = loaded.find(of);
                ASSERT_TRUE(list != loaded.end()) << of.text();
                const auto found = list->second.find(who);
                ASSERT_TRUE(found != list->second.end()) << of.text() << " " << who.text();
                EXPECT_GE(found->second, promise.seen);
            }
        }
        for (const auto& [of, gone] : forgotten_) {
            for (const auto& [who, when] : gone) {
                if (rig_.clock.at - when.since < when.allowed || !held(when.since)) continue;
                const auto list = loaded.find(of);
                EXPECT_FALSE(list != loaded.end() && list->second.contains(who)) << of.text() << " " << who.text();
            }
        }
        rebase();
    }
    // From now on only what survived is promised.
    void rebase() {
        promises_.clear();
        for (const auto& [of, list] : rig_.table->hosts) {
            for (const auto& [who, seen] : list) {
                promises_[of][who] = {seen, rig_.clock.at};
                forgotten_[of].erase(who);
            }
        }
    }

    SimRandom random_;
    Rig rig_;
    std::map<Label, std::map<Endpoint, Promise>> promises_;
    std::map<Label, std::map<Endpoint, Gone>> forgotten_;
    Instant fault_ended_ = Instant{};
};

TEST(CacheKeeperModel, KeepsEveryPromiseAcrossCrashes) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Life life{seed};
        life.live();
        if (testing::Test::HasFailure()) break;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cache_test
