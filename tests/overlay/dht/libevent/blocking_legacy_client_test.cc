// The blocking legacy client on real sockets. The nodes are processes of their own.
#include "overlay/dht/libevent/blocking_legacy_client.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/libevent/limits.h"
#include "store/records/memory_store.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A legacy node in a process of its own, with `records` records of `bytes` bytes in the channel `full`.
class ForkedLegacyNode {
public:
    explicit ForkedLegacyNode(const HashRange& range, std::uint64_t records = 0, std::size_t bytes = 0) {
        int ends[2];
        EXPECT_EQ(pipe(ends), 0);
        child_ = fork();
        if (child_ == 0) serve(range, records, bytes, ends[1]);
        std::uint16_t port = 0;
        EXPECT_EQ(::read(ends[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
        close(ends[0]);
        close(ends[1]);
        address = {"127.0.0.1", port};
    }
    ~ForkedLegacyNode() { die(); }
    void die() {
        if (child_ <= 0) return;
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
        child_ = -1;
    }
    void stop(bool stopped) const { kill(child_, stopped ? SIGSTOP : SIGCONT); }
    Endpoint address;

private:
    [[noreturn]] static void serve(const HashRange& range, std::uint64_t records, std::size_t bytes, int tell) {
        LibeventWorld world(limits_for_streaming(100));
        MemoryStore store;
        WriteLog log(store);
        std::uint64_t word = 1;
        std::string value(bytes, '\0');
        for (std::uint64_t key = 0; key < records; ++key) {
            for (char& byte : value) byte = static_cast<char>((word = word * 6364136223846793005U + 1) >> 56);
            log.put(Channel::parse("full").value(), Key{key}, value, {});
        }
        DhtNodeOptions options;
        options.range = range;
        options.protocol = DhtProtocol::legacy;
        options.legacy.flush_interval = milliseconds{1};
        DhtNode node(world.environment(), log, options);
        world.attach(node);
        const std::uint16_t port = world.listen({"127.0.0.1", 0}).value().port;
        if (::write(tell, &port, sizeof port) != static_cast<ssize_t>(sizeof port)) _exit(1);
        world.run();
        _exit(0);
    }
    pid_t child_ = -1;
};

TEST(BlockingLegacyClient, DoesEverythingInStraightLines) {
    const auto halves = HashRange::full().split(2);
    ForkedLegacyNode lower(halves[0]), upper(halves[1]);
    BlockingLegacyClient dht;
    ASSERT_TRUE(dht.connect({lower.address, upper.address}).complete);
    for (std::uint64_t key = 0; key < 50; ++key) ASSERT_TRUE(dht.put("chan", Key{key}, "v" + std::to_string(key)));
    EXPECT_EQ(dht.get("chan", Key{7}).value(), "v7");
    EXPECT_EQ(dht.get("chan", Key{70}).value(), std::nullopt);
    EXPECT_TRUE(dht.exists("chan", Key{8}).value());
    ASSERT_TRUE(dht.remove("chan", Key{8}));
    EXPECT_FALSE(dht.exists("chan", Key{8}).value());
    EXPECT_EQ(dht.put("chan", Key{1}, "").error().code, ErrorCode::invalid);
    std::map<std::uint64_t, std::string> records;
    ASSERT_TRUE(dht.get_all("chan", {},
                            [&](Key key, Bytes value) { return records.emplace(value_of(key), value).second; }));
    EXPECT_EQ(records.size(), 49U);
    EXPECT_EQ(records[49], "v49");
    int some = 0;
    ASSERT_TRUE(dht.get_all("chan", {true, ""}, [&](Key, Bytes) { return ++some < 3; }));
    EXPECT_EQ(some, 3);
    EXPECT_EQ(dht.get_channels().value(), std::vector<std::string>{"chan"});
    EXPECT_EQ(dht.get_channel_size("chan").value().records, 49U);
    EXPECT_EQ(dht.get_size().value().by_node.size(), 2U);
    EXPECT_EQ(dht.get_num_connections().value().size(), 2U);
    ASSERT_TRUE(dht.remove_channel("chan"));
    EXPECT_EQ(dht.get_channel_size("chan").value().records, 0U);
}

TEST(BlockingLegacyClient, NamesWhatADeadNodeHasAndAcceptsItIfTold) {
    const auto halves = HashRange::full().split(2);
    ForkedLegacyNode lower(halves[0]), upper(halves[1]);
    BlockingLegacyOptions options;
    options.timeout = seconds{5};
    BlockingLegacyClient whole(options);
    options.partial = true;
    options.refusal_patience = milliseconds{10};
    BlockingLegacyClient partial(options);
    ASSERT_TRUE(whole.connect({lower.address, upper.address}).complete);
    ASSERT_TRUE(whole.put("chan", Key{2}, "even"));
    upper.die();
    const auto names = whole.get_channels();
    ASSERT_FALSE(names);
    EXPECT_NE(names.error().message.find("no answer for 0x8000000000000000 to 0xffffffffffffffff"),
              std::string::npos)
        << names.error().message;
    const HandshakeOutcome how = partial.connect({lower.address, upper.address});
    EXPECT_EQ(how.failures.size(), 1U);
    EXPECT_EQ(partial.get_channels().value(), std::vector<std::string>{"chan"});
    EXPECT_EQ(partial.cover().missing, std::vector{halves[1]});
    EXPECT_EQ(partial.put("chan", Key{1}, "odd").error().code, ErrorCode::unreachable);
}

TEST(BlockingLegacyClient, HoldsTheNodeBackWhileARequestIsSuspended) {
    ForkedLegacyNode node(HashRange::full(), 20'000, 1000);
    BlockingLegacyClient dht;
    ASSERT_TRUE(dht.connect({node.address}).complete);
    std::size_t told = 0;
    bool over = false;
    LegacyDhtClient::Id id = 0;
    id = dht.client().get_all("full", [&](const legacy::About&, const legacy::Note& note) {
        if (std::holds_alternative<legacy::GotRecord>(note) && ++told == 10) dht.client().suspend(id);
        over = over || std::holds_alternative<legacy::GroupFinished>(note);
    });
    dht.run_until([&] { return told == 10; }, seconds{10});
    const auto received = [&] { return dht.client().stats().nodes[0].bytes_in; };
    const std::uint64_t before = received();
    dht.run_until([] { return false; }, milliseconds{100});
    EXPECT_EQ(told, 10U);
    EXPECT_EQ(received(), before) << "what the kernels hold, and no more";
    EXPECT_TRUE(dht.client().resume(id));
    dht.run_until([&] { return over; }, seconds{20});
    EXPECT_EQ(told, 20'000U);
    EXPECT_GT(received(), std::uint64_t{20'000'000});
}

TEST(BlockingLegacyClient, TimesOutWhereANodeIsSilentAndGoesOnWithTheNext) {
    const auto halves = HashRange::full().split(2);
    ForkedLegacyNode lower(halves[0]), upper(halves[1]);
    BlockingLegacyOptions options;
    options.timeout = milliseconds{300};
    BlockingLegacyClient dht(options);
    ASSERT_TRUE(dht.connect({lower.address, upper.address}).complete);
    lower.stop(true);
    EXPECT_EQ(dht.put("chan", Key{2}, "even").error().code, ErrorCode::timed_out);
    EXPECT_TRUE(dht.put("chan", Key{1}, "odd"));
    lower.stop(false);
    EXPECT_TRUE(dht.put("chan", Key{2}, "even"));
}

TEST(BlockingLegacyClient, ListensAndDoesManyThingsAtATime) {
    ForkedLegacyNode node(HashRange::full());
    BlockingLegacyOptions options;
    options.client.links.queue_bytes = std::size_t{1} << 20;
    BlockingLegacyClient dht(options), listener;
    ASSERT_TRUE(dht.connect({node.address}).complete);
    ASSERT_TRUE(listener.connect({node.address}).complete);
    std::size_t heard = 0;
    listener.client().listen("chan", [&](const legacy::About&, const legacy::Note& note) {
        heard += std::holds_alternative<legacy::GotRecord>(note) ? 1 : 0;
    });
    // Nothing tells when a Listen has begun but a record that comes.
    for (int attempts = 0; attempts < 500 && heard == 0; ++attempts) {
        ASSERT_TRUE(dht.put("chan", Key{0}, "trial"));
        listener.run_until([&] { return heard > 0; }, milliseconds{20});
    }
    listener.run_until([] { return false; }, milliseconds{50});
    heard = 0;
    ASSERT_TRUE(dht.perform([](LegacyDhtClient& client, const legacy::Notifier& notify) {
        for (std::uint64_t key = 1; key <= 1000; ++key) client.put("chan", Key{key}, "v", notify);
    }));
    EXPECT_TRUE(listener.run_until([&] { return heard == 1000; }, seconds{10})) << heard;
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
