// A line of a host list and of a directory as users see them, and the part that a peer plays in a node's view.
#pragma once

#include <cstdint>
#include <string>

#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

struct ListedHost {
    Endpoint endpoint;
    UnixSeconds seen{0};   // as HALP text shows it
    bool own = false;      // announced here
    bool proved = false;   // this node or its applications reached it
    bool claimed = false;  // only ever claimed in HALP text
};
struct ListedName {
    std::string name;
    UnixSeconds seen{0};
};

enum class PeerRole : std::uint8_t { fresh, anchor, pool, grave };

}  // namespace halp
