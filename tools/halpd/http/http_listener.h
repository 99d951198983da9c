// The listening socket of the admin API over TCP.
#pragma once

#include "config/settings.h"
#include "store/endpoint.h"
#include "store/result.h"

namespace halp {

class HttpListener {
public:
    // ErrorCode::busy if another program has the port.
    [[nodiscard]] static Result<HttpListener> open(const config::ListenAddress& where);

    HttpListener(HttpListener&& other) noexcept;
    HttpListener& operator=(HttpListener&&) = delete;
    ~HttpListener();

    // Non-blocking. The caller closes it.
    [[nodiscard]] int release();
    [[nodiscard]] const Endpoint& address() const { return address_; }

private:
    HttpListener(int fd, Endpoint address) : fd_(fd), address_(std::move(address)) {}

    int fd_;
    Endpoint address_;
};

}  // namespace halp
