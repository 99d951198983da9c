#include "tools/halpd/activation.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace halp {
namespace {

constexpr int first_fd = 3;        // SD_LISTEN_FDS_START
constexpr int sockets_max = 1024;  // more would be a mistake of whoever starts us

constexpr std::array known_sockets{
    SocketName{"gossip", "a TCP socket for gossip and HALP text; its address is the node's"},
    SocketName{"text", "a further TCP socket of the same kind: both protocols are served on every one"},
    SocketName{"admin", "the unix socket of the admin API"},
};

// Takes the variable out of the environment.
std::string taken_variable(const char* name) {
    const char* const value = std::getenv(name);
    std::string text = value == nullptr ? std::string{} : std::string{value};
    ::unsetenv(name);
    return text;
}

int number_in(const std::string& text) {
    int number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    return wrong == std::errc{} && end == text.data() + text.size() ? number : 0;
}

std::vector<std::string> parts_of(std::string_view text) {
    std::vector<std::string> parts;
    for (;;) {
        const std::size_t end = text.find(':');
        parts.emplace_back(text.substr(0, end));
        if (end == text.npos) return parts;
        text.remove_prefix(end + 1);
    }
}

int option_of(int fd, int option) {
    int value = 0;
    socklen_t length = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

bool listens(int fd) { return option_of(fd, SO_TYPE) == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) == 1; }

bool given_by_default(const std::string& name) {
    return name.empty() || name == "unknown" || name.ends_with(".socket");
}

Error refusal(int fd, const std::string& name, const std::string& why) {
    return {ErrorCode::invalid, "socket " + std::to_string(fd) + " (`" + name + "`) of the service manager " + why};
}

}  // namespace

std::span<const SocketName> socket_names() { return known_sockets; }

Result<ActivatedSockets> ActivatedSockets::take() {
    const int pid = number_in(taken_variable("LISTEN_PID"));
    const int count = number_in(taken_variable("LISTEN_FDS"));
    const std::vector<std::string> given = parts_of(taken_variable("LISTEN_FDNAMES"));
    ActivatedSockets sockets;
    if (pid != ::getpid() || count <= 0) return sockets;
    if (count > sockets_max)
        return Error{ErrorCode::invalid, "LISTEN_FDS is " + std::to_string(count) + "; at most " +
                                             std::to_string(sockets_max) + " sockets can be given"};
    for (int i = 0; i < count; ++i) {
        const auto place = static_cast<std::size_t>(i);
        if (auto done = sockets.sort_in(first_fd + i, place < given.size() ? given[place] : ""); !done)
            return done.error();
    }
    return sockets;
}

Result<void> ActivatedSockets::sort_in(int fd, const std::string& name) {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0 || !listens(fd))
        return refusal(fd, name, "does not listen for streams; use ListenStream= and Accept=no");
    const bool local = address.ss_family == AF_UNIX;
    const std::string kind = !given_by_default(name) ? name : local ? "admin" : "gossip";
    if (kind != "gossip" && kind != "text" && kind != "admin")
        return refusal(fd, name, "is not known; FileDescriptorName= is gossip, text or admin");
    if (local != (kind == "admin"))
        return refusal(fd, name, local ? "is a unix socket; only admin is one" : "is no unix socket; admin is one");
    if (kind == "admin" && admin_) return refusal(fd, name, "is a second one; one unix socket can be served");
    const int flags = ::fcntl(fd, F_GETFL);
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
        return refusal(fd, name, "cannot be used");
    if (kind == "admin")
        admin_ = fd;
    else
        halp_.insert(kind == "gossip" ? halp_.begin() : halp_.end(), fd);
    return {};
}

ActivatedSockets::ActivatedSockets(ActivatedSockets&& other) noexcept
    : halp_(std::exchange(other.halp_, {})), admin_(std::exchange(other.admin_, std::nullopt)) {}

ActivatedSockets& ActivatedSockets::operator=(ActivatedSockets&& other) noexcept {
    std::swap(halp_, other.halp_);
    std::swap(admin_, other.admin_);
    return *this;
}

ActivatedSockets::~ActivatedSockets() {
    for (const int fd : halp_) ::close(fd);
    if (admin_) ::close(*admin_);
}

std::vector<int> ActivatedSockets::take_halp() { return std::exchange(halp_, {}); }
std::optional<int> ActivatedSockets::take_admin() { return std::exchange(admin_, std::nullopt); }

}  // namespace halp
