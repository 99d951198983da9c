#include "tools/halpd/services/service_check.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "overlay/libevent/address.h"
#include "overlay/libevent/loop_calls.h"
#include "tools/program/harmless.h"

extern char** environ;

namespace halp {
namespace {

using config::ServiceSettings;

constexpr std::size_t answer_bytes_max = 4096, output_kept_max = 200, command_output_max = std::size_t{1} << 20;

Error failing(std::string why) { return {ErrorCode::unreachable, std::move(why)}; }

// A connection; with a request, the first line of what is answered counts.
class ConnectionCheck final : public ServiceCheck {
public:
    ConnectionCheck(event_base* base, const Endpoint& to, std::string request, Duration timeout, Done done)
        : done_(std::move(done)),
          request_(std::move(request)),
          stream_(bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS)),
          timer_(new_event(
              base, -1, 0,
              [](evutil_socket_t, short, void* self) {
                  static_cast<ConnectionCheck*>(self)->end(failing("no answer in time"));
              },
              this)) {
        set_timer(timer_, timeout);
        auto address = numeric_address(to);
        if (stream_ == nullptr || !address) return;  // the timer ends it
        bufferevent_setcb(
            stream_, [](bufferevent*, void* self) { static_cast<ConnectionCheck*>(self)->read(); }, nullptr,
            [](bufferevent*, short what, void* self) { static_cast<ConnectionCheck*>(self)->happened(what); },
            this);
        bufferevent_setwatermark(stream_, EV_READ, 0, answer_bytes_max);
        // Refused by the kernel, it answers nothing in time.
        static_cast<void>(bufferevent_enable(stream_, EV_READ | EV_WRITE));
        // A failure at once comes as an event, too.
        static_cast<void>(bufferevent_socket_connect(stream_, &address->any, static_cast<int>(address->length)));
    }
    ~ConnectionCheck() override {
        if (stream_ != nullptr) bufferevent_free(stream_);
        event_free(timer_);
    }

private:
    void happened(short what) {
        if ((what & BEV_EVENT_CONNECTED) != 0) {
            if (request_.empty()) return end({});
            if (bufferevent_write(stream_, request_.data(), request_.size()) != 0) end(failing("no memory"));
            return;
        }
        if ((what & BEV_EVENT_EOF) != 0) {
            const bool silent = evbuffer_get_length(bufferevent_get_input(stream_)) == 0;
            return end(failing(silent ? "it ended without an answer" : "the answer is not HTTP"));
        }
        const int why = EVUTIL_SOCKET_ERROR();
        end(failing(why == 0 ? "no connection" : std::strerror(why)));
    }
    void read() {
        evbuffer* const in = bufferevent_get_input(stream_);
        std::size_t length = 0;
        char* const line = evbuffer_readln(in, &length, EVBUFFER_EOL_CRLF);
        if (line == nullptr) {
            if (evbuffer_get_length(in) >= answer_bytes_max) end(failing("the answer is not HTTP"));
            return;
        }
        const std::string first{line, length};
        std::free(line);
        const bool http = first.starts_with("HTTP/1.") && first.size() >= 12 && first[8] == ' ';
        if (!http) return end(failing("the answer is not HTTP"));
        if (first[9] == '2' || first[9] == '3') return end({});
        end(failing("it answers " + harmless(first.substr(9, 60))));
    }
    // The last call: `this` may be gone after it.
    void end(Result<void> outcome) {
        unwatch(timer_);
        if (stream_ != nullptr) bufferevent_setcb(stream_, nullptr, nullptr, nullptr, nullptr);
        Done done = std::move(done_);
        if (done) done(std::move(outcome));
    }

    Done done_;
    std::string request_;
    bufferevent* stream_;
    event* timer_;
};

class CommandCheck final : public ServiceCheck {
public:
    CommandCheck(event_base* base, const std::string& command, Duration timeout, Done done)
        : base_(base), done_(std::move(done)) {
        timer_ = new_event(
            base, -1, 0, [](evutil_socket_t, short, void* self) { static_cast<CommandCheck*>(self)->on_timer(); },
            this);
        started_ = start(command);
        set_timer(timer_, started_ ? timeout : Duration{0});
    }
    ~CommandCheck() override {
        end_group();
        if (pid_ > 0) ::waitpid(pid_, nullptr, 0);  // it was killed
        for (event* each : {timer_, exit_event_, output_event_})
            if (each != nullptr) event_free(each);
        for (const int fd : {exit_fd_, output_fd_})
            if (fd >= 0) ::close(fd);
    }

private:
    [[nodiscard]] bool start(const std::string& command) {
        std::array<int, 2> ends{-1, -1};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
        output_fd_ = ends[0];
        // The end of the command blocks, as programs expect.
        const bool ready = ::fcntl(output_fd_, F_SETFL, O_NONBLOCK) == 0;
        if (ready) spawn(command, ends[1]);
        ::close(ends[1]);
        if (pid_ <= 0) return false;
        exit_fd_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
        if (exit_fd_ < 0) return false;
        exit_event_ = new_event(
            base_, exit_fd_, EV_READ,
            [](evutil_socket_t, short, void* self) { static_cast<CommandCheck*>(self)->on_exit(); }, this);
        output_event_ = new_event(
            base_, output_fd_, EV_READ | EV_PERSIST,
            [](evutil_socket_t, short, void* self) { static_cast<CommandCheck*>(self)->on_output(); }, this);
        return watch(exit_event_) && watch(output_event_);
    }

