#include "tools/halpd/http/tls.h"

#include <dlfcn.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <utility>

#include "config/yaml_reader.h"
#include "store/files/file_access.h"
#include "tools/halpd/start_pages.h"

namespace halp {
namespace {

constexpr timeval quiet_for{10, 0};
constexpr std::size_t pem_bytes_max = std::size_t{1} << 20;

// A key with a passphrase must not make a daemon ask its terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

// The functions in use, by the types that the headers give them.
struct Tls::Library {
    decltype(&::TLS_server_method) server_method = nullptr;
    decltype(&::SSL_CTX_new) context_new = nullptr;
    decltype(&::SSL_CTX_free) context_free = nullptr;
    decltype(&::SSL_CTX_ctrl) context_control = nullptr;
    decltype(&::SSL_CTX_set_options) set_options = nullptr;
    decltype(&::SSL_CTX_set_default_passwd_cb) set_passphrase_call = nullptr;
    decltype(&::SSL_CTX_use_certificate_chain_file) use_certificate = nullptr;
    decltype(&::SSL_CTX_use_PrivateKey_file) use_key = nullptr;
    decltype(&::SSL_CTX_check_private_key) check_key = nullptr;
    decltype(&::SSL_new) connection_new = nullptr;
    decltype(&::ERR_get_error) get_error = nullptr;
    decltype(&::ERR_error_string_n) error_string = nullptr;
    decltype(&::ERR_clear_error) clear_error = nullptr;
    decltype(&::bufferevent_openssl_socket_new) buffers_new = nullptr;

    // The last reason that OpenSSL has.
    [[nodiscard]] std::string why() const {
        std::array<char, 256> text{};
        const unsigned long code = get_error();
        if (code == 0) return "OpenSSL gives no reason";
        error_string(code, text.data(), text.size());
        clear_error();
        return text.data();
    }

    [[nodiscard]] Result<void> load() {
        void* const ssl = dlopen("libssl.so.3", RTLD_NOW);
        void* const crypto = dlopen("libcrypto.so.3", RTLD_NOW);
        void* const events = dlopen("libevent_openssl-2.1.so.7", RTLD_NOW);
        if (ssl == nullptr || crypto == nullptr || events == nullptr)
            return Error{ErrorCode::not_found,
                         std::string{"HTTPS needs the packages libssl3 and libevent-openssl-2.1-7: "} + dlerror()};
        bool whole = true;
        const auto find = [&whole](void* library, const char* name, auto& function) {
            function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(library, name));
            whole = whole && function != nullptr;
        };
        find(ssl, "TLS_server_method", server_method);
        find(ssl, "SSL_CTX_new", context_new);
        find(ssl, "SSL_CTX_free", context_free);
        find(ssl, "SSL_CTX_ctrl", context_control);
        find(ssl, "SSL_CTX_set_options", set_options);
        find(ssl, "SSL_CTX_set_default_passwd_cb", set_passphrase_call);
        find(ssl, "SSL_CTX_use_certificate_chain_file", use_certificate);
        find(ssl, "SSL_CTX_use_PrivateKey_file", use_key);
        find(ssl, "SSL_CTX_check_private_key", check_key);
        find(ssl, "SSL_new", connection_new);
        find(crypto, "ERR_get_error", get_error);
        find(crypto, "ERR_error_string_n", error_string);
        find(crypto, "ERR_clear_error", clear_error);
        find(events, "bufferevent_openssl_socket_new", buffers_new);
        if (!whole) return Error{ErrorCode::io, "this libssl lacks a function that HTTPS needs; use version 3"};
        return {};
    }
};

Result<std::unique_ptr<Tls>> Tls::open(const std::string& certificate, const std::string& key) {
    static Library library;
    if (library.buffers_new == nullptr)
        if (const Result<void> loaded = library.load(); !loaded) return loaded.error();
    std::unique_ptr<Tls> tls{new Tls{certificate, key}};
    tls->library_ = &library;
    if (const Result<void> read = tls->reload(); !read) return read.error();
    return tls;
}

Tls::~Tls() {
    if (drop_pages_ != nullptr) event_free(drop_pages_);
    if (context_ != nullptr) library_->context_free(static_cast<SSL_CTX*>(context_));
}

Result<void> Tls::reload() {
    // Whether the files can be read, and by whom else; OpenSSL says of neither which file it was.
    const Result<NamedText> chain = config::open_config_file(certificate_, pem_bytes_max);
    if (!chain) return Error{chain.error().code, chain.error().message + " (http.certificate)"};
    const Result<NamedText> secret = config::open_config_file(key_, pem_bytes_max);
    if (!secret) return Error{secret.error().code, secret.error().message + " (http.key)"};
    SSL_CTX* const fresh = library_->context_new(library_->server_method());
    if (fresh == nullptr) return Error{ErrorCode::io, "no TLS: " + library_->why()};
    library_->set_passphrase_call(fresh, no_passphrase);
    library_->context_control(fresh, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_2_VERSION, nullptr);
    library_->context_control(fresh, SSL_CTRL_MODE, SSL_MODE_RELEASE_BUFFERS, nullptr);
    // A peer that closes without close_notify is no error (libevent 2.1 has no other way to say so).
    library_->set_options(fresh, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION);
    std::string wrong;
    if (library_->use_certificate(fresh, certificate_.c_str()) != 1)
        wrong = certificate_ + " is no certificate chain in PEM form (http.certificate): ";
    else if (library_->use_key(fresh, key_.c_str(), SSL_FILETYPE_PEM) != 1)
        wrong =
            key_ + " has no private key in PEM form without a passphrase that fits the certificate (http.key): ";
    else if (library_->check_key(fresh) != 1)
        wrong = key_ + " is not the key of the certificate " + certificate_ + " (http.key): ";
    if (!wrong.empty()) {
        const std::string why = library_->why();
        library_->context_free(fresh);
        return Error{ErrorCode::invalid, wrong + why};
    }
    // Connections hold the context that they began with.
    if (void* const before = std::exchange(context_, fresh); before != nullptr)
        library_->context_free(static_cast<SSL_CTX*>(before));
    warning_ = readable_by_others(key_, secret->access);
    if (!warning_.empty()) warning_ += " (http.key)";
    return {};
}

// A handshake maps 5 MiB of OpenSSL's code. When none has come for a while, they are unmapped again.
void Tls::drop_pages_later(event_base* base) {
    if (drop_pages_ == nullptr)
        drop_pages_ = event_new(
            base, -1, 0, [](int, short, void*) { static_cast<void>(drop_start_pages()); }, nullptr);  // how much
    // Without the timer the pages stay mapped, and nothing else is lost.
    if (drop_pages_ != nullptr) static_cast<void>(event_add(drop_pages_, &quiet_for));
}

bufferevent* Tls::accept(event_base* base) {
    drop_pages_later(base);
    SSL* const connection = library_->connection_new(static_cast<SSL_CTX*>(context_));
    if (connection == nullptr) return nullptr;
    return library_->buffers_new(base, -1, connection, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
}

}  // namespace halp
