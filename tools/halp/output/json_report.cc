#include "tools/halp/output/json_report.h"

#include "tools/program/json.h"

namespace halp::cli {
namespace {

Json begin() { return Json::object({{"schema_version", 1}}); }

void put_endpoint(Json& object, const Endpoint& endpoint) {
    object.set("host", endpoint.host);
    object.set("port", endpoint.port);
    object.set("endpoint", endpoint.text());
}

Json endpoint_object(const Endpoint& endpoint) {
    Json object = Json::object();
    put_endpoint(object, endpoint);
    return object;
}

Json host_object(const ListedAt& host, bool from_daemon) {
    Json object = endpoint_object(host.endpoint);
    object.set("seen_unix_s", count(host.seen));
    if (from_daemon) {
        object.set("own", host.own);
        object.set("proved", host.proved);
        object.set("claimed", host.claimed);
        Json tags = Json::array();
        for (const std::string& tag : host.tags) tags.push(tag);
        object.set("tags", tags);
    }
    return object;
}

}  // namespace

std::string json_of_listing(const Listing& listing, const std::string& source) {
    Json object = begin();
    object.set("label", listing.label.text());
    object.set("source", source);
    if (listing.label.lists_names()) {
        Json names = Json::array();
        for (const NameAt& name : listing.names)
            names.push(Json::object({{"name", name.name}, {"seen_unix_s", count(name.seen)}}));
        object.set("names", names);
    } else {
        Json entries = Json::array();
        for (const ListedAt& host : listing.hosts) entries.push(host_object(host, source == "daemon"));
        object.set("entries", entries);
    }
    return object.line();
}

std::string json_of_insert(const Label& label, const Endpoint& endpoint, UnixSeconds seen,
                           const std::string& source) {
    Json object = begin();
    object.set("label", label.text());
    put_endpoint(object, endpoint);
    object.set("seen_unix_s", count(seen));
    object.set("source", source);
    return object.line();
}

std::string json_of_bcast(const Label& label, const Endpoint& endpoint, UnixSeconds seen,
                          const std::vector<ServerReply>& replies, int sent, int wanted, bool daemon_too) {
    Json object = begin();
    object.set("label", label.text());
    put_endpoint(object, endpoint);
    object.set("seen_unix_s", count(seen));
    object.set("sent", sent);
    object.set("wanted", wanted);
    object.set("daemon", daemon_too);
    Json servers = Json::array();
    for (const ServerReply& reply : replies) {
        Json server = endpoint_object(reply.server);
        server.set("stored", reply.stored);
        if (reply.answer)
            server.set("answer", *reply.answer);
        else
            server.set("error", reply.error);
        servers.push(server);
    }
    object.set("servers", servers);
    return object.line();
}

std::string json_of_clear(const std::optional<Label>& label, bool cleared, const std::string& source) {
    Json object = begin();
    if (label) object.set("label", label->text());
    object.set("cleared", cleared);
    object.set("source", source);
    return object.line();
}

std::string json_of_confirm(const Label& label, const Endpoint& endpoint, bool worked) {
    Json object = begin();
    object.set("label", label.text());
    put_endpoint(object, endpoint);
    object.set("worked", worked);
    return object.line();
}

std::string json_of_join(const Endpoint& seed, bool joined, const std::string& outcome, std::size_t peers) {
    Json object = begin();
    object.set("seed", seed.text());
    object.set("joined", joined);
    object.set("outcome", outcome);
    object.set("peers", peers);
    return object.line();
}

std::string json_of_unjoin(const Endpoint& seed) {
    Json object = begin();
    object.set("seed", seed.text());
    object.set("removed", true);
    return object.line();
}

std::string json_of_leave() {
    Json object = begin();
    object.set("left", true);
    return object.line();
}

std::string json_of_event(const std::string& name, const std::string& data) {
    Json object = begin();
    object.set("event", name);
    if (const auto fields = Json::parse(data)) object.set_all(*fields);
    return object.line();
}

std::string json_of_demo(const DemoReport& report) {
    Json object = begin();
    object.set("ok", report.failure.empty());
    if (!report.failure.empty()) object.set("failure", report.failure);
    Json nodes = Json::array();
    for (const Endpoint& node : report.nodes) nodes.push(node.text());
    object.set("nodes", nodes);
    // Null: the demo did not get that far.
    const auto chosen = [](const Endpoint& one) { return one.host.empty() ? Json{} : Json{one.text()}; };
    const auto reached = [](double seconds) { return seconds > 0 ? Json{seconds} : Json{}; };
    object.set("service", chosen(report.service));
    object.set("killed", chosen(report.killed));
    object.set("all_started_s", reached(report.started_s));
    object.set("all_know_all_s", reached(report.joined_s));
    object.set("announcement_everywhere_s", reached(report.announced_s));
    object.set("killed_node_forgotten_s", reached(report.forgotten_s));
    object.set("all_stopped_s", reached(report.stopped_s));
    return object.line();
}

}  // namespace halp::cli
