// The admin API over TCP, in one process: what evhttp makes of heads, methods and waiting requests.
#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/libevent/address.h"
#include "tests/tools/quiet_environment.h"
#include "tools/halpd/admin/admin_server.h"
#include "tools/halpd/http/http_listener.h"

namespace halp {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

class HttpServerTest : public ::testing::Test {
protected:
    HttpServerTest() {
        ::signal(SIGPIPE, SIG_IGN);  // as a LibeventWorld does
        node_->start();
        HttpListener listener = HttpListener::open({"127.0.0.1", 0}).value();
        address_ = listener.address();
        AdminServer::Http http;
        http.fd = listener.release();
        http.guard = &guard_;
        http.limits = {16, 3, std::size_t{4} << 20, 100'000};
        const int little = 4096;  // so that what is not read stays with the server
        EXPECT_EQ(::setsockopt(http.fd, SOL_SOCKET, SO_SNDBUF, &little, sizeof little), 0);
        server_ = std::make_unique<AdminServer>(base_, std::nullopt, api_, files_);
        server_->serve_http(http);
    }
    ~HttpServerTest() override {
        server_.reset();
        event_base_free(base_);
    }

    int connect_and_send(const std::string& bytes) {
        const SocketAddress to = *numeric_address(address_);
        const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(fd, &to.any, to.length), 0);
        EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
        return fd;
    }
    bool comes_true(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!holds()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            event_base_loop(base_, EVLOOP_NONBLOCK);
        }
        return true;
    }
    // What has come when `end` is there, or when the connection is closed.
    std::string receive_until(int fd, const std::string& end) {
        std::string got;
        comes_true([&] {
            char block[4096];
            const ssize_t n = ::recv(fd, block, sizeof block, MSG_DONTWAIT);
            if (n > 0) got.append(block, static_cast<std::size_t>(n));
            return n == 0 || (!end.empty() && got.find(end) != std::string::npos);
        });
        return got;
    }
    // The whole answer: the request asks for the end of the connection.
    std::string ask_once(const std::string& line, const std::string& headers = "") {
        const int fd =
            connect_and_send(line + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + headers + "\r\n");
        const std::string answer = receive_until(fd, "");
        ::close(fd);
        return answer;
    }
    static std::string waiting_request(const std::string& index) {
        return "GET /v1/labels/chat?wait=60&since=" + index + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    }
    std::string index_of_chat() {
        const std::string answer = ask_once("GET /v1/labels/chat");
        const std::size_t at = answer.find("\"index\":\"") + 9;
        return answer.substr(at, answer.find('"', at) - at);
    }

    QuietWorld world_;
    EndpointTable endpoints_;
    std::unique_ptr<OverlayNode> node_ =
        std::make_unique<OverlayNode>(world_.environment(), endpoints_, OverlayOptions::for_profile(Profile::lan));
    event_base* base_ = event_base_new();
    FileBudget files_;
    HttpGuard guard_{"", false};
    AdminApi api_{*node_, world_.clock, {}, [] {}};
    Endpoint address_;
    std::unique_ptr<AdminServer> server_;
    const Label chat_label_ = *Label::parse("chat");
};

TEST_F(HttpServerTest, AHeadHasTheLengthAndNoBody) {
    const std::string whole = ask_once("GET /version");
    const std::string head = ask_once("HEAD /version");
    EXPECT_THAT(head, EndsWith("\r\n\r\n"));
    const std::string length = "Content-Length: " + std::to_string(whole.size() - whole.find("\r\n\r\n") - 4);
    EXPECT_THAT(whole, HasSubstr(length));
    EXPECT_THAT(head, HasSubstr(length));
    EXPECT_THAT(ask_once("HEAD /v1/events"), HasSubstr("Content-Type: text/event-stream"));
}

// With a body that evhttp sends all the same, it would stand in front of the next answer.
TEST_F(HttpServerTest, TheAnswerBehindAHeadIsReadable) {
    const std::string pair =
        "HEAD /version HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: "
        "close\r\n\r\n";
    const int fd = connect_and_send(pair);
    const std::string answers = receive_until(fd, "");
    EXPECT_THAT(answers, HasSubstr("\r\n\r\nHTTP/1.1 200 OK"));
    ::close(fd);
}

// A proxy in front would send it as one request, and take the second answer for that to somebody else.
TEST_F(HttpServerTest, ARequestThatCanBeReadInTwoWaysEndsItsConnection) {
    const std::string inner = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    const std::string length = "Content-Length: " + std::to_string(inner.size()) + "\r\n";
    for (const std::string& head :
         {"HEAD /version HTTP/1.1\r\nHost: localhost\r\n" + length,
          "GET /version HTTP/1.1\r\nHost: localhost\r\n" + length,
          std::string{
              "GET /version HTTP/1.1\r\nHost: localhost\r\nOrigin: http://a\r\nOrigin: http://localhost\r\n"}}) {
        const int fd = connect_and_send(head + "\r\n" + inner);
        const std::string answers = receive_until(fd, "");
        EXPECT_THAT(answers, HasSubstr("HTTP/1.1 400 ")) << head;
        EXPECT_THAT(answers, Not(HasSubstr("200 OK"))) << head;
        ::close(fd);
    }
}

