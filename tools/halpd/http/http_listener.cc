#include "tools/halpd/http/http_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "overlay/libevent/address.h"

namespace halp {
namespace {

constexpr int waiting_connections_max = 64;

Error http_listen_error(const config::ListenAddress& where, int why) {
    const ErrorCode code = why == EADDRINUSE ? ErrorCode::busy : ErrorCode::io;
    return {code, "cannot serve HTTP on " + where.text() + ": " + std::strerror(why) +
                      "; choose another address with http.listen, or http.enabled: false"};
}

}  // namespace

Result<HttpListener> HttpListener::open(const config::ListenAddress& where) {
    const std::string host = where.host == "localhost" ? "127.0.0.1" : where.host;
    std::optional<SocketAddress> address = numeric_address(Endpoint{host, 1});  // port 0 is no endpoint's
    if (!address)
        return Error{ErrorCode::invalid, "http.listen: " + where.text() +
                                             " is no address of this machine; give a "
                                             "number, such as 127.0.0.1:3480"};
    address->set_port(where.port);
    const int fd = ::socket(address->family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return http_listen_error(where, errno);
    HttpListener listener{fd, {}};
    const int yes = 1, no = 0;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return http_listen_error(where, errno);
    if (address->family() == AF_INET6 && ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0)
        return http_listen_error(where, errno);
    if (::bind(fd, &address->any, address->length) != 0 || ::listen(fd, waiting_connections_max) != 0)
        return http_listen_error(where, errno);
    const std::optional<SocketAddress> bound = local_address_of(fd);
    if (!bound) return http_listen_error(where, errno);
    listener.address_ = bound->endpoint();
    return listener;
}

HttpListener::HttpListener(HttpListener&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), address_(std::move(other.address_)) {}

HttpListener::~HttpListener() {
    if (fd_ >= 0) ::close(fd_);
}

int HttpListener::release() { return std::exchange(fd_, -1); }

}  // namespace halp
