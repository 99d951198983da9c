// What the original's format cannot say of the lines of a label's file: in which swarm this node or another one
// heard of a host, when it was last proved, and since when it is an acquaintance (overlay/gossip/view/peer_view.h).
// Kept in a file beside the label's (overlay/cache/README.md draws it), which the original's tools do not read. A
// line that no swarm claims was written by a foreign tool or by `halp insert`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "store/cache_format.h"
#include "store/label.h"

namespace halp {

// Of a line, for a node of one swarm.
enum class LineOrigin : std::uint8_t { own_swarm, other_swarm, unknown };

class LineOrigins {
public:
    static constexpr std::string_view file_prefix = ".halp-origins-";
    // A line that is so much later than what its swarm noted was written by somebody else since then.
    static constexpr std::int64_t foreign_after_s = 3600;

    [[nodiscard]] static std::string file_name(const Label& label);
    // What cannot be read counts as unknown: a torn line, another label's file, a later version.
    [[nodiscard]] static LineOrigins parse(const Label& label, std::string_view content);
    [[nodiscard]] std::string format(const Label& label) const;

    [[nodiscard]] LineOrigin of(const CacheLine& line, const std::string& swarm) const;
    [[nodiscard]] bool only(const std::string& swarm) const;  // no other swarm claims a line
    [[nodiscard]] UnixSeconds proved(const Endpoint& host, const std::string& swarm) const;
    [[nodiscard]] UnixSeconds known(const Endpoint& host, const std::string& swarm) const;

    // The swarm knows this host. Times are taken over when they moved by a good deal, so that a file whose hosts
    // are merely confirmed again stays as it is.
    void note(const std::string& swarm, const CacheLine& line);
    void keep_known(const std::string& swarm, const CacheFile& file);  // no others are acquaintances any more
    void forget(const Endpoint& host);                                 // nobody knows any more where it comes from
    void keep_only(const CacheFile& file);                             // forgets all hosts that have no line there
    [[nodiscard]] std::size_t size() const;

private:
    struct Noted {
        UnixSeconds seen{0};
        UnixSeconds proved = CacheLine::not_proved;
        UnixSeconds known = CacheLine::not_proved;
    };
    using Hosts = std::map<Endpoint, Noted>;
    [[nodiscard]] const Noted* find(const Endpoint& host, const std::string& swarm) const;
    void take_line(std::string_view line, std::string& swarm);

    std::map<std::string, Hosts> swarms_;
};

}  // namespace halp