TEST_F(HttpServerTest, EveryMethodGetsItsAnswer) {
    EXPECT_THAT(ask_once("OPTIONS /v1/join"), HasSubstr("204 No Content"));
    EXPECT_THAT(ask_once("OPTIONS /v1/join"), HasSubstr("Allow: POST, OPTIONS\r\n"));
    for (const char* method : {"PATCH", "TRACE", "POST"}) {
        EXPECT_THAT(ask_once(std::string{method} + " /v1/status"), HasSubstr("405 Method Not Allowed"));
        EXPECT_THAT(ask_once(std::string{method} + " /v1/status"), HasSubstr("Allow: GET, HEAD, OPTIONS\r\n"));
    }
    EXPECT_THAT(ask_once("BREW /v1/status"), HasSubstr("501"));
}

TEST_F(HttpServerTest, StrangersAreRefusedBeforeAnythingIsDone) {
    const std::string evil = "Host: evil.example\r\n";
    EXPECT_THAT(ask_once("GET /v1/status", evil), HasSubstr("400 Bad Request")) << "two hosts";
    EXPECT_THAT(ask_once("GET /v1/status", "Origin: http://evil.example\r\n"), HasSubstr("403 Forbidden"));
    EXPECT_THAT(ask_once("DELETE /v1/labels"), HasSubstr("403 Forbidden"));
    EXPECT_THAT(ask_once("GET http://evil.example/v1/status"), HasSubstr("400 Bad Request"));
    EXPECT_THAT(server_->http_status().line(), HasSubstr("\"refused\":3"));
}

TEST_F(HttpServerTest, TheDashboardIsServedAsItIsAndGzipped) {
    const std::string plain = ask_once("GET /");
    EXPECT_THAT(plain, HasSubstr("Content-Security-Policy: default-src 'none'"));
    EXPECT_THAT(plain, HasSubstr("<!doctype html>"));
    const std::string gzipped = ask_once("GET /", "Accept-Encoding: gzip\r\n");
    EXPECT_THAT(gzipped, HasSubstr("Content-Encoding: gzip\r\n"));
    EXPECT_LT(gzipped.size(), 10'000u);
    const std::size_t at = plain.find("ETag: ") + 6;
    const std::string tag = plain.substr(at, plain.find('\r', at) - at);
    EXPECT_THAT(ask_once("GET /", "If-None-Match: " + tag + "\r\n"), HasSubstr("304 Not Modified"));
    EXPECT_THAT(ask_once("GET /dashboard.js"), HasSubstr("text/javascript"));
    EXPECT_THAT(ask_once("GET /nothing.js"), HasSubstr("404"));
}

TEST_F(HttpServerTest, WhoAsksForLongListsAndDoesNotReadThemIsBounded) {
    for (int i = 0; i < 2600; ++i)
        ASSERT_TRUE(node_->insert(chat_label_, Endpoint{"h" + std::to_string(i) + ".example", 80}, UnixSeconds{1}));
    const int little = 4096;
    const int lazy = connect_and_send("");
    EXPECT_EQ(::setsockopt(lazy, SOL_SOCKET, SO_RCVBUF, &little, sizeof little), 0);
    const std::string asks = "GET /v1/labels/chat?count=10000 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_EQ(::send(lazy, asks.data(), asks.size(), MSG_NOSIGNAL), static_cast<ssize_t>(asks.size()));
    EXPECT_TRUE(comes_true([&] { return ask_once("GET /version").find("503 Service") != std::string::npos; }));
    ::close(lazy);
    EXPECT_TRUE(comes_true([&] { return ask_once("GET /version").find("200 OK") != std::string::npos; }));
}

TEST_F(HttpServerTest, AWaitingRequestIsAnsweredWhenItsListChanges) {
    const int fd = connect_and_send(waiting_request(index_of_chat()));
    ASSERT_TRUE(
        comes_true([&] { return server_->http_status().line().find("\"streams\":1") != std::string::npos; }));
    server_->note(EntryForgotten{*Label::parse("other"), {"a.example", 80}, ForgottenWhy::failed});
    server_->note(EntryForgotten{chat_label_, {"a.example", 80}, ForgottenWhy::failed});  // the list is the same
    ASSERT_TRUE(node_->insert(chat_label_, {"b.example", 80}, UnixSeconds{1}));
    server_->note(EntryLearned{chat_label_, {"b.example", 80}, LearnedFrom::text});
    EXPECT_THAT(receive_until(fd, "}\n"), HasSubstr("b.example"));
    EXPECT_THAT(server_->http_status().line(), HasSubstr("\"streams\":0"));
    const std::string again = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_EQ(::send(fd, again.data(), again.size(), MSG_NOSIGNAL), static_cast<ssize_t>(again.size()));
    EXPECT_THAT(receive_until(fd, "}\n"), HasSubstr("\"status\":\"ok\"")) << "the connection goes on";
    ::close(fd);
}

TEST_F(HttpServerTest, WaitingRequestsAreBoundedAndEndWithTheirConnections) {
    const std::string index = index_of_chat();
    std::vector<int> fds;
    for (int i = 0; i < 3; ++i) fds.push_back(connect_and_send(waiting_request(index)));
    ASSERT_TRUE(
        comes_true([&] { return server_->http_status().line().find("\"streams\":3") != std::string::npos; }));
    EXPECT_THAT(ask_once("GET /v1/events"), HasSubstr("as many as http.streams_max allows"));
    ::close(fds.back());
    fds.pop_back();
    ASSERT_TRUE(
        comes_true([&] { return server_->http_status().line().find("\"streams\":2") != std::string::npos; }));
    server_->end_streams();
    for (const int fd : fds) {
        EXPECT_THAT(receive_until(fd, "}\n"), HasSubstr("\"total\":0")) << "the daemon leaves";
        ::close(fd);
    }
}

}  // namespace
}  // namespace halp
