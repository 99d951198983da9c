#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/tools/quiet_environment.h"
#include "tools/halpd/admin/event_text.h"
#include "tools/halpd/log/log.h"
#include "tools/halpd/log/log_observer.h"
#include "tools/halpd/log/log_output.h"
#include "tools/halpd/log/rate_limiter.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
protected:
    LogTest()
        : path_(::testing::TempDir() + "halpd-log-" +
                ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
        std::remove(path_.c_str());
    }
    ~LogTest() override { std::remove(path_.c_str()); }

    std::vector<std::string> lines() const {
        std::ifstream file{path_};
        std::vector<std::string> out;
        for (std::string line; std::getline(file, line);) out.push_back(line);
        return out;
    }

    std::string path_;
    StandingClock clock_;
};

class LogObserverTest : public LogTest {
protected:
    LogObserverTest() { EXPECT_TRUE(log_.reopen()); }
    Log log_{{LogLevel::info, config::LogFormat::json, path_}, false};
    LogObserver observer_{log_, clock_};
};

TEST_F(LogObserverTest, WritesOneJsonObjectPerLine) {
    observer_.note(SeedFailed{{"seed.example", 3451}, ConnectFailure::refused});
    ASSERT_THAT(lines(), SizeIs(1));
    const auto line = nlohmann::json::parse(lines()[0], nullptr, false);
    EXPECT_EQ(line["event"], "seed_failed");
    EXPECT_EQ(line["level"], "warn");
    EXPECT_EQ(line["endpoint"], "seed.example:3451");
    EXPECT_EQ(line["why"], "refused");
    EXPECT_THAT(line["message"], HasSubstr("cannot reach seed.example:3451 of join (connection refused)"));
}

TEST_F(LogObserverTest, SaysOfASeedThatItSpeaksTextOnly) {
    observer_.note(SeedFailed{{"seed.example", 3451}, ConnectFailure::text_only});
    ASSERT_THAT(lines(), SizeIs(1));
    const auto line = nlohmann::json::parse(lines()[0], nullptr, false);
    EXPECT_EQ(line["why"], "text_only");
    EXPECT_EQ(line["message"],
              "cannot reach seed.example:3451 of join (it speaks HALP text only); it is tried again");
}

TEST_F(LogObserverTest, StaysSilentOnWhatIsOrdinary) {
    observer_.note(QueryAnswered{{"192.0.2.1", 5}, false, false});
    observer_.note(RoundDone{3, true});
    observer_.note(EntryLearned{*Label::parse("chat"), {"192.0.2.1", 5}, LearnedFrom::text});
    EXPECT_THAT(lines(), IsEmpty());
}

TEST_F(LogObserverTest, HoldsBackASourceThatRepeatsItself) {
    for (int i = 0; i < 1000; ++i)
        observer_.note(StreamEnded{{"192.0.2.1", static_cast<std::uint16_t>(1000 + i)}, StreamEnd::malformed});
    EXPECT_THAT(lines(), SizeIs(10));
    clock_.advance(10s);
    observer_.note(StreamEnded{{"192.0.2.1", 1}, StreamEnd::malformed});
    ASSERT_THAT(lines(), SizeIs(11));
    EXPECT_THAT(lines().back(), HasSubstr("990 more like this were not written"));
}

TEST_F(LogObserverTest, HoldsBackAMillionSourcesToo) {
    for (int i = 0; i < 100'000; ++i) {
        observer_.note(StreamEnded{{"host" + std::to_string(i), 1}, StreamEnd::malformed});
        clock_.advance(1ms);
    }
    EXPECT_LE(lines().size(), 201u);  // 100 in a burst, and one in each of the 100 seconds
}

TEST_F(LogObserverTest, NamesEachOfThirtyNodesThatLeave) {
    for (int i = 0; i < 30; ++i) observer_.note(PeerLeft{{"192.0.2." + std::to_string(i), 3451}});
    EXPECT_THAT(lines(), SizeIs(30));
    for (int i = 0; i < 100; ++i) observer_.note(PeerLeft{{"192.0.2.1", 3451}});
    EXPECT_THAT(lines(), SizeIs(39)) << "one peer is not written more than ten times";
}

TEST_F(LogObserverTest, CountsWhatItLeavesOutInALineOfItsOwn) {
    for (int i = 0; i < 300; ++i) observer_.note(PeerLeft{{"host" + std::to_string(i), 3451}});
    EXPECT_THAT(lines(), SizeIs(100));
    observer_.note(RoundDone{3, true});
    EXPECT_THAT(lines(), SizeIs(100));
    clock_.advance(1min);
    observer_.note(RoundDone{3, true});
    ASSERT_THAT(lines(), SizeIs(101));
    EXPECT_THAT(lines().back(), HasSubstr("200 lines of the last minutes were not written"));
    clock_.advance(1h);
    observer_.note(RoundDone{3, true});
    EXPECT_THAT(lines(), SizeIs(101));
}

