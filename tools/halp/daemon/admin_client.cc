#include "tools/halp/daemon/admin_client.h"

#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "tools/halp/interrupt.h"

namespace halp::cli {
namespace {

httplib::Client open(const std::string& path, Duration read_timeout) {
    httplib::Client client{path};
    client.set_address_family(AF_UNIX);
    client.set_default_headers({{"Host", "halpd"}});
    client.set_url_encode(false);  // targets come encoded
    const auto us = std::max<std::int64_t>(read_timeout.count(), 1000);
    client.set_connection_timeout(us / 1'000'000, us % 1'000'000);
    client.set_read_timeout(us / 1'000'000, us % 1'000'000);
    client.set_write_timeout(us / 1'000'000, us % 1'000'000);
    client.set_socket_options([](int fd) { interrupt::watch_socket(fd); });
    return client;
}

httplib::Result send(httplib::Client& client, Method method, const std::string& target, const std::string& body) {
    switch (method) {
        case Method::get:
            return client.Get(target);
        case Method::put:
            return client.Put(target, body, "application/json");
        case Method::post:
            return client.Post(target, body, "application/json");
        case Method::remove:
            break;
    }
    return client.Delete(target);
}

Error failure(httplib::Error why, const std::string& path, bool time_is_up) {
    if (why == httplib::Error::Connection) return {ErrorCode::unreachable, "No daemon answers at " + path + "."};
    if (time_is_up) return {ErrorCode::timed_out, "The daemon at " + path + " did not answer in time."};
    return {ErrorCode::io,
            "The connection to the daemon at " + path + " broke off (" + httplib::to_string(why) + ")."};
}

}  // namespace

Result<AdminAnswer> AdminClient::call(Method method, const std::string& target, const std::string& body) const {
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    httplib::Client client = open(path_, timeout_);
    const httplib::Result answer = send(client, method, target, body);
    interrupt::watch_socket(-1);
    if (!answer) return failure(answer.error(), path_, Clock::now() - begun >= timeout_);
    return AdminAnswer{answer->status, answer->body};
}

Result<AdminAnswer> AdminClient::stream(const std::string& target,
                                        const std::function<bool(std::string_view)>& take) const {
    using Clock = std::chrono::steady_clock;
    // A daemon that hangs takes the connection all the same, and is found out in the time of a call.
    if (const auto alive = call(Method::get, "/version", ""); !alive) return alive.error();
    auto last_word = Clock::now();
    AdminAnswer answer;
    bool enough = false;
    httplib::Client client = open(path_, stream_silence_max);
    const auto result = client.Get(
        target,
        [&](const httplib::Response& head) {
            answer.status = head.status;
            return true;
        },
        [&](const char* bytes, std::size_t length) {
            last_word = Clock::now();
            if (answer.status == 200) {
                enough = !take({bytes, length});
            } else if (answer.body.size() + length <= answer_bytes_max) {
                answer.body.append(bytes, length);
            }
            return !enough;
        });
    interrupt::watch_socket(-1);
    if (!result && !enough) return failure(result.error(), path_, Clock::now() - last_word >= stream_silence_max);
    return answer;
}

}  // namespace halp::cli
