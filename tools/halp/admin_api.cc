#include "tools/halp/admin_api.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/halp/event_stream.h"

namespace halp::cli {
namespace {

using Json = nlohmann::json;

// Reading never fails: what is missing or of another type is its fallback.
template <class T>
T field(const Json& object, const char* name, T fallback) {
    const auto found = object.is_object() ? object.find(name) : object.end();
    if (!object.is_object() || found == object.end()) return fallback;
    if constexpr (std::is_same_v<T, std::string>)
        return found->is_string() ? found->template get<T>() : fallback;
    else if constexpr (std::is_same_v<T, bool>)
        return found->is_boolean() ? found->template get<T>() : fallback;
    else
        return found->is_number() ? found->template get<T>() : fallback;
}

const Json& child(const Json& object, const char* name) {
    static const Json nothing;
    const auto found = object.is_object() ? object.find(name) : object.end();
    return object.is_object() && found != object.end() ? *found : nothing;
}

std::uint64_t counter(const Json& object, const char* name) { return field<std::uint64_t>(object, name, 0); }

std::optional<Endpoint> endpoint_of(const Json& object) {
    const auto made = Endpoint::make(field<std::string>(object, "host", ""), counter(object, "port"));
    return made ? std::optional{*made} : std::nullopt;
}

ErrorCode code_of_status(int status) {
    switch (status) {
        case 400:
        case 405:
        case 413:
            return ErrorCode::invalid;
        case 403:
            return ErrorCode::refused;
        case 404:
            return ErrorCode::not_found;
        case 503:
            return ErrorCode::busy;
        default:
            return ErrorCode::io;
    }
}

Error error_of(const AdminAnswer& answer) {
    const Json reply = Json::parse(answer.body, nullptr, false);
    const std::string said = field<std::string>(child(reply, "error"), "message", "");
    return {code_of_status(answer.status),
            said.empty() ? "The daemon answered with status " + std::to_string(answer.status) + "." : said};
}

Result<Json> reply_of(const Result<AdminAnswer>& answer) {
    if (!answer) return answer.error();
    if (answer->status < 200 || answer->status > 299) return error_of(*answer);
    Json reply = Json::parse(answer->body, nullptr, false);
    if (!reply.is_object()) return Error{ErrorCode::io, "The daemon's answer is not a JSON object."};
    if (field(reply, "schema_version", 0) != 1)
        return Error{ErrorCode::io, "The daemon speaks another version of the admin API than this program."};
    return reply;
}

Result<void> done(const Result<AdminAnswer>& answer) {
    const auto reply = reply_of(answer);
    if (!reply) return reply.error();
    return {};
}

std::string text_of(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

std::string path_of(const Label& label) { return "/v1/labels/" + percent_encoded(label.text()); }

std::string query_of(const Endpoint& endpoint) {
    return "?host=" + percent_encoded(endpoint.host) + "&port=" + std::to_string(endpoint.port);
}

// Adds one page; answers whether there is another.
bool add_page(Listing& listing, const Json& reply) {
    const std::size_t before = listing.hosts.size() + listing.names.size();
    for (const Json& item : child(reply, "entries")) {
        if (const auto endpoint = endpoint_of(item)) {
            listing.hosts.push_back({*endpoint, UnixSeconds{field<std::int64_t>(item, "seen_unix_s", 0)},
                                     field(item, "own", false), field(item, "proved", false),
                                     field(item, "claimed", false)});
        }
    }
    for (const Json& item : child(reply, "names"))
        listing.names.push_back(
            {field<std::string>(item, "name", ""), UnixSeconds{field<std::int64_t>(item, "seen_unix_s", 0)}});
    const bool more =
        listing.label.lists_names() ? field(reply, "more", false) : listing.hosts.size() < counter(reply, "total");
    return more && listing.hosts.size() + listing.names.size() > before;
}

KnownPeer peer_of(const Json& item, Endpoint endpoint) {
    KnownPeer peer{std::move(endpoint),
                   field<std::string>(item, "role", ""),
                   field(item, "proved", false),
                   field(item, "suspect", false),
                   field(item, "original", false),
                   field(item, "age_s", 0.0),
                   std::nullopt,
                   field(item, "failures", 0)};
    if (child(item, "proved_age_s").is_number()) peer.proved_age_s = field(item, "proved_age_s", 0.0);
    return peer;
}

StatusReport status_of(const Json& reply) {
    const auto text = [&](const char* name) { return field<std::string>(reply, name, ""); };
    StatusReport status;
    status.version = text("version");
    status.swarm = text("swarm");
    status.profile = text("profile");
    status.listening = text("listening");
    status.self = text("self");
    status.state_dir = text("state_dir");
    status.cache_dir = text("cache_dir");
    status.pid = field<std::int64_t>(reply, "pid", 0);
    status.uptime_s = field(reply, "uptime_s", 0.0);
    status.health = field(reply, "health", 1);
    status.leaving = field(reply, "leaving", false);
    status.labels = counter(reply, "labels");
    status.entries = counter(reply, "entries");
    status.table_bytes = counter(reply, "table_bytes");
    return status;
}

void add_counters(StatusReport& status, const Json& reply) {
    const Json& peers = child(reply, "peers");
    status.peers_listed = counter(peers, "listed");
    status.peers_proved = counter(peers, "proved");
    status.anchors = counter(peers, "anchors");
    status.graves = counter(peers, "graves");
    status.rounds = counter(child(reply, "rounds"), "done");
    status.rounds_failed = counter(child(reply, "rounds"), "failed");
    status.text_queries = counter(child(reply, "text"), "queries");
    status.text_inserts = counter(child(reply, "text"), "inserts");
    status.text_bad = counter(child(reply, "text"), "bad");
    status.bytes_in = counter(child(reply, "bytes"), "in");
    status.bytes_out = counter(child(reply, "bytes"), "out");
    for (const Json& item : child(reply, "own"))
        if (auto endpoint = endpoint_of(item))
            status.own.emplace_back(field<std::string>(item, "label", ""), *std::move(endpoint));
}

Happening happening_of(const StreamEvent& event) {
    const Json data = Json::parse(event.data, nullptr, false);
    return {event.name,
            endpoint_of(data),
            UnixSeconds{field<std::int64_t>(data, "seen_unix_s", 0)},
            field<std::string>(data, "from", ""),
            field<std::string>(data, "why", ""),
            data.is_object() ? text_of(data) : "{}"};
}

}  // namespace

Result<Listing> AdminApi::list(const Label& label) const {
    Listing listing{label};
    while (true) {
        const std::string first = std::to_string(listing.hosts.size() + listing.names.size());
        const std::string paging = "first=" + first + "&count=10000";
        const std::string target = label.lists_names()
                                       ? "/v1/labels?directory=" + percent_encoded(label.text()) + "&" + paging
                                       : path_of(label) + "?" + paging;
        const auto reply = reply_of(client_.call(Method::get, target));
        if (!reply) return reply.error();
        if (!add_page(listing, *reply)) return listing;
    }
}

Result<PeerReport> AdminApi::peers() const {
    const auto reply = reply_of(client_.call(Method::get, "/v1/peers"));
    if (!reply) return reply.error();
    PeerReport report;
    for (const Json& item : child(*reply, "peers"))
        if (auto endpoint = endpoint_of(item)) report.peers.push_back(peer_of(item, *std::move(endpoint)));
    report.json = text_of(*reply);
    return report;
}

Result<StatusReport> AdminApi::status() const {
    const auto reply = reply_of(client_.call(Method::get, "/v1/status"));
    if (!reply) return reply.error();
    StatusReport status = status_of(*reply);
    add_counters(status, *reply);
    status.json = text_of(*reply);
    return status;
}

Result<void> AdminApi::insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen) const {
    const Json body{
        {"host", endpoint.host}, {"port", endpoint.port}, {"kind", "insert"}, {"seen_unix_s", count(seen)}};
    return done(client_.call(Method::put, path_of(label), text_of(body)));
}

Result<void> AdminApi::announce(const Label& label, const Endpoint& endpoint) const {
    const Json body{{"host", endpoint.host}, {"port", endpoint.port}, {"kind", "announce"}};
    return done(client_.call(Method::put, path_of(label), text_of(body)));
}

Result<void> AdminApi::withdraw(const Label& label, const Endpoint& endpoint) const {
    return done(client_.call(Method::remove, path_of(label) + query_of(endpoint)));
}

Result<void> AdminApi::confirm(const Label& label, const Endpoint& endpoint, bool worked) const {
    const Json body{{"host", endpoint.host}, {"port", endpoint.port}, {"worked", worked}};
    return done(client_.call(Method::post, path_of(label) + "/confirm", text_of(body)));
}

Result<bool> AdminApi::clear(const Label& label) const {
    const auto reply = reply_of(client_.call(Method::remove, path_of(label)));
    if (!reply) return reply.error();
    return field(*reply, "cleared", false);
}

Result<void> AdminApi::clear_all() const { return done(client_.call(Method::remove, "/v1/labels")); }

Result<void> AdminApi::join(const Endpoint& seed) const {
    return done(client_.call(Method::post, "/v1/join", text_of(Json{{"endpoint", seed.text()}})));
}

Result<void> AdminApi::leave() const { return done(client_.call(Method::post, "/v1/leave", "{}")); }

Result<void> AdminApi::watch(const Label& label, const OnHappening& take) const {
    return follow("/v1/events?label=" + percent_encoded(label.text()), take);
}

Result<void> AdminApi::announce_while(const Label& label, const std::string& host, std::uint16_t port,
                                      const OnHappening& take) const {
    const std::string where =
        (host.empty() ? "" : "&host=" + percent_encoded(host)) + "&port=" + std::to_string(port);
    return follow("/v1/announce?label=" + percent_encoded(label.text()) + where, take);
}

Result<void> AdminApi::follow(const std::string& target, const OnHappening& take) const {
    EventStream events;
    const auto each = [&](const StreamEvent& event) { return take(happening_of(event)); };
    const auto answer = client_.stream(target, [&](std::string_view bytes) { return events.feed(bytes, each); });
    if (!answer) return answer.error();
    if (answer->status != 200) return error_of(*answer);
    return {};
}

}  // namespace halp::cli
