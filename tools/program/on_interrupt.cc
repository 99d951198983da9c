#include "tools/program/on_interrupt.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cassert>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace halp {
namespace {

sigset_t interrupts() {
    sigset_t set;
    ::sigemptyset(&set);
    ::sigaddset(&set, SIGINT);
    ::sigaddset(&set, SIGTERM);
    return set;
}

// True when a signal came, false when the work is done.
bool interrupted(int signals, int end) {
    pollfd both[]{{signals, POLLIN, 0}, {end, POLLIN, 0}};
    while (::poll(both, 2, -1) < 0) assert(errno == EINTR);
    return (both[1].revents & POLLIN) == 0;
}

// Takes the signal that came, and lets the next one end the process.
void end_at_the_next_one() {
    const sigset_t set = interrupts();
    const timespec at_once{};
    ::sigtimedwait(&set, nullptr, &at_once);
    for (const int number : {SIGINT, SIGTERM}) ::signal(number, SIG_DFL);  // a shell's `&` had it ignored
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace

OnInterrupt::OnInterrupt(std::function<void()> finish)
    : finish_(std::move(finish)), end_(::eventfd(0, EFD_CLOEXEC)) {
    const sigset_t set = interrupts();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    const int signals = ::signalfd(-1, &set, SFD_CLOEXEC);
    assert(end_ >= 0 && signals >= 0);
    waiter_ = std::thread{[this, signals] { wait(signals); }};
}

OnInterrupt::~OnInterrupt() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(end_, &one, sizeof one);
    assert(written == sizeof one);  // an eventfd has room for it
    waiter_.join();
    ::close(end_);
    const sigset_t set = interrupts();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void OnInterrupt::in_forked_child() {
    const sigset_t set = interrupts();
    ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void OnInterrupt::wait(int signals) {
    const bool came = interrupted(signals, end_);
    ::close(signals);
    if (!came) return;
    asked_ = true;
    end_at_the_next_one();
    if (!finish_) return;
    const std::lock_guard whole{results_};
    finish_();
    std::cout.flush();
    std::fflush(nullptr);
    std::_Exit(exit_code);
}

}  // namespace halp
