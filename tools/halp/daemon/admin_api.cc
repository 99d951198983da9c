#include "tools/halp/daemon/admin_api.h"

#include <utility>

#include "tools/halp/daemon/event_stream.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

// A member that is missing or has another type reads as 0, false or "".
std::uint64_t counter(const Json& object, const char* name) { return object[name].whole_or(0); }
bool flag(const Json& object, const char* name) { return object[name].flag_or(false); }
std::string text(const Json& object, const char* name) { return object[name].text_or(""); }
UnixSeconds seen_of(const Json& object) {
    return UnixSeconds{static_cast<std::int64_t>(counter(object, "seen_unix_s"))};
}

std::optional<Endpoint> endpoint_of(const Json& object) {
    const auto made = Endpoint::make(text(object, "host"), counter(object, "port"));
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
    const std::string said = text(Json::parse(answer.body).value_or(Json{})["error"], "message");
    return {code_of_status(answer.status),
            said.empty() ? "The daemon answered with status " + std::to_string(answer.status) + "." : said};
}

Result<Json> reply_of(const Result<AdminAnswer>& answer) {
    if (!answer) return answer.error();
    if (answer->status < 200 || answer->status > 299) return error_of(*answer);
    std::optional<Json> reply = Json::parse(answer->body);
    if (!reply || !reply->is(Json::Kind::object))
        return Error{ErrorCode::io, "The daemon's answer is not a JSON object."};
    if (counter(*reply, "schema_version") != 1)
        return Error{ErrorCode::io, "The daemon speaks another version of the admin API than this program."};
    return *std::move(reply);
}

Result<void> done(const Result<AdminAnswer>& answer) {
    const auto reply = reply_of(answer);
    if (!reply) return reply.error();
    return {};
}

// Sorts members by name, so that the output does not depend on the daemon's order.
std::string sorted_text(Json value) {
    value.sort_members();
    return value.line();
}

std::string path_of(const Label& label) { return "/v1/labels/" + percent_encoded(label.text()); }

std::string query_of(const Endpoint& endpoint) {
    return "?host=" + percent_encoded(endpoint.host) + "&port=" + std::to_string(endpoint.port);
}

// Adds one page. True if there is another.
bool add_page(Listing& listing, const Json& reply) {
    const std::size_t before = listing.hosts.size() + listing.names.size();
    for (const Json& item : reply["entries"].items()) {
        if (const auto endpoint = endpoint_of(item)) {
            listing.hosts.push_back(
                {*endpoint, seen_of(item), flag(item, "own"), flag(item, "proved"), flag(item, "claimed"), {}});
            for (const Json& tag : item["tags"].items()) listing.hosts.back().tags.push_back(tag.text_or(""));
        }
    }
    for (const Json& item : reply["names"].items()) listing.names.push_back({text(item, "name"), seen_of(item)});
    const bool more =
        listing.label.lists_names() ? flag(reply, "more") : listing.hosts.size() < counter(reply, "total");
    return more && listing.hosts.size() + listing.names.size() > before;
}

KnownPeer peer_of(const Json& item, Endpoint endpoint) {
    KnownPeer peer{std::move(endpoint),    text(item, "role"),
                   flag(item, "proved"),   flag(item, "suspect"),
                   flag(item, "original"), item["age_s"].number_or(0),
                   std::nullopt,           static_cast<int>(counter(item, "failures")),
                   flag(item, "left")};
    const Json& proved_age = item["proved_age_s"];
    if (!proved_age.is(Json::Kind::null)) peer.proved_age_s = proved_age.number_or(0);
    return peer;
}

StatusReport status_of(const Json& reply) {
    StatusReport status;
    status.version = text(reply, "version");
    status.swarm = text(reply, "swarm");
    status.profile = text(reply, "profile");
    status.listening = text(reply, "listening");
    status.self = text(reply, "self");
    status.state_dir = text(reply, "state_dir");
    status.cache_dir = text(reply, "cache_dir");
    status.pid = static_cast<std::int64_t>(counter(reply, "pid"));
    status.uptime_s = reply["uptime_s"].number_or(0);
    status.health = static_cast<int>(reply["health"].whole_or(1));
    status.leaving = flag(reply, "leaving");
    status.labels = counter(reply, "labels");
    status.entries = counter(reply, "entries");
    status.table_bytes = counter(reply, "table_bytes");
    return status;
}

