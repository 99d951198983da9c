// HTTPS: the certificate, and connections that use it. OpenSSL and libevent's part for it are loaded when a
// certificate is configured and not before: linked, they cost a daemon without one a fifth of its memory.
#pragma once

#include <memory>
#include <string>

#include "store/result.h"

struct bufferevent;
struct event;
struct event_base;

namespace halp {

class Tls {
public:
    // `key` may be the same file. Errors are sentences for the operator.
    [[nodiscard]] static Result<std::unique_ptr<Tls>> open(const std::string& certificate, const std::string& key);
    ~Tls();
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;

    // Reads both files again, for connections that come from now on. On failure the old ones stay.
    [[nodiscard]] Result<void> reload();
    // What the operator should mend about the files; empty when all is well.
    [[nodiscard]] const std::string& warning() const { return warning_; }
    // A connection without a descriptor yet, for evhttp. Null when there is no memory.
    [[nodiscard]] bufferevent* accept(event_base* base);

private:
    struct Library;
    void drop_pages_later(event_base* base);
    Tls(std::string certificate, std::string key) : certificate_(std::move(certificate)), key_(std::move(key)) {}

    std::string certificate_, key_, warning_;
    const Library* library_ = nullptr;
    void* context_ = nullptr;  // SSL_CTX
    event* drop_pages_ = nullptr;
};

}  // namespace halp
