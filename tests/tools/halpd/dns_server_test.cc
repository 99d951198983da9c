// DNS of a real daemon, over sockets.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "tests/overlay/dns/dns_bytes.h"
#include "tests/tools/daemon_process.h"
#include "tools/program/json.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class DnsSocket {
public:
    DnsSocket(const Endpoint& server, int type) : fd_(::socket(AF_INET, type, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(server.port);
        inet_pton(AF_INET, server.host.c_str(), &address.sin_addr);
        const timeval patience{20, 0};
        setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
    ~DnsSocket() { ::close(fd_); }
    DnsSocket(const DnsSocket&) = delete;
    DnsSocket& operator=(const DnsSocket&) = delete;

    void send(const std::string& bytes) const {
        EXPECT_EQ(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }
    // A datagram, or `wanted` bytes of a stream; fewer at its end.
    [[nodiscard]] std::string receive(std::size_t wanted = 0) const {
        std::array<char, 65536> bytes{};
        const ssize_t got =
            ::recv(fd_, bytes.data(), wanted == 0 ? bytes.size() : wanted, wanted == 0 ? 0 : MSG_WAITALL);
        return {bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0};
    }

private:
    int fd_;
};

std::string framed(const std::string& bytes) { return dns::test::two(bytes.size()) + bytes; }

Json dns_status(const Daemon& daemon) {
    return Json::parse(daemon.admin(cli::Method::get, "/v1/status").body).value_or(Json{})["dns"];
}

TEST(DnsServer, AnswersByUdpAndTcpWhatApplicationsAnnounce) {
    Daemon daemon{{.more = {"--set", "dns.listen=127.0.0.1:0"}}};
    const Endpoint at = *Endpoint::parse(dns_status(daemon)["listening"].text_or(""));
    for (int i = 1; i <= 40; ++i) {
        const std::string body = R"({"host":"192.0.2.)" + std::to_string(i) + R"(","port":5222,"tags":"v=2"})";
        EXPECT_EQ(daemon.admin(cli::Method::put, "/v1/labels/my-chat", body).status, 200);
    }
    const std::string question = dns::test::question("_My-Chat._tcp.halp", 33);
    const DnsSocket udp{at, SOCK_DGRAM};
    udp.send(question);
    const auto cut = dns::test::read_answer(udp.receive());
    EXPECT_EQ(cut.question, "_My-Chat._tcp.halp");
    EXPECT_TRUE(cut.truncated);
    const DnsSocket tcp{at, SOCK_STREAM};
    tcp.send(framed(question).substr(0, 5));
    tcp.send(framed(question).substr(5) + framed(dns::test::question("my-chat.halp", 16)));
    for (const unsigned type : {33U, 16U}) {
        const std::string length = tcp.receive(2);
        ASSERT_EQ(length.size(), 2u);
        const auto bytes = static_cast<std::size_t>(static_cast<unsigned char>(length[0])) << 8 |
                           static_cast<unsigned char>(length[1]);
        const auto whole = dns::test::read_answer(tcp.receive(bytes));
        ASSERT_THAT(whole.answers, SizeIs(40));
        EXPECT_EQ(whole.answers[0].type, type);
        EXPECT_EQ(whole.answers[0].data.find("v=2") != std::string::npos, type == 16);
    }
    tcp.send(std::string(2, '\0'));
    EXPECT_EQ(tcp.receive(1), "") << "no question has no length";
    EXPECT_EQ(dns_status(daemon)["questions"]["tcp"].whole_or(0), 2u);
    EXPECT_EQ(dns_status(daemon)["answers"]["truncated"].whole_or(0), 1u);
}

TEST(DnsServer, TurnsAwayASourceThatHoldsConnections) {
    Daemon daemon{{.more = {"--set", "dns.listen=127.0.0.1:0"}}};
    const Endpoint at = *Endpoint::parse(dns_status(daemon)["listening"].text_or(""));
    std::vector<std::unique_ptr<DnsSocket>> held;
    for (int i = 0; i < 16; ++i) held.push_back(std::make_unique<DnsSocket>(at, SOCK_STREAM));
    EXPECT_TRUE(eventually([&] { return dns_status(daemon)["connections"]["open"].whole_or(0) == 16; }));
    EXPECT_EQ(DnsSocket(at, SOCK_STREAM).receive(1), "") << "closed at once";
    held.pop_back();
    EXPECT_TRUE(eventually([&] { return dns_status(daemon)["connections"]["open"].whole_or(0) == 15; }));
    const DnsSocket again{at, SOCK_STREAM};
    again.send(framed(dns::test::question("halp", 6)));
    EXPECT_EQ(again.receive(2).size(), 2u);
}

TEST(DnsServer, IsLeftOutWhenTheUsualPortIsTakenAndIsAnErrorWhenAChosenOneIs) {
    Daemon first{{.more = {"--set", "dns.listen=127.0.0.1:0"}}};
    const std::string taken = dns_status(first)["listening"].text_or("");
    const Home home;
    const Finished chosen =
        run(home, {HALPD_BINARY, "--listen", "127.0.0.1:0", "--state-dir", home.state(), "--cache-dir",
                   home.cache(), "--admin", "off", "--set", "dns.listen=" + taken});
    EXPECT_NE(chosen.code, 0);
    EXPECT_THAT(chosen.error, HasSubstr("cannot answer DNS on " + taken + ": the port is in use"));
    // Whoever has the usual port, one of these two has not.
    Daemon one, other;
    const Json of_one = dns_status(one), of_other = dns_status(other);
    const Json& without = of_one["listening"].is(Json::Kind::text) ? of_other : of_one;
    EXPECT_FALSE(without["listening"].is(Json::Kind::text));
    EXPECT_THAT(without["why"].text_or(""), HasSubstr("port is in use"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
