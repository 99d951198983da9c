// Host names in the libevent world: from the hosts file, from a name server of the test, and without any answer.
#include "overlay/libevent/resolver.h"

#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <event2/event.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "overlay/libevent/address.h"
#include "overlay/libevent/interfaces.h"
#include "tests/overlay/libevent/world_probe.h"

namespace halp::test {
namespace HALP_TEST_FILE {

std::string failed_with(ConnectFailure why) { return "failed:" + std::to_string(static_cast<int>(why)); }

// A file that is removed at the end of its test.
class TextFile {
public:
    explicit TextFile(const std::string& text) : path_(::testing::TempDir() + "halp-names-XXXXXX") {
        ::close(::mkstemp(path_.data()));
        put(text);
    }
    ~TextFile() { std::remove(path_.c_str()); }
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;
    void put(const std::string& text) const { std::ofstream(path_) << text; }
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    std::string path_;
};

// A name server on a UDP socket of loopback. It answers nothing, or what `answer` says.
class NameServer {
public:
    NameServer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_in local = Peer::v4("127.0.0.1", 0);
        socklen_t size = sizeof local;
        EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&local), size), 0);
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&local), &size), 0);
        port_ = ntohs(local.sin_port);
    }
    ~NameServer() { ::close(fd_); }
    NameServer(const NameServer&) = delete;
    NameServer& operator=(const NameServer&) = delete;

    // Answers every question for an IPv4 address with 127.0.0.1, or with "no such name".
    void serve(event_base* base, bool known = true) {
        known_ = known;
        server_ = evdns_add_server_port_with_base(
            base, fd_, 0,
            [](evdns_server_request* request, void* self) {
                const in_addr_t loopback = htonl(INADDR_LOOPBACK);
                if (!static_cast<NameServer*>(self)->known_) {
                    evdns_server_request_respond(request, DNS_ERR_NOTEXIST);
                    return;
                }
                for (int i = 0; i < request->nquestions; ++i) {
                    if (request->questions[i]->type != EVDNS_TYPE_A) continue;
                    ++static_cast<NameServer*>(self)->asked;
                    evdns_server_request_add_a_reply(request, request->questions[i]->name, 1, &loopback, 3600);
                }
                evdns_server_request_respond(request, 0);
            },
            this);
    }
    void stop() { evdns_close_server_port(server_); }
    [[nodiscard]] std::string resolver_text() const {
        return "nameserver 127.0.0.1:" + std::to_string(port_) + "\n";
    }

    int asked = 0;

private:
    int fd_;
    std::uint16_t port_ = 0;
    bool known_ = true;
    evdns_server_port* server_ = nullptr;
};

WorldLimits with_files(const TextFile& hosts, const TextFile& resolver) {
    WorldLimits limits;
    limits.hosts_file = hosts.path();
    limits.resolver_file = resolver.path();
    return limits;
}

TEST(LibeventResolver, KnowsLocalhostWithoutAskingAnybody) {
    Server server;
    server.probe.connect({"localhost", server.at.port});
    EXPECT_TRUE(server.probe.words.empty());
    ASSERT_TRUE(server.until([&] { return server.probe.heard("connected"); }));
}

TEST(LibeventResolver, ReadsTheHostsFileAfreshForEveryName) {
    const TextFile hosts("127.0.0.1 swarm.test\n");
    const NameServer silent;
    const TextFile resolver(silent.resolver_text());
    WorldLimits limits = with_files(hosts, resolver);
    limits.connect_timeout = seconds{1};
    Server server(limits);
    server.probe.connect({"swarm.test", server.at.port});
    ASSERT_TRUE(server.until([&] { return server.probe.heard("connected"); }));

    turn_often(server.world);
    hosts.put("127.0.0.9 elsewhere.test\n127.0.0.1 moved.test\n");
    server.probe.connect({"moved.test", server.at.port});
    ASSERT_TRUE(server.until([&] { return server.probe.times("connected") == 2; }));
}

TEST(LibeventResolver, TriesAllAddressesOfAName) {
    const TextFile hosts("127.0.0.2 many.test\n127.0.0.3 many.test\n::1 many.test\n127.0.0.1 many.test\n");
    const NameServer silent;
    const TextFile resolver(silent.resolver_text());
    Server server(with_files(hosts, resolver));
    server.probe.connect({"many.test", server.at.port});
    ASSERT_TRUE(server.until([&] { return server.probe.heard("connected"); }));
    EXPECT_NE(std::find(server.probe.remotes.begin(), server.probe.remotes.end(), server.at),
              server.probe.remotes.end());
}

TEST(LibeventResolver, CountsTheAddressesOfAnAnswerThatItDoesNotRead) {
    std::string lines = "127.0.0.1 many.test\n";
    for (int i = 0; i < 299; ++i)
        lines += "127.1." + std::to_string(i / 200) + "." + std::to_string(i % 200) + " many.test\n";
    const TextFile hosts(lines);
    const NameServer silent;
    const TextFile resolver(silent.resolver_text());
    Server server(with_files(hosts, resolver));
    server.probe.connect({"many.test", server.at.port});
    ASSERT_TRUE(server.until([&] { return server.world.name_answers_cut() > 0; }));
    EXPECT_EQ(server.world.name_answers_cut(), 300U - 256U);
}