TEST_F(LogObserverTest, CountsNothingTwice) {
    for (int i = 0; i < 20; ++i) observer_.note(PeerLeft{{"192.0.2.1", 3451}});
    clock_.advance(10s);
    observer_.note(PeerLeft{{"192.0.2.1", 3451}});
    ASSERT_THAT(lines(), SizeIs(11));
    EXPECT_THAT(lines().back(), HasSubstr("10 more like this were not written"));
    clock_.advance(1h);
    observer_.note(RoundDone{3, true});
    EXPECT_THAT(lines(), SizeIs(11));
}

TEST_F(LogObserverTest, NamesAForeignNodeOncePerHour) {
    for (int i = 0; i < 60; ++i) {
        observer_.note(SwarmMismatch{{"192.0.2.1", 3451}});
        clock_.advance(59s);
    }
    observer_.note(SwarmMismatch{{"192.0.2.2", 3451}});
    EXPECT_THAT(lines(), SizeIs(2));
    clock_.advance(2min);
    observer_.note(SwarmMismatch{{"192.0.2.1", 3451}});
    EXPECT_THAT(lines(), SizeIs(3));
}

TEST_F(LogTest, WritesTextOnOneLineWhateverComes) {
    Log log{{LogLevel::info, config::LogFormat::text, path_}, false};
    ASSERT_TRUE(log.reopen());
    log.write(LogLevel::warn, "storage_failed", "a\nb\x1b[31m");
    log.write(LogLevel::debug, "x", "not shown");
    ASSERT_THAT(lines(), SizeIs(1));
    EXPECT_THAT(lines()[0], HasSubstr("Z warn a\\x0ab\\x1b[31m"));
}

TEST_F(LogTest, ShowsWhatWouldControlATerminal) {
    Log log{{LogLevel::info, config::LogFormat::text, path_}, false};
    ASSERT_TRUE(log.reopen());
    log.write(LogLevel::warn, "seed_failed",
              "a\xc2\x9b"
              "31m \xe2\x80\xae"
              "b \xd8\x9c"
              "c \xe2\x80\xa8"
              "d \xff gr\xc3\xbc"
              "n");
    ASSERT_THAT(lines(), SizeIs(1));
    EXPECT_THAT(lines()[0], HasSubstr(R"(a\xc2\x9b31m \xe2\x80\xaeb \xd8\x9cc \xe2\x80\xa8d \xff gr)"
                                      "\xc3\xbc"
                                      "n"));
}

TEST_F(LogTest, OpensItsFileAnewAfterARotation) {
    Log log{{LogLevel::info, config::LogFormat::text, path_}, false};
    ASSERT_TRUE(log.reopen());
    log.write(LogLevel::info, "x", "first");
    std::remove(path_.c_str());
    ASSERT_TRUE(log.reopen());
    log.write(LogLevel::info, "x", "second");
    EXPECT_THAT(lines(), ElementsAre(HasSubstr("second")));
}

TEST_F(LogTest, SaysThatItsFileCannotBeOpened) {
    Log log{{LogLevel::info, config::LogFormat::text, "/proc/none/halpd.log"}, false};
    const Result<void> opened = log.reopen();
    ASSERT_FALSE(opened);
    EXPECT_THAT(opened.error().message, HasSubstr("cannot open the log file /proc/none/halpd.log"));
}

// Opening it would wait for a reader, at the start and at a reload.
TEST_F(LogTest, RefusesAPipeAsItsFile) {
    ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
    Log log{{LogLevel::info, config::LogFormat::text, path_}, false};
    EXPECT_THAT(log.reopen().error().message, HasSubstr("it is no plain file"));
    const int reader = ::open(path_.c_str(), O_RDONLY | O_NONBLOCK);
    EXPECT_THAT(log.reopen().error().message, HasSubstr("it is no plain file"));
    ::close(reader);
}

// The journal or a shell reads stderr; when it stops, the node goes on.
TEST(LogOutput, LosesLinesThatNobodyReadsAndCountsThem) {
    for (const bool socket : {false, true}) {
        int ends[2];
        ASSERT_EQ(socket ? ::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) : ::pipe(ends), 0);
        LogOutput output{ends[1]};
        const std::string line(1000, 'x');
        int written = 0;
        while (output.write(line)) ++written;
        EXPECT_GT(written, 10);
        for (int i = 1; i < 100; ++i) EXPECT_FALSE(output.write(line));
        EXPECT_EQ(output.lost(), 100U);

        std::string read(std::size_t{1} << 20, '\0');
        const auto first =
            static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], read.data(), read.size()), 0));
        EXPECT_TRUE(output.write("last")) << "there is room again";
        const auto rest = ::read(ends[0], read.data() + first, read.size() - first);
        read.resize(first + static_cast<std::size_t>(std::max<ssize_t>(rest, 0)));
        std::string whole;
        for (int i = 0; i < written; ++i) whole += line + "\n";
        EXPECT_TRUE(read == whole + "last\n") << "no line is cut";
        ::close(ends[0]);
        ::close(ends[1]);
    }
}

