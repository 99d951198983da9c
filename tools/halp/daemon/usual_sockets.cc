#include "tools/halp/daemon/usual_sockets.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace halp::cli {

std::string percent_encoded(std::string_view text) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '.' || c == '~';
        if (plain) {
            out += c;
            continue;
        }
        const auto value = static_cast<unsigned char>(c);
        out += '%';
        out += digits[value >> 4];
        out += digits[value & 15];
    }
    return out;
}

Result<void> probe_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Error{ErrorCode::unreachable, "A socket's path has 1 to 107 bytes; " + path + " has not."};
    std::memcpy(address.sun_path, path.data(), path.size());
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return Error{ErrorCode::io, std::string{"No socket could be made: "} + std::strerror(errno) + "."};
    const int outcome = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    const int why = errno;
    ::close(fd);
    if (outcome == 0) return {};
    if (why == EACCES || why == EPERM)
        return Error{ErrorCode::refused,
                     "You may not open " + path + ": ask for membership in the group it belongs to."};
    return Error{ErrorCode::unreachable, "No daemon listens at " + path + " (" + std::strerror(why) + ")."};
}

std::vector<std::string> usual_sockets(const std::string& home, const std::string& runtime_dir,
                                       const std::string& state_home) {
    std::vector<std::string> paths;
    if (!runtime_dir.empty()) paths.push_back(runtime_dir + "/halp/halpd.sock");
    if (!state_home.empty()) {
        paths.push_back(state_home + "/halp/halpd.sock");
    } else if (!home.empty()) {
        paths.push_back(home + "/.local/state/halp/halpd.sock");
    }
    paths.emplace_back("/run/halp/halpd.sock");
    paths.emplace_back("/var/lib/halp/halpd.sock");
    return paths;
}

}  // namespace halp::cli