TEST(LibeventResolver, CountsTheNamesWhoseTurnsItForgets) {
    std::string lines;
    for (int i = 0; i < 300; ++i)
        for (const char* address : {"127.0.0.1 ", "127.0.0.2 "}) lines += address + std::to_string(i) + ".test\n";
    const TextFile hosts(lines);
    const NameServer silent;
    const TextFile resolver(silent.resolver_text());
    Server server(with_files(hosts, resolver));
    for (int i = 0; i < 256; ++i) server.probe.connect({std::to_string(i) + ".test", server.at.port});
    server.probe.connect({"7.test", server.at.port});
    EXPECT_EQ(server.world.name_turns_forgotten(), 0U) << "that name has its place";
    server.probe.connect({"299.test", server.at.port});
    ASSERT_TRUE(server.until([&] { return server.world.name_turns_forgotten() > 0; }));
    EXPECT_EQ(server.world.name_turns_forgotten(), 256U);
}

TEST(InterfaceAddresses, ThoseThatAreNotReadAreCounted) {
    const InterfaceAddresses all = interface_addresses(), few = interface_addresses(1);
    ASSERT_GE(all.addresses.size(), 1U);
    EXPECT_EQ(all.not_read, 0U);
    EXPECT_EQ(few.addresses.size(), 1U);
    EXPECT_GE(few.not_read + 1, all.addresses.size());
}

TEST(LibeventResolver, AsksTheNameServerEveryTime) {
    NameServer names;
    const TextFile hosts("");
    const TextFile resolver(names.resolver_text());
    Server server(with_files(hosts, resolver));
    names.serve(server.world.base());
    for (std::size_t i = 1; i <= 3; ++i) {
        server.probe.connect({"node" + std::to_string(i % 2) + ".swarm.test", server.at.port});
        EXPECT_TRUE(server.until([&] { return server.probe.times("connected") == i; }));
        turn_often(server.world);
    }
    EXPECT_EQ(names.asked, 3);
    names.stop();
}

TEST(LibeventResolver, GivesUpWhenNoNameServerAnswers) {
    const NameServer silent;
    const TextFile hosts("");
    const TextFile resolver(silent.resolver_text());
    WorldLimits limits = with_files(hosts, resolver);
    limits.connect_timeout = milliseconds{80};
    Server server(limits);
    server.probe.connect({"nobody.test", 9});
    ASSERT_TRUE(server.until([&] { return !server.probe.words.empty(); }));
    EXPECT_EQ(server.probe.words[0], failed_with(ConnectFailure::timed_out));
}

TEST(LibeventResolver, ForgetsQuestionsOfStreamsThatAreGone) {
    const NameServer silent;
    const TextFile hosts("");
    const TextFile resolver(silent.resolver_text());
    Server server(with_files(hosts, resolver));
    for (int i = 0; i < 10; ++i) {
        const StreamId stream = server.probe.connect({"nobody.test", 9});
        if (i % 2 == 0) server.probe.abort(stream);
    }
    turn_often(server.world);
    EXPECT_TRUE(server.probe.words.empty());
    EXPECT_EQ(server.world.stats().live_connected, 5U);
    // The other five questions are open when the world ends. Nothing may leak.
}

TEST(LibeventResolver, SaysThatANameIsUnknown) {
    NameServer names;
    const TextFile hosts("");
    const TextFile resolver(names.resolver_text());
    Server server(with_files(hosts, resolver));
    names.serve(server.world.base(), /*known=*/false);
    server.probe.connect({"nobody.test", 9});
    EXPECT_TRUE(server.until([&] { return !server.probe.words.empty(); }));
    EXPECT_EQ(server.probe.words[0], failed_with(ConnectFailure::name_unknown));
    names.stop();
}

TEST(SocketAddress, ShowsNumericAddressesAsTheyAreWritten) {
    for (const char* host : {"127.0.0.1", "::1", "2001:db8::7", "255.255.255.255", "fe80::1%lo"}) {
        const auto address = numeric_address(Endpoint{host, 4321});
        ASSERT_TRUE(address) << host;
        EXPECT_EQ(address->endpoint(), (Endpoint{host, 4321}));
    }
    EXPECT_EQ(numeric_address({"[::1]", 1})->endpoint().host, "::1");
    EXPECT_EQ(numeric_address({"::ffff:10.1.2.3", 1})->endpoint().host, "10.1.2.3");
    for (const char* name : {"", "localhost", "1.2.3", "1.2.3.4.5", "fe80::1%nosuchdevice"})
        EXPECT_FALSE(numeric_address(Endpoint{name, 1})) << name;
}

TEST(SocketAddress, CountsSourcesByIpv4AddressOrIpv6Network) {
    const auto key = [](const char* host) { return source_key(*numeric_address(Endpoint{host, 1})); };
    EXPECT_EQ(key("10.0.0.1"), key("::ffff:10.0.0.1"));
    EXPECT_NE(key("10.0.0.1"), key("10.0.0.2"));
    EXPECT_EQ(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::2"));
    EXPECT_NE(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
