#include "tools/halpd/workers/worker_inbox.h"

#include <event2/event.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <utility>

#include "overlay/libevent/loop_calls.h"

namespace halp {

WorkerInbox::WorkerInbox(event_base* base)
    : wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      wake_event_(new_event(
          base, wake_fd_, EV_READ | EV_PERSIST,
          [](evutil_socket_t, short, void* self) { static_cast<WorkerInbox*>(self)->on_readable(); }, this)) {
    must(wake_fd_ >= 0, "open the signal of a DHT thread (no more open files)");
    must(watch(wake_event_), "watch the signal of a DHT thread (no memory, or fs.epoll.max_user_watches)");
}

WorkerInbox::~WorkerInbox() {
    event_free(wake_event_);
    ::close(wake_fd_);
}

void WorkerInbox::post(std::function<void()> call) {
    {
        const std::lock_guard guard{mutex_};
        calls_.push_back(std::move(call));
    }
    wake();
}

void WorkerInbox::post(const Completion& completion) {
    {
        const std::lock_guard guard{mutex_};
        completions_.push_back(completion);
        ++waiting_;
    }
    wake();
}

void WorkerInbox::post(const RecordChange& change) {
    {
        const std::lock_guard guard{mutex_};
        changes_.push_back(change);
        ++waiting_;
    }
    wake();
}

void WorkerInbox::take(std::vector<Completion>& completions) {
    if (waiting_ == 0) return;
    const std::lock_guard guard{mutex_};
    completions.insert(completions.end(), completions_.begin(), completions_.end());
    waiting_ -= completions_.size();
    completions_.clear();
}

void WorkerInbox::take(std::vector<RecordChange>& changes) {
    if (waiting_ == 0) return;
    const std::lock_guard guard{mutex_};
    changes.insert(changes.end(), changes_.begin(), changes_.end());
    waiting_ -= changes_.size();
    changes_.clear();
}

void WorkerInbox::run_calls() {
    std::vector<std::function<void()>> calls;
    {
        const std::lock_guard guard{mutex_};
        calls.swap(calls_);
    }
    for (const std::function<void()>& call : calls) call();
}

// One signal is enough for all that is posted until the loop has seen it.
void WorkerInbox::wake() {
    if (woke_.exchange(true)) return;
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_fd_, &one, sizeof one));  // fails only when it is readable anyway
}

void WorkerInbox::on_readable() {
    std::uint64_t times = 0;
    static_cast<void>(!::read(wake_fd_, &times, sizeof times));  // how often does not matter
    woke_ = false;
    run_calls();
    if (woken_) woken_();
}

}  // namespace halp
