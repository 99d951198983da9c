// Everything that can happen to a node, as one variant. Logs write it, metrics count it, checkers and tests assert
// on it. Protocol code notes events and never logs.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/label_table.h"
#include "store/list_events.h"
#include "store/overloaded.h"

namespace halp {

enum class StreamEnd : std::uint8_t { malformed, slow, too_many, other_swarm, version, busy, broken, oversize };

struct EntryLearned {
    Label label;
    Endpoint endpoint;
    LearnedFrom from;
};
struct EntryForgotten {
    Label label;
    Endpoint endpoint;
    ForgottenWhy why;
};
struct PeerJoined {
    Endpoint peer;
};  // first seen in the `halp` list, or back from the dead
struct PeerProved {
    Endpoint peer;
};  // first contact by this node itself
struct PeerSuspected {
    Endpoint peer;
};
struct PeerBuried {
    Endpoint peer;
};  // dead: no longer listed, probed at growing intervals
struct PeerLeft {
    Endpoint peer;
};  // the peer said so itself
struct PeerExpired {
    Endpoint peer;
};  // nobody mentioned it for too long
struct PeerIsOriginal {
    Endpoint peer;
};  // answers HALP text only
struct SelfKnown {
    Endpoint self;
};  // the address at which others see this node became known or changed
struct SelfLost {
    Endpoint self;
};  // this node has that address no longer, or another node answers there
struct SelfContested {
    Endpoint self;
    Endpoint by;
};  // another node, calling from `by`, says that it is there, too
struct SelfUnreachable {
    Endpoint self;
    std::size_t unreached;
    std::size_t asked;
    ConnectFailure why;
};
struct SelfReachable {
    Endpoint self;
};  // others reach this node again
struct NumberShared {
    Endpoint peer;
};  // a node with the random number of this one: a copy of its process
struct PeerContested {
    Endpoint peer;
};  // two nodes speak from this endpoint
struct KeptHere {
    Label label;
    Endpoint endpoint;
};  // announced, but told only to nodes that can use the address
struct SwarmMismatch {
    Endpoint peer;
};  // belongs to another swarm: check --swarm
struct SeedFailed {
    Endpoint seed;
    ConnectFailure why;
};
struct SeedIsSelf {
    Endpoint seed;
};  // an address of `join` leads to this node itself
struct StreamEnded {
    Endpoint source;
    StreamEnd why;
};
struct QueryAnswered {
    Endpoint source;
    bool insert;
    bool bad;
};
struct RoundDone {
    std::size_t peers;
    bool worked;
};
struct StorageFailed {
    std::string what;
};  // one sentence
struct CacheLineSkipped {
    std::string file;
    std::size_t line;
    std::string why;
};
struct InsertRefused {
    Endpoint source;
    Label label;
    RefusalCause cause;
};
// What is forgotten before its time, or not looked at, for want of room: nodes of the view, which holds a sample of
// a large swarm; dead nodes; hosts that failed here; who spoke from where; hosts that should go from a file of the
// host cache; what this node has withdrawn; what others argue about; leaves; who was met; addresses that may be
// this node's; sources of new labels; what came of calls to nodes that were only heard of.
enum class RoomFor : std::uint8_t {
    nodes,
    graves,
    failed_hosts,
    contacts,
    cache_removals,
    own_withdrawals,
    arguments,
    leaves,
    met_nodes,
    self_checks,
    sources,
    failed_calls
};
inline constexpr std::size_t room_kinds = 12;
struct RoomShort {
    RoomFor what;
    std::uint64_t items;
};  // since the start
struct HealthChanged {
    int multiplier;
};  // 1 well .. 8 sick (local health multiplier)
struct LeaveDone {};
struct TimeAhead {
    Endpoint source;
    Duration ahead;
};  // it stated a time ahead of the clock here; it counts as now
struct NewsHeld {
    std::uint64_t items;
};  // found no room among the news, since the start; the exchanges tell them
struct DialsHeld {
    std::uint64_t held;
    std::uint64_t made;
};  // calls to nodes that only others name, since the start
struct StoodStill {
    Duration span;
};  // suspended, stopped or without CPU; everything is older by that

// For watchers of one label only: a host that stays listed was confirmed again or stands on other grounds.
struct EntryMoved {
    Label label;
    Endpoint endpoint;
    LearnedFrom from;
};
// For watchers of `halp` only: what the events of peers above did not tell, so that following them ends with the
// list that is shown.
struct NodeListed {
    Endpoint peer;
    LearnedFrom from;
    bool again;
};
struct NodeUnlisted {
    Endpoint peer;
    ForgottenWhy why;
};
struct CacheKeptAside {
    std::size_t hosts;
};  // of other swarms; they stay in the files of the host cache

struct Event : std::variant<EntryLearned, EntryForgotten, PeerJoined, PeerProved, PeerSuspected, PeerBuried,
                            PeerLeft, PeerExpired, PeerIsOriginal, SelfKnown, SwarmMismatch, SeedFailed,
                            StreamEnded, QueryAnswered, RoundDone, StorageFailed, CacheLineSkipped, InsertRefused,
                            HealthChanged, LeaveDone, StoodStill, TimeAhead, NewsHeld, EntryMoved, NodeListed,
                            NodeUnlisted, CacheKeptAside, SelfLost, SelfContested, SelfUnreachable, SelfReachable,
                            NumberShared, PeerContested, KeptHere, SeedIsSelf, RoomShort, DialsHeld> {
    using variant::variant;
};

// std::visit for an Event, with handlers by type. A last handler [](const auto&) {} ignores the rest.
template <class... Fs>
auto match(const Event& event, Fs... fs) {
    return std::visit(overloaded{fs...}, static_cast<const Event::variant&>(event));
}

}  // namespace halp
