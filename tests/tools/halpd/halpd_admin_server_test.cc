#include "tools/halpd/admin/admin_server.h"

#include <event2/event.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/tools/quiet_environment.h"

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

class AdminServerTest : public ::testing::Test {
protected:
    AdminServerTest() {
        ::signal(SIGPIPE, SIG_IGN);  // as a LibeventWorld does
        std::string name = (std::filesystem::temp_directory_path() / "halp-admin-XXXXXX").string();
        directory_ = mkdtemp(name.data());
        path_ = directory_ + "/run/halpd.sock";
        node_->start();
        serve({});
    }
    void serve(AdminLimits limits) {
        server_.reset();
        server_ = std::make_unique<AdminServer>(
            base_, AdminSocket::open(path_).value(), api_, files_, limits,
            [this](const std::string& sentence) { warnings_.push_back(sentence); }, &input_);
    }
    int open_stream(const std::string& target) {
        const int fd = connect();
        send_all(fd, "GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n");
        return fd;
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
    FileBudget files_;
    InputAccount input_{100'000};
    std::vector<std::string> warnings_;
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

TEST_F(AdminServerTest, CountsRequestsThatAreNotWholeAndEndsTheLongest) {
    const std::string half = "PUT /v1/labels/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 65000\r\n\r\n";
    const int modest = connect();
    send_all(modest, half + std::string(20'000, 'x'));
    ASSERT_TRUE(eventually([&] { return input_.bytes() > 20'000; }));
    const int greedy = connect();
    send_all(greedy, half + std::string(60'000, 'x'));
    ASSERT_TRUE(eventually([&] { return input_.bytes() > 80'000; }));
    const int late = connect();
    send_all(late, half + std::string(40'000, 'x'));
    ASSERT_TRUE(eventually([&] { return input_.dropped() == 1; }));
    EXPECT_EQ(read_until(greedy, "never"), "") << "the longest is closed";
    EXPECT_LE(input_.bytes(), input_.bytes_max());
    ::close(late);
    ASSERT_TRUE(eventually([&] { return input_.bytes() < 30'000; }));
    send_all(modest, std::string(45'000, ' '));
    EXPECT_THAT(read_until(modest, "}\n"), HasSubstr("bad_json"));
    EXPECT_LE(input_.bytes(), 41'000U) << "what was answered counts no more";
    ::close(modest);
    ::close(greedy);
    ASSERT_TRUE(eventually([&] { return input_.bytes() == 0; }));
}

// Buffers come again at the same addresses.
TEST_F(AdminServerTest, CountsNothingOfConnectionsThatAreGone) {
    for (int round = 0; round < 20; ++round) {
        const int fd = connect();
        send_all(fd, "PUT /v1/labels/chat HTTP/1.1\r\nContent-Length: 65000\r\n\r\n" + std::string(1000, 'x'));
        ASSERT_TRUE(eventually([&] { return input_.bytes() > 1000; }));
        ::close(fd);
        ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "}\n");
    }
    ASSERT_TRUE(eventually([&] { return input_.bytes() == 0; }));
    EXPECT_EQ(input_.dropped(), 0U);
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

TEST_F(AdminServerTest, RefusesStreamsAboveTheSettingWithASentence) {
    AdminLimits limits;
    limits.streams_max = 3;
    serve(limits);
    std::vector<int> fds;
    for (std::size_t i = 0; i < limits.streams_max; ++i) {
        fds.push_back(open_stream("/v1/events"));
        read_until(fds.back(), "initial_list_complete");
    }
    const std::string answer = ask("GET /v1/events HTTP/1.1\r\nHost: x\r\n\r\n", "}\n");
    EXPECT_THAT(answer, HasSubstr("503"));
    EXPECT_THAT(answer, HasSubstr("3 streams are open, as many as limits.admin_streams_max allows"));
    EXPECT_THAT(server_->status().line(), HasSubstr(R"("streams":3,"streams_max":3,"streams_refused":1)"));
    EXPECT_EQ(warnings_.size(), 1u);
    for (const int fd : fds) ::close(fd);
}

// 40 clients hold their connections and 24 files are all there is: streams take what is theirs, idle ones make
// room.
TEST_F(AdminServerTest, GoesOnAnsweringWhenItsClientsHoldMoreConnectionsThanThereAreFiles) {
    files_.set_limit(24);
    serve({});
    std::vector<int> held;
    for (int i = 0; i < 40; ++i) held.push_back(i % 4 == 0 ? open_stream("/v1/events") : connect());
    const std::string answer = ask("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "}\n");
    EXPECT_THAT(answer, HasSubstr("\"status\":\"ok\""));
    EXPECT_LE(files_.used(FileUse::admin), 12u);
    EXPECT_THAT(server_->status().line(), ::testing::Not(HasSubstr("\"idle_closed\":0,")));
    EXPECT_FALSE(warnings_.empty());

    for (const int fd : held) ::close(fd);
    EXPECT_TRUE(eventually([&] { return files_.used(FileUse::admin) == 0; })) << "not all files were given back";
}

TEST_F(AdminServerTest, PausesWhileTheSystemHasNoDescriptorAndGoesOnAfterwards) {
    const int waiting = connect();
    send_all(waiting, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    ::testing::internal::CaptureStderr();
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
    int turns = 0;
    EXPECT_TRUE(eventually([&] { return ++turns > 2000; }));
    const std::uint64_t tries = files_.refused(FileUse::admin);
    EXPECT_GE(tries, 1u);
    EXPECT_LT(tries, 100u) << "the loop spins";
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_THAT(read_until(waiting, "}\n"), HasSubstr("\"status\":\"ok\""));
    ::close(waiting);
}

TEST_F(AdminServerTest, SendsTheWholeListOfALabelHoweverLongItIs) {
    for (int i = 0; i < 2600; ++i)
        ASSERT_TRUE(node_->insert(chat_, Endpoint{"h" + std::to_string(i) + ".example", 80}, UnixSeconds{1}));
    ASSERT_EQ(node_->host_count(chat_), 2600u);
    const int fd = open_stream("/v1/events?label=chat");
    const std::string got = read_until(fd, "\"total\":2600}\n\n");
    std::size_t entries = 0;
    for (std::size_t at = got.find("event: entry\n"); at != std::string::npos;
         at = got.find("event: entry\n", at + 1))
        ++entries;
    EXPECT_EQ(entries, 2600u);
    ::close(fd);
}

// The reader has not taken the first page when a host of a later one goes.
TEST_F(AdminServerTest, DoesNotListWhatWentWhileTheListIsSent) {
    for (int i = 0; i < 1600; ++i)
        ASSERT_TRUE(node_->insert(chat_, Endpoint{"h" + std::to_string(i) + ".example", 80}, UnixSeconds{1}));
    const std::vector<ListedHost> order = node_->hosts(chat_, 0, 1600);
    const int fd = open_stream("/v1/events?label=chat");
    ASSERT_TRUE(eventually([&] { return server_->status().line().find("\"streams\":1") != std::string::npos; }));
    server_->note(EntryForgotten{chat_, order[1500].endpoint, ForgottenWhy::failed});
    const std::string got = read_until(fd, "initial_list_complete");
    const std::string gone = order[1500].endpoint.text();
    EXPECT_LT(got.find("event: entry_forgotten"), got.find("initial_list_complete"));
    EXPECT_EQ(got.find(gone), got.rfind(gone)) << "listed after it was forgotten";
    EXPECT_EQ(got.find("id: "), got.rfind("id: ")) << "who comes back before the end needs all of the list";
    ::close(fd);
}

TEST_F(AdminServerTest, RefusesABodyThatIsTooLarge) {
    const std::string answer =
        ask("PUT /v1/labels/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n", "413");
    EXPECT_THAT(answer, HasSubstr("413"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
