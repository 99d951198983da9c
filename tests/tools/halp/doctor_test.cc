#include "tools/halp/daemon/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using State = Finding::State;

Json well() {
    return *Json::parse(
        R"({"version":"1","pid":1,"swarm":"halp","listening":"[::]:3451","self":"192.0.2.1:3451","health":1,
        "standing":{"asked":3,"unreached":0,"why":null,"contested":0},"peers":{"listed":3,"proved":2},"stood_still":0,
        "files":{"limit":65536},"connections":{"shed":{"no_descriptor":0,"total_limit":0}},"refused":{"full":0},
        "services":[],"dns":{"listening":"127.0.0.1:3453"}})");
}
Json no_seeds() { return *Json::parse(R"({"seeds":[]})"); }
Surroundings fine() { return {{{"state", "/var/lib/halp", std::uint64_t{1} << 30}}, true, 1'800'000'000}; }

Finding about(const std::string& what, const std::vector<Finding>& all) {
    for (const Finding& one : all)
        if (one.what == what) return one;
    return {State::good, "nothing", "", ""};
}
Finding about(const std::string& what, const std::string& member, const std::string& value) {
    return about(what, diagnose(well().set(member, *Json::parse(value)), no_seeds(), fine()));
}

TEST(Doctor, FindsNothingWhereAllIsWell) {
    for (const Finding& one : diagnose(well(), no_seeds(), fine())) {
        EXPECT_EQ(one.state, State::good) << one.what << ": " << one.found;
        EXPECT_EQ(one.remedy, "") << one.what;
    }
}

TEST(Doctor, NamesARemedyForEverythingThatIsNotWell) {
    const Finding port = about("port", "standing", R"({"asked":2,"unreached":2,"why":"timed_out","contested":0})");
    EXPECT_EQ(port.state, State::wrong);
    EXPECT_THAT(port.found, HasSubstr("2 of 2 nodes cannot reach it at 192.0.2.1:3451 (timed_out)"));
    EXPECT_THAT(port.remedy, HasSubstr("--advertise"));
    EXPECT_EQ(about("limits", "files", R"({"limit":256})").state, State::doubtful);
    EXPECT_EQ(about("limits", "connections", R"({"shed":{"no_descriptor":1}})").state, State::wrong);
    EXPECT_EQ(about("health", "health", "3").state, State::doubtful);
    EXPECT_EQ(about("DNS", "dns", R"({"listening":null,"why":"the port is in use"})").state, State::doubtful);
    EXPECT_EQ(about("DNS", "dns", R"x({"listening":null,"why":"off (dns.enabled)"})x").state, State::good);
    const Finding service =
        about("service", "services",
              R"([{"label":"chat","host":"h","port":1,"state":"failing","announced":false,"why":"exit code 1"}])");
    EXPECT_EQ(service.state, State::wrong);
    EXPECT_THAT(service.found, HasSubstr("exit code 1"));
    EXPECT_EQ(about("records", "dht", R"({"trouble":"disk full"})").state, State::wrong);
}

TEST(Doctor, LooksAtSeedsOnlyWhenNoNodeWasReached) {
    Json alone = well().set("peers", *Json::parse(R"({"listed":0,"proved":0})"));
    EXPECT_EQ(about("seeds", diagnose(alone, no_seeds(), fine())).state, State::good);  // it may begin a swarm
    const Json heard = well().set("peers", *Json::parse(R"({"listed":2,"proved":0})"));
    EXPECT_EQ(about("seeds", diagnose(heard, no_seeds(), fine())).state, State::doubtful);
    const auto seeds = [](const std::string& outcome) {
        return *Json::parse(R"({"seeds":[{"endpoint":"h:1","reached":false,"outcome":")" + outcome + R"("}]})");
    };
    EXPECT_THAT(about("seeds", diagnose(alone, seeds("refused"), fine())).found, HasSubstr("h:1: refused"));
    EXPECT_THAT(about("seeds", diagnose(alone, seeds("other_swarm"), fine())).remedy, HasSubstr("--swarm"));
    EXPECT_EQ(about("seeds", diagnose(well(), seeds("refused"), fine())).state, State::good);
}

TEST(Doctor, LooksAtTheMachine) {
    Surroundings here = fine();
    here.clock_synchronized = false;
    here.directories = {{"state", "/s", std::uint64_t{1} << 20}, {"cache", "/c", std::nullopt}};
    const auto all = diagnose(well(), no_seeds(), here);
    EXPECT_EQ(about("clock", all).state, State::doubtful);
    EXPECT_EQ(about("store", all).state, State::doubtful);
    here.directories[0].free_bytes = 0;
    EXPECT_EQ(about("store", diagnose(well(), no_seeds(), here)).state, State::wrong);
    here.now_unix_s = 1000;
    EXPECT_EQ(about("clock", diagnose(well(), no_seeds(), here)).state, State::wrong);
}

TEST(Doctor, TellsWhyNoDaemonAnswers) {
    EXPECT_THAT(no_daemon(std::nullopt, false).remedy, HasSubstr("halpd &"));
    EXPECT_THAT(no_daemon(std::nullopt, true).found, HasSubstr("3451"));
    EXPECT_THAT(no_daemon(Error{ErrorCode::refused, "no permission"}, true).remedy, HasSubstr("usermod"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
