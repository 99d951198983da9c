#include "tools/halpd/http/http_guard.h"

#include <algorithm>
#include <cctype>

#include "config/yaml_reader.h"
#include "overlay/libevent/address.h"
#include "store/files/file_access.h"

namespace halp {
namespace {

constexpr std::size_t token_bytes_min = 16;
constexpr std::size_t token_bytes_max = 4096;

std::string in_small_letters(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n";
    const std::size_t first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

// Takes the same time wherever the two differ, so that nobody finds the token letter by letter.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
    unsigned difference = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size(); ++i) difference |= a[i] == b[i % b.size()] ? 0U : 1U;
    return difference == 0;
}

bool is_token_byte(char c) { return c > ' ' && c < '\x7f'; }

}  // namespace

std::optional<std::string> host_without_port(std::string_view host) {
    host = trimmed(host);
    std::string_view port;
    if (host.starts_with('[')) {
        const std::size_t end = host.find(']');
        if (end == std::string_view::npos) return std::nullopt;
        port = host.substr(end + 1);
        host = host.substr(1, end - 1);
    } else {
        const std::size_t colon = std::min(host.find(':'), host.size());
        port = host.substr(colon);
        host = host.substr(0, colon);
    }
    if (host.empty() || (!port.empty() && port.front() != ':')) return std::nullopt;
    for (const char c : port.substr(std::min<std::size_t>(1, port.size())))
        if (c < '0' || c > '9') return std::nullopt;
    return in_small_letters(host);
}

HttpGuard::HttpGuard(std::string_view names, bool tls) : names_{"localhost"}, tls_(tls) {
    while (!names.empty()) {
        const std::size_t end = std::min(names.find(','), names.size());
        if (const std::string_view name = trimmed(names.substr(0, end)); !name.empty())
            names_.push_back(in_small_letters(name));
        names.remove_prefix(std::min(end + 1, names.size()));
    }
}

Result<std::string> HttpGuard::read_token(const std::string& file) {
    const std::string setting = " (http.token_file)";
    const Result<NamedText> text = config::open_config_file(file, token_bytes_max);
    if (!text) return Error{text.error().code, text.error().message + setting};
    if (const std::string changeable = changeable_by_others(file, text->access); !changeable.empty())
        return Error{ErrorCode::refused, changeable + setting};
    const std::string_view token = trimmed(text->text);
    if (token.size() < token_bytes_min || !std::all_of(token.begin(), token.end(), is_token_byte))
        return Error{ErrorCode::invalid,
                     file + " must hold one token of at least " + std::to_string(token_bytes_min) +
                         " letters, digits and signs, such as `openssl rand -hex 32` makes" + setting};
    token_ = token;
    const std::string readable = readable_by_others(file, text->access);
    return readable.empty() ? readable : readable + setting;
}

// A site can make its own name point to loopback, but no name is an address, and `localhost` is nobody's.
bool HttpGuard::is_own_host(std::string_view host) const {
    if (std::find(names_.begin(), names_.end(), host) != names_.end()) return true;
    return numeric_address(Endpoint{std::string{host}, 1}).has_value();
}

std::optional<Refusal> HttpGuard::refusal(const GuardedHeaders& headers, bool reads) const {
    if (headers.hosts.size() != 1)
        return Refusal{400, "bad_request",
                       headers.hosts.empty() ? "the Host header is missing" : "there are several Host headers"};
    if (headers.ambiguous)
        return Refusal{400, "bad_request",
                       "the request can be read in two ways: a header is doubled, or a body where none belongs"};
    const std::optional<std::string> host = host_without_port(headers.hosts.front());
    if (!host) return Refusal{400, "bad_request", "the Host header is no host"};
    if (!is_own_host(*host))
        return Refusal{403, "refused",
                       "this daemon is not asked by the name " + *host +
                           "; ask for localhost or an address, or add the name to http.hosts"};
    // The link of a page may lead here. What it leads to is read by the user and not by the page.
    const bool follows_link = reads && headers.fetch_mode == "navigate";
    const bool elsewhere = headers.fetch_site == "cross-site" || headers.fetch_site == "same-site";
    const std::string own = (tls_ ? "https://" : "http://") + in_small_letters(trimmed(headers.hosts.front()));
    const bool other_origin = headers.origin && in_small_letters(*headers.origin) != own;
    if (other_origin || (elsewhere && !follows_link))
        return Refusal{403, "refused", "pages of other sites may not ask this daemon"};
    return std::nullopt;
}

bool HttpGuard::brings_token(const GuardedHeaders& headers) const {
    constexpr std::string_view scheme = "bearer ";
    if (!has_token() || !headers.authorization) return false;
    const std::string_view text = trimmed(*headers.authorization);
    if (in_small_letters(text.substr(0, scheme.size())) != scheme) return false;
    return equal_in_constant_time(trimmed(text.substr(scheme.size())), token_);
}

}  // namespace halp
