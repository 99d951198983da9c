#include "tools/halpd/admin_server.h"

#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/tools/quiet_environment.h"

namespace halp {
namespace {

using ::testing::HasSubstr;

class AdminServerTest : public ::testing::Test {
protected:
    AdminServerTest() {
        std::string name = (std::filesystem::temp_directory_path() / "halp-admin-XXXXXX").string();
        directory_ = mkdtemp(name.data());
        path_ = directory_ + "/run/halpd.sock";
        node_->start();
        server_ = std::make_unique<AdminServer>(base_, AdminSocket::open(path_).value(), api_);
    }
    ~AdminServerTest() override {
        server_.reset();
        event_base_free(base_);
        std::filesystem::remove_all(directory_);
    }

    int connect() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.c_str(), path_.size() + 1);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        return fd;
    }
    // Runs the loop until the condition holds. Only a failing test reaches the deadline.
    bool eventually(const std::function<bool()>& holds) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{20};
        while (!holds()) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            event_base_loop(base_, EVLOOP_NONBLOCK);
        }
        return true;
    }
    std::string read_until(int fd, const std::string& end) {
        std::string got;
        eventually([&] {
            char block[4096];
            const ssize_t n = ::recv(fd, block, sizeof block, MSG_DONTWAIT);
            if (n > 0) got.append(block, static_cast<std::size_t>(n));
            return n == 0 || got.find(end) != std::string::npos;
        });
        return got;
    }
    std::string ask(const std::string& request, const std::string& end) {
        const int fd = connect();
        send_all(fd, request);
        const std::string answer = read_until(fd, end);
        ::close(fd);
        return answer;
    }
    static void send_all(int fd, const std::string& bytes) {
        EXPECT_EQ(::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
    }

    std::string directory_, path_;
    QuietWorld world_;
    EndpointTable endpoints_;
    std::unique_ptr<OverlayNode> node_ =
        std::make_unique<OverlayNode>(world_.environment(), endpoints_, OverlayOptions::for_profile(Profile::lan));
    event_base* base_ = event_base_new();
    AdminApi api_{*node_, world_.clock, {}, [] {}};
    std::unique_ptr<AdminServer> server_;
    const Label chat_ = *Label::parse("chat");
};

TEST_F(AdminServerTest, AnswersOverTheSocket) {
    const std::string answer = ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "}\n");
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 200 OK"));
    EXPECT_THAT(answer, HasSubstr("Content-Type: application/json"));
    EXPECT_THAT(answer, HasSubstr("{\"schema_version\":1,\"status\":\"ok\"}"));
}

TEST_F(AdminServerTest, TakesABody) {
    const std::string body = R"({"host":"a.example","port":80})";
    ask("PUT /v1/labels/chat HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
            body,
        "}\n");
    EXPECT_EQ(node_->host_count(chat_), 1u);
}

TEST_F(AdminServerTest, LetsOnlyOwnerAndGroupIn) {
    struct stat about {};
    ASSERT_EQ(::stat(path_.c_str(), &about), 0);
    EXPECT_EQ(about.st_mode & 0777u, 0660u);
}

TEST_F(AdminServerTest, RefusesTheSocketOfALiveDaemonAndReplacesThatOfADeadOne) {
    const Result<AdminSocket> second = AdminSocket::open(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::busy);

    const std::string stale = directory_ + "/stale.sock";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, stale.c_str(), stale.size() + 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ::close(fd);
    Result<AdminSocket> replaced = AdminSocket::open(stale);
    ASSERT_TRUE(replaced) << replaced.error().message;
    ::close(replaced->fd());
}

TEST_F(AdminServerTest, DoesNotRemoveAFileThatIsNoSocket) {
    const std::string file = directory_ + "/file";
    std::fclose(std::fopen(file.c_str(), "w"));
    EXPECT_FALSE(AdminSocket::open(file));
    EXPECT_TRUE(std::filesystem::exists(file));
}

TEST_F(AdminServerTest, StreamsWhatHappens) {
    const int fd = connect();
    send_all(fd, "GET /v1/events?label=chat HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(read_until(fd, "\"total\":0}"), HasSubstr("text/event-stream"));
    server_->note(EntryLearned{chat_, {"a.example", 80}, LearnedFrom::text});
    EXPECT_THAT(read_until(fd, "\"from\":\"text\"}"), HasSubstr("event: entry_learned"));
    server_->end_streams();
    EXPECT_THAT(read_until(fd, "0\r\n\r\n"), HasSubstr("event: leaving"));
    ::close(fd);
}

TEST_F(AdminServerTest, WithdrawsWhenTheConnectionOfAnAnnouncementBreaks) {
    const int fd = connect();
    send_all(fd, "GET /v1/announce?label=chat&host=a.example&port=80 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_THAT(read_until(fd, "\n\n"), HasSubstr("event: announced"));
    EXPECT_EQ(node_->host_count(chat_), 1u);
    ::close(fd);
    EXPECT_TRUE(eventually([&] { return node_->host_count(chat_) == 0; }));
}

TEST_F(AdminServerTest, DropsAReaderThatDoesNotRead) {
    const int fd = connect();
    send_all(fd, "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
    read_until(fd, "initial_list_complete");
    for (int i = 0; i < 60'000; ++i) {
        server_->note(StorageFailed{std::string(200, 'x')});
        if (i % 1000 == 0) event_base_loop(base_, EVLOOP_NONBLOCK);
    }
    EXPECT_TRUE(eventually([&] {  // what is left of its bytes comes, and then the end
        char block[65536];
        return ::recv(fd, block, sizeof block, MSG_DONTWAIT) == 0;
    }));
    ::close(fd);
}

TEST_F(AdminServerTest, LimitsStreams) {
    std::vector<int> fds;
    for (std::size_t i = 0; i < AdminServer::streams_max; ++i) {
        fds.push_back(connect());
        send_all(fds.back(), "GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n");
        read_until(fds.back(), "initial_list_complete");
    }
    EXPECT_THAT(ask("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", "}\n"), HasSubstr("503"));
    for (const int fd : fds) ::close(fd);
}

TEST_F(AdminServerTest, RefusesABodyThatIsTooLarge) {
    const std::string answer =
        ask("PUT /v1/labels/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", "413");
    EXPECT_THAT(answer, HasSubstr("413"));
}

}  // namespace
}  // namespace halp
