// Ends a long piece of work in order when somebody presses Ctrl-C: what is done is written, and then the program
// ends.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

namespace halp {

// While one lives, SIGINT and SIGTERM do not kill the process: `finish` is called, on a thread of its own, and then
// the process ends with exit code 130, whatever its other threads do. A second signal ends it at once. Without
// `finish` the work looks at asked() now and then, and ends by itself.
//
// To be made before any thread is started, since threads inherit which signals are blocked. The work takes
// results() while it changes what `finish` reads or writes to a stream; `finish` runs under it, so that it sees
// whole results.
class OnInterrupt {
public:
    explicit OnInterrupt(std::function<void()> finish = {});
    ~OnInterrupt();
    OnInterrupt(const OnInterrupt&) = delete;
    OnInterrupt& operator=(const OnInterrupt&) = delete;

    [[nodiscard]] std::mutex& results() { return results_; }
    [[nodiscard]] bool asked() const { return asked_; }

    // In a child that was forked and runs no other program: it dies by these signals, and with its parent.
    static void in_forked_child();

    static constexpr int exit_code = 130;

private:
    void wait(int signals);

    std::function<void()> finish_;
    std::mutex results_;
    std::atomic<bool> asked_{false};
    int end_ = -1;  // an eventfd: the work is done
    std::thread waiter_;
};

}  // namespace halp
