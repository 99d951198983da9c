#include "tools/halp/admin_client.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "tools/halp/interrupt.h"

namespace halp::cli {
namespace {

httplib::Client open(const std::string& path, Duration read_timeout) {
    httplib::Client client{path};
    client.set_address_family(AF_UNIX);
    client.set_default_headers({{"Host", "halpd"}});
    client.set_url_encode(false);  // targets come encoded
    const auto us = std::max<std::int64_t>(read_timeout.count(), 1000);
    client.set_connection_timeout(us / 1'000'000, us % 1'000'000);
    client.set_read_timeout(us / 1'000'000, us % 1'000'000);
    client.set_write_timeout(us / 1'000'000, us % 1'000'000);
    client.set_socket_options([](int fd) { interrupt::watch_socket(fd); });
    return client;
}

httplib::Result send(httplib::Client& client, Method method, const std::string& target, const std::string& body) {
    switch (method) {
        case Method::get:
            return client.Get(target);
        case Method::put:
            return client.Put(target, body, "application/json");
        case Method::post:
            return client.Post(target, body, "application/json");
        case Method::remove:
            break;
    }
    return client.Delete(target);
}

Error failure(httplib::Error why, const std::string& path, bool time_is_up) {
    if (why == httplib::Error::Connection) return {ErrorCode::unreachable, "No daemon answers at " + path + "."};
    if (time_is_up) return {ErrorCode::timed_out, "The daemon at " + path + " did not answer in time."};
    return {ErrorCode::io,
            "The connection to the daemon at " + path + " broke off (" + httplib::to_string(why) + ")."};
}

}  // namespace

Result<AdminAnswer> AdminClient::call(Method method, const std::string& target, const std::string& body) const {
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    httplib::Client client = open(path_, timeout_);
    const httplib::Result answer = send(client, method, target, body);
    interrupt::watch_socket(-1);
    if (!answer) return failure(answer.error(), path_, Clock::now() - begun >= timeout_);
    return AdminAnswer{answer->status, answer->body};
}

Result<AdminAnswer> AdminClient::stream(const std::string& target,
                                        const std::function<bool(std::string_view)>& take) const {
    using Clock = std::chrono::steady_clock;
    auto last_word = Clock::now();
    AdminAnswer answer;
    bool enough = false;
    httplib::Client client = open(path_, stream_silence_max);
    const auto result = client.Get(
        target,
        [&](const httplib::Response& head) {
            answer.status = head.status;
            return true;
        },
        [&](const char* bytes, std::size_t length) {
            last_word = Clock::now();
            if (answer.status == 200) {
                enough = !take({bytes, length});
            } else if (answer.body.size() + length <= answer_bytes_max) {
                answer.body.append(bytes, length);
            }
            return !enough;
        });
    interrupt::watch_socket(-1);
    if (!result && !enough) return failure(result.error(), path_, Clock::now() - last_word >= stream_silence_max);
    return answer;
}

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
