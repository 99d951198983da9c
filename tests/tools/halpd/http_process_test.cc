// The daemon's HTTP as an operator meets it: its port, its certificate, its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/tools/daemon_process.h"
#include "tools/program/json.h"

namespace halp::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

DaemonOptions with_http(std::vector<std::string> settings) {
    DaemonOptions options;
    settings.insert(settings.begin(), "http.enabled=true");
    for (const std::string& setting : settings) options.more.insert(options.more.end(), {"--set", setting});
    return options;
}

std::string http_status_of(const Daemon& daemon) {
    return (*Json::parse(daemon.admin(cli::Method::get, "/v1/status").body))["http"].line();
}

std::string http_address_of(const Daemon& daemon) {
    return (*Json::parse(http_status_of(daemon)))["listening"].text_or("");
}

// A client of our own, because curl may be missing: PROGRAM is run by Python with the address.
Finished ask_by_python(const Home& home, const std::string& program, const std::string& address) {
    return run(home, {HALP_PYTHON, "-c", program, address});
}

TEST(HttpDaemon, TheUsualPortIsNoNeedAndANamedOneIs) {
    Daemon first{with_http({})};
    Daemon second{with_http({})};  // the first one has it, or whoever else
    EXPECT_THAT(http_status_of(second), HasSubstr("\"listening\":null"));
    EXPECT_THAT(http_status_of(second), HasSubstr("cannot serve HTTP on 127.0.0.1:3480"));
    EXPECT_THAT(second.messages(), HasSubstr("cannot serve HTTP on 127.0.0.1:3480"));
    EXPECT_EQ(second.stop(), 0);

    Daemon third{with_http({"http.listen=127.0.0.1:0"})};
    DaemonOptions options = with_http({"http.listen=" + http_address_of(third)});
    options.awaited = false;
    Daemon fourth{options};
    EXPECT_EQ(fourth.process().wait(generous).value_or(-1), 1);
    EXPECT_THAT(fourth.messages(), HasSubstr("choose another address with http.listen"));
}

TEST(HttpDaemon, BeyondLoopbackItNeedsACertificate) {
    const Home home;
    const auto refused = [&](std::vector<std::string> settings) {
        std::vector<std::string> argv{HALPD_BINARY, "--check-config", "--set", "http.enabled=true"};
        for (const std::string& setting : settings) argv.insert(argv.end(), {"--set", setting});
        return run(home, argv);
    };
    const Finished open = refused({"http.listen=0.0.0.0:3480"});
    EXPECT_EQ(open.code, 78);
    EXPECT_THAT(open.error, HasSubstr("beyond loopback and needs TLS: set http.certificate"));
    EXPECT_EQ(refused({"http.key=/x"}).code, 78);
    EXPECT_EQ(refused({"http.listen=[::1]:3480"}).code, 0);
    EXPECT_EQ(refused({"http.listen=0.0.0.0:3480", "http.certificate=/x"}).code, 0);
}

constexpr const char* tls_client = R"(
import http.client, json, socket, ssl, sys
host, port = sys.argv[1].rsplit(":", 1)
context = ssl.create_default_context(cafile=CERTIFICATE)
def ask(name, path, headers={}, method="GET", body=None):
    raw = context.wrap_socket(socket.create_connection(("127.0.0.1", int(port))), server_hostname=name)
    connection = http.client.HTTPConnection(name)
    connection.sock = raw
    connection.request(method, path, body=body, headers=headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    socket.socket.close(raw)  # without close_notify
    return answer.status, text
print(*ask("localhost", "/healthz"))
print(ask("node.example", "/healthz")[0], ask("node.example", "/healthz", {"Host": "evil.example"})[0])
print(ask("localhost", "/v1/labels/chat", {"Authorization": "Bearer 0123456789abcdef"}, "PUT",
          json.dumps({"endpoint": "a.example:80"}))[0])
plain = socket.create_connection(("127.0.0.1", int(port)))
plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
print(plain.recv(100)[:4] != b"HTTP")
)";

TEST(HttpDaemon, WithACertificateItIsHttps) {
    const Home home;
    const std::string token = home.path() + "/token", certificate = HALP_TEST_CERTIFICATES "/certificate.pem";
    std::ofstream{token} << "0123456789abcdef\n";
    ::chmod(token.c_str(), 0644);
    Daemon daemon{with_http({"http.listen=0.0.0.0:0", "http.certificate=" + certificate,
                             "http.key=" HALP_TEST_CERTIFICATES "/key.pem", "http.hosts=node.example",
                             "http.token_file=" + token})};
    std::string program = tls_client;
    program.replace(program.find("CERTIFICATE"), 11, "'" + certificate + "'");

    const Finished asked = ask_by_python(home, program, http_address_of(daemon));

    EXPECT_EQ(asked.out, "200 {\"schema_version\":1,\"status\":\"ok\"}\n\n200 403\n200\nTrue\n") << asked.error;
    EXPECT_THAT(daemon.messages(), HasSubstr("/token, which holds keys (mode 0644): chmod 600"));
    daemon.process().signal(SIGHUP);
    EXPECT_TRUE(eventually([&] { return daemon.messages().find("was read again") != std::string::npos; }));
    EXPECT_EQ(daemon.stop(), 0);
    EXPECT_THAT(daemon.messages(), Not(HasSubstr(" error ")));
    EXPECT_THAT(daemon.messages(), HasSubstr("HTTP https://0.0.0.0:"));
}

TEST(HttpDaemon, ARenewedCertificateIsTakenAtAReloadAndABrokenOneIsNot) {
    namespace fs = std::filesystem;
    const Home home;
    const fs::path data = HALP_TEST_CERTIFICATES, certificate = home.path() + "/cert.pem",
                   key = home.path() + "/key.pem";
    const auto put = [&](const fs::path& chain, const fs::path& secret) {
        fs::copy_file(chain, certificate, fs::copy_options::overwrite_existing);
        fs::copy_file(secret, key, fs::copy_options::overwrite_existing);
        fs::permissions(key, fs::perms::owner_read | fs::perms::owner_write);
    };
    put(data / "certificate.pem", data / "key.pem");
    Daemon daemon{with_http(
        {"http.listen=127.0.0.1:0", "http.certificate=" + certificate.string(), "http.key=" + key.string()})};
    const std::string program = R"(
import socket, ssl, sys
context = ssl.create_default_context(cafile="RENEWED")
raw = socket.create_connection(("127.0.0.1", int(sys.argv[1].rsplit(":", 1)[1])))
try:
    print(context.wrap_socket(raw, server_hostname="localhost").version()[:3])
except ssl.SSLCertVerificationError:
    print("not renewed"))";
    const auto ask = [&] {
        std::string text = program;
        text.replace(text.find("RENEWED"), 7, (data / "renewed.pem").string());
        return ask_by_python(home, text, http_address_of(daemon)).out;
    };
    const auto reload = [&](const std::string& says) {
        daemon.process().signal(SIGHUP);
        EXPECT_TRUE(eventually([&] { return daemon.messages().find(says) != std::string::npos; })) << says;
    };

    EXPECT_EQ(ask(), "not renewed\n");
    put(data / "renewed.pem", data / "renewed-key.pem");
    reload("was read again");
    EXPECT_EQ(ask(), "TLS\n");
    put(data / "certificate.pem", data / "renewed-key.pem");  // they do not fit
    reload("(http.key)");
    EXPECT_EQ(ask(), "TLS\n");
}

}  // namespace
}  // namespace halp::testing
