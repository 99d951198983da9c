#include "tools/halpd/admin_json.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <string_view>

#include "tools/halpd/event_text.h"

namespace halp {
namespace {

double seconds_of(Duration duration) { return std::chrono::duration<double>{duration}.count(); }

template <class Cause, std::size_t n>
std::string by_cause(const std::uint64_t (&counts)[n]) {
    JsonObject object;
    for (std::size_t i = 0; i < n; ++i) object.number(text(static_cast<Cause>(i)), counts[i]);
    return object.done();
}

}  // namespace

JsonObject admin_object() { return JsonObject{}.number("schema_version", admin_schema_version); }

JsonObject json_of(const ListedHost& host) {
    JsonObject object;
    add_endpoint(object, host.endpoint).number("seen_unix_s", count(host.seen));
    return object.flag("own", host.own).flag("proved", host.proved).flag("claimed", host.claimed);
}

JsonObject json_of(const PeerStatus& peer) {
    constexpr std::array<std::string_view, 4> roles{"fresh", "anchor", "pool", "grave"};
    JsonObject object;
    add_endpoint(object, peer.endpoint).text("role", roles[static_cast<std::size_t>(peer.role)]);
    object.flag("proved", peer.proved).flag("suspect", peer.suspect).flag("original", peer.original);
    object.seconds("age_s", seconds_of(peer.age));
    peer.proved_age ? object.seconds("proved_age_s", seconds_of(*peer.proved_age)) : object.null("proved_age_s");
    return object.number("failures", peer.failures);
}

JsonObject json_of(const OwnAnnouncement& own) {
    JsonObject object;
    object.text("label", own.label.text());
    return add_endpoint(object, own.endpoint);
}

JsonObject& add_self(JsonObject& object, const NodeStatus& status) {
    return status.self ? object.text("self", status.self->text()) : object.null("self");
}

void add_status(JsonObject& object, const NodeStatus& s) {
    object.number("health", s.health).flag("leaving", s.leaving);
    object.raw("peers", JsonObject{}
                            .number("listed", s.peers_listed)
                            .number("proved", s.peers_proved)
                            .number("anchors", s.anchors)
                            .number("graves", s.graves)
                            .done());
    object.number("labels", s.labels).number("entries", s.entries).number("announcements", s.announcements);
    object.number("endpoints", s.endpoints).number("table_bytes", s.table_bytes);
    object.number("text_sessions", s.text_sessions);
    object.raw("rounds", JsonObject{}.number("done", s.rounds).number("failed", s.rounds_failed).done());
    object.raw("news", JsonObject{}.number("sent", s.news_sent).number("received", s.news_received).done());
    object.raw("text", JsonObject{}
                           .number("queries", s.text_queries)
                           .number("inserts", s.text_inserts)
                           .number("bad", s.text_bad)
                           .done());
    object.raw("bytes", JsonObject{}.number("in", s.bytes_in).number("out", s.bytes_out).done());
    object.raw("streams", JsonObject{}.number("in", s.streams_in).number("out", s.streams_out).done());
    object.raw("evicted", by_cause<EvictionCause>(s.evicted)).raw("refused", by_cause<RefusalCause>(s.refused));
    object.number("malformed", s.malformed).number("other_swarm", s.other_swarm);
}

}  // namespace halp
