// Real nodes that grow from one to four and shrink to two while clients of both protocols write and read, with
// nodes killed in the middle.
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "overlay/dht/libevent/blocking_dht_client.h"
#include "tests/tools/dht_daemon.h"
#include "tests/tools/dht_programs.h"
#include "tests/tools/free_port.h"
#include "tests/tools/legacy_peer.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

constexpr std::uint16_t neo_above = 100;

class Nodes {
public:
    void add() {
        const std::uint16_t port = free_port();
        ports.push_back(port);
        homes.push_back(std::make_unique<Home>());
        daemons.emplace_back();
        start(ports.size() - 1);
    }
    void start(std::size_t i) {
        DaemonOptions options;
        const std::string first = i == 0 ? "0000000000000000" : "ffffffffffffffff";
        const std::string last = i == 0 ? "ffffffffffffffff" : "0000000000000000";
        for (const std::string& setting :
             {"dht.port=" + std::to_string(ports[i]), std::string("dht.test_client=true"),
              std::string("dht.durability=process"), "dht.range_min=" + first, "dht.range_max=" + last})
            options.more.insert(options.more.end(), {"--set", setting});
        daemons[i] = std::make_unique<Daemon>(*homes[i], options);
    }
    void kill(std::size_t i) {
        daemons[i]->process().signal(SIGKILL);
        EXPECT_TRUE(daemons[i]->process().wait(generous));
    }
    [[nodiscard]] Endpoint legacy(std::size_t i) const { return {"127.0.0.1", ports[i]}; }
    [[nodiscard]] Endpoint neo(std::size_t i) const {
        return {"127.0.0.1", static_cast<std::uint16_t>(ports[i] + neo_above)};
    }
    // `halp dht redistribute` over all nodes, while `victim` (if there is one) is killed and started again.
    void spread(std::size_t leaving = 0, int victim = -1) {
        std::vector<std::string> argv{HALP_BINARY, "dht", "redistribute"};
        for (std::size_t i = 0; i < ports.size(); ++i) {
            argv.insert(argv.end(), {"--node", legacy(i).text()});
            if (i + leaving >= ports.size()) argv.insert(argv.end(), {"--leave", legacy(i).text()});
        }
        Running verb(*homes[0], "redistribute" + std::to_string(++spreads), argv);  // output goes to new files
        if (victim >= 0) {
            EXPECT_TRUE(verb.says("NODE"));  // the plan; the nodes are told right after it
            kill(static_cast<std::size_t>(victim));
            start(static_cast<std::size_t>(victim));
        }
        EXPECT_EQ(verb.end(), 0) << verb.error() << verb.out();
    }

    int spreads = 0;
    std::vector<std::uint16_t> ports;
    std::vector<std::unique_ptr<Home>> homes;
    std::vector<std::unique_ptr<Daemon>> daemons;
};

BlockingDhtOptions options() {
    BlockingDhtOptions all;
    all.client.credential = neo::Credential{"admin", {}};
    return all;
}

// Writes until it is told to stop. A write that was refused or lost is made again until it is acknowledged.
class NeoLoad {
public:
    explicit NeoLoad(const Nodes& nodes) {
        for (std::size_t i = 0; i < 4; ++i) known_.push_back(nodes.neo(i));
        thread_ = std::thread([this] { run(); });
    }
    void stop() {
        stop_ = true;
        thread_.join();
    }
    std::map<std::uint64_t, std::string> written;
    std::atomic<int> writes{0};
    std::string wrong;

private:
    void run() {
        BlockingDhtClient dht(options());
        for (const Endpoint& node : known_) dht.client().add_node(node);
        for (std::uint64_t n = 0; !stop_ && wrong.empty(); ++n) {
            const std::uint64_t key = n % 400;
            const std::string value = "neo " + std::to_string(n);
            while (!dht.put("chan", Key{key}, value)) std::this_thread::sleep_for(milliseconds{5});
            written[key] = value;
            ++writes;
            const auto found = dht.get("chan", Key{key});
            if (found && found->value_or("none") != value)
                wrong = std::to_string(key) + " is `" + found->value_or("none") + "`, not " + value;
        }
    }
    std::vector<Endpoint> known_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

class LegacyLoad {
public:
    explicit LegacyLoad(const Nodes& nodes) {
        for (std::size_t i = 0; i < 4; ++i) known_.push_back(nodes.legacy(i));
        thread_ = std::thread([this] { run(); });
    }
    void stop() {
        stop_ = true;
        thread_.join();
    }
    std::map<std::uint64_t, std::string> written;

private:
    void run() {
        std::vector<std::unique_ptr<LegacyPeer>> peers(known_.size());
        for (std::uint64_t n = 0; !stop_; ++n) {
            const std::uint64_t key = 1000 + n % 400;
            const std::string value = "legacy " + std::to_string(n);
            for (std::size_t i = 0;; i = (i + 1) % known_.size()) {
                if (!peers[i]) peers[i] = std::make_unique<LegacyPeer>(known_[i]);
                const std::uint32_t status = peers[i]->ask(legacy::Command::put, "chan", key, value);
                if (status == 200) break;
                if (status == 0) peers[i].reset();
                if (i + 1 == known_.size()) std::this_thread::sleep_for(milliseconds{2});
            }
            written[key] = value;
        }
    }
    std::vector<Endpoint> known_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

constexpr std::uint64_t many = 16000;

// So many records that a hand-over takes a while.
void fill(const Endpoint& node) {
    LegacyPeer peer(node);
    neo::RecordBatch batch(neo::KeyForm::digits);
    const std::string value(100, 'x');
    for (std::uint64_t i = 0; i < many;) {
        while (i < many && batch.add(Key{i * 0x9e3779b97f4a7c15}, value) == neo::RecordBatch::Fit::added) ++i;
        std::string packed;
        neo::pack(batch.plain(), packed);
        batch.clear();
        EXPECT_EQ(peer.ask(legacy::Command::put_batch, "many", 0, packed), 200U);
    }
}

TEST(DhtRedistribution, GrowsToFourNodesAndShrinksToTwoUnderLoadWithKills) {
    Nodes nodes;
    for (int i = 0; i < 4; ++i) nodes.add();
    fill(nodes.legacy(0));
    NeoLoad neo(nodes);
    LegacyLoad legacy(nodes);

    nodes.spread(2);     // the first two nodes share the keys
    nodes.spread(0, 0);  // all four, a sender is killed
    nodes.spread(2, 1);  // two leave, a receiver is killed
    EXPECT_TRUE(eventually([&] { return neo.writes > 300; }));
    neo.stop();
    legacy.stop();

    EXPECT_EQ(neo.wrong, "");
    EXPECT_GT(neo.written.size(), 100U);
    EXPECT_GT(legacy.written.size(), 100U);
    std::map<std::uint64_t, std::string> expected = neo.written;
    expected.insert(legacy.written.begin(), legacy.written.end());
    BlockingDhtClient dht(options());
    for (std::size_t i = 0; i < 4; ++i) dht.client().add_node(nodes.neo(i));
    ASSERT_TRUE(dht.wait_all_ranges_known());
    std::map<std::uint64_t, std::string> found;
    int twice = 0;
    const auto all = dht.get_all("chan", {}, [&](Key key, Bytes value) {
        twice += found.emplace(value_of(key), value).second ? 0 : 1;
        return true;
    });
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(twice, 0);
    EXPECT_EQ(found, expected);
    std::uint64_t count = 0;
    EXPECT_TRUE(dht.get_all("many", {true, {}}, [&](Key, Bytes) { return ++count > 0; }));
    EXPECT_EQ(count, many);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
