// Small swarms of real daemons on loopback.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

// The first daemon is everybody's only seed.
std::deque<Daemon> swarm_of(std::size_t count, const std::string& swarm = "halp") {
    std::deque<Daemon> daemons;
    daemons.emplace_back(DaemonOptions{.more = {"--swarm", swarm}});
    while (daemons.size() < count)
        daemons.emplace_back(DaemonOptions{.join = {daemons.front().endpoint()}, .more = {"--swarm", swarm}});
    return daemons;
}

std::vector<Daemon*> pointers(std::deque<Daemon>& daemons) {
    std::vector<Daemon*> all;
    for (Daemon& daemon : daemons) all.push_back(&daemon);
    return all;
}

TEST(SwarmProcess, FiveNodesFindEachOtherThroughOne) {
    std::deque<Daemon> daemons = swarm_of(5);

    EXPECT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));
}

TEST(SwarmProcess, ForgetsAKilledNodeAndTakesItBack) {
    std::deque<Daemon> daemons = swarm_of(5);
    std::vector<Daemon*> all = pointers(daemons);
    ASSERT_TRUE(eventually([&] { return all_know_all(all); }));
    Daemon* victim = all[2];
    const std::string address = victim->endpoint().text();
    victim->process().kill_and_wait();
    std::vector<Daemon*> rest = all;
    rest.erase(rest.begin() + 2);

    EXPECT_TRUE(eventually([&] { return all_know_all(rest); }, seconds{15}));

    Daemon back{victim->home(), {.listen = address, .join = {rest[0]->endpoint()}}};
    rest.push_back(&back);
    EXPECT_TRUE(eventually([&] { return all_know_all(rest); }));
}

// Under SIGSTOP the kernel goes on taking connections. The patience is long, so that nothing is buried here.
TEST(SwarmProcess, SendsNobodyToANodeThatIsStoppedAndTakesItBackAtItsFirstAnswer) {
    const std::vector<std::string> patient = {"--set", "gossip.stall_patience=8s"};  // unlisted after 3 s
    std::deque<Daemon> daemons;
    daemons.emplace_back(DaemonOptions{.more = patient});
    while (daemons.size() < 5)
        daemons.emplace_back(DaemonOptions{.join = {daemons.front().endpoint()}, .more = patient});
    std::vector<Daemon*> rest = pointers(daemons);
    ASSERT_TRUE(eventually([&] { return all_know_all(rest); }));
    Daemon* stopped = rest[2];
    const std::string address = stopped->endpoint().text();
    rest.erase(rest.begin() + 2);
    const auto all = [&](const auto& holds) {
        return eventually([&] { return std::ranges::all_of(rest, holds); });
    };

    ASSERT_TRUE(stopped->process().signal(SIGSTOP));
    EXPECT_TRUE(all([&](Daemon* d) { return d->nodes().size() == 5 && d->nodes().back() == address; }));
    EXPECT_TRUE(all([&](Daemon* d) { return d->nodes().size() == 4; }));
    EXPECT_NE(rest[0]->admin(cli::Method::get, "/v1/peers").body.find("\"role\":\"stalled\""), std::string::npos);
    ASSERT_TRUE(stopped->process().signal(SIGCONT));
    EXPECT_TRUE(all([&](Daemon* d) { return d->nodes().size() == 5; }));
}

TEST(SwarmProcess, OutlivesItsBootstrap) {
    std::deque<Daemon> daemons = swarm_of(5);
    ASSERT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));

    daemons.front().process().kill_and_wait();
    daemons.pop_front();
    EXPECT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));

    daemons.emplace_back(DaemonOptions{.join = {daemons.front().endpoint()}});
    EXPECT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));
}

TEST(SwarmProcess, SaysGoodbyeWhenItIsAskedToEnd) {
    std::deque<Daemon> daemons = swarm_of(4);
    ASSERT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));

    EXPECT_EQ(daemons.back().stop(), 0);
    daemons.pop_back();

    // A leaving node tells its peers, which is faster than any time-out.
    EXPECT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }, seconds{2}));
}

