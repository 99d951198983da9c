// `halp dht credentials` and `halp dht stats`: what a halpd of this machine tells of its records through its admin
// socket.
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/halp/daemon/admin_api.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_lines.h"
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

using TextRows = std::vector<std::vector<std::string>>;

std::string whole(const Json& number) { return std::to_string(number.whole_or(0)); }

void show_requests(const Json& dht, Console& console) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 6> limits{
        {{"within_10_us", "<10us"},
         {"within_100_us", "<100us"},
         {"within_1_ms", "<1ms"},
         {"within_10_ms", "<10ms"},
         {"within_100_ms", "<100ms"},
         {"longer", "LONGER"}}};
    bool timed = false;
    for (const Json& one : dht["requests_by_kind"].items()) timed = timed || one["took"].is(Json::Kind::object);
    TextRows rows{{"REQUEST", "PROTOCOL", "HANDLED", "ACTIVE", "MOST"}};
    if (timed) rows[0].push_back("MEAN");
    if (timed)
        for (const auto& limit : limits) rows[0].emplace_back(limit.second);
    for (const Json& one : dht["requests_by_kind"].items()) {
        rows.push_back({one["request"].text_or(""), one["protocol"].text_or(""), whole(one["handled"]),
                        whole(one["active"]), whole(one["active_max"])});
        if (!timed) continue;
        const double mean = one["mean_us"].number_or(0);
        rows.back().push_back(std::to_string(static_cast<std::uint64_t>(mean + 0.5)) + "us");
        for (const auto& limit : limits) rows.back().push_back(whole(one["took"][limit.first]));
    }
    if (rows.size() > 1) console.headed(table(rows));
    if (rows.size() == 1) console.say("there were no requests.");
}

void show_records(const Json& dht, const Json& channels, Console& console) {
    TextRows actions{{"ACTION", "RECORDS", "VALUES"}}, rows{{"CHANNEL", "RECORDS", "VALUES"}};
    const Json& done = dht["actions"];
    for (std::size_t i = 0; i < done.keys().size(); ++i) {
        const Json& one = done.items()[i];
        actions.push_back({done.keys()[i], whole(one["records"]), human_bytes(one["value_bytes"].whole_or(0))});
    }
    console.line("");
    console.headed(table(actions));
    for (const Json& one : channels.items())
        rows.push_back({harmless(one["name"].text_or("")), whole(one["records"]),
                        human_bytes(one["value_bytes"].whole_or(0))});
    if (rows.size() == 1) return;
    console.line("");
    console.headed(table(rows));
}

void say_connections(const Json& dht, Console& console) {
    const Json& legacy = dht["legacy"];
    std::string text = whole(dht["connections"]) + " connections of neo";
    if (legacy.is(Json::Kind::object)) text += ", " + whole(legacy["connections"]) + " of legacy";
    const std::uint64_t in = dht["bytes_in"].whole_or(0) + legacy["bytes_in"].whole_or(0);
    const std::uint64_t out = dht["bytes_out"].whole_or(0) + legacy["bytes_out"].whole_or(0);
    console.say(text + "; " + human_bytes(in) + " received, " + human_bytes(out) + " sent.");
}

}  // namespace

// The channels are the first thousand by name.
ExitCode run_dht_stats(const DhtTool& tool) {
    const auto status = ask_daemon(tool, Method::get, "/v1/dht");
    if (!status && status.error().code == ErrorCode::not_found)
        return tool.console.fail(ExitCode::nothing_found, status.error().message + ".");
    if (!status) return tool.console.fail(status.error());
    const auto channels = ask_daemon(tool, Method::get, "/v1/dht/channels?count=1000");
    if (!channels) return tool.console.fail(channels.error());
    const Json& dht = (*status)["dht"];
    if (tool.console.style().json) {
        Json object = Json::object({{"schema_version", 1}, {"dht", dht}, {"channels", (*channels)["channels"]}});
        tool.console.line(object.line());
        return ExitCode::ok;
    }
    show_requests(dht, tool.console);
    show_records(dht, (*channels)["channels"], tool.console);
    say_connections(dht, tool.console);
    return ExitCode::ok;
}

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
