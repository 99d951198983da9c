// A machine that sleeps: libevent's clock stands still, the clock of nodes goes on.
#include "overlay/libevent/boot_timer.h"

#include <event2/event.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <memory>
#include <string>

#include "overlay/libevent/world.h"

namespace {

int times_set = 0;
bool asleep = false;
timespec fell_asleep{};

}  // namespace

// Takes the place of the one of libc, for libevent too.
extern "C" int clock_gettime(clockid_t which, timespec* time) noexcept {
    if (syscall(SYS_clock_gettime, which, time) != 0) return -1;
    const bool stands_still = which == CLOCK_MONOTONIC || which == CLOCK_MONOTONIC_COARSE;
    if (asleep && stands_still) *time = fell_asleep;
    return 0;
}

// Counts, and calls the kernel.
extern "C" int timerfd_settime(int descriptor, int flags, const itimerspec* next, itimerspec* before) noexcept {
    ++times_set;
    return static_cast<int>(syscall(SYS_timerfd_settime, descriptor, flags, next, before));
}

namespace halp {
namespace {

using namespace std::chrono_literals;

class Sleeper final : public EventHandler {
public:
    explicit Sleeper(LibeventWorld& world) : world_(world) { world.attach(*this); }
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId) override {}
    void on_closed(StreamId) override {}
    void on_wakeup() override {
        woken = world_.clock().now();
        world_.stop();
    }
    Instant woken = never;

private:
    LibeventWorld& world_;
};

TEST(BootTimer, ANodeIsWokenInTimeAlthoughTheMonotonicClockStoodStill) {
    WorldLimits limits;
    limits.short_wait = 10ms;
    LibeventWorld world{limits};
    Sleeper node{world};
    const Instant began = world.clock().now();
    clock_gettime(CLOCK_MONOTONIC, &fell_asleep);
    asleep = true;
    world.alarm().wake_at(began + 100ms);
    world.run();
    asleep = false;
    EXPECT_GE(node.woken - began, 100ms);
    EXPECT_LT(node.woken - began, 10s);
}

TEST(BootTimer, TheClockOfNodesCountsTheSleep) {
    const Instant before = boot_time();
    clock_gettime(CLOCK_MONOTONIC, &fell_asleep);
    asleep = true;
    while (boot_time() == before) {
    }
    asleep = false;
    EXPECT_GT(boot_time(), before);
}

// An idle node sets its alarm some times for each call that it makes.
TEST(BootTimer, ShortWaitsCostNoSystemCall) {
    LibeventWorld world;
    Sleeper node{world};
    const Instant began = world.clock().now();
    times_set = 0;
    for (int i = 1; i <= 20; ++i) {
        world.alarm().wake_at(began + 250ms);
        world.alarm().wake_at(began + 1s + i * 1ms);
    }
    world.alarm().wake_at(began + 5ms);
    world.run();
    EXPECT_GE(node.woken - began, 5ms);
    EXPECT_EQ(times_set, 0);
    world.alarm().wake_at(began + 1h);
    EXPECT_EQ(times_set, 1);
}

// libevent alone would wait for the next step of its clock. The machine may be busy: one wait of many counts.
TEST(BootTimer, AWaitBelowAStepOfTheClockIsNotAWholeStep) {
    LibeventWorld world;
    Sleeper node{world};
    Duration shortest = 1h;
    for (int i = 0; i < 500 && shortest >= 1ms; ++i) {
        const Instant began = world.clock().now();
        world.alarm().wake_at(began + 200us);
        world.run();
        shortest = i == 0 ? shortest : std::min<Duration>(shortest, node.woken - began);
    }
    EXPECT_GE(shortest, 200us);
    EXPECT_LT(shortest, 1ms);
}

// ---- a time that is past ----

class PastTest : public ::testing::Test {
protected:
    void round() { event_base_loop(base.get(), EVLOOP_NONBLOCK); }
    static void fired(void* self) { static_cast<PastTest*>(self)->order += 't'; }
    static void heard(evutil_socket_t, short, void* self) { static_cast<PastTest*>(self)->order += 'e'; }

    std::unique_ptr<event_base, void (*)(event_base*)> base{event_base_new(), event_base_free};
    std::string order;
    BootTimer timer{base.get(), fired, this};
};

TEST_F(PastTest, FiresOnceInTheNextRound) {
    timer.set(never);
    timer.set(boot_time());
    EXPECT_EQ(order, "");
    round();
    round();
    EXPECT_EQ(order, "t");
}

TEST_F(PastTest, FiresBehindTheEventsThatHaveArrived) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    event* arrived = event_new(base.get(), ends[0], EV_READ, heard, this);
    event_add(arrived, nullptr);
    timer.set(boot_time());
    EXPECT_EQ(write(ends[1], "x", 1), 1);
    round();
    EXPECT_EQ(order, "et");
    event_free(arrived);
    close(ends[0]);
    close(ends[1]);
}

TEST_F(PastTest, TheLatestCallWins) {
    timer.set(boot_time());
    timer.set(boot_time() + 1h);
    round();
    EXPECT_EQ(order, "");
    timer.set(boot_time() + 1ms);
    timer.set(never);
    round();
    EXPECT_EQ(order, "t");
    const Instant until = boot_time() + 3ms;
    while (boot_time() < until) round();
    EXPECT_EQ(order, "t");
}

}  // namespace
}  // namespace halp
