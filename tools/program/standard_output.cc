#include "tools/program/standard_output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <string>

namespace halp {
namespace {

// True when standard output is a pipe that nobody reads any more (`halp dht scan c | head`).
bool reader_left() {
    pollfd out{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

}  // namespace

int with_output_written(int code, std::string_view program) {
    errno = 0;
    std::cout.flush();
    const bool written = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
    if (written) return code;
    const int failed = code == 0 ? 1 : code;
    if (reader_left()) return failed;
    const std::string why = errno == 0 ? std::string{} : ": " + std::string{std::strerror(errno)};
    std::cerr << program << ": not all of the output could be written" << why << std::endl;
    return failed;
}

}  // namespace halp
