#include "tools/halpd/admin/event_text.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace halp {
namespace {

template <std::size_t n, class Enum>
std::string_view pick(const std::array<std::string_view, n>& names, Enum value) {
    const auto i = static_cast<std::size_t>(value);
    return i < n ? names[i] : "unknown";
}

// In the order of the variant.
constexpr std::array<std::string_view, 37> names{
    "entry_learned",  "entry_forgotten",    "peer_joined",    "peer_proved",      "peer_suspected",
    "peer_buried",    "peer_left",          "peer_expired",   "peer_is_original", "self_known",
    "swarm_mismatch", "seed_failed",        "stream_ended",   "query_answered",   "round_done",
    "storage_failed", "cache_line_skipped", "insert_refused", "health_changed",   "leave_done",
    "stood_still",    "time_ahead",         "news_held",      "entry_moved",      "node_listed",
    "node_unlisted",  "cache_kept_aside",   "self_lost",      "self_contested",   "self_unreachable",
    "self_reachable", "number_shared",      "peer_contested", "kept_here",        "seed_is_self",
    "room_short",     "dials_held"};
static_assert(names.size() == std::variant_size_v<Event::variant>);

std::string words(std::string_view name) {
    std::string out{name};
    for (char& c : out)
        if (c == '_') c = ' ';
    return out;
}

Json of_peer(const Endpoint& endpoint) {
    Json object = Json::object();
    add_endpoint(object, endpoint);
    return object;
}

std::int64_t seconds_of(Duration span) { return std::chrono::duration_cast<std::chrono::seconds>(span).count(); }

std::string with_port(const Endpoint& endpoint) { return endpoint.text(); }

std::string_view forgotten_things(RoomFor what) {
    return pick(
        std::array<std::string_view, room_kinds>{
            "nodes were left out of the view", "dead nodes were forgotten before their time",
            "hosts that could not be reached were listed again", "callers were forgotten",
            "withdrawn hosts stayed in files of the host cache", "own withdrawals are no longer repeated",
            "arguments about hosts were forgotten", "leaves were not looked at",
            "nodes that were met, and calls to others, were forgotten",
            "addresses that may be this node's were not called", "sources of new labels were forgotten",
            "failures of nodes that others named were forgotten"},
        what);
}

}  // namespace

std::string_view text(RoomFor what) {
    return pick(std::array<std::string_view, room_kinds>{"nodes", "graves", "failed_hosts", "contacts",
                                                         "cache_removals", "own_withdrawals", "arguments", "leaves",
                                                         "met_nodes", "self_checks", "sources", "failed_calls"},
                what);
}
std::string_view text(LearnedFrom from) {
    return pick(std::array<std::string_view, 6>{"own", "text", "gossip", "cache", "application", "original"}, from);
}
std::string_view text(ForgottenWhy why) {
    return pick(std::array<std::string_view, 5>{"expired", "withdrawn", "evicted", "cleared", "failed"}, why);
}
std::string_view text(StreamEnd why) {
    return pick(std::array<std::string_view, 8>{"malformed", "slow", "too_many", "other_swarm", "version", "busy",
                                                "broken", "oversize"},
                why);
}
std::string_view text(RefusalCause cause) {
    return pick(std::array<std::string_view, refusal_causes>{"label_not_storable", "source_label_quota",
                                                             "list_of_names", "too_old", "full"},
                cause);
}
std::string_view text(EvictionCause cause) {
    return pick(
        std::array<std::string_view, eviction_causes>{"label_full", "table_full", "memory_full", "label_idle"},
        cause);
}

Json& add_endpoint(Json& object, const Endpoint& endpoint) {
    return object.set("host", endpoint.host).set("port", endpoint.port).set("endpoint", endpoint.text());
}

std::string_view event_name(const Event& event) { return names[event.index()]; }

