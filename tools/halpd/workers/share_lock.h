// The lock of one share of the records. It is held for the time of one read or write, which is shorter than it
// takes to sleep and be woken, so a thread that finds it taken tries for a while before it sleeps.
#pragma once

#include <mutex>

namespace halp {

class ShareLock {
public:
    void lock() {
        constexpr int tries = 200;
        for (int i = 0; i < tries; ++i) {
            if (mutex_.try_lock()) return;
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        }
        mutex_.lock();
    }
    void unlock() { mutex_.unlock(); }

private:
    std::mutex mutex_;
};

}  // namespace halp
