#include "tools/halpd/admin/admin_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "store/tags.h"
#include "tools/halpd/admin/event_text.h"

namespace halp {
namespace {

template <class Cause, std::size_t n>
Json by_cause(const std::uint64_t (&counts)[n]) {
    Json object = Json::object();
    for (std::size_t i = 0; i < n; ++i) object.set(text(static_cast<Cause>(i)), counts[i]);
    return object;
}

template <std::size_t n, class Fates>
Json by_fate(std::uint64_t arrived, const std::array<std::string_view, n>& names, const Fates& fates) {
    Json object = Json::object();
    object.set("arrived", arrived);
    for (std::size_t i = 0; i < n; ++i) object.set(names[i], fates.counts()[i]);
    return object;
}

Json received_json(const NodeStatus& s) {
    Json frames = by_fate(s.arrived.frames, frame_fates, s.received.frames);
    frames.set("malformed", s.arrived.malformed);
    Json nodes = by_fate(s.arrived.nodes, node_fates, s.received.nodes);
    nodes.set("elsewhere", s.arrived.nodes_elsewhere);
    Json hosts = by_fate(s.arrived.hosts, host_fates, s.received.hosts);
    hosts.set("elsewhere", s.arrived.hosts_elsewhere);
    return Json::object()
        .set("frames", frames)
        .set("nodes", nodes)
        .set("hosts", hosts)
        .set("lines", by_fate(s.arrived.lines, line_fates, s.received.lines));
}

}  // namespace

std::string admin_text(const Json& value) { return value.line(JsonEscapes::hardened); }

Json seconds_json(Duration duration) { return Json::fixed(std::chrono::duration<double>{duration}.count(), 3); }

Json admin_object() { return Json::object().set("schema_version", admin_schema_version); }

Json json_of_tags(const std::string& text) {
    Json tags = Json::array();
    for (const std::string& tag : split_tags(text)) tags.push(tag);
    return tags;
}

Json json_of(const ListedHost& host) {
    Json object = Json::object();
    add_endpoint(object, host.endpoint).set("seen_unix_s", count(host.seen));
    object.set("own", host.own).set("proved", host.proved).set("claimed", host.claimed);
    return object.set("remembered", host.remembered).set("tags", json_of_tags(host.tags));
}

namespace {

void append_quoted(std::string& out, std::string_view text) {
    const bool plain =
        std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
    if (!plain) {
        out += admin_text(Json{text});
        return;
    }
    out += '"';
    out += text;
    out += '"';
}

}  // namespace

void append_text(std::string& out, const ListedHost& host) {
    const auto flag = [&](std::string_view name, bool set) { out.append(name).append(set ? "true" : "false"); };
    out += "{\"host\":";
    append_quoted(out, host.endpoint.host);
    out.append(",\"port\":").append(std::to_string(host.endpoint.port)).append(",\"endpoint\":");
    append_quoted(out, host.endpoint.text());
    out.append(",\"seen_unix_s\":").append(std::to_string(count(host.seen)));
    flag(",\"own\":", host.own);
    flag(",\"proved\":", host.proved);
    flag(",\"claimed\":", host.claimed);
    flag(",\"remembered\":", host.remembered);
    out += ",\"tags\":[";
    for (const std::string& tag : split_tags(host.tags)) {
        append_quoted(out, tag);
        out += ',';
    }
    if (out.back() == ',') out.pop_back();
    out += "]}";
}

Json json_of(const PeerStatus& peer) {
    constexpr std::array<std::string_view, 4> roles{"fresh", "anchor", "pool", "grave"};
    Json object = Json::object();
    add_endpoint(object, peer.endpoint)
        .set("role", peer.stalled ? std::string_view{"stalled"} : roles[static_cast<std::size_t>(peer.role)]);
    object.set("proved", peer.proved).set("suspect", peer.suspect).set("original", peer.original);
    object.set("age_s", seconds_json(peer.age));
    object.set("proved_age_s", peer.proved_age ? seconds_json(*peer.proved_age) : Json{});
    return object.set("failures", peer.failures).set("left", peer.left);
}

Json json_of(const OwnAnnouncement& own) {
    Json object = Json::object();
    object.set("label", own.label.text());
    return add_endpoint(object, own.endpoint).set("own_host", own.own_host).set("tags", json_of_tags(own.tags));
}

Json json_of(const SeedStatus& seed) {
    constexpr std::array<std::string_view, 6> outcomes{"untried",     "answered", "unreached",
                                                       "other_swarm", "itself",   "leaving"};
    Json object = Json::object();
    add_endpoint(object, seed.seed).set("origin", seed.origin == SeedOrigin::joined ? "joined" : "configured");
    const bool unreached = seed.outcome == SeedOutcome::unreached;
    object.set("outcome", unreached ? name(seed.why) : outcomes[static_cast<std::size_t>(seed.outcome)]);
    object.set("node", seed.node ? Json{seed.node->text()} : Json{});
    return object.set("reached", seed.reached).set("tries", seed.tries);
}

Json& add_self(Json& object, const NodeStatus& status) {
    return object.set("self", status.self ? Json{status.self->text()} : Json{});
}

void add_status(Json& object, const NodeStatus& s) {
    object.set("health", s.health).set("leaving", s.leaving);
    object.set("peers", Json::object()
                            .set("listed", s.peers_listed)
                            .set("proved", s.peers_proved)
                            .set("anchors", s.anchors)
                            .set("graves", s.graves)
                            .set("acquaintances", s.acquaintances));
    object.set("labels", s.names).set("label_rows", s.labels).set("cache_kept_aside", s.kept_aside);
    object.set("entries", s.entries).set("announcements", s.announcements);
    object.set("announcements_waiting", s.announcements_waiting);
    Json standing = Json::object();
    standing.set("asked", s.witnesses).set("unreached", s.unreached);
    standing.set("why", s.unreached > 0 ? Json{name(s.unreached_why)} : Json{});
    standing.set("contested", s.self_contested).set("numbers_shared", s.numbers_shared);
    object.set("standing", standing);
    object.set("disputes", Json::object()
                               .set("withdrawals_waiting", s.withdrawals_waiting)
                               .set("withdrawals_refuted", s.withdrawals_refuted)
                               .set("withdrawals_no_room", s.withdrawals_short)
                               .set("versions_unproved", s.versions_unproved)
                               .set("leaves_refuted", s.leaves_refuted)
                               .set("leaves_no_room", s.leaves_short));
    object.set("addresses",
               Json::object().set("not_told", s.addresses_not_told).set("not_taken", s.addresses_not_taken));
    object.set("tags", Json::object().set("hosts", s.tagged).set("no_room", s.tags_short));
    object.set("endpoints", s.endpoints).set("table_bytes", s.table_bytes);
    object.set("text_sessions", s.text_sessions);
    object.set("work", Json::object().set("turns_cut", s.turns_cut).set("sources_waiting", s.sources_waiting));
    object.set("hearsay", Json::object().set("dials", s.hearsay_dials).set("held", s.hearsay_dials_held));
    object.set("rounds", Json::object().set("done", s.rounds).set("failed", s.rounds_failed));
    object.set(
        "news",
        Json::object().set("sent", s.news_sent).set("received", s.news_received).set("dropped", s.news_dropped));
    object.set("text", Json::object()
                           .set("queries", s.text_queries)
                           .set("inserts", s.text_inserts)
                           .set("bad", s.text_bad)
                           .set("ahead", s.text_ahead)
                           .set("refused", s.text_refused));
    object.set("bytes", Json::object().set("in", s.bytes_in).set("out", s.bytes_out));
    object.set("streams",
               Json::object().set("in", s.streams_in).set("out", s.streams_out).set("open", s.streams_open));
    object.set("no_room_for", Json::object()
                                  .set("nodes", s.pool_short)
                                  .set("graves", s.graves_short)
                                  .set("proved", s.proved_short)
                                  .set("failed_hosts", s.failures_short)
                                  .set("contacts", s.contacts_short)
                                  .set("cache_removals", s.removals_short)
                                  .set("own_withdrawals", s.own_withdrawals_short)
                                  .set("arguments", s.arguments_short)
                                  .set("leaves", s.leaves_short)
                                  .set("met_nodes", s.met_short)
                                  .set("self_checks", s.self_checks_short)
                                  .set("sources", s.sources_forgotten)
                                  .set("failed_calls", s.failed_calls_short)
                                  .set("cache_lines", s.cache_lines_short));
    object.set("cache", Json::object().set("bad_lines", s.cache_bad_lines));
    object.set("sources", Json::object().set("remembered", s.sources).set("forgotten", s.sources_forgotten));
    object.set("evicted", by_cause<EvictionCause>(s.evicted)).set("refused", by_cause<RefusalCause>(s.refused));
    object.set("malformed", s.malformed).set("other_swarm", s.other_swarm).set("stood_still", s.stood_still);
    object.set("received", received_json(s));
}

}  // namespace halp
