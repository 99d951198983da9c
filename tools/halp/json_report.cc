#include "tools/halp/json_report.h"

#include <nlohmann/json.hpp>

namespace halp::cli {
namespace {

using Json = nlohmann::ordered_json;

Json begin() { return Json{{"schema_version", 1}}; }

std::string text_of(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

void put_endpoint(Json& object, const Endpoint& endpoint) {
    object["host"] = endpoint.host;
    object["port"] = endpoint.port;
    object["endpoint"] = endpoint.text();
}

Json endpoint_object(const Endpoint& endpoint) {
    Json object = Json::object();
    put_endpoint(object, endpoint);
    return object;
}

Json host_object(const ListedAt& host, bool from_daemon) {
    Json object = endpoint_object(host.endpoint);
    object["seen_unix_s"] = count(host.seen);
    if (from_daemon) {
        object["own"] = host.own;
        object["proved"] = host.proved;
        object["claimed"] = host.claimed;
    }
    return object;
}

}  // namespace

std::string json_of_listing(const Listing& listing, const std::string& source) {
    Json object = begin();
    object["label"] = listing.label.text();
    object["source"] = source;
    if (listing.label.lists_names()) {
        Json& names = object["names"] = Json::array();
        for (const NameAt& name : listing.names)
            names.push_back(Json{{"name", name.name}, {"seen_unix_s", count(name.seen)}});
    } else {
        Json& entries = object["entries"] = Json::array();
        for (const ListedAt& host : listing.hosts) entries.push_back(host_object(host, source == "daemon"));
    }
    return text_of(object);
}

std::string json_of_insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen,
                           const std::string& source) {
    Json object = begin();
    object["label"] = label.text();
    put_endpoint(object, endpoint);
    object["seen_unix_s"] = count(seen);
    object["source"] = source;
    return text_of(object);
}

std::string json_of_bcast(const Label& label, const Endpoint& endpoint, UnixSeconds seen,
                          const std::vector<ServerReply>& replies, int sent, int wanted, bool daemon_too) {
    Json object = begin();
    object["label"] = label.text();
    put_endpoint(object, endpoint);
    object["seen_unix_s"] = count(seen);
    object["sent"] = sent;
    object["wanted"] = wanted;
    object["daemon"] = daemon_too;
    Json& servers = object["servers"] = Json::array();
    for (const ServerReply& reply : replies) {
        Json server = endpoint_object(reply.server);
        server["stored"] = reply.stored;
        if (reply.answer)
            server["answer"] = *reply.answer;
        else
            server["error"] = reply.error;
        servers.push_back(std::move(server));
    }
    return text_of(object);
}

std::string json_of_clear(const std::optional<Label>& label, bool cleared, const std::string& source) {
    Json object = begin();
    if (label) object["label"] = label->text();
    object["cleared"] = cleared;
    object["source"] = source;
    return text_of(object);
}

std::string json_of_confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    Json object = begin();
    object["label"] = label.text();
    put_endpoint(object, endpoint);
    object["worked"] = worked;
    return text_of(object);
}

std::string json_of_join(const Endpoint& seed, bool joined, std::size_t peers) {
    Json object = begin();
    object["seed"] = seed.text();
    object["joined"] = joined;
    object["peers"] = peers;
    return text_of(object);
}

std::string json_of_leave() {
    Json object = begin();
    object["left"] = true;
    return text_of(object);
}

std::string json_of_event(const std::string& name, const std::string& data) {
    Json object = begin();
    object["event"] = name;
    const Json fields = Json::parse(data, nullptr, false);
    if (fields.is_object()) object.update(fields);
    return text_of(object);
}

std::string json_of_demo(const DemoReport& report) {
    Json object = begin();
    object["ok"] = report.failure.empty();
    if (!report.failure.empty()) object["failure"] = report.failure;
    Json& nodes = object["nodes"] = Json::array();
    for (const Endpoint& node : report.nodes) nodes.push_back(node.text());
    object["service"] = report.service.text();
    object["killed"] = report.killed.text();
    object["all_started_s"] = report.started_s;
    object["all_know_all_s"] = report.joined_s;
    object["announcement_everywhere_s"] = report.announced_s;
    object["killed_node_forgotten_s"] = report.forgotten_s;
    object["all_stopped_s"] = report.stopped_s;
    return text_of(object);
}

}  // namespace halp::cli
