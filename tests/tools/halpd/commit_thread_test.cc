// Commits on a thread beside the loop: all writes are completed in order, whatever the caller waits for, and the
// waiting bytes are limited.
#include "tools/halpd/workers/commit_thread.h"

#include <event2/event.h>
#include <gtest/gtest.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/records/write_log.h"
#include "tools/program/child_process.h"

namespace halp {
namespace HALP_TEST_FILE {

class MonotonicClock final : public Clock {
public:
    Instant now() const override {
        timespec now{};
        ::clock_gettime(CLOCK_MONOTONIC, &now);
        return Instant{Duration{std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1000}} + ahead;
    }
    Duration ahead{0};
    UnixSeconds wall() const override { return UnixSeconds{0}; }
};

struct Answers : CompletionHandler {
    void on_written(std::uint64_t, std::uint64_t request, Wrote wrote) override {
        EXPECT_EQ(wrote, Wrote::done);
        requests.push_back(request);
    }
    std::vector<std::uint64_t> requests;
};

class CommitThreadTest : public ::testing::Test {
protected:
    CommitThreadTest() { open("/records", std::chrono::milliseconds{5}); }
    void open(const std::string& file, Duration gather) {
        write_log.reset();
        commits.reset();
        LmdbOptions options;
        options.gather = gather;
        options.map_bytes = std::uint64_t{1} << 20;  // must grow during the test
        options.purged_per_commit = 100;
        auto store = LmdbStore::open(directory.path() + file, options);
        EXPECT_TRUE(store);
        commits =
            std::make_unique<CommitThread>(std::move(*store), base.get(), clock, [this](const Result<void>& one) {
                EXPECT_TRUE(one) << one.error().message;
                ++finished;
                write_log->collect();
            });
        write_log = std::make_unique<WriteLog>(*commits);
    }
    void put(std::uint64_t key, const std::string& value) {
        write_log->put(channel, Key{key}, value, {&answers, 1, key});
    }
    // The end of a turn of the loop.
    void turn(std::size_t waiting_bytes_max = std::size_t{64} << 20) {
        EXPECT_TRUE(write_log->commit_if_due(clock.now(), waiting_bytes_max));
        write_log->collect();
        event_base_loop(base.get(), EVLOOP_NONBLOCK);
    }
    template <class Holds>
    bool turn_until(Holds holds) {
        for (const Instant latest = clock.now() + std::chrono::seconds{20}; !holds() && clock.now() < latest;)
            turn();
        return holds();
    }

    process::TemporaryDirectory directory;
    std::unique_ptr<event_base, void (*)(event_base*)> base{event_base_new(), event_base_free};
    MonotonicClock clock;
    Answers answers;
    const Channel channel = *Channel::parse("chan");
    int finished = 0;
    std::unique_ptr<CommitThread> commits;
    std::unique_ptr<WriteLog> write_log;
};

std::vector<std::uint64_t> one_to(std::uint64_t last) {
    std::vector<std::uint64_t> all;
    for (std::uint64_t i = 1; i <= last; ++i) all.push_back(i);
    return all;
}

TEST_F(CommitThreadTest, CompletesInOrderWhileReadsGoOn) {
    std::string value;
    for (std::uint64_t key = 1; key <= 20000; ++key) {
        put(key, std::string(100, 'x'));
        if (key % 50 != 0) continue;
        turn();
        if (!answers.requests.empty()) {
            const auto known = commits->get(channel, Key{answers.requests.back()}, value);
            ASSERT_TRUE(known && *known) << "answered, so it is there";
        }
    }
    ASSERT_TRUE(turn_until([&] { return answers.requests.size() == 20000; }));
    EXPECT_EQ(answers.requests, one_to(20000));
    EXPECT_GT(finished, 1);
    EXPECT_EQ(commits->waiting_bytes(), 0U);
}

TEST_F(CommitThreadTest, NobodyWaitsForCompanyLongerThanTheDiskTakes) {
    open("/patient", std::chrono::hours{1});
    for (std::uint64_t key = 1; key <= 20; ++key) {
        put(key, "value");
        ASSERT_TRUE(turn_until([&] { return answers.requests.size() == key; })) << "put " << key;
    }
}

TEST_F(CommitThreadTest, ACommitStartsAtOnceWhenNothingIsUnderWay) {
    open("/idle", std::chrono::hours{1});
    for (std::uint64_t key = 1; key <= 100; ++key) put(key, "value");
    EXPECT_TRUE(write_log->commit_if_due(clock.now(), std::size_t{64} << 20));
    clock.ahead += std::chrono::minutes{4};  // a slow disk: gathering would last for a minute
    ASSERT_TRUE(turn_until([&] { return answers.requests.size() == 100; }));
    put(101, "value");
    EXPECT_TRUE(write_log->commit_if_due(clock.now(), std::size_t{64} << 20));
    EXPECT_EQ(commits->store().writes_committing(), 0U) << "the hundred that were just answered may come";
    clock.ahead += std::chrono::minutes{2};
    ASSERT_TRUE(turn_until([&] { return answers.requests.size() == 101; }));
    clock.ahead += std::chrono::minutes{2};
    for (std::uint64_t key = 102; key <= 200; ++key) put(key, "value");
    EXPECT_TRUE(write_log->commit_if_due(clock.now(), std::size_t{64} << 20));
    clock.ahead += std::chrono::minutes{4};
    ASSERT_TRUE(turn_until([&] { return answers.requests.size() == 200; }));
    clock.ahead += std::chrono::minutes{5};  // longer than the commit has taken
    put(201, "value");
    EXPECT_TRUE(write_log->commit_if_due(clock.now(), std::size_t{64} << 20));
    EXPECT_EQ(commits->store().writes_committing(), 1U);
}

TEST_F(CommitThreadTest, WaitsForTheDiskWhenTooMuchIsWaiting) {
    constexpr std::size_t waiting_max = std::size_t{256} << 10;
    std::size_t most = 0;
    for (std::uint64_t key = 1; key <= 2000; ++key) {
        put(key, std::string(10000, 'x'));
        EXPECT_TRUE(write_log->commit_if_due(clock.now(), waiting_max));  // the loop itself gets no turn
        write_log->collect();
        most = std::max(most, commits->waiting_bytes());
    }
    EXPECT_LE(most, waiting_max + 20000);
    EXPECT_TRUE(commits->commit_all());
    write_log->collect();
    EXPECT_EQ(answers.requests, one_to(2000));
}

TEST_F(CommitThreadTest, PurgesARemovedChannelThoughNobodyWrites) {
    for (std::uint64_t key = 1; key <= 1000; ++key) put(key, "value");
    ASSERT_TRUE(turn_until([&] { return answers.requests.size() == 1000; }));
    write_log->remove_channel(channel, {});
    EXPECT_TRUE(turn_until([&] { return !commits->has_channel(channel) && !commits->store().purging(); }));
}

TEST_F(CommitThreadTest, EndsWhileACommitIsUnderWay) {
    for (std::uint64_t key = 1; key <= 4096; ++key) put(key, std::string(1000, 'x'));
    turn();
    write_log.reset();
    commits.reset();  // a race here would be reported by the thread sanitizer
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
