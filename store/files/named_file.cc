#include "store/files/named_file.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace halp {
namespace {

Error not_readable(int why) {
    const ErrorCode code = why == ENOENT ? ErrorCode::not_found : ErrorCode::io;
    return {code, std::string{"cannot be read: "} + std::strerror(why)};
}

Error too_long(std::size_t bytes_max) {
    return {ErrorCode::full, "has more than " + std::to_string(bytes_max) + " bytes"};
}

bool is_null_device(const struct stat& about) {
    constexpr unsigned memory_devices = 1, null = 3;  // devices.txt of Linux
    return S_ISCHR(about.st_mode) && about.st_rdev == ::makedev(memory_devices, null);
}

Result<void> check_kind(const struct stat& about, Pipes pipes) {
    if (S_ISREG(about.st_mode) || is_null_device(about)) return {};
    if (S_ISFIFO(about.st_mode) && pipes == Pipes::awaited) return {};
    if (S_ISDIR(about.st_mode)) return Error{ErrorCode::invalid, "is a directory: name a file in it"};
    const char* what = S_ISFIFO(about.st_mode) ? "pipe" : S_ISSOCK(about.st_mode) ? "socket" : "device";
    return Error{ErrorCode::invalid, std::string{"is a "} + what + ": name a plain file"};
}

Result<void> await_first_byte(int pipe, Duration patience) {
    const auto latest = std::chrono::steady_clock::now() + patience;
    for (;;) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(latest - std::chrono::steady_clock::now());
        pollfd waiting{pipe, POLLIN, 0};
        const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        if (ready > 0) return {};
        if (ready < 0 && errno != EINTR) return not_readable(errno);
        if (ready == 0)
            return Error{ErrorCode::timed_out,
                         "is a pipe, and nobody has written into it for " +
                             std::to_string(std::chrono::duration_cast<std::chrono::seconds>(patience).count()) +
                             " s: name a plain file"};
    }
}

}  // namespace

Result<NamedFile> open_named_file(const std::string& path, Pipes pipes, Duration patience) {
    // Opening a device may do something. So it is looked at first, and what was opened is looked at again.
    struct stat about {};
    if (::stat(path.c_str(), &about) != 0) return not_readable(errno);
    if (auto good = check_kind(about, pipes); !good) return good.error();
    // O_NONBLOCK: opening a pipe, or a file on which its owner has a lease, would wait.
    FileHandle file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!file || ::fstat(file.get(), &about) != 0) return not_readable(errno);
    if (auto good = check_kind(about, pipes); !good) return good.error();
    if (S_ISFIFO(about.st_mode)) {
        if (auto begun = await_first_byte(file.get(), patience); !begun) return begun.error();
        if (::fcntl(file.get(), F_SETFL, O_RDONLY) != 0) return not_readable(errno);
    }
    const std::uint64_t bytes = S_ISREG(about.st_mode) ? static_cast<std::uint64_t>(about.st_size) : 0;
    return NamedFile{std::move(file), FileAccess::of(about), bytes};
}

Result<NamedText> read_named_file(const std::string& path, std::size_t bytes_max, Pipes pipes, Duration patience) {
    const auto opened = open_named_file(path, pipes, patience);
    if (!opened) return opened.error();
    if (opened->bytes > bytes_max) return too_long(bytes_max);
    NamedText out{{}, opened->access};
    out.text.reserve(static_cast<std::size_t>(opened->bytes));
    std::array<char, 16384> part;
    while (out.text.size() <= bytes_max) {
        const std::size_t room = std::min(part.size(), bytes_max + 1 - out.text.size());
        const ssize_t got = ::read(opened->handle.get(), part.data(), room);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return not_readable(errno);
        if (got == 0) return out;
        out.text.append(part.data(), static_cast<std::size_t>(got));
    }
    return too_long(bytes_max);
}

}  // namespace halp
