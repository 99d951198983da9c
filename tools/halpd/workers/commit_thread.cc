#include "tools/halpd/workers/commit_thread.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <utility>

#include "overlay/libevent/loop_calls.h"
#include "tools/halpd/workers/signals_blocked.h"

namespace halp {

CommitThread::CommitThread(std::unique_ptr<LmdbStore> store, event_base* base, const Clock& clock,
                           Finished finished, ShareLock* lock)
    : store_(std::move(store)),
      clock_(clock),
      finished_(std::move(finished)),
      lock_(lock),
      gather_max_(store_->options().gather),
      writes_max_(store_->options().writes_per_commit),
      wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      wake_event_(new_event(
          base, wake_fd_, EV_READ | EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<CommitThread*>(self)->on_done(); }, this)) {
    must(wake_fd_ >= 0, "open the signal of the commit thread (no more open files)");
    must(watch(wake_event_), "watch the signal of the commit thread (no memory, or fs.epoll.max_user_watches)");
    store_->set_gather(Duration{0}, writes_max_);
    const SignalsBlocked inherited;
    thread_ = std::thread([this] { work(); });
}

CommitThread::~CommitThread() {
    if (running_) static_cast<void>(wait());  // nobody is left to be told; drain() has been before
    stop_ = true;
    go_.release();
    thread_.join();
    event_free(wake_event_);
    ::close(wake_fd_);
}

void CommitThread::work() {
    for (;;) {
        go_.acquire();
        if (stop_) return;
        store_->run_commit();
        done_.release();
        const std::uint64_t one = 1;
        static_cast<void>(!::write(wake_fd_, &one, sizeof one));  // fails only when it is readable anyway
    }
}

void CommitThread::start() {
    assert(!running_);
    if (!store_->prepare_commit()) return;
    running_ = true;
    began_ = clock_.now();
    go_.release();
}

std::optional<Result<void>> CommitThread::step() {
    const std::size_t written = store_->writes_committing();
    const Result<bool> again = store_->finish_commit();
    if (again && *again) {
        go_.release();
        return std::nullopt;
    }
    running_ = false;
    learn(written);
    return again ? Result<void>{} : Result<void>{again.error()};
}

void CommitThread::learn(std::size_t written) {
    const Instant now = clock_.now();
    const Duration took = now - began_;
    const Duration quarter = std::chrono::floor<std::chrono::milliseconds>(took / 4);
    const std::size_t all = std::clamp<std::size_t>(written + store_->writes_waiting(), 1, writes_max_);
    company_until_ = now + took;
    store_->set_gather(std::min(gather_max_, quarter), all);
}

Result<void> CommitThread::wait() {
    for (;;) {
        done_.acquire();
        if (const auto over = step()) return *over;
    }
}

void CommitThread::on_done() {
    std::uint64_t times = 0;
    static_cast<void>(!::read(wake_fd_, &times, sizeof times));  // how often does not matter
    if (!lock_) return finish();
    const std::lock_guard guard{*lock_};
    finish();
}

void CommitThread::finish() {
    // commit() may have waited for this one already.
    if (!running_ || !done_.try_acquire()) return;
    const auto over = step();
    if (!over) return;
    if (store_->commit_due(clock_.now())) start();
    finished_(*over);
}

Result<void> CommitThread::commit() {
    const Result<void> before = running_ ? wait() : Result<void>{};
    start();
    return before;
}

// Both wait for the disk: nothing else may write to the store meanwhile. Writes that fail here have been told so.
Result<void> CommitThread::set_range(const HashRange& wanted) {
    const Result<void> before = commit_all();
    const Result<void> set = store_->set_range(wanted);
    return set || before ? set : before;
}

Result<void> CommitThread::drop_aside() {
    const Result<void> before = commit_all();
    const Result<void> dropped = store_->drop_aside();
    return dropped || before ? dropped : before;
}

Result<void> CommitThread::commit_all() {
    Result<void> outcome;
    while (running_ || store_->waiting_bytes() > 0) {
        if (!running_) start();
        if (const Result<void> one = wait(); !one) outcome = one;
    }
    return outcome;
}

}  // namespace halp