LogLevel event_level(const Event& event) {
    return match(
        event, [](const QueryAnswered&) { return LogLevel::trace; },
        [](const RoundDone&) { return LogLevel::trace; }, [](const PeerJoined&) { return LogLevel::info; },
        [](const PeerLeft&) { return LogLevel::info; }, [](const PeerBuried&) { return LogLevel::info; },
        [](const PeerIsOriginal&) { return LogLevel::info; }, [](const SelfKnown&) { return LogLevel::info; },
        [](const SelfReachable&) { return LogLevel::info; }, [](const SelfLost&) { return LogLevel::warn; },
        [](const SelfContested&) { return LogLevel::warn; }, [](const SelfUnreachable&) { return LogLevel::warn; },
        [](const NumberShared&) { return LogLevel::warn; }, [](const PeerContested&) { return LogLevel::warn; },
        [](const KeptHere&) { return LogLevel::info; }, [](const SeedIsSelf&) { return LogLevel::info; },
        [](const HealthChanged&) { return LogLevel::info; }, [](const InsertRefused&) { return LogLevel::info; },
        [](const LeaveDone&) { return LogLevel::info; }, [](const StoodStill&) { return LogLevel::info; },
        [](const TimeAhead&) { return LogLevel::info; }, [](const NewsHeld&) { return LogLevel::info; },
        [](const DialsHeld&) { return LogLevel::info; }, [](const CacheKeptAside&) { return LogLevel::info; },
        // In a large swarm the view is always full.
        [](const RoomShort& e) {
            const bool usual = e.what == RoomFor::nodes || e.what == RoomFor::met_nodes;  // in a large swarm
            return usual ? LogLevel::debug : LogLevel::info;
        },
        [](const StreamEnded& e) {
            const bool telling =
                e.why == StreamEnd::malformed || e.why == StreamEnd::too_many || e.why == StreamEnd::oversize;
            return telling ? LogLevel::info : LogLevel::debug;
        },
        [](const SwarmMismatch&) { return LogLevel::warn; }, [](const SeedFailed&) { return LogLevel::warn; },
        [](const CacheLineSkipped&) { return LogLevel::warn; }, [](const EntryMoved&) { return LogLevel::trace; },
        [](const NodeListed&) { return LogLevel::trace; }, [](const NodeUnlisted&) { return LogLevel::trace; },
        [](const StorageFailed&) { return LogLevel::error; }, [](const auto&) { return LogLevel::debug; });
}

