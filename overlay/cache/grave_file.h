// The dead nodes that a node remembers, so that a partition heals although it was restarted meanwhile. A file of
// the node's own directory, drawn in overlay/cache/README.md. Graves of nodes that were proved and of those that
// were only heard of have places of their own. Those of other swarms stay in the file as they are.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/cache_format.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

struct GraveLine {
    Endpoint endpoint;
    std::uint32_t version = 0;
    UnixSeconds buried{0};
    bool proved = false;                        // this node had reached it
    bool left = false;                          // it said so itself
    UnixSeconds known = CacheLine::not_proved;  // an acquaintance since then

    bool operator==(const GraveLine&) const = default;
};

class GraveFile {
public:
    static constexpr std::string_view name = "halp-graves";
    static constexpr std::size_t lines_of_a_kind_max = 256;
    static constexpr std::size_t lines_of_others_max = 512;

    // What cannot be read is skipped: a torn line, a file of a later version.
    [[nodiscard]] static GraveFile parse(const std::string& swarm, std::string_view content);
    // "" when there is nothing to keep.
    [[nodiscard]] std::string format(const std::string& swarm) const;

    std::vector<GraveLine> graves;    // of this swarm
    std::vector<std::string> others;  // lines of other swarms, with the one that names it before them
};

}  // namespace halp