std::uint64_t sum_of(const Json& counters) {
    std::uint64_t sum = 0;
    for (const Json& one : counters.items()) sum += one.whole_or(0);
    return sum;
}

void add_limit_counters(StatusReport& status, const Json& reply) {
    const Json& disputes = reply["disputes"];
    status.withdrawals_refuted = counter(disputes, "withdrawals_refuted");
    status.withdrawals_waiting = counter(disputes, "withdrawals_waiting");
    status.leaves_refuted = counter(disputes, "leaves_refuted");
    status.versions_unproved = counter(disputes, "versions_unproved");
    status.withdrawals_no_room = counter(disputes, "withdrawals_no_room");
    status.leaves_no_room = counter(disputes, "leaves_no_room");
    status.contested = counter(reply["standing"], "contested");
    status.numbers_shared = counter(reply["standing"], "numbers_shared");
    status.lists_evicted = sum_of(reply["evicted"]);
    status.lists_refused = sum_of(reply["refused"]);
    status.locks_put_off = counter(reply["locks"], "put_off");
    status.locks_passed_over = counter(reply["locks"], "passed_over");
    status.log_lines_lost = counter(reply["log"], "lines_lost");
    status.log_lines_held_back = counter(reply["log"], "lines_held_back");
}

void add_counters(StatusReport& status, const Json& reply) {
    add_limit_counters(status, reply);
    const Json& peers = reply["peers"];
    status.peers_listed = counter(peers, "listed");
    status.peers_proved = counter(peers, "proved");
    status.anchors = counter(peers, "anchors");
    status.graves = counter(peers, "graves");
    status.rounds = counter(reply["rounds"], "done");
    status.rounds_failed = counter(reply["rounds"], "failed");
    status.turns_cut = counter(reply["work"], "turns_cut");
    status.input_dropped = counter(reply["input"], "dropped");
    for (const Json* shed : {&reply["connections"]["shed"], &reply["dht"]["sockets"]["shed"]}) {
        for (const char* cause : {"total_limit", "source_limit", "no_descriptor"})
            status.places_taken += counter(*shed, cause);
        status.readers_cut += counter(*shed, "slow_reader");
    }
    status.sources_waiting = counter(reply["work"], "sources_waiting");
    status.hearsay_dials = counter(reply["hearsay"], "dials");
    status.hearsay_held = counter(reply["hearsay"], "held");
    status.text_queries = counter(reply["text"], "queries");
    status.text_inserts = counter(reply["text"], "inserts");
    status.text_bad = counter(reply["text"], "bad");
    status.bytes_in = counter(reply["bytes"], "in");
    status.bytes_out = counter(reply["bytes"], "out");
    for (const char* what : {"nodes", "graves", "failed_hosts", "contacts", "cache_removals", "own_withdrawals",
                             "arguments", "met_nodes", "self_checks", "sources", "failed_calls", "cache_lines"})
        if (const std::uint64_t items = counter(reply["no_room_for"], what); items > 0)
            status.no_room_for.emplace_back(what, items);
    for (const char* what : {"interface_addresses", "name_answers", "name_turns"})
        if (const std::uint64_t items = counter(reply["resolved"], what); items > 0)
            status.no_room_for.emplace_back(what, items);
    status.cache_bad_lines = counter(reply["cache"], "bad_lines");
    const Json& dht = reply["dht"];
    status.keeps_records = dht.is(Json::Kind::object);
    status.records = counter(dht, "records");
    status.channels = counter(dht, "channels");
    status.records_aside = counter(dht, "set_aside");
    status.record_trouble = text(dht, "trouble");
    for (const Json& item : reply["own"].items())
        if (auto endpoint = endpoint_of(item)) status.own.emplace_back(text(item, "label"), *std::move(endpoint));
}

Happening happening_of(const StreamEvent& event) {
    const Json data = Json::parse(event.data).value_or(Json{});
    return {event.name,         endpoint_of(data), seen_of(data),
            text(data, "from"), text(data, "why"), data.is(Json::Kind::object) ? sorted_text(data) : "{}",
            flag(data, "again")};
}

}  // namespace

