#include "tools/halpd/admin/admin_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace halp {
namespace {

Error socket_error(const std::string& path, int why) {
    return {ErrorCode::io, "cannot open the admin socket " + path + ": " + std::strerror(why) +
                               "; choose another place with --admin, or --admin off"};
}

int unix_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }

void make_parents(const std::string& path) {
    for (std::size_t end = path.find('/', 1); end != std::string::npos; end = path.find('/', end + 1))
        ::mkdir(path.substr(0, end).c_str(), 0750);  // a failure shows when the socket is bound
}

bool somebody_listens(const sockaddr_un& address) {
    const int fd = unix_socket();
    if (fd < 0) return false;
    const auto* any = reinterpret_cast<const sockaddr*>(&address);
    const bool answered = ::connect(fd, any, sizeof address) == 0 || errno == EAGAIN;
    ::close(fd);
    return answered;
}

unsigned long inode_of(const std::string& path) {
    struct stat about {};
    return ::lstat(path.c_str(), &about) == 0 ? static_cast<unsigned long>(about.st_ino) : 0;
}

// Binds with mode 0660 from the first moment.
int bind_private(int fd, const sockaddr_un& address) {
    const mode_t before = ::umask(0117);
    const int failure = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
    ::umask(before);
    return failure;
}

}  // namespace

Result<AdminSocket> AdminSocket::open(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error{ErrorCode::invalid, "the path of the admin socket " + path +
                                             " is longer than 107 bytes; choose a shorter one with --admin"};
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    make_parents(path);
    struct stat about {};
    if (::lstat(path.c_str(), &about) == 0) {
        if (!S_ISSOCK(about.st_mode))
            return Error{ErrorCode::io,
                         "cannot open the admin socket " + path +
                             ": there is a file that is no socket; choose another place with --admin"};
        if (somebody_listens(address))
            return Error{ErrorCode::busy, "another halpd already serves the admin socket " + path +
                                              "; choose another one with --admin"};
        ::unlink(path.c_str());
    }
    const int fd = unix_socket();
    if (fd < 0) return socket_error(path, errno);
    int failure = bind_private(fd, address);
    if (failure == 0 && ::listen(fd, 64) != 0) failure = errno;
    if (failure == 0) return AdminSocket{path, fd, true};
    ::close(fd);
    return socket_error(path, failure);
}

AdminSocket AdminSocket::adopt(int fd) {
    sockaddr_un address{};
    socklen_t length = sizeof address;
    const bool known = ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
    return AdminSocket{
        known ? std::string{address.sun_path, ::strnlen(address.sun_path, sizeof address.sun_path)} : "", fd,
        false};
}

AdminSocket::AdminSocket(std::string path, int fd, bool ours)
    : path_(std::move(path)), fd_(fd), ours_(ours), inode_(inode_of(path_)) {}

AdminSocket::AdminSocket(AdminSocket&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), ours_(other.ours_), inode_(other.inode_) {}

AdminSocket::~AdminSocket() {
    if (ours_ && fd_ >= 0 && inode_of(path_) == inode_) ::unlink(path_.c_str());
}

}  // namespace halp
