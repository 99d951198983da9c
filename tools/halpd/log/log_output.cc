#include "tools/halpd/log/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

namespace halp {
namespace {

constexpr mode_t new_log_file = 0666;        // the umask applies
constexpr std::size_t terminal_piece = 128;  // a terminal says that it takes bytes when it takes so many
constexpr std::size_t file_piece = std::size_t{1} << 20;

bool takes_bytes(int fd) {
    pollfd waiting{fd, POLLOUT, 0};
    return ::poll(&waiting, 1, 0) > 0 && (waiting.revents & POLLOUT) != 0;
}

}  // namespace

LogOutput::LogOutput(int borrowed) : borrowed_(borrowed) {
    struct stat about {};
    if (::fstat(borrowed, &about) != 0) return;
    if (S_ISFIFO(about.st_mode)) kind_ = Kind::pipe;
    if (S_ISSOCK(about.st_mode)) kind_ = Kind::socket;
    if (::isatty(borrowed) == 1) kind_ = Kind::terminal;
}

Result<LogOutput> LogOutput::to_file(const std::string& path) {
    std::error_code ignored;  // opening tells
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    constexpr int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    FileHandle file(::open(path.c_str(), flags, new_log_file));
    struct stat about {};
    const bool opened = file && ::fstat(file.get(), &about) == 0;
    // Opening a pipe that nobody reads fails with ENXIO.
    if (opened ? !S_ISREG(about.st_mode) && !S_ISCHR(about.st_mode) : errno == ENXIO)
        return Error{ErrorCode::invalid, "it is no plain file: name one, or leave log.file empty for stderr"};
    if (!opened) return Error{ErrorCode::io, std::strerror(errno)};
    LogOutput out(file.get());
    out.own_ = std::move(file);
    return out;
}

bool LogOutput::write(std::string_view line) {
    if (!rest_.empty() && !send_rest()) {
        ++lost_;
        return false;
    }
    rest_.assign(line).push_back('\n');
    const std::size_t whole = rest_.size();
    if (send_rest() || rest_.size() < whole) return true;  // what is left of it goes before the next line
    rest_.clear();
    ++lost_;
    return false;
}

// True when nothing is left.
bool LogOutput::send_rest() {
    while (!rest_.empty()) {
        std::size_t piece = file_piece;
        if (kind_ == Kind::pipe) piece = PIPE_BUF;  // that much fits when poll() says so
        if (kind_ == Kind::terminal) piece = terminal_piece;
        piece = std::min(piece, rest_.size());
        if ((kind_ == Kind::pipe || kind_ == Kind::terminal) && !takes_bytes(fd())) return false;
        const ssize_t written = kind_ == Kind::socket
                                    ? ::send(fd(), rest_.data(), piece, MSG_DONTWAIT | MSG_NOSIGNAL)
                                    : ::write(fd(), rest_.data(), piece);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        rest_.erase(0, static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace halp
