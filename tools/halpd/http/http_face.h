// The admin API over TCP, as the settings want it: its port, its token, its certificate. Without a port of its own,
// such as when several daemons of one machine have the usual settings, the daemon goes on and says so.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "config/directories.h"
#include "config/settings.h"
#include "store/result.h"
#include "tools/halpd/admin/admin_server.h"
#include "tools/halpd/http/http_guard.h"
#include "tools/halpd/http/http_listener.h"
#include "tools/halpd/http/tls.h"
#include "tools/halpd/log/log.h"

namespace halp {

class HttpFace {
public:
    // The error is a sentence for the operator. A port that nobody has set and that is taken is none.
    [[nodiscard]] static Result<std::unique_ptr<HttpFace>> open(const config::HttpSettings& settings,
                                                                const config::Directories& directories, Log& log);

    [[nodiscard]] bool serves() const { return listener_.has_value(); }
    // Call it once. This outlives the server.
    void serve(AdminServer& server, const AdminLimits& limits);
    // Reads the token and the certificate again. What is wrong is logged, and the old one stays.
    void reload(Log& log);
    [[nodiscard]] std::string where() const;  // "http://127.0.0.1:3480/", or "off"
    [[nodiscard]] Json status(const AdminServer& server) const;

private:
    HttpFace(const config::HttpSettings& settings, const config::Directories& directories);
    [[nodiscard]] Result<void> read_files(Log& log);

    std::string token_file_, certificate_, key_;
    HttpGuard guard_;
    std::unique_ptr<Tls> tls_;  // null: plain HTTP
    std::optional<HttpListener> listener_;
    std::string why_off_;
};

}  // namespace halp
