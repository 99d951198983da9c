#include "tools/halpd/http/metrics.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <utility>

namespace halp {
namespace {

// `path` leads through the objects of the status to a number, or to an object of numbers, which `label` tells
// apart. `value`: that of the label when the path leads to one number. Rows of one metric stand together.
struct Metric {
    std::string_view name, kind, help, path, label = {}, value = {};
};

constexpr std::string_view gauge = "gauge";
constexpr std::string_view counter = "counter";

constexpr Metric metrics[]{
    {"halp_uptime_seconds", gauge, "Time since the start of the daemon.", "uptime_s"},
    {"halp_health_multiplier", gauge, "Patience with peers: 1 is well, more when this node is slow.", "health"},
    {"halp_leaving", gauge, "1 while the daemon leaves the swarm.", "leaving"},
    {"halp_peers", gauge, "Nodes that this one knows, by what is known of them.", "peers", "state"},
    {"halp_labels", gauge, "Labels that are listed.", "labels"},
    {"halp_label_rows", gauge, "Labels and directories in memory.", "label_rows"},
    {"halp_entries", gauge, "Hosts in all lists.", "entries"},
    {"halp_announcements", gauge, "Hosts that this node announces.", "announcements"},
    {"halp_announcements_waiting", gauge, "Announcements that wait for their address or for room.",
     "announcements_waiting"},
    {"halp_endpoints", gauge, "Distinct endpoints in memory.", "endpoints"},
    {"halp_table_bytes", gauge, "Memory of all lists.", "table_bytes"},
    {"halp_text_sessions", gauge, "Queries that have begun and are not whole.", "text_sessions"},
    {"halp_witnesses", gauge, "Nodes that answered lately.", "standing/asked"},
    {"halp_witnesses_not_reaching", gauge, "Of these, nodes that do not reach this one.", "standing/unreached"},
    {"halp_rounds_total", counter, "Exchanges of gossip, by outcome.", "rounds", "outcome"},
    {"halp_news_total", counter, "News of gossip, by what became of them.", "news", "fate"},
    {"halp_text_requests_total", counter, "Requests of HALP text, by kind.", "text", "kind"},
    {"halp_traffic_bytes_total", counter, "Bytes of gossip and HALP text.", "bytes", "direction"},
    {"halp_streams_total", counter, "Connections of gossip and HALP text.", "streams/in", "direction", "in"},
    {"halp_streams_total", counter, "", "streams/out", "direction", "out"},
    {"halp_streams_open", gauge, "Open connections of gossip and HALP text.", "streams/open"},
    {"halp_received_frames_total", counter, "Messages of peers, by fate.", "received/frames", "fate"},
    {"halp_received_nodes_total", counter, "Nodes in messages, by fate.", "received/nodes", "fate"},
    {"halp_received_hosts_total", counter, "Hosts in messages, by fate.", "received/hosts", "fate"},
    {"halp_received_lines_total", counter, "Lines of HALP text, by fate.", "received/lines", "fate"},
    {"halp_hearsay_dials_total", counter, "Calls to nodes that were only heard of, and calls held back.", "hearsay",
     "outcome"},
    {"halp_entries_evicted_total", counter, "Hosts that gave way to others, by cause.", "evicted", "cause"},
    {"halp_inserts_refused_total", counter, "Hosts that were not taken, by cause.", "refused", "cause"},
    {"halp_forgotten_early_total", counter, "What was forgotten for want of room, by kind.", "no_room_for", "kind"},
    {"halp_disputes_total", counter, "What others said against nodes and hosts, by what became of it.", "disputes",
     "kind"},
    {"halp_malformed_messages_total", counter, "Messages that could not be read.", "malformed"},
    {"halp_other_swarm_messages_total", counter, "Messages of other swarms.", "other_swarm"},
    {"halp_stood_still_total", counter, "How often this node was without CPU for seconds.", "stood_still"},
    {"halp_turns_cut_total", counter, "Turns of the loop that left work to the next one.", "work/turns_cut"},
    {"halp_log_lines_not_written_total", counter, "Lines of the log that were lost or held back.", "log", "why"},
    {"halp_files_max", gauge, "Limit of open files.", "files/limit"},
    {"halp_files_open", gauge, "Open files, by use.", "files", "use"},
    {"halp_files_refused_total", counter, "Files that were refused for want of room.", "files/refused", "use"},
    {"halp_connections_open", gauge, "Accepted connections of gossip and HALP text.", "connections/open"},
    {"halp_connections_shed_total", counter, "Connections that were closed for others.", "connections/shed",
     "cause"},
    {"halp_admin_connections_open", gauge, "Connections of the admin API, by door.", "admin/connections", "door",
     "socket"},
    {"halp_admin_connections_open", gauge, "", "http/connections", "door", "http"},
    {"halp_admin_streams_open", gauge, "Streams of the admin API, by door.", "admin/streams", "door", "socket"},
    {"halp_admin_streams_open", gauge, "", "http/streams", "door", "http"},
    {"halp_admin_streams_refused_total", counter, "Streams of the admin API that were refused.",
     "admin/streams_refused", "door", "socket"},
    {"halp_admin_streams_refused_total", counter, "", "http/streams_refused", "door", "http"},
    {"halp_http_requests_refused_total", counter, "HTTP requests of strangers: another host, site or no token.",
     "http/refused"},
    {"halp_input_bytes", gauge, "Memory of what has come and is not whole.", "input/bytes"},
    {"halp_input_dropped_total", counter, "Connections that were ended for their unfinished input.",
     "input/dropped"},
    {"halp_output_bytes", gauge, "Memory of answers that are not read yet.", "output/bytes"},
    {"halp_dht_channels", gauge, "Channels of the record store.", "dht/channels"},
    {"halp_dht_records", gauge, "Records of the record store.", "dht/records"},
    {"halp_dht_value_bytes", gauge, "Bytes of their values.", "dht/value_bytes"},
    {"halp_dht_connections_open", gauge, "Connections of the record store, by protocol.", "dht/connections",
     "protocol", "neo"},
    {"halp_dht_connections_open", gauge, "", "dht/legacy/connections", "protocol", "legacy"},
    {"halp_dht_requests_total", counter, "Requests to the record store, by protocol.", "dht/requests", "protocol",
     "neo"},
    {"halp_dht_requests_total", counter, "", "dht/legacy/requests", "protocol", "legacy"},
    {"halp_dht_traffic_bytes_total", counter, "Bytes of the neo protocol.", "dht/bytes_in", "direction", "in"},
    {"halp_dht_traffic_bytes_total", counter, "", "dht/bytes_out", "direction", "out"},
};

// Members that are no part of a sum: a total of the others, or a gauge among counters.
constexpr std::string_view left_out[]{"arrived", "withdrawals_waiting", "limit"};

const Json* at_path(const Json& status, std::string_view path) {
    const Json* place = &status;
    while (!path.empty()) {
        const std::string_view key = path.substr(0, path.find('/'));
        if (!place->has(key)) return nullptr;
        place = &(*place)[key];
        path.remove_prefix(std::min(key.size() + 1, path.size()));
    }
    return place;
}

bool is_number(const Json& json) {
    return json.is(Json::Kind::whole) || json.is(Json::Kind::number) || json.is(Json::Kind::flag);
}

std::string number_text(const Json& json) {
    if (json.is(Json::Kind::flag)) return json.flag_or(false) ? "1" : "0";
    return json.line();
}

void add_head(std::string& out, std::string_view name, std::string_view kind, std::string_view help) {
    (((((out += "# HELP ") += name) += ' ') += help) += "\n# TYPE ") += name;
    ((out += ' ') += kind) += '\n';
}

void add_sample(std::string& out, const Metric& metric, std::string_view value, const Json& number) {
    out += metric.name;
    if (!metric.label.empty()) ((((out += '{') += metric.label) += "=\"") += value) += "\"}";
    ((out += ' ') += number_text(number)) += '\n';
}

void add_samples(std::string& out, const Metric& metric, const Json& place) {
    if (is_number(place)) return add_sample(out, metric, metric.value, place);
    for (std::size_t i = 0; i < place.keys().size(); ++i) {
        const std::string& key = place.keys()[i];
        if (is_number(place.items()[i]) && std::ranges::find(left_out, key) == std::end(left_out))
            add_sample(out, metric, key, place.items()[i]);
    }
}

void add_ages(std::string& out, const EntryAges::Counts& ages) {
    const std::string name = "halp_entry_age_seconds";
    add_head(out, name, "histogram", "Time since the hosts of all lists were last confirmed.");
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < ages.by_age.size(); ++i) {
        below += ages.by_age[i];
        const bool last = i == EntryAges::bounds_s.size();
        const std::string bound = last ? "+Inf" : std::to_string(EntryAges::bounds_s[i]);
        out += name + "_bucket{le=\"" + bound + "\"} " + std::to_string(below) + "\n";
    }
    out += name + "_sum " + std::to_string(ages.sum_s) + "\n";
    out += name + "_count " + std::to_string(below) + "\n";
}

}  // namespace

std::string metrics_text(const Json& status, const EntryAges::Counts& ages) {
    std::string out;
    add_head(out, "halp_info", gauge, "Version and profile of the daemon; always 1.");
    out += "halp_info{version=\"" + status["version"].text_or("") + "\",profile=\"" +
           status["profile"].text_or("") + "\"} 1\n";
    std::string_view headed;
    for (const Metric& metric : metrics) {
        const Json* const place = at_path(status, metric.path);
        if (place == nullptr || place->is(Json::Kind::null)) continue;
        const auto first = std::ranges::find(metrics, metric.name, &Metric::name);  // the one with the help
        if (std::exchange(headed, metric.name) != metric.name) add_head(out, metric.name, metric.kind, first->help);
        add_samples(out, metric, *place);
    }
    add_ages(out, ages);
    return out;
}

}  // namespace halp
