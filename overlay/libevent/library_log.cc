#include "overlay/libevent/library_log.h"

#include <event2/event.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

namespace halp {
namespace {

using LogClock = std::chrono::steady_clock;
constexpr int message_burst = 10;
constexpr std::chrono::seconds message_pause{10};

struct LibraryMessages {
    std::mutex mutex;  // several threads may have loops
    LibraryLog log;
    std::thread::id log_thread;      // the only one that may call it
    LibraryLog elsewhere;            // all other threads call this one
    LogClock::time_point full_at{};  // when the whole burst is available again
    std::uint64_t held_back = 0;
};

LibraryMessages& library_messages() {
    static LibraryMessages messages;
    return messages;
}

// Under the lock.
void pass_on(LibraryMessages& messages, const char* message, bool last_words = false) {
    const std::uint64_t held_back = std::exchange(messages.held_back, 0);
    if (messages.log && messages.log_thread == std::this_thread::get_id()) return messages.log(message, held_back);
    // The thread of the log would not come to it any more.
    if (messages.elsewhere && !last_words) return messages.elsewhere(message, held_back);
    ::dprintf(STDERR_FILENO, "libevent: %s\n", message);
    if (held_back > 0)
        ::dprintf(STDERR_FILENO, "libevent: %llu messages before it were not written\n",
                  static_cast<unsigned long long>(held_back));
}

void on_message(int severity, const char* message) {
    LibraryMessages& messages = library_messages();
    if (severity == EVENT_LOG_DEBUG) return;
    const std::lock_guard guard{messages.mutex};
    if (severity == EVENT_LOG_ERR) return pass_on(messages, message);
    const auto now = LogClock::now();
    const auto begin = std::max(messages.full_at, now);
    if (begin + message_pause > now + message_burst * message_pause) {
        ++messages.held_back;
        return;
    }
    messages.full_at = begin + message_pause;
    pass_on(messages, message);
}

[[noreturn]] void on_fatal(int) { end_program("an error of the system that leaves no way to go on"); }

// Asks until there is memory, as operator new does.
template <class Ask>
void* insist(std::size_t size, Ask ask) {
    for (;;) {
        void* const memory = ask();
        if (memory || size == 0) return memory;
        const std::new_handler handler = std::get_new_handler();
        if (!handler) return nullptr;
        handler();
    }
}

void* library_malloc(std::size_t size) {
    return insist(size, [size] { return std::malloc(size); });
}

void* library_realloc(void* old, std::size_t size) {
    return insist(size, [old, size] { return std::realloc(old, size); });
}

}  // namespace

void end_program(const std::string& sentence) {
    {
        LibraryMessages& messages = library_messages();
        const std::lock_guard guard{messages.mutex};
        pass_on(messages, (sentence + "; the program ends").c_str(), true);
    }
    std::_Exit(EXIT_FAILURE);
}

void set_library_log(LibraryLog log) {
    LibraryMessages& messages = library_messages();
    const std::lock_guard guard{messages.mutex};
    messages.log = std::move(log);
    messages.log_thread = std::this_thread::get_id();
}

void set_library_log_elsewhere(LibraryLog log) {
    LibraryMessages& messages = library_messages();
    const std::lock_guard guard{messages.mutex};
    messages.elsewhere = std::move(log);
}

void take_over_library_log() {
    static std::atomic<bool> taken{false};  // an application may make its worlds in several threads
    if (taken.exchange(true)) return;
    event_set_mem_functions(library_malloc, library_realloc, std::free);
    event_set_log_callback(on_message);
    event_set_fatal_callback(on_fatal);
}

}  // namespace halp
