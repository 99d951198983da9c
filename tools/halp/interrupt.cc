#include "tools/halp/interrupt.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "tools/halp/exit_code.h"

namespace halp::cli::interrupt {
namespace {

std::atomic<int> noted{0};
std::atomic<int> socket_in_use{-1};
std::atomic<bool> prepared{false};
std::atomic<std::int64_t> first_ms{0};

// timeout(1) signals a program and then its group: two signals that are meant as one.
constexpr std::int64_t same_signal_ms = 200;

static_assert(std::atomic<int>::is_always_lock_free && std::atomic<std::int64_t>::is_always_lock_free,
              "a signal handler uses them");

std::int64_t now_ms() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

void note(Cause why) {
    noted = static_cast<int>(why);
    if (const int fd = socket_in_use; fd >= 0) ::shutdown(fd, SHUT_RDWR);
}

void on_signal(int signal) {
    if (signal == SIGALRM) return note(Cause::time_over);
    const bool again = cause() == Cause::interrupted || cause() == Cause::terminated;
    const bool impatient = again && now_ms() - first_ms > same_signal_ms;
    if (!prepared || impatient) ::_exit(static_cast<int>(ExitCode::interrupted));
    if (again) return;
    first_ms = now_ms();
    note(signal == SIGINT ? Cause::interrupted : Cause::terminated);
}

}  // namespace

void install() {
    struct sigaction action {};
    action.sa_handler = on_signal;
    ::sigemptyset(&action.sa_mask);
    for (const int signal : {SIGINT, SIGTERM, SIGALRM}) ::sigaction(signal, &action, nullptr);
    // A reader that left, and a file above the limit of this process, show as a failed write.
    for (const int signal : {SIGPIPE, SIGXFSZ}) ::signal(signal, SIG_IGN);
}

void prepare() { prepared = true; }

Cause cause() { return static_cast<Cause>(noted.load()); }

void arm(Duration span) {
    const auto us = span.count() > 0 ? span.count() : 1;
    const itimerval timer{{0, 0}, {us / 1'000'000, us % 1'000'000}};
    ::setitimer(ITIMER_REAL, &timer, nullptr);
}

void watch_socket(int fd) { socket_in_use = fd; }

void nap(Duration span) {
    if (cause() != Cause::none) return;
    const auto us = span.count();
    const timespec wanted{us / 1'000'000, (us % 1'000'000) * 1000};
    ::nanosleep(&wanted, nullptr);
}

}  // namespace halp::cli::interrupt
