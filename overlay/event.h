// Everything that can happen to a node, as one variant: what logs say, metrics count, checkers and tests assert
// on. Protocol code notes events and never logs.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/label_table.h"
#include "store/overloaded.h"

namespace halp {

enum class LearnedFrom : std::uint8_t { own, text, gossip, cache, application, original };
enum class ForgottenWhy : std::uint8_t { expired, withdrawn, evicted, cleared, failed };
enum class StreamEnd : std::uint8_t { malformed, slow, too_many, other_swarm, version, busy, broken, oversize };

struct EntryLearned { Label label; Endpoint endpoint; LearnedFrom from; };
struct EntryForgotten { Label label; Endpoint endpoint; ForgottenWhy why; };
struct PeerJoined { Endpoint peer; };      // first seen in the `halp` list, or back from the dead
struct PeerProved { Endpoint peer; };      // first own contact
struct PeerSuspected { Endpoint peer; };
struct PeerBuried { Endpoint peer; };      // failed for good: no longer listed, probed ever more rarely
struct PeerLeft { Endpoint peer; };        // said so itself
struct PeerExpired { Endpoint peer; };     // nobody spoke of it for too long
struct PeerIsOriginal { Endpoint peer; };  // answers HALP text only
struct SelfKnown { Endpoint self; };       // the address others see us at became known or changed
struct SwarmMismatch { Endpoint peer; };   // belongs to another swarm: check --swarm
struct SeedFailed { Endpoint seed; ConnectFailure why; };
struct StreamEnded { Endpoint source; StreamEnd why; };
struct QueryAnswered { Endpoint source; bool insert; bool bad; };
struct RoundDone { std::size_t peers; bool worked; };
struct StorageFailed { std::string what; };  // a plain sentence
struct CacheLineSkipped { std::string file; std::size_t line; std::string why; };
struct InsertRefused { Endpoint source; Label label; RefusalCause cause; };
struct HealthChanged { int multiplier; };  // 1 well .. 8 sick (local health multiplier)
struct LeaveDone {};

struct Event : std::variant<EntryLearned, EntryForgotten, PeerJoined, PeerProved, PeerSuspected, PeerBuried, PeerLeft,
                            PeerExpired, PeerIsOriginal, SelfKnown, SwarmMismatch, SeedFailed, StreamEnded,
                            QueryAnswered, RoundDone, StorageFailed, CacheLineSkipped, InsertRefused, HealthChanged,
                            LeaveDone> {
    using variant::variant;
};

// std::visit for an Event: handlers by type; end the list with [](const auto&) {} to ignore the rest.
template <class... Fs>
auto match(const Event& event, Fs... fs) {
    return std::visit(overloaded{fs...}, static_cast<const Event::variant&>(event));
}

}  // namespace halp
