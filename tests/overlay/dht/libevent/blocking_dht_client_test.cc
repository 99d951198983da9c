// The blocking client on real sockets. The nodes are processes of their own.
#include "overlay/dht/libevent/blocking_dht_client.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/libevent/limits.h"
#include "store/records/memory_store.h"

namespace halp {
namespace HALP_TEST_FILE {

// A node in a process of its own.
class ForkedNode {
public:
    explicit ForkedNode(const HashRange& range) {
        int ends[2];
        EXPECT_EQ(pipe(ends), 0);
        child_ = fork();
        if (child_ == 0) serve(range, ends[1]);
        std::uint16_t port = 0;
        EXPECT_EQ(::read(ends[0], &port, sizeof port), static_cast<ssize_t>(sizeof port));
        close(ends[0]);
        close(ends[1]);
        address = {"127.0.0.1", port};
    }
    ~ForkedNode() {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    Endpoint address;

private:
    [[noreturn]] static void serve(const HashRange& range, int tell) {
        LibeventWorld world(limits_for_streaming(100));
        MemoryStore store;
        WriteLog records(store);
        DhtNodeOptions options;
        options.range = range;
        DhtNode node(world.environment(), records, options);
        world.attach(node);
        const std::uint16_t port = world.listen({"127.0.0.1", 0}).value().port;
        if (::write(tell, &port, sizeof port) != static_cast<ssize_t>(sizeof port)) _exit(1);
        world.run();
        _exit(0);
    }
    pid_t child_ = -1;
};

// Bytes that no compression shrinks.
std::string noise(std::size_t bytes, std::uint64_t& word) {
    std::string value;
    while (value.size() < bytes) {
        word = word * 6364136223846793005U + 1442695040888963407U;
        value.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
    return value;
}

BlockingDhtOptions as_admin(Duration timeout = std::chrono::seconds{10}) {
    BlockingDhtOptions options;
    options.client.credential.name = "admin";
    options.timeout = timeout;
    return options;
}

TEST(BlockingDhtClient, DoesEverythingInStraightLines) {
    const auto halves = HashRange::full().split(2);
    ForkedNode lower(halves[0]), upper(halves[1]);
    BlockingDhtClient dht(as_admin());
    ASSERT_TRUE(dht.connect_file(lower.address.text() + "\n" + upper.address.text() + "\n"));
    for (std::uint64_t key = 0; key < 50; ++key) ASSERT_TRUE(dht.put("chan", Key{key}, "v" + std::to_string(key)));
    EXPECT_EQ(dht.get("chan", Key{7}).value(), "v7");
    EXPECT_EQ(dht.get("chan", Key{70}).value(), std::nullopt);
    EXPECT_TRUE(dht.exists("chan", Key{7}).value());
    EXPECT_TRUE(dht.update("chan", Key{7}, [](Bytes) { return dht::UpdateChoice::replace("new"); }).value());
    EXPECT_EQ(dht.get("chan", Key{7}).value(), "new");
    EXPECT_TRUE(dht.remove("chan", Key{7}).value());
    EXPECT_FALSE(dht.remove("chan", Key{7}).value());
    std::map<std::uint64_t, std::string> all;
    const auto gather = [&](Key key, Bytes value) {
        all[value_of(key)] = value;
        return true;
    };
    ASSERT_TRUE(dht.get_all("chan", {}, gather));
    EXPECT_EQ(all.size(), 49U);
    EXPECT_EQ(all[8], "v8");
    int seen = 0;
    ASSERT_TRUE(dht.get_all("chan", {}, [&](Key, Bytes) { return ++seen < 5; }));
    EXPECT_EQ(seen, 5);
    EXPECT_EQ(dht.get_channels().value(), (std::vector<std::string>{"chan"}));
    int refreshed = 0;
    const auto count = [&](const dht::MirrorNote& note) {
        refreshed += std::holds_alternative<dht::Refreshed>(note) ? 1 : 0;
        return refreshed < 49;
    };
    ASSERT_TRUE(dht.mirror("chan", {}, std::chrono::seconds{5}, count));
    EXPECT_EQ(refreshed, 49);
    ASSERT_TRUE(dht.remove_channel("chan"));
    EXPECT_TRUE(dht.get_channels().value().empty());
    EXPECT_EQ(dht.client().stats().requests_active, 0U);
}

TEST(BlockingDhtClient, WaitsForAsManyNodesAsAreAskedFor) {
    const auto halves = HashRange::full().split(2);
    ForkedNode lower(halves[0]);
    BlockingDhtClient dht(as_admin(std::chrono::milliseconds{300}));
    EXPECT_FALSE(dht.wait_all_connected()) << "without a node";
    ASSERT_TRUE(dht.client().add_node(lower.address));
    EXPECT_TRUE(dht.wait_all_connected());
    EXPECT_TRUE(dht.wait_all_ranges_known());
    EXPECT_FALSE(dht.wait_connected(2));
    EXPECT_TRUE(dht.wait_ranges_known(1));
    ForkedNode upper(halves[1]);
    ASSERT_TRUE(dht.client().add_node(upper.address));
    EXPECT_TRUE(dht.wait_connected(2));
    EXPECT_TRUE(dht.wait_ranges_known(2));
    EXPECT_TRUE(dht.wait_all_ranges_known());
    EXPECT_EQ(dht.client().stats().nodes_with_range, 2U);
}

TEST(BlockingDhtClient, ReadsAllOfAChannelHoweverLongThatTakes) {
    ForkedNode node(HashRange::full());
    BlockingDhtClient writer(as_admin());
    ASSERT_TRUE(writer.connect(node.address));
    for (std::uint64_t key = 0; key < 40; ++key) ASSERT_TRUE(writer.put("big", Key{key}, std::string(60'000, 'x')));
    // The consumer takes longer with one record than a call may wait, and much longer with all of them.
    BlockingDhtClient reader(as_admin(std::chrono::milliseconds{50}));
    ASSERT_TRUE(reader.connect(node.address));
    std::size_t seen = 0;
    const auto look = [&](Key, Bytes) {
        const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{seen == 0 ? 150 : 10};
        while (std::chrono::steady_clock::now() < until) {
        }
        ++seen;
        return true;
    };
    EXPECT_TRUE(reader.get_all("big", {}, look));
    EXPECT_EQ(seen, 40U);
}

TEST(BlockingDhtClient, GivesUpEarlyWhenAllThatIsMissingHasRefused) {
    ForkedNode node(HashRange::full());
    BlockingDhtOptions options = as_admin(std::chrono::seconds{60});
    options.refusal_patience = std::chrono::milliseconds{50};
    BlockingDhtClient dht(options);
    const Endpoint nobody{"127.0.0.1", 1};
    const auto began = std::chrono::steady_clock::now();
    const auto connected = dht.connect({node.address, nobody});
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds{30});
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().message, "127.0.0.1:1: connection refused");
    EXPECT_EQ(dht.trouble(node.address), nullptr);
    ASSERT_NE(dht.trouble(nobody), nullptr);
    EXPECT_TRUE(dht.put("chan", Key{1}, "x"));  // the other nodes are used
}

TEST(BlockingDhtClient, ADefaultClientAndANodeForTestsFitTogether) {
    ForkedNode node(HashRange::full());
    BlockingDhtClient dht;
    ASSERT_TRUE(dht.connect(node.address));
    EXPECT_TRUE(dht.put("chan", Key{1}, "x"));
    const auto removed = dht.remove_channel("chan");
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().code, ErrorCode::refused) << "that is for `admin`";
}

TEST(BlockingDhtClient, ARejectedClientIsToldAtOnce) {
    ForkedNode node(HashRange::full());
    BlockingDhtOptions options = as_admin(std::chrono::minutes{5});
    options.client.credential.name = "nobody";
    const std::string rejected = node.address.text() + ": rejected";
    const auto began = std::chrono::steady_clock::now();
    BlockingDhtClient dht(options), later(options);
    EXPECT_EQ(dht.connect(node.address).error().message, rejected);
    later.client().add_node(node.address);
    EXPECT_EQ(later.wait_all_ranges_known().error().message, rejected);
    EXPECT_EQ(later.wait_all_connected().error().message, rejected);
    EXPECT_EQ(later.wait_connected(1).error().message, rejected);
    EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::minutes{1});
}

TEST(BlockingDhtClient, TakesNodesFromAListSomeOfWhichAreGone) {
    struct Listed final : NodeSource {
        std::vector<Endpoint> all;
        std::vector<Endpoint> nodes() override { return all; }
    } list;
    ForkedNode node(HashRange::full());
    list.all = {{"127.0.0.1", 1}, node.address};
    BlockingDhtClient dht(as_admin());
    ASSERT_TRUE(dht.connect_source(list));
    EXPECT_TRUE(dht.put("chan", Key{1}, "x"));
    // A node that has never answered is a hint only, so no request waits for it.
    EXPECT_EQ(dht.get_channels().value(), std::vector<std::string>{"chan"});
}

TEST(BlockingDhtClient, CountsANodeOfTwoNamesOnce) {
    ForkedNode node(HashRange::full());
    const std::string port = std::to_string(node.address.port);
    BlockingDhtClient dht(as_admin());
    ASSERT_TRUE(dht.connect_file("127.0.0.1:" + port + "\nlocalhost:" + port + "\n"));
    for (std::uint64_t key = 0; key < 20; ++key) ASSERT_TRUE(dht.put("chan", Key{key}, "v"));
    int seen = 0;
    ASSERT_TRUE(dht.get_all("chan", {}, [&](Key, Bytes) { return ++seen > 0; }));
    EXPECT_EQ(seen, 20) << "each record once";
    EXPECT_EQ(dht.client().stats().nodes, 1U);
    EXPECT_EQ(dht.client().stats().nodes_connected, 1U);
    EXPECT_TRUE(dht.client().all_ranges_known());
    EXPECT_FALSE(dht.client().add_node({"localhost", node.address.port})) << "it is known, by its other name";
}

TEST(BlockingDhtClient, ARequestThatBeganWithBothNamesOfANodeEnds) {
    ForkedNode node(HashRange::full());
    BlockingDhtClient dht(as_admin());
    dht.client().add_node(node.address);
    dht.client().add_node({"localhost", node.address.port});
    int finished = 0;
    ASSERT_TRUE(dht.client().get_channels([&](const dht::GetChannelsNote& note) {
        finished += std::holds_alternative<dht::Finished>(note) ? 1 : 0;
    }));
    EXPECT_TRUE(dht.run_until([&] { return finished > 0; }, std::chrono::seconds{10}));
}

// A consumer with limited room. It suspends the stream as back-pressure while the sockets fill up.
TEST(BlockingDhtClient, AConsumerThatSuspendsAgainAndAgainGetsEveryRecordOnce) {
    constexpr std::uint64_t records = 3000;
    ForkedNode node(HashRange::full());
    BlockingDhtClient dht(as_admin());
    ASSERT_TRUE(dht.connect(node.address));
    std::uint64_t word = 1, stored = 0;
    for (std::uint64_t key = 0; key < records; ++key) {
        ASSERT_TRUE(dht.client().put("chan", Key{key}, noise(8192, word), [&](const dht::PutNote& note) {
            EXPECT_TRUE(std::holds_alternative<dht::Succeeded>(note)) << describe(note);
            ++stored;
        }));
    }
    ASSERT_TRUE(dht.run_until([&] { return stored == records; }, std::chrono::seconds{20})) << stored;

    std::map<std::uint64_t, int> seen;
    std::size_t rests = 0;
    bool finished = false, resting = false;
    DhtRequestId id{};
    const auto hear = [&](const dht::GetAllNote& note) {
        if (const auto* record = std::get_if<dht::RecordReceived>(&note)) {
            ++seen[value_of(record->key)];
            EXPECT_FALSE(resting) << "a record between Suspended and Resumed";
            if (seen.size() % 500 == 100) static_cast<void>(dht.client().suspend(id));
        }
        if (std::holds_alternative<dht::Suspended>(note)) ++rests, resting = true;
        if (std::holds_alternative<dht::Resumed>(note)) resting = false;
        finished = finished || std::holds_alternative<dht::Finished>(note);
    };
    id = dht.client().get_all("chan", {}, hear).value();
    for (int turns = 0; turns < 200 && !finished; ++turns) {
        static_cast<void>(dht.run_until([&] { return resting || finished; }, std::chrono::seconds{2}));
        const std::size_t before = seen.size();
        static_cast<void>(dht.run_until([] { return false; }, std::chrono::milliseconds{10}));
        EXPECT_TRUE(!resting || seen.size() == before);
        resting = false;  // records under way may arrive before Resumed
        static_cast<void>(dht.client().resume(id));
    }
    EXPECT_TRUE(finished);
    EXPECT_EQ(seen.size(), records);
    for (const auto& one : seen) ASSERT_EQ(one.second, 1) << "key " << one.first;
    EXPECT_GT(rests, 0U);
}

// ---- configuration files of the originals ----

TEST(BlockingDhtClient, ConnectsWithANodesFileAndACredentialsFile) {
    const ForkedNode node(HashRange::full());
    std::string directory = (std::filesystem::temp_directory_path() / "halp-client-XXXXXX").string();
    ASSERT_NE(::mkdtemp(directory.data()), nullptr);
    const std::string nodes = directory + "/nodes", credentials = directory + "/credentials";
    std::ofstream(nodes) << "# a node\n" << node.address.text() << "\n";
    std::ofstream(credentials) << "admin:" << std::string(256, '0') << "\n";
    const auto dht = BlockingDhtClient::from_files(nodes, credentials);
    std::filesystem::remove_all(directory);
    ASSERT_TRUE(dht) << dht.error().message;
    ASSERT_TRUE((*dht)->wait_all_ranges_known());
    ASSERT_TRUE((*dht)->put("chan", Key{1}, "one"));
    EXPECT_EQ((*dht)->get("chan", Key{1}).value(), "one");
}

// ---- calls with a notifier ----

TEST(BlockingDhtClient, HandsOnTheNoteOfEachRequestAndReturns) {
    ForkedNode node(HashRange::full());
    std::vector<std::string> connections, notes;
    BlockingDhtOptions options = as_admin();
    options.on_connection = dht::log_connections([&](std::string_view line) { connections.emplace_back(line); });
    BlockingDhtClient dht(std::move(options));
    ASSERT_TRUE(dht.connect(node.address));
    ASSERT_EQ(connections.size(), 2U);
    EXPECT_EQ(connections[0], "connected to " + node.address.text());
    const auto hear = [&](const auto& note) { notes.push_back(describe(note)); };
    const auto longer = [](Bytes old) { return dht::UpdateChoice::replace(std::string(old) + "!"); };
    EXPECT_TRUE(dht.get("chan", Key{1}, hear));
    EXPECT_TRUE(dht.put("chan", Key{1}, "one", hear));
    EXPECT_TRUE(dht.update("chan", Key{1}, longer, hear));
    EXPECT_TRUE(dht.get("chan", Key{1}, hear));
    EXPECT_TRUE(dht.exists("chan", Key{1}, hear));
    EXPECT_TRUE(dht.remove("chan", Key{1}, hear));
    EXPECT_TRUE(dht.remove("chan", Key{1}, hear));
    EXPECT_TRUE(dht.put("chan", Key{1}, std::string(70'000, 'x'), hear)) << "told by the note";
    EXPECT_EQ(notes, (std::vector<std::string>{"no record", "succeeded", "succeeded", "received 4 bytes",
                                               "the record exists", "removed", "no record",
                                               "a value of 70000 bytes is too big, at most 65512 can be sent"}));
}

TEST(BlockingDhtClient, WithoutANodeNothingBegins) {
    BlockingDhtClient dht;
    const auto never = [](const dht::PutNote&) { ADD_FAILURE() << "a note"; };
    const auto put = dht.put("chan", Key{1}, "x", never);
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::unreachable);
}

// ---- range-based loops ----

class BlockingDhtLoops : public ::testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(dht.connect({lower.address, upper.address}));
        for (std::uint64_t key = 0; key < 300; ++key)
            ASSERT_TRUE(dht.put("chan", Key{key}, "v" + std::to_string(key)));
    }
    std::vector<HashRange> halves = HashRange::full().split(2);
    ForkedNode lower{halves[0]}, upper{halves[1]};
    BlockingDhtClient dht{as_admin()};
};

TEST_F(BlockingDhtLoops, GoOverAllRecords) {
    std::map<std::uint64_t, std::string> all;
    DhtRecords records = dht.records("chan");
    for (const DhtRecord& record : records) all[value_of(record.key)] = record.value;
    EXPECT_FALSE(records.error());
    EXPECT_EQ(all.size(), 300U);
    EXPECT_EQ(all[77], "v77");
    EXPECT_EQ(records.next(), nullptr) << "it stays at its end";
    std::size_t with_nines = 0;
    for (const DhtRecord& record : dht.records("chan", {true, "99"})) {
        EXPECT_TRUE(record.value.empty()) << "only keys were asked for";
        ++with_nines;
    }
    EXPECT_EQ(with_nines, 3U) << "99, 199 and 299";
    for (const DhtRecord& record : dht.records("none")) ADD_FAILURE() << key_text(record.key);
}

TEST_F(BlockingDhtLoops, CanBeLeftAndTheNodesAreInOrder) {
    for (int round = 0; round < 3; ++round) {
        int seen = 0;
        for (const DhtRecord& record : dht.records("chan")) {
            EXPECT_FALSE(record.value.empty());
            if (++seen == 5) break;
        }
        EXPECT_EQ(seen, 5);
        EXPECT_EQ(dht.client().stats().requests_active, 0U);
        EXPECT_EQ(dht.get("chan", Key{7}).value(), "v7");
    }
}

TEST_F(BlockingDhtLoops, GoOverChannels) {
    ASSERT_TRUE(dht.put("more", Key{0}, "x"));  // this channel is on one node only, the other one is on both
    std::vector<std::string> names;
    DhtChannels channels = dht.channels();
    for (const std::string& name : channels) names.push_back(name);
    EXPECT_FALSE(channels.error());
    std::ranges::sort(names);
    EXPECT_EQ(names, (std::vector<std::string>{"chan", "more"}));
    for (const std::string& name : dht.channels()) {
        EXPECT_FALSE(name.empty());
        break;
    }
    EXPECT_TRUE(dht.exists("chan", Key{1}).value());
}

TEST_F(BlockingDhtLoops, TheBodyMayAskForSomethingElse) {
    std::size_t seen = 0;
    for (const DhtRecord& record : dht.records("chan")) {
        EXPECT_EQ(dht.get("chan", record.key).value(), record.value);
        ++seen;
    }
    EXPECT_EQ(seen, 300U);
}

TEST_F(BlockingDhtLoops, ABodyThatKeepsTheLoopBusyIsNotFlooded) {
    constexpr std::size_t bytes = 60'000, count = 600;  // 36 MB, of which 8 MiB may wait
    std::size_t stored = 0;
    std::uint64_t word = 1;
    for (std::uint64_t key = 0; key < count; ++key)
        ASSERT_TRUE(dht.client().put("big", Key{key}, noise(bytes, word), [&](const dht::PutNote&) { ++stored; }));
    ASSERT_TRUE(dht.run_until([&] { return stored == count; }, std::chrono::seconds{30}));
    DhtRecords records = dht.records("big");
    ASSERT_NE(records.next(), nullptr);
    // The loop runs, and no record is asked for.
    EXPECT_FALSE(dht.run_until([] { return false; }, std::chrono::milliseconds{300}));
    const auto received = dht.client().stats().links.bytes_in;
    EXPECT_LT(received, std::uint64_t{20} << 20);
    EXPECT_FALSE(dht.run_until([] { return false; }, std::chrono::milliseconds{300}));
    EXPECT_EQ(dht.client().stats().links.bytes_in, received) << "suspended";
    EXPECT_EQ(dht.client().stats().requests_active, 1U);
    std::size_t seen = 1;
    while (records.next() != nullptr) ++seen;
    EXPECT_EQ(seen, count);
    EXPECT_FALSE(records.error());
}

TEST(BlockingDhtClient, ALoopThatWaitsInVainEndsWithAnError) {
    auto node = std::make_unique<ForkedNode>(HashRange::full());
    BlockingDhtClient dht(as_admin(std::chrono::milliseconds{300}));
    ASSERT_TRUE(dht.connect(node->address));
    ASSERT_TRUE(dht.put("chan", Key{1}, "x"));
    node.reset();
    EXPECT_FALSE(dht.get("chan", Key{1}));
    DhtRecords records = dht.records("chan");
    EXPECT_EQ(records.next(), nullptr);
    ASSERT_TRUE(records.error());
    EXPECT_EQ(records.error()->code, ErrorCode::timed_out);
    DhtChannels channels = dht.channels();
    EXPECT_EQ(channels.next(), nullptr);
    EXPECT_TRUE(channels.error());
    EXPECT_EQ(dht.client().stats().requests_active, 0U);
}

// A client that knows one node of two: every request to all nodes is an error that names the other half.
TEST(BlockingDhtClient, MissesTheKeysOfANodeThatItDoesNotKnow) {
    const auto halves = HashRange::full().split(2);
    ForkedNode lower(halves[0]), upper(halves[1]);
    const std::vector<HashRange> missing{halves[1]};
    const std::string named = "no answer for 0x8000000000000000 to 0xffffffffffffffff";
    BlockingDhtClient dht(as_admin());
    ASSERT_TRUE(dht.connect(lower.address));
    ASSERT_TRUE(dht.put("chan", Key{2}, "x"));
    int seen = 0;
    const auto read = dht.get_all("chan", {}, [&](Key, Bytes) { return ++seen > 0; });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().message, named);
    EXPECT_EQ(dht.cover().missing, missing);
    EXPECT_EQ(seen, 1) << "what there is has come";
    DhtRecords records = dht.records("chan");
    EXPECT_NE(records.next(), nullptr);
    EXPECT_EQ(records.next(), nullptr);
    ASSERT_TRUE(records.error());
    EXPECT_EQ(records.cover().missing, missing);
    EXPECT_FALSE(dht.get_channels());
    const auto mirrored = dht.mirror("chan", {}, std::chrono::milliseconds{50}, [](const auto&) { return true; });
    ASSERT_FALSE(mirrored);
    EXPECT_EQ(mirrored.error().message, named);
    const auto removed = dht.remove_channel("chan");
    ASSERT_FALSE(removed);
    EXPECT_EQ(removed.error().message, named);

    BlockingDhtOptions options = as_admin();
    options.partial = true;
    BlockingDhtClient accepting(options);
    ASSERT_TRUE(accepting.connect(lower.address));
    ASSERT_TRUE(accepting.put("chan", Key{2}, "x"));
    EXPECT_EQ(accepting.get_channels().value(), std::vector<std::string>{"chan"});
    EXPECT_EQ(accepting.cover().missing, missing);
    EXPECT_TRUE(accepting.remove_channel("chan"));
}

TEST(BlockingDhtClient, SaysWhyNothingCanBeReached) {
    BlockingDhtClient dht(as_admin(std::chrono::milliseconds{300}));
    const auto connected = dht.connect({"127.0.0.1", 1});
    ASSERT_FALSE(connected);
    EXPECT_EQ(connected.error().code, ErrorCode::unreachable);
    EXPECT_EQ(connected.error().message, "127.0.0.1:1: connection refused");
    const auto put = dht.put("chan", Key{1}, "x");
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code, ErrorCode::unreachable);
    EXPECT_FALSE(dht.put("chan", Key{1}, std::string(70'000, 'x')));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
