// Real nodes with `dht.range: auto` that join one after the other and leave by SIGTERM, under load.
#include <gmock/gmock.h>
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
#include "tests/tools/free_port.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

constexpr std::uint16_t neo_above = 100;
constexpr int exit_range_kept = 3;

class AutoNodes {
public:
    void add() {
        ports.push_back(free_port());
        homes.push_back(std::make_unique<Home>());
        DaemonOptions options;
        if (!daemons.empty()) options.join = {daemons.front()->endpoint()};
        for (const std::string& setting :
             {"dht.port=" + std::to_string(ports.back()), std::string("dht.test_client=true"),
              std::string("dht.durability=process"), std::string("dht.range=auto"),
              std::string("dht.range_alone_after=") + (daemons.empty() ? "200ms" : "20s"),
              std::string("dht.range_look_interval=500ms")})
            options.more.insert(options.more.end(), {"--set", setting});
        daemons.push_back(std::make_unique<Daemon>(*homes.back(), options));
    }
    [[nodiscard]] Endpoint neo(std::size_t i) const {
        return {"127.0.0.1", static_cast<std::uint16_t>(ports[i] + neo_above)};
    }
    [[nodiscard]] bool serves(std::size_t i) const {
        return daemons[i]->admin(cli::Method::get, "/v1/status").body.find("\"step\":\"serving\"") !=
               std::string::npos;
    }
    int end(std::size_t i) {
        daemons[i]->process().signal(SIGTERM);
        return daemons[i]->process().wait(generous).value_or(-1);
    }

    std::vector<std::uint16_t> ports;
    std::vector<std::unique_ptr<Home>> homes;
    std::vector<std::unique_ptr<Daemon>> daemons;
};

BlockingDhtOptions client_options() {
    BlockingDhtOptions all;
    all.client.credential = neo::Credential{"admin", {}};
    return all;
}

// Writes until it is told to stop. A write that was refused or lost is made again until it is acknowledged.
class Writer {
public:
    explicit Writer(const AutoNodes& nodes) : known_{nodes.neo(0)}, thread_([this] { run(); }) {}
    ~Writer() { stop(); }
    void stop() {
        stop_ = true;
        if (thread_.joinable()) thread_.join();
    }
    std::map<std::uint64_t, std::string> written;
    std::atomic<int> writes{0};

private:
    void run() {
        BlockingDhtClient dht(client_options());
        for (const Endpoint& node : known_) dht.client().add_node(node);
        for (std::uint64_t n = 0; !stop_; ++n) {
            const std::string value = "v" + std::to_string(n);
            while (!dht.put("chan", Key{n % 500}, value)) std::this_thread::sleep_for(milliseconds{5});
            written[n % 500] = value;
            ++writes;
        }
    }
    std::vector<Endpoint> known_;
    std::atomic<bool> stop_{false};
    std::thread thread_;
};

TEST(DhtAutoRange, GrowsToFourNodesAndShrinksToTwoBySignalUnderLoad) {
    AutoNodes nodes;
    nodes.add();
    ASSERT_TRUE(eventually([&] { return nodes.serves(0); }));
    Writer writer(nodes);
    nodes.add();
    ASSERT_TRUE(eventually([&] { return nodes.serves(1); }));
    nodes.add();
    nodes.add();
    ASSERT_TRUE(eventually([&] { return nodes.serves(2) && nodes.serves(3); }));

    EXPECT_EQ(nodes.end(3), 0) << nodes.daemons[3]->messages();
    EXPECT_EQ(nodes.end(1), 0) << nodes.daemons[1]->messages();
    const int before = writer.writes;
    EXPECT_TRUE(eventually([&] { return writer.writes > before + 50; }));
    writer.stop();

    BlockingDhtClient dht(client_options());
    for (const std::size_t i : {0U, 2U}) dht.client().add_node(nodes.neo(i));
    ASSERT_TRUE(dht.wait_all_ranges_known());
    std::map<std::uint64_t, std::string> found;
    int twice = 0;
    const auto all = dht.get_all("chan", {}, [&](Key key, Bytes value) {
        twice += found.emplace(value_of(key), value).second ? 0 : 1;
        return true;
    });
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_EQ(twice, 0);
    EXPECT_EQ(found, writer.written);

    EXPECT_EQ(nodes.end(0), 0) << nodes.daemons[0]->messages();
    EXPECT_EQ(nodes.end(2), exit_range_kept) << "nobody is left to take the range";
    EXPECT_THAT(nodes.daemons[2]->messages(), HasSubstr("were not handed over"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
