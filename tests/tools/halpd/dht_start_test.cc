// The defaults that the originals' tests expect: neo 100 above the given port, all keys, `admin` with 128 zero
// bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/tools/dht_programs.h"
#include "tests/tools/neo_peer.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

// A legacy port for which the port 100 above is free now. Another process may take it, so callers try again.
int port_below_a_free_one() {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), length), 0);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length), 0);
    ::close(fd);
    return ntohs(address.sin_port) - 100;
}

void expect_the_tests_node(int port) {
    const Endpoint neo{"127.0.0.1", static_cast<std::uint16_t>(port + 100)};
    NeoPeer peer(neo);
    ASSERT_TRUE(peer.log_in());
    EXPECT_EQ(peer.put("chan", 1, "odd"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(peer.put("chan", 2, "even"), static_cast<int>(neo::PutAnswer::put));
    EXPECT_EQ(peer.get("chan", 1), "odd");
    EXPECT_EQ(peer.get("chan", 2), "even");
}

TEST(DhtStart, OfTheFakeIsAsTheOriginals) {
    const Home home;
    const int port = port_below_a_free_one();
    Running fake(home, "fake", {HALP_BINARY, "dht", "fake", "--port", std::to_string(port)});
    ASSERT_TRUE(fake.says("neo 127.0.0.1:" + std::to_string(port + 100) + "\n")) << fake.error();
    expect_the_tests_node(port);
    EXPECT_EQ(fake.end(SIGTERM), 0);
}

// Half a second is much longer than an answer takes and much shorter than any time-out.
TEST(DhtStart, OfTheFakeMayLetWritesWaitForTheirAnswer) {
    const Home home;
    Running fake(home, "fake", {HALP_BINARY, "dht", "fake", "--port", "0", "--flush-interval", "500ms"});
    ASSERT_TRUE(fake.says("\n")) << fake.error();
    const std::string line = fake.out();
    const Endpoint node = Endpoint::parse(line.substr(4, line.find('\n') - 4)).value_or(Endpoint{});
    NeoPeer peer(node), reader(node);
    ASSERT_TRUE(peer.log_in());
    ASSERT_TRUE(reader.log_in());
    const auto put = std::string(1, static_cast<char>(neo::PutAnswer::put));
    EXPECT_EQ(peer.put("chan", 0, "there is the channel"), put[0]);
    std::string frames;
    for (const neo::RequestId id : {11U, 12U}) {
        neo::PutRequest request;
        request.channel = "chan";
        request.key = id;
        request.value = "late";
        neo::encode_put(frames, id, request);
    }
    const auto begin = std::chrono::steady_clock::now();
    peer.say(frames);
    EXPECT_EQ(peer.hear()->second, "\xfd");
    EXPECT_EQ(peer.hear()->second, "\xfd");
    EXPECT_EQ(reader.get("chan", 11), std::nullopt) << "it is not answered yet";
    EXPECT_EQ(peer.hear(), (std::pair{neo::RequestId{11}, put}));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, milliseconds{500});
    EXPECT_EQ(peer.hear(), (std::pair{neo::RequestId{12}, put}));
    EXPECT_EQ(reader.get("chan", 12), "late");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, generous);
    EXPECT_EQ(fake.end(SIGTERM), 0);
    EXPECT_EQ(halp(home, {"dht", "fake", "--flush-interval", "1"}).code, 2);
    EXPECT_EQ(halp(home, {"dht", "fake", "--flush-interval", "2s"}).code, 2);
}

TEST(DhtStart, OfADaemonIsAsTheOriginalsByFlags) {
    const Home home;
    const int port = port_below_a_free_one();
    DaemonOptions options;
    options.more = {"--dht-port", std::to_string(port), "--dht-test-client", "--dht-flush-interval", "1ms"};
    Daemon daemon(home, options);
    EXPECT_THAT(daemon.messages(), HasSubstr("serving records on 127.0.0.1:" + std::to_string(port + 100)));
    EXPECT_THAT(daemon.messages(), HasSubstr("may change every record"));
    expect_the_tests_node(port);
    const Finished run_result =
        halp(home, {"dht", "conformance", "127.0.0.1:" + std::to_string(port + 100), "--only", "records"});
    EXPECT_EQ(run_result.code, 0) << run_result.out << run_result.error;
    EXPECT_EQ(daemon.stop(), 0);
}

