// `halp dht credentials`: what a halpd of this machine tells of its records through its admin socket.
#include <string>

#include "tools/halp/admin_api.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

constexpr const char* no_daemon_found =
    "this needs a running halpd, and none was found. Start one with `halpd &`, or name its socket with --socket "
    "PATH.";

Result<Json> ask_daemon(const DhtTool& tool, Method method, const std::string& target) {
    const auto socket = tool.daemon_socket();
    if (!socket) return socket.error();
    if (!*socket) return Error{ErrorCode::unreachable, no_daemon_found};
    return AdminApi{**socket, tool.command.timeout_s
                                  ? Duration{static_cast<std::int64_t>(*tool.command.timeout_s * 1e6)}
                                  : std::chrono::seconds{10}}
        .ask(method, target);
}

}  // namespace

ExitCode run_dht_credentials(const DhtTool& tool) {
    const Method method = tool.command.dht.operating.reload ? Method::post : Method::get;
    const auto reply = ask_daemon(tool, method, "/v1/dht/credentials");
    if (!reply && reply.error().code == ErrorCode::not_found)
        return tool.console.fail(ExitCode::nothing_found, reply.error().message + ".");
    if (!reply) return tool.console.fail(reply.error());
    if (tool.console.style().json) {
        tool.console.line(reply->line());
        return ExitCode::ok;
    }
    for (const Json& client : (*reply)["clients"].items()) tool.console.line(client.text_or(""));
    for (const Json& warning : (*reply)["warnings"].items()) tool.console.say(warning.text_or("") + ".");
    tool.console.say(std::to_string((*reply)["clients"].items().size()) + " clients, of " +
                     (*reply)["file"].text_or("") + (method == Method::post ? ", which was read again." : "."));
    return ExitCode::ok;
}

}  // namespace halp::cli
