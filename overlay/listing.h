// A line of a host list and of a directory, as users see them, and the role of a peer in a node's view.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

struct ListedHost {
    Endpoint endpoint;
    UnixSeconds seen{0};                     // as HALP text shows it
    bool own = false;                        // announced by this node
    bool proved = false;                     // this node or one of its applications reached it
    bool claimed = false;                    // known only from HALP text
    bool remembered = false;                 // claimed, in the cache of an earlier run; nobody has said it since
    std::optional<UnixSeconds> proved_at{};  // when that was last
    // Of nodes: proved in this run or an earlier one; since when it is an acquaintance.
    bool met = false;
    std::optional<UnixSeconds> known_since{};
    std::string tags{};  // store/tags.h
};
struct ListedName {
    std::string name;
    UnixSeconds seen{0};
};

enum class PeerRole : std::uint8_t { fresh, anchor, pool, grave };

}  // namespace halp
