// A machine that sleeps: libevent's clock stands still, the clock of nodes goes on.
#include "overlay/libevent/boot_timer.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <ctime>

#include "overlay/libevent/world.h"

namespace {

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
    LibeventWorld world;
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

}  // namespace
}  // namespace halp
