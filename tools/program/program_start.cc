#include "tools/program/program_start.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>

namespace halp {
namespace {

// Handlers have no context. Set once, before there are threads.
const char* program_name = "halp";

// Takes no memory.
void say(const char* text) {
    const char* left = text;
    while (*left != '\0') {
        const ssize_t written = ::write(STDERR_FILENO, left, std::strlen(left));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return;  // nobody can be told
        left += written;
    }
}

[[noreturn]] void end_with(const char* what, const char* more) {
    for (const char* part : {program_name, ": ", what}) say(part);
    // May quote what came from elsewhere. Only plain text is shown of it, because harmless() takes memory.
    for (; *more != '\0'; ++more) {
        const char shown[2] = {*more >= ' ' && *more <= '~' ? *more : '?', '\0'};
        say(shown);
    }
    say("\n");
    std::_Exit(EXIT_FAILURE);
}

[[noreturn]] void out_of_memory() {
    end_with("out of memory; the program ends. ", "Give it more (ulimit -v, MemoryMax), or less to do");
}

[[noreturn]] void on_uncaught() {
    if (const std::exception_ptr thrown = std::current_exception()) {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::bad_alloc&) {
            out_of_memory();
        } catch (const std::exception& error) {
            end_with("it cannot go on: ", error.what());
        } catch (...) {
            end_with("it cannot go on", "");
        }
    }
    end_with("it cannot go on", "");
}

void open_standard_descriptors() {
    for (int fd = ::open("/dev/null", O_RDWR); fd >= 0; fd = ::open("/dev/null", O_RDWR)) {
        if (fd <= STDERR_FILENO) continue;
        ::close(fd);
        return;
    }
}

}  // namespace

void begin_program(const char* name) {
    program_name = name;
    open_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    std::set_new_handler(out_of_memory);
    std::set_terminate(on_uncaught);
}

}  // namespace halp
