// Malicious and broken clients: whatever they do, the next correct client gets its answer.
#include <gtest/gtest.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "tests/tools/daemon_process.h"
#include "tools/bench/blocking_client.h"
#include "tools/bench/proc_stats.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using process::ClientSocket;

constexpr milliseconds soon{3000};

class HostileClient : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(daemon_.running());
        ASSERT_EQ(daemon_.ask("insert chat\n1700000000 a.example 80"), "success: chat 1700000000 a.example 80");
    }
    void TearDown() override {
        EXPECT_EQ(daemon_.ask("get chat\n", soon), "1700000000 a.example 80");
        EXPECT_EQ(daemon_.stop(), 0) << daemon_.messages();
    }
    ClientSocket connected() {
        Result<ClientSocket> socket = ClientSocket::connect(daemon_.endpoint(), generous);
        EXPECT_TRUE(socket) << socket.error().message;
        return std::move(socket).value();
    }
    // One correct query, which must be answered at once.
    std::string chat() { return daemon_.ask("get chat\n", soon); }

    Daemon daemon_;
};

TEST_F(HostileClient, IdleOnesKeepNobodyWaitingAndAreShed) {
    std::vector<ClientSocket> idle;
    for (int i = 0; i < 50; ++i) idle.push_back(connected());

    EXPECT_EQ(chat(), "1700000000 a.example 80");
    const ClientSocket::Answer end = idle.front().read_all();
    EXPECT_NE(end.end, ClientSocket::Answer::End::silence) << "an idle connection is never closed";
}

TEST_F(HostileClient, AByteAtATimeKeepsNobodyWaitingAndIsShed) {
    ClientSocket slow = connected();
    const auto began = std::chrono::steady_clock::now();

    // Every pause is shorter than the pause that ends a query, so only the deadline of the whole query ends it.
    bool taken = slow.send("insert chat\n1700000000 ");
    while (taken && std::chrono::steady_clock::now() - began < generous) {
        taken = slow.send("x");
        std::this_thread::sleep_for(milliseconds{100});
        if (std::chrono::steady_clock::now() - began < milliseconds{500}) {
            EXPECT_EQ(chat(), "1700000000 a.example 80");
        }
    }

    EXPECT_FALSE(taken) << "a query that never ends was listened to for ever";
}

TEST_F(HostileClient, ReadersThatNeverReadKeepNobodyWaiting) {
    std::vector<ClientSocket> deaf;
    for (int i = 0; i < 50; ++i) {
        deaf.push_back(connected());
        deaf.back().send("get chat\n");
    }

    EXPECT_EQ(chat(), "1700000000 a.example 80");
}

TEST_F(HostileClient, ResetsAreNothingToIt) {
    for (int i = 0; i < 100; ++i) {
        ClientSocket socket = connected();
        if (i % 2 == 0) socket.send("get chat\n");
        socket.reset();
    }

    EXPECT_EQ(chat(), "1700000000 a.example 80");
}

TEST_F(HostileClient, TwoMebibytesOfInsertAreTakenOrRefusedButNotKept) {
    std::string insert = "insert flood";
    for (int i = 0; insert.size() < (std::size_t{2} << 20); ++i)
        insert += "\n1700000000 host" + std::to_string(i) + ".example 80";
    const std::uint64_t before = bench::memory_of(daemon_.process().pid()).rss_bytes;

    for (int i = 0; i < 3; ++i) {
        ClientSocket socket = connected();
        socket.send(insert);
        EXPECT_NE(socket.read_all().end, ClientSocket::Answer::End::silence);
    }

    EXPECT_EQ(chat(), "1700000000 a.example 80");
    const std::uint64_t after = bench::memory_of(daemon_.process().pid()).rss_bytes;
    EXPECT_LT(after, before + (std::uint64_t{64} << 20));
}

TEST_F(HostileClient, EveryFirstByteWithRubbishBehindItIsSurvived) {
    const unsigned seed = std::random_device{}();
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random{seed};
    for (int first = 0; first < 256; ++first) {
        std::string rubbish(1 + random() % 4096, '\0');
        for (char& byte : rubbish) byte = static_cast<char>(random());
        rubbish[0] = static_cast<char>(first);
        ClientSocket socket = connected();
        socket.send(rubbish);
        socket.half_close();
        EXPECT_NE(socket.read_all().end, ClientSocket::Answer::End::silence) << "first byte " << first;
    }

    EXPECT_EQ(chat(), "1700000000 a.example 80");
}

TEST_F(HostileClient, ThreeHundredConnectionsOfOneSourceLeaveRoomForOthers) {
    std::vector<ClientSocket> many;
    for (int i = 0; i < 300; ++i) {
        Result<ClientSocket> socket = ClientSocket::connect(daemon_.endpoint(), generous);
        if (!socket) continue;
        socket->send("get ch");
        many.push_back(std::move(socket).value());
    }

    Result<ClientSocket> other = ClientSocket::connect(daemon_.endpoint(), soon, "127.9.0.1");
    ASSERT_TRUE(other) << other.error().message;
    other->send("get chat\n");
    EXPECT_EQ(other->read_all().bytes, "1700000000 a.example 80");

    many.clear();
    EXPECT_TRUE(eventually([&] { return chat() == "1700000000 a.example 80"; }));
}

TEST_F(HostileClient, NamesWithoutEndDoNotFillTheDirectory) {
    for (int i = 0; i < 2000; ++i) daemon_.ask("get stranger" + std::to_string(i) + "\n");

    EXPECT_LE(lines_of(daemon_.ask("get labels[0:5000]\n")).size(), 200U) << "64 new labels per source and hour";
}

TEST_F(HostileClient, WhatNobodyCouldDialIsRefused) {
    for (const std::string line :
         {"1700000000 h 0", "1700000000 h 65536", "1700000000 \x1b[31m 80", "1700000000 h\x01 80"}) {
        EXPECT_EQ(daemon_.ask("insert bad\n" + line), "failure: bad " + line);
    }

    EXPECT_EQ(daemon_.ask("get bad\n"), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