std::string event_sentence(const Event& event) {
    return match(
        event,
        [](const EntryLearned& e) {
            return e.label.text() + ": learned " + with_port(e.endpoint) + " (" + std::string{text(e.from)} + ")";
        },
        [](const EntryForgotten& e) {
            return e.label.text() + ": forgot " + with_port(e.endpoint) + " (" + std::string{text(e.why)} + ")";
        },
        [](const PeerJoined& e) { return with_port(e.peer) + " joined"; },
        [](const PeerProved& e) { return with_port(e.peer) + " answered for the first time"; },
        [](const PeerSuspected& e) { return with_port(e.peer) + " does not answer; asking others"; },
        [](const PeerBuried& e) { return with_port(e.peer) + " is unreachable and no longer listed"; },
        [](const PeerLeft& e) { return with_port(e.peer) + " left"; },
        [](const PeerExpired& e) { return with_port(e.peer) + " is forgotten: nobody spoke of it"; },
        [](const PeerIsOriginal& e) { return with_port(e.peer) + " speaks only HALP text"; },
        [](const SelfKnown& e) { return "others reach this node at " + with_port(e.self); },
        [](const SelfLost& e) { return "this node is no longer reached at " + with_port(e.self); },
        [](const SelfContested& e) {
            return "another node is at " + with_port(e.self) + ", too, as " + with_port(e.by) +
                   " says; give one of the two another --advertise or --listen";
        },
        [](const SelfUnreachable& e) {
            return std::to_string(e.unreached) + " of " + std::to_string(e.asked) +
                   " nodes cannot reach this node at " + with_port(e.self) + " (" + std::string{describe(e.why)} +
                   "); open the port in the firewall, or behind NAT forward it and set --advertise";
        },
        [](const SelfReachable& e) { return "others reach this node at " + with_port(e.self) + " again"; },
        [](const NumberShared& e) {
            return with_port(e.peer) +
                   " has the random number of this node: a copy of its running process or machine; this node takes "
                   "another number";
        },
        [](const PeerContested& e) {
            return "two nodes say that they are at " + with_port(e.peer) +
                   "; both are told, and one needs another --advertise or --listen";
        },
        [](const KeptHere& e) {
            return e.label.text() + ": " + with_port(e.endpoint) +
                   " means nothing elsewhere; only nodes on the same machine or link are told of it";
        },
        [](const SeedIsSelf& e) { return with_port(e.seed) + " of join is this node itself"; },
        [](const SwarmMismatch& e) {
            return with_port(e.peer) + " belongs to another swarm; if it should not, check --swarm on both";
        },
        [](const SeedFailed& e) {
            return "cannot reach " + with_port(e.seed) + " of join (" + std::string{describe(e.why)} +
                   "); it is tried again";
        },
        [](const StreamEnded& e) {
            return "connection of " + with_port(e.source) + " ended (" + words(text(e.why)) + ")";
        },
        [](const QueryAnswered& e) {
            return std::string{e.bad ? "bad query" : e.insert ? "insert" : "query"} + " of " + with_port(e.source);
        },
        [](const RoundDone& e) {
            return "round " + std::string{e.worked ? "done" : "failed"} + ", " + std::to_string(e.peers) + " peers";
        },
        [](const StorageFailed& e) { return e.what; },
        [](const CacheLineSkipped& e) {
            if (e.file.empty()) return e.why;  // of all files
            if (e.line == 0) return "cache file " + e.file + ": " + e.why;
            return "cache file " + e.file + ", line " + std::to_string(e.line) + " is skipped: " + e.why;
        },
        [](const InsertRefused& e) {
            return "insert of " + with_port(e.source) + " into " + e.label.text() + " refused (" +
                   words(text(e.cause)) + ")";
        },
        [](const HealthChanged& e) {
            return e.multiplier == 1 ? std::string{"this node is well again"}
                                     : "this node is slow to reach the others; it waits " +
                                           std::to_string(e.multiplier) + " times as long";
        },
        [](const StoodStill& e) {
            return "this node stood still for " + std::to_string(seconds_of(e.span)) +
                   " s (suspended, stopped or without CPU): what it knew is older by that, and it calls its seeds "
                   "anew";
        },
        [](const TimeAhead& e) {
            return e.source.host + " inserts times up to " + std::to_string(seconds_of(e.ahead)) +
                   " s ahead of the clock of this machine; they count as now, and one of the two clocks is wrong";
        },
        [](const RoomShort& e) {
            return "for want of room " + std::to_string(e.items) + " " + std::string{forgotten_things(e.what)} +
                   " since the start";
        },
        [](const NewsHeld& e) {
            return std::to_string(e.items) +
                   " news found no room since the start; others learn of them later, by exchanges";
        },
        [](const DialsHeld& e) {
            return std::to_string(e.held) +
                   " calls to nodes that only others name were not made since the start, " +
                   std::to_string(e.made) +
                   " were; nobody may name such addresses, or somebody names nodes that do not exist";
        },
        [](const LeaveDone&) -> std::string { return "left the swarm"; },
        [](const EntryMoved& e) { return e.label.text() + ": " + with_port(e.endpoint) + " has another rank"; },
        [](const NodeListed& e) { return with_port(e.peer) + " is listed"; },
        [](const NodeUnlisted& e) { return with_port(e.peer) + " is not listed any more"; },
        [](const CacheKeptAside& e) {
            return "the host cache has " + std::to_string(e.hosts) +
                   " hosts of other swarms; they stay in its files and are neither called nor listed here";
        });
}