TEST(Log, SaysHowManyLinesAreLost) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const int standard_error = ::dup(STDERR_FILENO);
    ASSERT_GE(::dup2(ends[1], STDERR_FILENO), 0);
    std::uint64_t lost = 0;
    std::string read(std::size_t{1} << 20, '\0');
    {
        Log log{{LogLevel::info, config::LogFormat::text, ""}, false};
        for (int i = 0; i < 2000; ++i) log.write(LogLevel::info, "x", std::string(100, 'x'));
        lost = log.lines_lost();
        read.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], read.data(), read.size()), 0)));
        log.write(LogLevel::info, "x", "there is room again");
        EXPECT_EQ(log.lines_lost(), lost);
    }
    ASSERT_GE(::dup2(standard_error, STDERR_FILENO), 0);
    std::string rest(std::size_t{1} << 16, '\0');
    rest.resize(static_cast<std::size_t>(std::max<ssize_t>(::read(ends[0], rest.data(), rest.size()), 0)));
    for (const int end : {ends[0], ends[1], standard_error}) ::close(end);
    const auto written = static_cast<std::uint64_t>(std::ranges::count(read, '\n'));
    EXPECT_GT(lost, 0U);
    EXPECT_EQ(written + lost, 2000U);
    EXPECT_THAT(rest, HasSubstr(std::to_string(lost) + " lines of the log are lost"));
    EXPECT_THAT(rest, HasSubstr("there is room again"));
}

TEST(RateLimiter, RefillsOneByOne) {
    RateLimiter limiter{{2, 10s, 4}};
    const Instant start{1h};
    EXPECT_EQ(limiter.allow("a", start), 0u);
    EXPECT_EQ(limiter.allow("a", start), 0u);
    EXPECT_EQ(limiter.allow("a", start), std::nullopt);
    EXPECT_EQ(limiter.allow("b", start), 0u);
    EXPECT_EQ(limiter.allow("a", start + 9s), std::nullopt);
    EXPECT_EQ(limiter.allow("a", start + 10s), 2u);
    EXPECT_EQ(limiter.allow("a", start + 10s), std::nullopt);
}

TEST(RateLimiter, RemembersABoundedNumberOfSources) {
    RateLimiter limiter{{1, 10s, 4}};
    Instant now{1h};
    int allowed = 0;
    for (int i = 0; i < 1000; ++i) allowed += limiter.allow(std::to_string(i), now).has_value() ? 1 : 0;
    EXPECT_EQ(allowed, 5);  // four of their own, one for all the others
    EXPECT_EQ(limiter.sources(), 4u);
    now += 1min;
    EXPECT_EQ(limiter.allow("new", now), 0u);
    EXPECT_LE(limiter.sources(), 4u);
}

TEST(EventText, HasASentenceAndFieldsForEveryEvent) {
    const Label chat = *Label::parse("chat");
    const Endpoint host{"h", 1};
    const std::vector<Event> all{EntryLearned{chat, host, LearnedFrom::own},
                                 EntryForgotten{chat, host, ForgottenWhy::failed},
                                 PeerJoined{host},
                                 PeerProved{host},
                                 PeerSuspected{host},
                                 PeerBuried{host},
                                 PeerLeft{host},
                                 PeerExpired{host},
                                 PeerIsOriginal{host},
                                 SelfKnown{host},
                                 SwarmMismatch{host},
                                 SeedFailed{host, ConnectFailure::local_limit},
                                 StreamEnded{host, StreamEnd::oversize},
                                 QueryAnswered{host, true, false},
                                 RoundDone{1, false},
                                 StorageFailed{"disk"},
                                 CacheLineSkipped{"chat", 3, "no port"},
                                 InsertRefused{host, chat, RefusalCause::full},
                                 HealthChanged{2},
                                 LeaveDone{},
                                 StoodStill{90s},
                                 TimeAhead{host, 1h},
                                 NewsHeld{7},
                                 EntryMoved{chat, host, LearnedFrom::gossip},
                                 NodeListed{host, LearnedFrom::gossip, false},
                                 NodeUnlisted{host, ForgottenWhy::evicted},
                                 CacheKeptAside{3},
                                 SelfLost{host},
                                 SelfContested{host, host},
                                 SelfUnreachable{host, 2, 3, ConnectFailure::refused},
                                 SelfReachable{host},
                                 NumberShared{host},
                                 PeerContested{host},
                                 KeptHere{chat, host},
                                 SeedIsSelf{host},
                                 RoomShort{RoomFor::graves, 3},
                                 DialsHeld{70, 6}};
    ASSERT_EQ(all.size(), std::variant_size_v<Event::variant>);
    for (const Event& event : all) {
        EXPECT_FALSE(event_sentence(event).empty()) << event_name(event);
        EXPECT_TRUE(nlohmann::json::parse(event_fields(event).line(), nullptr, false).is_object());
    }
    EXPECT_EQ(event_name(all[9]), "self_known");
    EXPECT_EQ(event_name(all[15]), "storage_failed");
    EXPECT_EQ(event_name(all[20]), "stood_still");
    EXPECT_EQ(event_name(all[22]), "news_held");
    EXPECT_EQ(event_name(all[27]), "self_lost");
    EXPECT_EQ(event_name(all[34]), "seed_is_self");
    EXPECT_EQ(event_name(all[36]), "dials_held");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