TEST(DhtStart, OfADaemonIsAsTheOriginalsByItsFile) {
    const Home home;
    const int port = port_below_a_free_one();
    DaemonOptions options;
    const std::string file = written(home, "halpd.yaml",
                                     "dht:\n  port: " + std::to_string(port) +
                                         "\n  test_client: true\n  engine: memory\n  flush_interval: 1ms\n");
    options.more = {"--config", file};
    Daemon daemon(home, options);
    expect_the_tests_node(port);
    EXPECT_EQ(daemon.stop(), 0);
}

// Its relative paths count from where the node is started, as those of the original do.
TEST(DhtStart, OfAnImportedConfigurationIsThatOfTheOriginal) {
    const Home home;
    const int port = port_below_a_free_one();
    const std::string number = std::to_string(port), yaml = home.path() + "/halpd.yaml";
    const std::string ini =
        written(home, "config.ini",
                "[Server]\naddress = 127.0.0.1\nport = " + number +
                    "\nminval = 0000000000000000\nmaxval = ffffffffffffffff\nbacklog = 10\n"
                    "unix_socket_path = dhtnode.socket\n[Options_Memory]\nlock_memory = false\n");
    ASSERT_EQ(::mkdir((home.path() + "/etc").c_str(), 0700), 0);
    written(home, "etc/credentials", "admin:" + std::string(256, '0') + "\n");
    ASSERT_EQ(halp(home, {"dht", "import-config", ini, "--to", yaml}).code, 0);
    EXPECT_EQ(halp(home, {"dht", "import-config", ini, "--to", yaml}).code, 6) << "nothing is overwritten";
    DaemonOptions options;
    options.more = {"--config", yaml};
    options.prefix = {"/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", home.path()};
    Daemon daemon(home, options);
    EXPECT_THAT(daemon.messages(), HasSubstr("serving records by legacy on 127.0.0.1:" + number));
    expect_the_tests_node(port);
    daemon.process().signal(SIGQUIT);
    EXPECT_EQ(daemon.process().wait(generous), 0);
    EXPECT_TRUE(std::filesystem::exists(home.path() + "/data/chan.tcm"));
    const Finished bad = halp(home, {"dht", "import-config", written(home, "bad.ini", "[Server]\nport = x\n")});
    EXPECT_EQ(bad.code, 2);
    EXPECT_THAT(bad.error, HasSubstr("bad.ini, line 2: [Server] port = `x`"));
}

TEST(DhtStart, TakesTheTestClientBesideThoseOfTheFile) {
    const Home home;
    neo::Secret secret{};
    secret.fill('\x11');
    DaemonOptions options;
    const std::string file = written(home, "credentials", "ours:" + std::string(256, '1') + "\n");
    options.more = {"--dht-listen", "127.0.0.1:0", "--dht-test-client", "--dht-credentials", file};
    Daemon daemon(home, options);
    const std::string said = daemon.messages();
    const std::string mark = "serving records on ";
    const auto at = said.find(mark) + mark.size();
    const Endpoint neo = Endpoint::parse(said.substr(at, said.find('\n', at) - at)).value_or(Endpoint{});
    EXPECT_TRUE(NeoPeer(neo).log_in());
    EXPECT_TRUE(NeoPeer(neo).log_in("ours", secret));
    EXPECT_FALSE(NeoPeer(neo).log_in("admin", secret));
}

TEST(DhtStart, LooksWhoElseHasItsKeys) {
    const Home home;
    DaemonOptions options;
    const std::string file = written(home, "credentials", "ours:" + std::string(256, '1') + "\n");
    options.more = {"--dht-listen", "127.0.0.1:0", "--set", "dht.engine=memory", "--dht-credentials", file};
    ASSERT_EQ(::chmod(file.c_str(), 0644), 0);
    {
        Daemon daemon(home, options);
        EXPECT_THAT(daemon.messages(), HasSubstr("chmod 600 " + file));
        EXPECT_EQ(daemon.stop(), 0);
    }
    ASSERT_EQ(::chmod(file.c_str(), 0602), 0);
    options.awaited = false;
    Daemon refused(home, options);
    EXPECT_TRUE(eventually([&] { return !refused.running(); }));
    EXPECT_THAT(refused.messages(), HasSubstr("chmod go-w " + file));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