Json event_fields(const Event& event) {
    return match(
        event,
        [](const EntryLearned& e) {
            Json object = Json::object();
            object.set("label", e.label.text());
            return add_endpoint(object, e.endpoint).set("from", text(e.from));
        },
        [](const EntryForgotten& e) {
            Json object = Json::object();
            object.set("label", e.label.text());
            return add_endpoint(object, e.endpoint).set("why", text(e.why));
        },
        [](const SelfKnown& e) { return of_peer(e.self); }, [](const SelfLost& e) { return of_peer(e.self); },
        [](const SelfReachable& e) { return of_peer(e.self); },
        [](const SelfContested& e) { return of_peer(e.self).set("by", e.by.text()); },
        [](const SelfUnreachable& e) {
            return of_peer(e.self).set("unreached", e.unreached).set("asked", e.asked).set("why", name(e.why));
        },
        [](const KeptHere& e) {
            Json object = Json::object();
            object.set("label", e.label.text());
            return add_endpoint(object, e.endpoint);
        },
        [](const SeedIsSelf& e) { return of_peer(e.seed); },
        [](const SeedFailed& e) { return of_peer(e.seed).set("why", name(e.why)); },
        [](const StreamEnded& e) { return of_peer(e.source).set("why", text(e.why)); },
        [](const QueryAnswered& e) { return of_peer(e.source).set("insert", e.insert).set("bad", e.bad); },
        [](const RoundDone& e) { return Json::object().set("peers", e.peers).set("worked", e.worked); },
        [](const StorageFailed& e) { return Json::object().set("what", e.what); },
        [](const CacheLineSkipped& e) {
            return Json::object().set("file", e.file).set("line", e.line).set("why", e.why);
        },
        [](const InsertRefused& e) {
            Json object = Json::object();
            object.set("label", e.label.text());
            return add_endpoint(object, e.source).set("cause", text(e.cause));
        },
        [](const HealthChanged& e) { return Json::object().set("multiplier", e.multiplier); },
        [](const StoodStill& e) { return Json::object().set("span_s", seconds_of(e.span)); },
        [](const TimeAhead& e) { return of_peer(e.source).set("ahead_s", seconds_of(e.ahead)); },
        [](const NewsHeld& e) { return Json::object().set("items", e.items); },
        [](const RoomShort& e) { return Json::object().set("what", text(e.what)).set("items", e.items); },
        [](const DialsHeld& e) { return Json::object().set("held", e.held).set("made", e.made); },
        [](const LeaveDone&) { return Json::object(); },
        [](const CacheKeptAside& e) { return Json::object().set("hosts", e.hosts); },
        [](const EntryMoved& e) {
            Json object = Json::object();
            object.set("label", e.label.text());
            return add_endpoint(object, e.endpoint).set("from", text(e.from));
        },
        [](const auto& e) { return of_peer(e.peer); });
}

std::string event_source(const Event& event) {
    return match(
        event, [](const SwarmMismatch& e) { return e.peer.host; },
        [](const PeerJoined& e) { return e.peer.text(); }, [](const PeerLeft& e) { return e.peer.text(); },
        [](const PeerBuried& e) { return e.peer.text(); }, [](const PeerIsOriginal& e) { return e.peer.text(); },
        [](const SelfContested& e) { return e.by.host; }, [](const PeerContested& e) { return e.peer.host; },
        [](const NumberShared& e) { return e.peer.host; }, [](const SeedFailed& e) { return e.seed.text(); },
        [](const StreamEnded& e) { return e.source.host; }, [](const InsertRefused& e) { return e.source.host; },
        [](const TimeAhead& e) { return e.source.host; }, [](const CacheLineSkipped& e) { return e.file; },
        [](const StorageFailed& e) { return e.what; }, [](const auto&) { return std::string{}; });
}

}  // namespace halp
