#include "overlay/input_account.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

// Keeps bytes for connections, and ends those that it is told to.
struct Holder final : InputHolder {
    explicit Holder(InputAccount& whole) : account(whole) {}
    void keep(int stream, const Endpoint& source, std::size_t bytes) {
        account.set(shares[stream], *this, StreamId{static_cast<std::uint64_t>(stream)}, source, bytes);
    }
    void drop_input(StreamId stream) override {
        const int which = static_cast<int>(stream);
        dropped.push_back(which);
        shares.erase(which);
    }
    InputAccount& account;
    std::map<int, InputAccount::Share> shares;
    std::vector<int> dropped;
};

const Endpoint alice{"10.1.0.1", 1}, neighbour{"10.1.0.2", 1}, bob{"10.2.0.1", 1};

TEST(InputAccount, IsWithinItsMaximumAtTheEndOfATurn) {
    InputAccount account(1000);
    Holder holder(account);
    holder.keep(1, alice, 600);
    holder.keep(2, bob, 400);
    account.relieve();
    EXPECT_TRUE(holder.dropped.empty());
    holder.keep(2, bob, 500);
    EXPECT_TRUE(holder.dropped.empty()) << "only at the end of the turn";
    account.relieve();
    EXPECT_EQ(holder.dropped, std::vector{1});
    EXPECT_EQ(account.bytes(), 500u);
    EXPECT_EQ(account.dropped(), 1u);
}

TEST(InputAccount, TheFullestAddressOfTheFullestGroupPaysWithItsLargestConnection) {
    InputAccount account(1000);
    Holder holder(account);
    holder.keep(1, bob, 450);
    holder.keep(2, neighbour, 200);
    holder.keep(3, alice, 100);
    holder.keep(4, alice, 150);
    account.relieve();
    EXPECT_TRUE(holder.dropped.empty());
    holder.keep(3, alice, 240);
    account.relieve();
    EXPECT_EQ(holder.dropped, std::vector{3})
        << "the group 10.1 has more than bob, and alice more than her neighbour";
}

TEST(InputAccount, IsOneForAllProtocols) {
    InputAccount account(1000);
    Holder text(account), records(account);
    text.keep(1, alice, 300);
    records.keep(1, alice, 500);
    records.keep(2, bob, 400);
    std::vector<std::size_t> told;
    account.on_dropped([&](const Endpoint& source, std::size_t bytes) {
        EXPECT_EQ(source, alice);
        told.push_back(bytes);
    });
    account.relieve();
    EXPECT_EQ(records.dropped, std::vector{1});
    EXPECT_TRUE(text.dropped.empty());
    EXPECT_EQ(told, std::vector<std::size_t>{500});
}

TEST(InputAccount, GetsEverythingBack) {
    InputAccount account(1000);
    {
        Holder holder(account);
        holder.keep(1, alice, 300);
        holder.keep(1, alice, 0);
        holder.keep(1, alice, 0);
        EXPECT_EQ(account.bytes(), 0u);
        holder.keep(1, alice, 200);
        holder.keep(2, bob, 200);
        EXPECT_EQ(account.take_peak(), 400u);
        holder.shares.erase(2);
        EXPECT_EQ(account.bytes(), 200u);
    }
    EXPECT_EQ(account.bytes(), 0u);
    EXPECT_EQ(account.take_peak(), 400u);
    EXPECT_EQ(account.take_peak(), 0u);
}

// A holder may be unable to end a connection at once.
TEST(InputAccount, AsksAHolderThatKeepsItsBytesOnceATurn) {
    struct Stubborn final : InputHolder {
        void drop_input(StreamId) override { ++asked; }
        int asked = 0;
    } holder;
    InputAccount account(1000);
    InputAccount::Share share;
    account.set(share, holder, StreamId{1}, alice, 2000);
    account.relieve();
    EXPECT_EQ(holder.asked, 1);
    account.relieve();
    EXPECT_EQ(holder.asked, 2);
}

// The same sums as a model that adds up all connections.
TEST(InputAccount, AgreesWithANaiveModel) {
    InputAccount account(std::size_t{1} << 40);
    Holder holder(account);
    std::map<int, std::size_t> model;
    std::mt19937 dice(5);
    for (int step = 0; step < 5000; ++step) {
        const int stream = static_cast<int>(dice() % 40);
        if (dice() % 4 == 0) {
            holder.shares.erase(stream);
            model.erase(stream);
        } else {
            const std::string host = "10." + std::to_string(stream % 3) + ".0." + std::to_string(stream % 7);
            model[stream] = dice() % 1000;
            holder.keep(stream, {host, 1}, model[stream]);
        }
        std::size_t sum = 0;
        for (const auto& [key, bytes] : model) sum += bytes;
        ASSERT_EQ(account.bytes(), sum) << "step " << step;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
