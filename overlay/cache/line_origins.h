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
#include <vector>

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

    // The swarm knows these hosts. Times are taken over when they moved by a good deal, so that a file whose hosts
    // are merely confirmed again stays as it is.
    void note(const std::string& swarm, const std::vector<CacheLine>& lines);
    void note_own(const std::string& swarm, const std::vector<CacheLine>& lines);  // only those of `own_swarm`
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
    struct NotedHost {
        std::uint64_t hash = 0;
        Endpoint host;
        Noted noted;
        [[nodiscard]] static bool before(const NotedHost& a, const NotedHost& b);
        [[nodiscard]] static bool same(const NotedHost& a, const NotedHost& b);
    };
    // Without repeated hosts, in the order of their hashes, which are quick to compare. The file has the same
    // order, so that reading it sorts nothing.
    using Hosts = std::vector<NotedHost>;

    // A line that is to be noted.
    struct Heard {
        std::uint64_t hash;
        const CacheLine* line;
        [[nodiscard]] static bool before(const Heard& a, const Heard& b);
    };
    [[nodiscard]] static NotedHost noted_host(const CacheLine& line);
    [[nodiscard]] static const Noted* find(const Hosts& hosts, const Endpoint& host);
    [[nodiscard]] const Noted* find(const Endpoint& host, const std::string& swarm) const;
    static void settle(Hosts& hosts);  // as they must be; of repeated hosts the last one counts
    static void take_times(Noted& noted, const Noted& heard);
    void merge(const std::string& swarm, std::vector<Heard> heard);
    void take_line(std::string_view line, std::string& swarm);

    std::map<std::string, Hosts> swarms_;
};

}  // namespace halp