    // In a process group of its own, with signals as a program expects them.
    void spawn(const std::string& command, int output) {
        posix_spawn_file_actions_t files;
        posix_spawnattr_t attributes;
        posix_spawn_file_actions_init(&files);
        posix_spawnattr_init(&attributes);
        posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_adddup2(&files, output, 1);
        posix_spawn_file_actions_adddup2(&files, output, 2);
        sigset_t none, usual;
        sigemptyset(&none);
        sigemptyset(&usual);
        for (const int signal : {SIGPIPE, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGUSR2})
            sigaddset(&usual, signal);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &usual);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(&attributes,
                                 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        std::string words = command, shell = "sh", dash_c = "-c";
        std::array<char*, 4> argv{shell.data(), dash_c.data(), words.data(), nullptr};
        if (::posix_spawn(&pid_, "/bin/sh", &files, &attributes, argv.data(), environ) != 0) pid_ = -1;
        posix_spawn_file_actions_destroy(&files);
        posix_spawnattr_destroy(&attributes);
    }

    // The command itself may have left the group that it was started in.
    void end_group() const {
        if (pid_ <= 0) return;
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
    }
    // What the command has left behind may write for ever; nobody listens.
    void hear_no_more() {
        unwatch(output_event_);
        if (output_fd_ >= 0) ::close(std::exchange(output_fd_, -1));
    }
    void on_timer() {
        if (!started_) return end(failing("the command could not be started"));
        too_long_ = true;
        end_group();  // on_exit() follows
    }
    void on_output() {
        std::array<char, 4096> bytes;  // filled by the system
        const ssize_t got = ::read(output_fd_, bytes.data(), bytes.size());
        if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (got <= 0) {
            unwatch(output_event_);
            return;
        }
        output_.append(bytes.data(), std::min(static_cast<std::size_t>(got), output_kept_max - output_.size()));
        output_bytes_ += static_cast<std::size_t>(got);
        if (output_bytes_ <= command_output_max) return;
        hear_no_more();
        end_group();
    }
    void on_exit() {
        if (output_fd_ >= 0) on_output();
        hear_no_more();
        ::kill(-pid_, SIGKILL);  // what it has started ends with it
        int status = 0;
        ::waitpid(pid_, &status, 0);
        pid_ = -1;
        const std::string said = output_.substr(0, output_.find('\n'));
        const std::string tail = said.empty() ? "" : ": " + harmless(said);
        if (too_long_) return end(failing("the command did not end in time" + tail));
        if (output_bytes_ > command_output_max) return end(failing("the command wrote more than 1 MiB" + tail));
        if (WIFSIGNALED(status)) return end(failing("signal " + std::to_string(WTERMSIG(status)) + tail));
        if (WEXITSTATUS(status) == 0) return end({});
        end(failing("exit code " + std::to_string(WEXITSTATUS(status)) + tail));
    }
    void end(Result<void> outcome) {
        unwatch(timer_);
        Done done = std::move(done_);
        if (done) done(std::move(outcome));
    }

    event_base* base_;
    Done done_;
    pid_t pid_ = -1;
    int exit_fd_ = -1, output_fd_ = -1;
    event* timer_ = nullptr;
    event* exit_event_ = nullptr;
    event* output_event_ = nullptr;
    std::string output_;
    std::size_t output_bytes_ = 0;
    bool started_ = false, too_long_ = false;
};

}  // namespace

std::unique_ptr<ServiceCheck> ServiceCheck::start(event_base* base, const ServiceSettings& service, Done done) {
    if (service.check() == ServiceSettings::Check::command)
        return std::make_unique<CommandCheck>(base, service.check_command, service.timeout, std::move(done));
    if (service.check() == ServiceSettings::Check::tcp)
        return std::make_unique<ConnectionCheck>(base, *config::checked_endpoint(service), "", service.timeout,
                                                 std::move(done));
    const config::CheckedUrl url = *config::parse_checked_url(service.check_http);
    return std::make_unique<ConnectionCheck>(base, url.endpoint,
                                             "GET " + url.path + " HTTP/1.0\r\nHost: " + url.endpoint.text() +
                                                 "\r\nUser-Agent: halpd\r\nConnection: close\r\n\r\n",
                                             service.timeout, std::move(done));
}

}  // namespace halp
