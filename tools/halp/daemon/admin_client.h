// HTTP over the daemon's unix socket. Bodies are bytes here; admin_api.h reads them as JSON.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"
#include "store/time.h"
#include "tools/halp/daemon/usual_sockets.h"

namespace halp::cli {

enum class Method { get, put, post, remove };

struct AdminAnswer {
    int status = 0;
    std::string body;
};

class AdminClient {
public:
    static constexpr std::size_t answer_bytes_max = std::size_t{64} << 20;
    // A stream that is silent for this long, more than two heartbeats, means that the daemon hangs.
    static constexpr std::chrono::seconds stream_silence_max{40};

    AdminClient(std::string socket_path, Duration timeout) : path_(std::move(socket_path)), timeout_(timeout) {}

    // Errors: unreachable (no daemon), timed_out (no answer in time), io (the connection broke).
    [[nodiscard]] Result<AdminAnswer> call(Method method, const std::string& target,
                                           const std::string& body = "") const;

    // Passes the pieces of a stream to `take` until that returns false (ok, status 200), the daemon ends the stream
    // (ok), or the connection breaks (io). A status other than 200 is returned as a whole answer, as from call().
    [[nodiscard]] Result<AdminAnswer> stream(const std::string& target,
                                             const std::function<bool(std::string_view)>& take) const;

    [[nodiscard]] const std::string& socket_path() const { return path_; }

private:
    std::string path_;
    Duration timeout_;
};

}  // namespace halp::cli