TEST(SwarmProcess, BringsAnAnnouncementToEverybodyAndItsWithdrawalToo) {
    std::deque<Daemon> daemons = swarm_of(5);
    ASSERT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));
    const auto listed_by = [&] {
        std::size_t count = 0;
        for (Daemon& daemon : daemons)
            count += daemon.ask("get chat\n").find(" 192.0.2.7 80") != std::string::npos ? 1U : 0U;
        return count;
    };

    const cli::AdminAnswer put =
        daemons[1].admin(cli::Method::put, "/v1/labels/chat", R"({"host":"192.0.2.7","port":80})");
    EXPECT_EQ(put.status, 200) << put.body;
    EXPECT_TRUE(eventually([&] { return listed_by() == daemons.size(); }, seconds{5}));

    const cli::AdminAnswer gone = daemons[1].admin(cli::Method::remove, "/v1/labels/chat?host=192.0.2.7&port=80");
    EXPECT_EQ(gone.status, 200) << gone.body;
    EXPECT_TRUE(eventually([&] { return listed_by() == 0; }, seconds{5}));
}

TEST(SwarmProcess, WithdrawsWhatAKilledAnnouncerHeld) {
    std::deque<Daemon> daemons = swarm_of(3);
    ASSERT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));
    const Home& home = daemons[0].home();
    Result<process::ChildProcess> announcer = process::ChildProcess::start(
        {.argv = {HALP_BINARY, "--socket", home.admin(), "announce", "chat", "192.0.2.7", "80"},
         .environment = home.environment(),
         .error_file = home.path() + "/announce.err"});
    ASSERT_TRUE(announcer);
    const auto listed = [&] { return !daemons[2].ask("get chat\n").empty(); };
    EXPECT_TRUE(eventually(listed, seconds{10})) << process::read_whole_file(home.path() + "/announce.err");

    announcer->kill_and_wait();

    EXPECT_TRUE(eventually([&] { return !listed(); }, seconds{10}));
}

TEST(SwarmProcess, SpreadsWhatIsInsertedInHalpText) {
    std::deque<Daemon> daemons = swarm_of(3);
    ASSERT_TRUE(eventually([&] { return all_know_all(pointers(daemons)); }));

    const std::string line = std::to_string(std::time(nullptr)) + " a.example 80";
    EXPECT_EQ(daemons[0].ask("insert chat\n" + line), "success: chat " + line);

    EXPECT_TRUE(
        eventually([&] { return daemons[2].ask("get chat\n").find(" a.example 80") != std::string::npos; }));
}

TEST(SwarmProcess, KeepsTwoSwarmsApartEvenWhenJoined) {
    std::deque<Daemon> red = swarm_of(2, "red");
    std::deque<Daemon> blue = swarm_of(2, "blue");
    ASSERT_TRUE(eventually([&] { return all_know_all(pointers(red)) && all_know_all(pointers(blue)); }));

    const std::string body = R"({"endpoint":")" + blue[0].endpoint().text() + R"("})";
    EXPECT_EQ(red[0].admin(cli::Method::post, "/v1/join", body).status, 202);
    const auto said = [&] {
        return red[0].messages().find("swarm") != std::string::npos ||
               blue[0].messages().find("swarm") != std::string::npos;
    };

    EXPECT_TRUE(eventually(said, seconds{10})) << "nobody tells the operator that the swarm id is wrong";
    EXPECT_TRUE(all_know_all(pointers(red)));
    EXPECT_TRUE(all_know_all(pointers(blue)));
}

TEST(SwarmProcess, DemoEndsByItselfWithZero) {
    Home home;

    const Finished demo = halp(home, {"demo", "3"}, seconds{120});

    EXPECT_EQ(demo.code, 0) << demo.out << demo.error;
    EXPECT_FALSE(demo.out.empty());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
