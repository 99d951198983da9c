// The open files of a process, shared out among its connections, and what libevent says.
#include "overlay/libevent/file_budget.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "overlay/libevent/library_log.h"
#include "tests/overlay/libevent/world_probe.h"

namespace halp::test {
namespace HALP_TEST_FILE {

std::size_t take_all(FileBudget& files, FileUse use) {
    std::size_t taken = 0;
    while (files.take(use)) ++taken;
    return taken;
}

TEST(FileBudget, LeavesToEveryUseWhatIsItsOwn) {
    FileBudget files(112);  // 80 are shared out
    files.guarantee(FileUse::accepted, 2);
    files.guarantee(FileUse::dialled, 2);
    files.guarantee(FileUse::admin, 1);
    EXPECT_EQ(files.most(FileUse::admin), 40u);
    EXPECT_EQ(take_all(files, FileUse::admin), 40u);
    EXPECT_EQ(files.refused(FileUse::admin), 1u);
    EXPECT_EQ(take_all(files, FileUse::accepted), 20u);
    EXPECT_EQ(take_all(files, FileUse::dialled), 20u);
    files.give_back(FileUse::admin);
    EXPECT_EQ(take_all(files, FileUse::dialled), 1u);
}

TEST(FileBudget, LendsAPartToAnotherThread) {
    FileBudget files{132};  // 100 of them are shared out
    ASSERT_TRUE(files.take(FileUse::records));
    FileBudget part{FileBudget::Part{files.lend(60)}};
    EXPECT_EQ(files.available(FileUse::records) + part.available(FileUse::records), 99U);
    EXPECT_EQ(files.lend(1000), 39U) << "a file that is in use is not lent";
    EXPECT_EQ(files.available(FileUse::records), 0U);
}

TEST(LibraryLog, OfOtherThreadsGoesWhereItIsTold) {
    take_over_library_log();
    std::vector<std::string> own, elsewhere;
    set_library_log([&](const std::string& message, std::uint64_t) { own.push_back(message); });
    set_library_log_elsewhere([&](const std::string& message, std::uint64_t) { elsewhere.push_back(message); });
    event_base* const base = event_base_new();
    std::thread([] {
        event unused{};
        event_add(&unused, nullptr);  // an event that is not initialized is a mistake that libevent warns of
    }).join();
    event_base_free(base);
    set_library_log({});
    set_library_log_elsewhere({});
    EXPECT_EQ(own.size(), 0U);
    EXPECT_EQ(elsewhere.size(), 1U);
}

TEST(FileBudget, KeepsFilesForTheStorageHoweverSmallTheLimitIs) {
    FileBudget files(20);
    EXPECT_EQ(take_all(files, FileUse::accepted), 10u);
    files.set_limit(1024);
    EXPECT_EQ(files.available(FileUse::accepted), 1024u - 32 - 10);
}

TEST(FileBudget, TellsOfEveryRefusal) {
    FileBudget files(2);
    std::vector<FileUse> refused;
    files.on_refused([&](FileUse use) { refused.push_back(use); });
    EXPECT_TRUE(files.take(FileUse::records));
    EXPECT_FALSE(files.take(FileUse::dialled));
    EXPECT_EQ(refused, std::vector{FileUse::dialled});
}

// Two worlds of one process: the clients of one do not take the connections that the other one dials or accepts.
TEST(FileBudget, IsOneForAllWorldsOfAProcess) {
    FileBudget files(48);  // 24 are shared out, 6 for each of the four uses
    Server records(limits_for_streaming(100), nullptr, &files);
    Server node({}, records.world.base(), &files);
    std::vector<Peer> clients;
    for (int i = 0; i < 30; ++i) clients.emplace_back(records.at);
    const auto shed = [&] {
        return records.world.stats().shed_no_descriptor + records.world.stats().shed_total_limit;
    };
    ASSERT_TRUE(records.until([&] { return records.world.stats().live_accepted + shed() == 30; }));
    EXPECT_EQ(records.world.stats().live_accepted, 12u);

    std::vector<Peer> peers;
    for (int i = 0; i < 6; ++i) peers.emplace_back(node.at);
    ASSERT_TRUE(node.until([&] { return node.world.stats().live_accepted == 6; }));
    node.probe.connect(node.at);
    ASSERT_TRUE(node.until([&] { return node.world.stats().connected == 1; }));
}

TEST(FileBudget, GetsEveryFileBack) {
    FileBudget files(112);
    {
        Server server({}, nullptr, &files);
        std::vector<StreamId> streams;
        server.probe.accepted = [&](StreamId stream) { streams.push_back(stream); };
        std::vector<Peer> peers;
        for (int i = 0; i < 5; ++i) peers.emplace_back(server.at);
        server.probe.connect(server.at);
        server.probe.connect(Endpoint{"127.0.0.1", 1});  // refused
        ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 6; }));
        ASSERT_TRUE(server.until([&] { return server.world.stats().connects_failed == 1; }));
        EXPECT_EQ(files.used(FileUse::accepted), 6u);
        for (const StreamId stream : streams) server.probe.close(stream);
        ASSERT_TRUE(server.until([&] { return server.world.stats().live_accepted == 0; }));
        EXPECT_EQ(files.used(FileUse::accepted), 0u);
        server.probe.connect(server.at);
        ASSERT_TRUE(server.until([&] { return server.world.stats().connected == 2; }));
    }
    EXPECT_EQ(files.used(FileUse::accepted) + files.used(FileUse::dialled), 0u);
}

TEST(LibraryLog, PassesOnABurstAndThenCounts) {
    take_over_library_log();
    std::vector<std::string> messages;
    set_library_log([&](const std::string& message, std::uint64_t) { messages.push_back(message); });
    event_base* const base = event_base_new();
    event unused{};
    // An event that is not initialized is a mistake that libevent warns of.
    for (int i = 0; i < 1000; ++i) event_add(&unused, nullptr);
    set_library_log({});
    event_base_free(base);
    EXPECT_GE(messages.size(), 1u);
    EXPECT_LE(messages.size(), 10u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
