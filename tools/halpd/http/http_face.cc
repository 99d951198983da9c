#include "tools/halpd/http/http_face.h"

#include <utility>

namespace halp {

HttpFace::HttpFace(const config::HttpSettings& settings, const config::Directories& directories)
    : token_file_(directories.http_token),
      certificate_(directories.http_certificate),
      key_(directories.http_key),
      guard_(settings.hosts, !directories.http_certificate.empty()) {}

Result<std::unique_ptr<HttpFace>> HttpFace::open(const config::HttpSettings& settings,
                                                 const config::Directories& directories, Log& log) {
    std::unique_ptr<HttpFace> face{new HttpFace{settings, directories}};
    if (!settings.enabled) {
        face->why_off_ = "http.enabled is false";
        return face;
    }
    if (const Result<void> read = face->read_files(log); !read) return read.error();
    Result<HttpListener> listener = HttpListener::open(settings.listen);
    if (!listener && (settings.listen_stated || listener.error().code != ErrorCode::busy)) return listener.error();
    if (listener)
        face->listener_.emplace(std::move(*listener));
    else
        face->why_off_ = listener.error().message;
    if (!listener) log.write(LogLevel::info, "http_off", face->why_off_);
    return face;
}

Result<void> HttpFace::read_files(Log& log) {
    if (!token_file_.empty()) {
        const Result<std::string> read = guard_.read_token(token_file_);
        if (!read) return read.error();
        if (!read->empty()) log.write(LogLevel::warn, "http_token_readable", *read);
    }
    if (certificate_.empty()) return {};
    if (tls_ == nullptr) {
        Result<std::unique_ptr<Tls>> opened = Tls::open(certificate_, key_);
        if (!opened) return opened.error();
        tls_ = std::move(*opened);
    } else if (const Result<void> read = tls_->reload(); !read) {
        return read;
    }
    if (!tls_->warning().empty()) log.write(LogLevel::warn, "http_key_readable", tls_->warning());
    return {};
}

void HttpFace::serve(AdminServer& server, const AdminLimits& limits) {
    if (!listener_) return;
    AdminServer::Http http;
    http.fd = listener_->release();
    http.guard = &guard_;
    http.tls = tls_.get();
    http.limits = limits;
    server.serve_http(http);
}

void HttpFace::reload(Log& log) {
    if (!listener_) return;
    if (const Result<void> read = read_files(log); !read)
        log.write(LogLevel::error, "http_files_kept",
                  read.error().message + "; the old token and certificate stay");
}

std::string HttpFace::where() const {
    if (!listener_) return "off";
    return (tls_ ? "https://" : "http://") + listener_->address().text() + "/";
}

Json HttpFace::status(const AdminServer& server) const {
    Json object = Json::object();
    object.set("listening", listener_ ? Json{listener_->address().text()} : Json{});
    object.set("off", listener_ ? Json{} : Json{why_off_}).set("tls", tls_ != nullptr);
    object.set("writes", guard_.has_token());
    return listener_ ? object.set_all(server.http_status()) : object;
}

}  // namespace halp
