// The original's cache files (overlay/text/halp-text.md, "The cache directory"). One directory has one file per
// label, with a line `<time> <host> <port>` per host, or `<time> <name>` in the files of directories. LF joins the
// lines, with none at the end; the newest line is first. In file names "~" stands for "/". What the original's
// grammar does not have is written "=" for "-", "," for "." and "+" for a "_" in the last part, so files of other
// programs, such as known_hosts and notes.txt, still belong to no label. Pure functions: bytes in, entries out. A
// bad line is skipped and reported.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "store/endpoint.h"
#include "store/label.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

struct CacheLine {
    static constexpr UnixSeconds not_proved{-1};
    UnixSeconds seen{0};
    Endpoint endpoint;
    // What the format cannot say; the host cache keeps it in a file beside (overlay/cache/line_origins.h).
    UnixSeconds proved = not_proved;
    bool own_swarm = false;          // heard of in the swarm of this node
    UnixSeconds known = not_proved;  // since when it is an acquaintance of this node
    std::uint8_t worth = 0;  // what keeps its place in a full file: 2 an acquaintance, 1 proved, 0 only heard of
    bool operator==(const CacheLine&) const = default;
};
struct CacheNameLine {
    UnixSeconds seen{0};
    std::string name;
    bool operator==(const CacheNameLine&) const = default;
};
struct BadCacheLine {
    std::size_t line = 0;  // from 1
    std::string why;       // what is wrong with it, for people
};

struct CacheFile {
    std::vector<CacheLine> lines;      // of a plain label
    std::vector<CacheNameLine> names;  // of a directory
    std::vector<BadCacheLine> bad;     // at most 100 are listed; all are counted
    std::size_t bad_count = 0;
    std::size_t cut_lines = 0, cut_names = 0;  // of a merge: without room
};

[[nodiscard]] std::string cache_file_name(const Label& label);
// Fails for a file that belongs to no label (`.allocation`, temporary files, names of other programs).
[[nodiscard]] Result<Label> label_of_cache_file(std::string_view file_name);

// Of two lines for one endpoint or name the larger time counts. The newest is first; equal times stay in the order
// of the file. Times in the future are kept as written.
[[nodiscard]] CacheFile parse_cache_file(const Label& label, std::string_view content);
// The same lines as they stand in the file, for merge_cache_files(), which settles them.
[[nodiscard]] CacheFile parse_cache_lines(const Label& label, std::string_view content);
// Writes the lines in the given order. A line that a reader would refuse (a blank in a host) is left out.
[[nodiscard]] std::string format_cache_file(const Label& label, const CacheFile& file);

// What to write back: the larger time of every endpoint in `on_disk` and `ours`, the newest first, at most
// `lines_max` lines: those of `ours` that are worth most, then the newest. Endpoints in `forgotten` are left out,
// unless the disk has a later time than `as_of`.
struct ForgottenHost {
    Endpoint endpoint;
    UnixSeconds as_of{0};
};
[[nodiscard]] CacheFile merge_cache_files(CacheFile on_disk, CacheFile ours, std::vector<ForgottenHost> forgotten,
                                          std::size_t lines_max);

}  // namespace halp