Result<Listing> AdminApi::list(const Label& label, const std::string& tag) const {
    Listing listing{label};
    while (true) {
        const std::string first = std::to_string(listing.hosts.size() + listing.names.size());
        const std::string paging =
            "first=" + first + "&count=10000" + (tag.empty() ? "" : "&tag=" + percent_encoded(tag));
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
    for (const Json& item : (*reply)["peers"].items())
        if (auto endpoint = endpoint_of(item)) report.peers.push_back(peer_of(item, *std::move(endpoint)));
    report.json = sorted_text(*reply);
    return report;
}

Result<StatusReport> AdminApi::status() const {
    const auto reply = reply_of(client_.call(Method::get, "/v1/status"));
    if (!reply) return reply.error();
    StatusReport status = status_of(*reply);
    for (const Json& service : (*reply)["services"].items())
        if (text(service, "state") == "failing")
            status.failing_services.push_back(text(service, "label") + ": " + text(service, "why"));
    add_counters(status, *reply);
    status.json = sorted_text(*reply);
    return status;
}

Result<std::optional<Endpoint>> AdminApi::dht_node() const {
    const auto reply = reply_of(client_.call(Method::get, "/v1/dht"));
    if (!reply && reply.error().code == ErrorCode::not_found) return std::optional<Endpoint>{};
    if (!reply) return reply.error();
    const Json& dht = (*reply)["dht"];
    const std::string announced = text(dht, "announced");
    auto node = Endpoint::parse(announced.empty() ? text(dht, "listening") : announced);
    if (!node) return std::optional<Endpoint>{};
    if (node->host == "0.0.0.0") node->host = "127.0.0.1";
    if (node->host == "::") node->host = "::1";
    return std::optional{*std::move(node)};
}

Result<Json> AdminApi::ask(Method method, const std::string& target) const {
    return reply_of(client_.call(method, target, method == Method::post ? "{}" : ""));
}

Result<void> AdminApi::insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen) const {
    const Json body = Json::object(
        {{"host", endpoint.host}, {"kind", "insert"}, {"port", endpoint.port}, {"seen_unix_s", count(seen)}});
    return done(client_.call(Method::put, path_of(label), body.line()));
}

Result<void> AdminApi::announce(const Label& label, const Endpoint& endpoint) const {
    const Json body = Json::object({{"host", endpoint.host}, {"kind", "announce"}, {"port", endpoint.port}});
    return done(client_.call(Method::put, path_of(label), body.line()));
}

Result<void> AdminApi::withdraw(const Label& label, const Endpoint& endpoint) const {
    return done(client_.call(Method::remove, path_of(label) + query_of(endpoint)));
}

Result<void> AdminApi::confirm(const Label& label, const Endpoint& endpoint, bool worked) const {
    const Json body = Json::object({{"host", endpoint.host}, {"port", endpoint.port}, {"worked", worked}});
    return done(client_.call(Method::post, path_of(label) + "/confirm", body.line()));
}

Result<bool> AdminApi::clear(const Label& label) const {
    const auto reply = reply_of(client_.call(Method::remove, path_of(label)));
    if (!reply) return reply.error();
    return flag(*reply, "cleared");
}

Result<void> AdminApi::clear_all() const { return done(client_.call(Method::remove, "/v1/labels")); }

Result<void> AdminApi::join(const Endpoint& seed) const {
    return done(client_.call(Method::post, "/v1/join", Json::object({{"endpoint", seed.text()}}).line()));
}

Result<void> AdminApi::unjoin(const Endpoint& seed) const {
    return done(client_.call(Method::remove, "/v1/seeds" + query_of(seed)));
}

Result<std::vector<KnownSeed>> AdminApi::seeds() const {
    const auto reply = reply_of(client_.call(Method::get, "/v1/seeds"));
    if (!reply) return reply.error();
    std::vector<KnownSeed> seeds;
    for (const Json& item : (*reply)["seeds"].items())
        if (auto endpoint = endpoint_of(item))
            seeds.push_back({*std::move(endpoint), text(item, "origin"), text(item, "outcome"), text(item, "node"),
                             flag(item, "reached"), counter(item, "tries")});
    return seeds;
}

Result<void> AdminApi::leave() const { return done(client_.call(Method::post, "/v1/leave", "{}")); }

Result<void> AdminApi::watch(const Label& label, const OnHappening& take) const {
    return follow("/v1/events?label=" + percent_encoded(label.text()), take);
}

Result<void> AdminApi::announce_while(const Label& label, const std::string& host, std::uint16_t port,
                                      const std::string& tags, const OnHappening& take) const {
    const std::string where = (host.empty() ? "" : "&host=" + percent_encoded(host)) +
                              "&port=" + std::to_string(port) +
                              (tags.empty() ? "" : "&tags=" + percent_encoded(tags));
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
