// The kernel refuses to watch descriptors, as with a small fs.epoll.max_user_watches or without memory.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "overlay/libevent/interface_watch.h"
#include "overlay/libevent/library_log.h"
#include "overlay/libevent/loop_calls.h"
#include "tests/overlay/libevent/world_probe.h"

namespace {

int watches_refused = 0;  // so many of the next attempts
int accepts_refused = 0;
bool loop_broken = false;

bool refuse(int& left, int error) {
    if (left == 0) return false;
    --left;
    errno = error;
    return true;
}

}  // namespace

// In the place of the functions of libc, for libevent too.
extern "C" {

__attribute__((visibility("default"))) int epoll_ctl(int epoll, int operation, int fd,
                                                     epoll_event* event) noexcept {
    if (operation == EPOLL_CTL_ADD && refuse(watches_refused, ENOSPC)) return -1;
    return static_cast<int>(syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}

__attribute__((visibility("default"))) int epoll_wait(int epoll, epoll_event* events, int most, int timeout) {
    if (loop_broken) {
        errno = EINVAL;
        return -1;
    }
    return static_cast<int>(syscall(SYS_epoll_pwait, epoll, events, most, timeout, nullptr, 0));
}

__attribute__((visibility("default"))) int accept4(int fd, sockaddr* from, socklen_t* length, int flags) {
    if (refuse(accepts_refused, ENOBUFS)) return -1;
    return static_cast<int>(syscall(SYS_accept4, fd, from, length, flags));
}

}  // extern "C"

namespace halp::test {
namespace {

struct RefusedWatch : testing::Test {
    RefusedWatch() {
        set_library_log([](const std::string&, std::uint64_t) {});
    }
    ~RefusedWatch() override {
        watches_refused = accepts_refused = 0;
        set_library_log({});
    }
};

TEST_F(RefusedWatch, AListenerThatIsNotWatchedIsAnError) {
    LibeventWorld world;
    Probe probe{world};
    watches_refused = 1;
    const auto refused = world.listen(any_port);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("max_user_watches"), std::string::npos) << refused.error().message;

    const auto listening = world.listen(any_port);
    ASSERT_TRUE(listening);
    const Peer peer{*listening};
    EXPECT_TRUE(turn_until(world, [&] { return probe.heard("accept"); }));
}

TEST_F(RefusedWatch, AListenerThatCannotGoOnAfterAPauseTriesAgain) {
    Server server;
    accepts_refused = 1;
    watches_refused = 2;
    const Peer peer{server.at};
    EXPECT_TRUE(server.until([&] { return server.probe.heard("accept"); }));
    EXPECT_EQ(server.world.stats().pauses, 3u);
    EXPECT_EQ(watches_refused, 0);
}

TEST_F(RefusedWatch, AStreamThatIsNotWatchedIsEndedAndCounted) {
    Server server;
    Peer silent{server.at};
    watches_refused = 1;  // once it has nothing to read, its socket is to be watched
    EXPECT_TRUE(server.until([&] { return server.probe.heard("closed"); }));
    EXPECT_TRUE(server.until([&] { return silent.finished(); }));
    EXPECT_EQ(server.world.stats().not_watched, 1u);
    EXPECT_EQ(server.world.stats().live_accepted, 0u);
}

TEST_F(RefusedWatch, AnAnswerThatNobodyWouldSendOnIsEnded) {
    Server server;
    const std::string answer(std::size_t{16} << 20, 'a');
    server.probe.bytes = [&](StreamId stream, Bytes) {
        watches_refused = 1;  // until the peer has read a part
        server.probe.write(stream, answer);
    };
    Peer slow{server.at};
    slow.send("get");
    EXPECT_TRUE(server.until([&] { return server.probe.heard("closed"); }));
    EXPECT_EQ(server.world.stats().not_watched, 1u);
    EXPECT_EQ(server.world.stats().output_unsent, 0u);
}

TEST_F(RefusedWatch, ACallThatIsNotWatchedFailsForWantOfSomethingHere) {
    Server server;
    const Backlog other{1};
    ConnectFailure why{};
    server.probe.failed = [&](StreamId, ConnectFailure failure) { why = failure; };
    watches_refused = 1;
    server.probe.connect(other.endpoint());
    EXPECT_TRUE(server.until([&] {
        return server.probe.times("failed:" + std::to_string(static_cast<int>(ConnectFailure::local_limit))) == 1;
    }));
    EXPECT_EQ(why, ConnectFailure::local_limit);
    EXPECT_EQ(server.world.stats().live_connected, 0u);
}

TEST_F(RefusedWatch, TheAlarmOfANodeComesWithoutADescriptorOfItsOwn) {
    watches_refused = 100;
    LibeventWorld world;
    watches_refused = 0;
    Probe probe{world};
    const Instant when = world.clock().now() + milliseconds{20};
    world.alarm().wake_at(when);
    EXPECT_TRUE(turn_until(world, [&] { return probe.heard("wakeup"); }));
    EXPECT_GE(world.clock().now(), when);
}

TEST_F(RefusedWatch, AddressesAreComparedByTimeWhenTheKernelCannotTell) {
    LibeventWorld world;
    watches_refused = 1;
    const InterfaceWatch watch{world.base(), [](const auto&, const auto&) {}};
    EXPECT_FALSE(watch.told_by_kernel());
}

TEST_F(RefusedWatch, ALoopThatFailsEndsTheProgramWithASentence) {
    set_library_log({});
    const auto run = [] {
        LibeventWorld world;
        Probe probe{world};
        loop_broken = true;
        world.run();
    };
    EXPECT_EXIT(run(), testing::ExitedWithCode(1), "could not run the event loop");
    EXPECT_EXIT(must(false, "start a timer"), testing::ExitedWithCode(1), "could not start a timer.*program ends");
}

}  // namespace
}  // namespace halp::test
