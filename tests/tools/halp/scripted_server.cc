#include "tests/tools/halp/scripted_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace halp::cli::testing {
namespace {

// An HTTP request whose body is still on its way; HALP text comes in one piece.
bool lacks_body(const std::string& request) {
    constexpr std::string_view field = "Content-Length: ";
    const std::size_t at = request.find(field);
    const std::size_t end = request.find("\r\n\r\n");
    if (at == std::string::npos || end == std::string::npos) return false;
    return request.size() < end + 4 + std::strtoul(request.c_str() + at + field.size(), nullptr, 10);
}

}  // namespace

ScriptedServer::ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    EXPECT_EQ(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

ScriptedServer::ScriptedServer(const std::string& unix_socket_path, Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, unix_socket_path.c_str(), sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 16), 0);
    thread_ = std::thread([this] { serve(); });
}

ScriptedServer::~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
    for (const int fd : hanging_) ::close(fd);
}

std::vector<std::string> ScriptedServer::requests() const {
    const std::lock_guard lock{mutex_};
    return requests_;
}

void ScriptedServer::serve() {
    for (int fd = ::accept(listener_, nullptr, nullptr); fd >= 0; fd = ::accept(listener_, nullptr, nullptr))
        serve_one(fd);
}

void ScriptedServer::serve_one(int fd) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
    if (got <= 0) {  // somebody looked whether we are there
        ::close(fd);
        return;
    }
    std::string request{buffer.data(), static_cast<std::size_t>(got)};
    while (lacks_body(request)) {
        const ssize_t more = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (more <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(more));
    }
    // A stream is asked for behind a look whether the daemon is alive.
    const bool only_looks = request.starts_with("GET /version ");
    if (!only_looks) {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
    }
    const Reply reply = only_looks ? Reply{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"}
                                   : script_(request);
    for (std::string_view rest = reply.bytes; !rest.empty();) {
        const ssize_t sent = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
        if (sent <= 0) break;
        rest.remove_prefix(static_cast<std::size_t>(sent));
    }
    if (reply.hang) {
        hanging_.push_back(fd);
        return;
    }
    const linger at_once{1, 0};
    if (reply.reset) ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ::close(fd);
}

ScriptedServer::Script answers(std::vector<std::pair<std::string, std::string>> table) {
    return [table = std::move(table)](const std::string& request) {
        for (const auto& row : table)
            if (request == row.first) return ScriptedServer::Reply{row.second, false, false};
        return ScriptedServer::Reply{};
    };
}

std::string http_reply(int status, const std::string& body, const std::string& type) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\nConnection: close\r\n\r\n" + body;
}

}  // namespace halp::cli::testing
