// `halp` and halpd on one cache directory: no line of either is lost.
#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

constexpr int each = 40;

void expect_all_in(const std::string& content, const std::string& stem) {
    for (int i = 0; i < each; ++i) {
        const std::string host = " " + stem + std::to_string(i) + ".example ";
        EXPECT_NE(content.find(host), std::string::npos) << host << "is lost";
    }
}

// With --cache-dir, because a daemon of this machine may be running.
Finished offline(const Home& home, std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--cache-dir", home.cache()});
    return halp(home, std::move(arguments));
}

TEST(CacheSharing, ToolAndDaemonTogetherLoseNothing) {
    Home home;
    Daemon daemon{home, {}};
    std::vector<std::string> refused;

    std::atomic<int> begun{0};  // inserts of the tool; the daemon's keep pace with them
    std::thread tool{[&] {
        for (int i = 0; i < each; ++i) {
            begun = i + 1;
            begun.notify_one();
            const Finished done =
                offline(home, {"insert", "shared", "tool" + std::to_string(i) + ".example", "80"});
            if (done.code != 0) refused.push_back(done.error);
        }
    }};
    for (int i = 0; i < each; ++i) {
        for (int seen = begun; seen <= i; seen = begun) begun.wait(seen);
        const std::string line = "1700000000 daemon" + std::to_string(i) + ".example 80";
        EXPECT_EQ(daemon.ask("insert shared\n" + line), "success: shared " + line);
    }
    tool.join();
    ASSERT_EQ(daemon.stop(), 0);

    EXPECT_TRUE(refused.empty()) << refused.size() << " inserts failed, first: " << refused.front();
    const std::string content = process::read_whole_file(home.cache_file("shared"));
    expect_all_in(content, "tool");
    expect_all_in(content, "daemon");
}

TEST(CacheSharing, TwoToolsTogetherLoseNothing) {
    Home home;

    const auto insert_many = [&](const std::string& stem) {
        for (int i = 0; i < each; ++i)
            offline(home, {"insert", "shared", stem + std::to_string(i) + ".example", "80"});
    };
    std::thread other{[&] { insert_many("one"); }};
    insert_many("two");
    other.join();

    const std::string content = process::read_whole_file(home.cache_file("shared"));
    expect_all_in(content, "one");
    expect_all_in(content, "two");
}

TEST(CacheSharing, ToolFindsWhatItInsertedWithoutADaemon) {
    Home home;

    const Finished inserted = offline(home, {"insert", "chat", "a.example", "80"});
    const Finished found = offline(home, {"get", "chat"});
    const Finished unknown = offline(home, {"get", "nosuch"});

    EXPECT_EQ(inserted.code, 0) << inserted.error;
    EXPECT_NE(inserted.out.find("'a.example 80' inserted to local cache under label 'chat'\nTimestamp "),
              std::string::npos)
        << inserted.out;
    EXPECT_EQ(found.code, 0) << found.error;
    EXPECT_NE(found.out.find(" a.example 80"), std::string::npos) << found.out;
    EXPECT_EQ(unknown.code, 3);
}

TEST(CacheSharing, SkipsABadLineAndNamesFileAndLine) {
    Home home;
    std::ofstream{home.cache_file("chat")} << "1700000001 a.example 80\nrubbish\n1700000000 b.example 81";

    Daemon daemon{home, {}};

    EXPECT_EQ(daemon.ask("get chat\n"), "1700000001 a.example 80\n1700000000 b.example 81");
    EXPECT_NE(daemon.messages().find("chat"), std::string::npos) << daemon.messages();
    EXPECT_NE(daemon.messages().find('2'), std::string::npos) << daemon.messages();
}

TEST(CacheSharing, ClearAndNukeUseTheOriginalsWords) {
    Home home;
    offline(home, {"insert", "chat", "a.example", "80"});
    offline(home, {"insert", "talk", "b.example", "80"});

    const Finished cleared = offline(home, {"clear", "chat"});
    const Finished nuked = offline(home, {"nuke"});

    EXPECT_EQ(cleared.out, "Contents of label 'chat' deleted.\n");
    EXPECT_NE(nuked.out.find("All cache files deleted"), std::string::npos) << nuked.out;
    EXPECT_EQ(offline(home, {"get", "talk"}).code, 3);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
