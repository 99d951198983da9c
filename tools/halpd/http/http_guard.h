// Who may ask what over TCP. A browser carries requests of any web site to loopback, so a request must name this
// daemon as its host (a site cannot give itself the name `localhost` or a number: DNS rebinding), and must not come
// from a page of another site (Origin, Sec-Fetch-Site: CSRF). Changes need the token.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"

namespace halp {

// The headers of a request that the guard looks at.
struct GuardedHeaders {
    std::vector<std::string> hosts;  // every Host header
    std::optional<std::string> origin, fetch_site, fetch_mode, authorization;
    // Where the request ends depends on who reads it: a doubled header that must be one, a blank in a name, or a body
    // where there is none. A proxy in front could take the rest for the request of somebody else.
    bool ambiguous = false;
};

struct Refusal {
    int status = 403;
    std::string code, message;
};

class HttpGuard {
public:
    // `names`: further hosts that are this daemon's, separated by commas and blanks. `tls`: its pages are https.
    HttpGuard(std::string_view names, bool tls);

    // Reads the token again. On failure the one before stays. The text is a warning for the operator, or empty.
    [[nodiscard]] Result<std::string> read_token(const std::string& file);
    [[nodiscard]] bool has_token() const { return !token_.empty(); }

    // Nothing when the request may be looked at. `reads`: GET or HEAD.
    [[nodiscard]] std::optional<Refusal> refusal(const GuardedHeaders& headers, bool reads) const;
    // Whether the request brings the token.
    [[nodiscard]] bool brings_token(const GuardedHeaders& headers) const;

private:
    [[nodiscard]] bool is_own_host(std::string_view host) const;

    std::vector<std::string> names_;
    bool tls_;
    std::string token_;
};

// "localhost:3480" to "localhost", "[::1]:3480" to "::1", in small letters. Nothing when it is no host.
[[nodiscard]] std::optional<std::string> host_without_port(std::string_view host);

}  // namespace halp
