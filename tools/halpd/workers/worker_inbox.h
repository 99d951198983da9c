// What other threads have for one thread of the DHT: completions of its writes, changes of the channels that its
// clients follow, and calls that it is to make. Any thread posts. The thread takes, after its loop was woken or in
// any turn before that.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <mutex>
#include <vector>

#include "store/records/record_store.h"

struct event;
struct event_base;

namespace halp {

class WorkerInbox {
public:
    // `woken` is called on the loop of `base`, behind the calls that were posted.
    explicit WorkerInbox(event_base* base);
    ~WorkerInbox();
    WorkerInbox(const WorkerInbox&) = delete;
    WorkerInbox& operator=(const WorkerInbox&) = delete;
    // To be set before another thread posts.
    void on_woken(std::function<void()> call) { woken_ = std::move(call); }

    void post(std::function<void()> call);
    void post(const Completion& completion);
    void post(const RecordChange& change);

    // Both append, in the order of the posts.
    void take(std::vector<Completion>& completions);
    void take(std::vector<RecordChange>& changes);
    // Makes the calls that wait now.
    void run_calls();

private:
    void wake();
    void on_readable();

    std::mutex mutex_;  // of the three vectors
    std::vector<std::function<void()>> calls_;
    std::vector<Completion> completions_;
    std::vector<RecordChange> changes_;
    std::atomic<std::size_t> waiting_{0};  // completions and changes: an empty inbox costs no lock
    std::atomic<bool> woke_{false};
    std::function<void()> woken_;
    int wake_fd_;
    event* wake_event_;
};

}  // namespace halp
