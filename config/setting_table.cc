#include "config/setting_table.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "config/choice_names.h"

namespace halp::config {
namespace {

using namespace std::chrono_literals;

constexpr Bounds any{0, 4096};
constexpr auto live = Reload::applies;
constexpr auto restart = Reload::needs_restart;

// Where a setting lives, by the structure that holds it.
template <auto member>
Value top(Settings& s) {
    return value_of(s.*member);
}
template <auto member>
Value logging(Settings& s) {
    return value_of(s.log.*member);
}
template <auto member>
Value dht(Settings& s) {
    return value_of(s.dht.*member);
}
template <auto member>
Value dns(Settings& s) {
    return value_of(s.dns.*member);
}
template <auto member>
Value http(Settings& s) {
    return value_of(s.http.*member);
}
template <auto member>
Value connections(Settings& s) {
    return value_of(s.connections.*member);
}
template <auto member>
Value node(Settings& s) {
    return value_of(s.node.*member);
}
template <auto member>
Value gossip(Settings& s) {
    return value_of(s.node.gossip.*member);
}
template <auto member>
Value view(Settings& s) {
    return value_of(s.node.view.*member);
}
template <auto member>
Value text(Settings& s) {
    return value_of(s.node.text.*member);
}
template <auto member>
Value table(Settings& s) {
    return value_of(s.node.table.*member);
}
template <auto member>
Value fallback(Settings& s) {
    return value_of(s.node.table.fallback.*member);
}
template <auto member>
Value of_label(Allocation& a) {
    return value_of(a.*member);
}

constexpr std::array settings{
    Setting{"listen", top<&Settings::listen>, any, restart, "where HALP text and gossip are served"},
    Setting{"advertise", node<&OverlayOptions::advertise>, any, restart,
            "the address that other nodes use; \"\": the one they see. Set it behind NAT"},
    Setting{"join",
            node<&OverlayOptions::seeds>,
            {0, 256},
            live,
            "nodes to contact first; names are resolved again at each attempt"},
    Setting{"swarm",
            node<&OverlayOptions::swarm>,
            {1, 64},
            restart,
            "name of the swarm; nodes of different swarms never mix"},
    Setting{"profile", top<&Settings::profile>, any, live,
            "defaults of gossip, view and ttl for one machine (local), a site (lan) or the Internet (wan)"},
    Setting{"state_dir", [](Settings& s) -> Value { return Path{&s.state_dir}; }, any, restart,
            "files of this node; one daemon at a time"},
    Setting{"cache_dir", [](Settings& s) -> Value { return Path{&s.cache_dir}; }, any, restart,
            "host cache, shared with other HALP programs; \"\": ~/.halp"},
    Setting{"admin",
            [](Settings& s) -> Value { return AdminPath{&s.admin}; },
            {0, 100},
            restart,
            "unix socket of the admin API, for halp; off: none"},

    Setting{"http.enabled", http<&HttpSettings::enabled>, any, restart,
            "serve the admin API, metrics and the dashboard over HTTP, too"},
    Setting{"http.listen", http<&HttpSettings::listen>, any, restart,
            "where; beyond loopback only with a certificate. When the default port is taken the daemon goes on "
            "without; a port that is set here must be free"},
    Setting{
        "http.token_file", [](Settings& s) -> Value { return Path{&s.http.token_file}; }, any, restart,
        "file with the token that allows to change things over HTTP (Authorization: Bearer TOKEN), read again on "
        "SIGHUP; \"\": HTTP only reads"},
    Setting{"http.certificate", [](Settings& s) -> Value { return Path{&s.http.certificate}; }, any, restart,
            "PEM file with the certificate chain for HTTPS, read again on SIGHUP; \"\": plain HTTP"},
    Setting{"http.key", [](Settings& s) -> Value { return Path{&s.http.key}; }, any, restart,
            "PEM file with the private key, read again on SIGHUP; \"\": it is in the file of the certificate"},
    Setting{"http.hosts",
            http<&HttpSettings::hosts>,
            {0, 4096},
            restart,
            "names under which clients may ask beside localhost and addresses, separated by commas; others are "
            "refused, so that no web site can reach the daemon through a browser"},
    Setting{"http.connections_max", http<&HttpSettings::connections_max>, between(8, 65536), restart,
            "connections at a time; idle ones are closed for new ones, then these wait"},
    Setting{"http.streams_max", http<&HttpSettings::streams_max>, between(1, 65536), restart,
            "of these, streams of events and requests that wait; further ones are refused"},

    Setting{"log.level", logging<&LogSettings::level>, any, live, "the least urgent messages that are written"},
    Setting{"log.format", logging<&LogSettings::format>, any, restart,
            "text for people, or one JSON object a line"},
    Setting{"log.file", [](Settings& s) -> Value { return Path{&s.log.file}; }, any, restart,
            "the log file, opened again on SIGHUP; \"\": stderr"},

    Setting{"gossip.period", gossip<&GossipOptions::period>, between(20ms, 1h), live,
            "time between exchanges, +-20 %"},
    Setting{"gossip.exchange_timeout", gossip<&GossipOptions::exchange_timeout>, between(20ms, 1min), live,
            "limit for connecting, sending and the answer together"},
    Setting{"gossip.ttl", gossip<&GossipOptions::ttl>, between(1s, 72h), live,
            "nodes that nobody has confirmed for so long are forgotten; at least 60 periods"},
    Setting{"gossip.stall_patience", gossip<&GossipOptions::stall_patience>, between(0s, 1h), live,
            "a node that accepts connections but does not answer is given up only after this time"},
    Setting{"gossip.grave_kept_max", gossip<&GossipOptions::grave_kept_max>, between(1min, 24h * 365), live,
            "how long dead nodes are probed; these probes heal partitions"},
    Setting{"gossip.seed_retry_max", gossip<&GossipOptions::seed_retry_max>, between(100ms, 1h), live,
            "longest pause between attempts to reach a node of `join`"},
    Setting{"gossip.news_interval", gossip<&GossipOptions::news_interval>, between(1ms, 10s), live,
            "news that arrive within this time are sent together"},
    Setting{"gossip.news_fanout", gossip<&GossipOptions::news_fanout>, between(0, 32), live,
            "number of nodes to which news are pushed; 0: news wait for the next exchange"},
    Setting{"gossip.entries_per_label", gossip<&GossipOptions::entries_per_label>, between(1, 1024), live,
            "entries sent of a label that differs, freshest first"},
    Setting{"gossip.digests_per_exchange", gossip<&GossipOptions::digests_per_exchange>, between(1, 64), live,
            "labels compared in one exchange"},
    Setting{"gossip.leave_linger", gossip<&GossipOptions::leave_linger>, between(0ms, 8s), live,
            "how long a leaving node stays to notify the others"},
    Setting{"gossip.private_from_public", gossip<&GossipOptions::private_from_public>, any, live,
            "whether nodes at public addresses may name private ones (10.0.0.0/8, fc00::/7, ...), which are "
            "dialled then"},

    Setting{"view.fresh_max", view<&ViewOptions::fresh_max>, between(4, 1024), restart, "nodes kept by recency"},
    Setting{
        "view.healer", view<&ViewOptions::healer>, between(0, 512), restart,
        "number of oldest entries that an exchange may drop first; these are not sent, up to half of fresh_max"},
    Setting{"view.swapper", view<&ViewOptions::swapper>, between(0, 512), restart,
            "number of sent entries that an exchange may drop next"},
    Setting{"view.sample_freshest", view<&ViewOptions::sample_freshest>, between(0, 64), restart,
            "freshest entries sent in an exchange"},
    Setting{"view.sample_random", view<&ViewOptions::sample_random>, between(0, 64), restart,
            "other entries sent in an exchange, drawn at random"},
    Setting{"view.partner", view<&ViewOptions::partner>, any, restart, "how the partner of an exchange is chosen"},
    Setting{"view.propagation", view<&ViewOptions::propagation>, any, restart, "direction of an exchange"},
    Setting{"view.drop_on_failure", view<&ViewOptions::drop_on_failure>, any, restart,
            "forget a node at its first failure instead of suspecting it"},
    Setting{"view.anchors_max", view<&ViewOptions::anchors_max>, between(0, 256), restart,
            "number of anchors: nodes proved by own contact"},
    Setting{"view.pool_max", view<&ViewOptions::pool_max>, between(0, 65536), restart,
            "number of further known nodes, listed and tried now and then"},
    Setting{"view.grave_max", view<&ViewOptions::grave_max>, between(0, 4096), restart,
            "number of dead nodes that are remembered"},
    Setting{"view.fresh_age_max", view<&ViewOptions::fresh_age_max>, between(0s, 3 * 24h), restart,
            "entries known by hearsay and older than this are no partners; 0s: no limit"},
    Setting{"view.rank_slots", view<&ViewOptions::rank_slots>, between(8, 1024), restart,
            "with partner ranked: slots of the sampler; 100 or more in an open swarm"},
    Setting{"view.rank_renewal", view<&ViewOptions::rank_renewal>, between(0, 10000), restart,
            "with partner ranked: rounds after which one slot is drawn again; 0: never"},
    Setting{"view.per_group_max", view<&ViewOptions::per_group_max>, between(0, 1024), restart,
            "fresh entries and anchors of one address group (/16, /32); 0: no limit"},

    Setting{"text.settle", text<&TextOptions::pause_max>, between(10ms, 10s), live,
            "pause after which an unfinished query is answered"},
    Setting{"text.deadline", text<&TextOptions::deadline>, between(100ms, 5min), live,
            "limit for a whole query and its answer"},
    Setting{"text.poll_interval", text<&TextOptions::poll_interval>, between(1s, 24h), live,
            "interval of queries to nodes that speak only HALP text"},
    Setting{"text.sessions_max", text<&TextOptions::sessions_max>, between(1, 65536), live,
            "connections at a time whose query is not whole; then the longest silent one of the fullest host is "
            "refused"},
    Setting{"text.sessions_per_source_max", text<&TextOptions::sessions_per_source_max>, between(1, 65536), live,
            "of these, connections of one address"},

    Setting{"labels.default.entries_max",
            fallback<&Allocation::entries_max>,
            {1, TableLimits::entries_hard_max},
            live,
            "number of hosts kept under a label"},
    Setting{"labels.default.share_per_group_max",
            fallback<&Allocation::share_per_group_max>,
            {0, TableLimits::entries_hard_max},
            live,
            "hosts of one address group (/16, /32) when the label is full; 0: no limit"},
    Setting{"labels.default.ttl", fallback<&Allocation::ttl>, between(1s, 72h), live,
            "hosts that nobody has confirmed for so long are forgotten"},
    Setting{"labels.default.persist", fallback<&Allocation::persist>, any, live,
            "save the label in the host cache"},

    Setting{"limits.labels_max", table<&TableLimits::labels_max>, between(16, 1'000'000), live,
            "number of labels and directories together"},
    Setting{"limits.bytes_max",
            [](Settings& s) -> Value { return ByteSize{&s.node.table.bytes_max}; },
            {std::int64_t{1} << 20, std::int64_t{64} << 30},
            live,
            "memory for all lists"},
    Setting{"limits.names_per_directory_max", table<&TableLimits::names_per_directory_max>, between(1, 65536), live,
            "number of names listed below one label"},
    Setting{"limits.new_labels_per_source_and_hour", table<&TableLimits::new_labels_per_source_and_hour>,
            between(0, 1'000'000), live, "number of labels that one address group may create in an hour"},
    Setting{"limits.new_labels_of_applications_and_hour", table<&TableLimits::new_labels_of_applications_and_hour>,
            between(0, 1'000'000), live,
            "number of labels that applications may create in an hour by inserts over the admin socket"},
    Setting{
        "limits.connections_max", connections<&ConnectionSettings::connections_max>, between(8, 1'000'000), restart,
        "connections taken at a time for gossip and HALP text; a new one takes the place of the longest silent one "
        "of the fullest address"},
    Setting{"limits.connections_per_source_max", connections<&ConnectionSettings::connections_per_source_max>,
            between(1, 1'000'000), restart, "of these, connections of one IPv4 address or IPv6 /64"},
    Setting{"limits.admin_connections_max", connections<&ConnectionSettings::admin_connections_max>,
            between(8, 65536), restart,
            "connections of the admin socket at a time; idle ones are closed for new ones, then these wait"},
    Setting{"limits.admin_streams_max", connections<&ConnectionSettings::admin_streams_max>, between(1, 65536),
            restart, "of these, streams of events and announcements; further ones are refused"},
    Setting{"limits.input_bytes_max",
            [](Settings& s) -> Value { return ByteSize{&s.connections.input_bytes_max}; },
            {std::int64_t{1} << 20, std::int64_t{64} << 30},
            restart,
            "memory for what has come and is not whole, of all connections; above it the fullest one is ended"},
    Setting{
        "limits.output_bytes_max",
        [](Settings& s) -> Value { return ByteSize{&s.connections.output_bytes_max}; },
        {std::int64_t{1} << 20, std::int64_t{64} << 30},
        restart,
        "memory for answers that are not read yet, of all connections; above it the source that has most of them "
        "loses the longest"},

    Setting{"save.acknowledged", node<&OverlayOptions::save_acknowledged>, between(1ms, 1min), live,
            "time after which an answered insert is on disk"},
    Setting{"save.learned", node<&OverlayOptions::save_learned>, between(10ms, 1h), live,
            "time after which entries learned by gossip are on disk"},

    Setting{"dns.enabled", dns<&DnsSettings::enabled>, any, restart, "answer DNS from the lists"},
    Setting{"dns.listen", dns<&DnsSettings::listen>, any, restart,
            "where DNS is answered, by UDP and TCP; unless it is set, a port that is in use is no error. Beyond "
            "loopback, answers by UDP are never longer than their questions"},
    Setting{"dns.zone", dns<&DnsSettings::zone>, {1, 200}, restart, "the domain below which labels are names"},
    Setting{"dns.hosts_max", dns<&DnsSettings::hosts_max>, between(1, 1000), restart,
            "number of hosts in one answer, the most recent ones"},
    Setting{"dns.ttl_max", dns<&DnsSettings::ttl_max>, between(1s, 1h), restart,
            "how long resolvers may keep an answer at most: a second less for every 10 s since its oldest host was "
            "confirmed, and at least 1 s"},

    Setting{"dht.enabled", dht<&DhtSettings::enabled>, any, restart,
            "keep records for clients of the neo protocol; any other setting of this section turns it on"},
    Setting{"dht.listen", dht<&DhtSettings::listen>, any, restart, "where the neo protocol is served"},
    Setting{"dht.port", dht<&DhtSettings::port>, between(0, 65435), restart,
            "port as the original counts: legacy is served on this port and neo 100 above, whatever dht.listen "
            "says; 0: "
            "not used"},
    Setting{"dht.legacy", dht<&DhtSettings::legacy>, any, restart,
            "serve the legacy protocol; dht.port and dht.legacy_listen turn it on"},
    Setting{"dht.legacy_listen", dht<&DhtSettings::legacy_listen>, any, restart,
            "where the legacy protocol is served; it knows no credentials, so whoever reaches it may change every "
            "record"},
    Setting{"dht.test_client", dht<&DhtSettings::test_client>, any, restart,
            "for tests: the clients admin and test with keys of 128 zero bytes, admin has all rights; dht.listen "
            "is then 127.0.0.1 "
            "unless it is set"},
    Setting{"dht.advertise", dht<&DhtSettings::advertise>, any, restart,
            "endpoint announced under the label dht; \"\": the known address of this node with the port above"},
    Setting{"dht.range", dht<&DhtSettings::range>, any, restart,
            "auto: this node asks the one with the largest range for half of it, and keeps that over restarts; it "
            "needs "
            "dht.port. fixed: dht.range_min and dht.range_max, or what `halp dht redistribute` has made of them"},
    Setting{
        "dht.range_alone_after", dht<&DhtSettings::range_alone_after>, between(100ms, 1h), restart,
        "with range auto: a node that has looked so long and found none with a range takes all keys; three times "
        "as long if listed nodes do not answer"},
    Setting{"dht.range_look_interval", dht<&DhtSettings::range_look_interval>, between(100ms, 1h), restart,
            "with range auto: time between two looks at the ranges of the other nodes"},
    Setting{
        "dht.leave", dht<&DhtSettings::leave>, any, restart,
        "at the end of the node: hand_over gives its range and records to a neighbour, keep leaves them on disk; "
        "auto: hand_over with range auto, else keep"},
    Setting{"dht.leave_timeout", dht<&DhtSettings::leave_timeout>, between(1s, 1h), restart,
            "longest time to hand over at the end; what was not taken by then is kept"},
    Setting{"dht.range_min", [](Settings& s) -> Value { return HashPlace{&s.dht.range_min}; }, any, live,
            "first bit-reversed key that is kept here; records that leave the range are set aside"},
    Setting{"dht.range_max", [](Settings& s) -> Value { return HashPlace{&s.dht.range_max}; }, any, live,
            "last bit-reversed key that is kept here; ffffffffffffffff to 0000000000000000 keeps none"},
    Setting{"dht.data_dir", [](Settings& s) -> Value { return Path{&s.dht.data_dir}; }, any, restart,
            "directory of the records; \"\": dht in the state directory"},
    Setting{"dht.credentials", [](Settings& s) -> Value { return Path{&s.dht.credentials}; }, any, restart,
            "file of lines NAME:256 hex digits, read again at a reload; \"\": credentials in the data directory"},
    Setting{"dht.engine", dht<&DhtSettings::engine>, any, restart,
            "where records are kept; memory loses them at exit"},
    Setting{"dht.dumps", dht<&DhtSettings::dumps>, any, restart,
            "with engine memory: read NAME.tcm files of data_dir at the start and write them at exit, as the "
            "original does"},
    Setting{
        "dht.dump_out_of_range", dht<&DhtSettings::dump_out_of_range>, any, restart,
        "records of a dump that are not in the range: load sets them aside, ignore loses them with the next dump, "
        "fatal ends the start"},
    Setting{"dht.dump_out_of_range_max", dht<&DhtSettings::dump_out_of_range_max>, between(0, 4e9), restart,
            "the start ends when a dump begins with more records than this that are all out of range; 0: never"},
    Setting{"dht.dump_empty_values", dht<&DhtSettings::dump_empty_values>, any, restart,
            "records of a dump without a value; the original skips them, and the next dump loses them"},
    Setting{"dht.dump_bad_records", dht<&DhtSettings::dump_bad_records>, any, restart,
            "records of a dump without a valid key or with too long a value: skip them, or end the start"},
    Setting{"dht.dump_value_bytes_max",
            [](Settings& s) -> Value { return ByteSize{&s.dht.dump_value_bytes_max}; },
            {std::int64_t{1} << 10, std::int64_t{1} << 30},
            restart,
            "longest value that is taken from a dump (batch_size of the original)"},
    Setting{
        "dht.legacy_flush_interval", dht<&DhtSettings::legacy_flush_interval>, between(0ms, 1min), restart,
        "how long a Listen of legacy keeps changes back, to send them together (write_flush_ms of the original)"},
    Setting{"dht.batch_bytes",
            [](Settings& s) -> Value { return ByteSize{&s.dht.batch_bytes}; },
            {std::int64_t{1} << 10, std::int64_t{4} << 20},
            restart,
            "largest batch of records in legacy, and its longest value, which is 32 bytes less (batch_size of the "
            "original)"},
    Setting{"dht.threads", dht<&DhtSettings::threads>, between(1, 64), restart,
            "threads that answer clients, each with an equal share of the records; at most one for each core. "
            "More than 1: no redistribution. Another number: records on disk move to new files at the start"},
    Setting{"dht.durability", dht<&DhtSettings::durability>, any, restart,
            "what acknowledged records survive: loss of power, or only the end of the process"},
    Setting{"dht.flush_interval", dht<&DhtSettings::flush_interval>, between(0ms, 1s), restart,
            "longest time that a write waits for others, to be written with them"},
    Setting{"dht.bytes_max",
            [](Settings& s) -> Value { return ByteSize{&s.dht.bytes_max}; },
            {std::int64_t{1} << 20, std::int64_t{1} << 40},
            restart,
            "largest size of the record file, or of the records in memory"},
    Setting{"dht.cache_bytes",
            [](Settings& s) -> Value { return ByteSize{&s.dht.cache_bytes}; },
            {0, std::int64_t{1} << 40},
            restart,
            "with engine lmdb: memory for values that were read lately, taken as they are read; 0: none"},
    Setting{"dht.connections_max", dht<&DhtSettings::connections_max>, between(1, 65536), restart,
            "number of connections at a time; a new one takes the place of a silent one without credentials"},
    Setting{"dht.message_bytes_max",
            [](Settings& s) -> Value { return ByteSize{&s.dht.message_bytes_max}; },
            {std::int64_t{1} << 17, std::int64_t{1} << 30},
            restart,
            "largest message; a longer one ends its connection. Values are a little shorter. At most "
            "limits.input_bytes_max and limits.output_bytes_max"},
    Setting{"dht.handshake_timeout", dht<&DhtSettings::handshake_timeout>, between(100ms, 10min), restart,
            "limit for the handshake of a client"},
    Setting{"dht.request_times", dht<&DhtSettings::request_times>, any, restart,
            "measure how long each request takes, for the statistics; costs two readings of the clock for each"},
    Setting{"dht.statistics_interval", dht<&DhtSettings::statistics_interval>, between(0s, 24h), restart,
            "time between two lines of statistics in the log, each of the time since the one before; 0s: none"},
    Setting{"dht.admins",
            dht<&DhtSettings::admins>,
            {0, 4096},
            restart,
            "clients that may remove channels, separated by commas"},
};

constexpr std::array allocations{
    AllocationSetting{"entries_max",
                      of_label<&Allocation::entries_max>,
                      {1, TableLimits::entries_hard_max},
                      "number of hosts kept under this label"},
    AllocationSetting{"share_per_group_max",
                      of_label<&Allocation::share_per_group_max>,
                      {0, TableLimits::entries_hard_max},
                      "hosts of one address group when the label is full; 0: no limit"},
    AllocationSetting{"ttl", of_label<&Allocation::ttl>, between(1s, 72h),
                      "hosts that nobody has confirmed for so long are forgotten"},
    AllocationSetting{"persist", of_label<&Allocation::persist>, any, "save the label in the host cache"},
};

constexpr std::string_view row_prefix = "labels.rows.";

}  // namespace

std::span<const Setting> setting_table() { return settings; }
std::span<const AllocationSetting> allocation_table() { return allocations; }

const Setting* find_setting(std::string_view key) { return find_row(settings, key); }

std::optional<LabelRowKey> find_label_row(std::string_view key) {
    if (key.substr(0, row_prefix.size()) != row_prefix) return std::nullopt;
    const std::string_view rest = key.substr(row_prefix.size());
    const std::size_t dot = rest.rfind('.');
    if (dot == std::string_view::npos) return std::nullopt;
    const AllocationSetting* setting = find_row(allocations, rest.substr(dot + 1));
    if (setting == nullptr) return std::nullopt;
    return LabelRowKey{std::string{rest.substr(0, dot)}, setting};
}

std::string environment_name(std::string_view key) {
    std::string name = "HALP_";
    for (const char c : key) {
        const bool lower = c >= 'a' && c <= 'z';
        name += c == '.' ? '_' : lower ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return name;
}

std::string nearest_key(std::string_view key) {
    std::vector<std::string> candidates = keys_of(settings);
    if (key.substr(0, row_prefix.size()) == row_prefix && key.rfind('.') >= row_prefix.size()) {
        const std::string row{key.substr(0, key.rfind('.') + 1)};
        for (const AllocationSetting& setting : allocations) candidates.push_back(row + std::string{setting.key});
    }
    return nearest_of(candidates, key);
}

std::vector<std::string> needing_restart(Settings before, Settings after) {
    std::vector<std::string> keys;
    for (const Setting& setting : settings) {
        if (setting.reload == Reload::applies) continue;
        if (plain_text(setting.value(before)) != plain_text(setting.value(after))) keys.emplace_back(setting.key);
    }
    return keys;
}

}  // namespace halp::config
