// `halp top`: a live view of a daemon in a terminal. What a frame shows is a pure function of what the daemon said;
// the terminal is apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tools/halp/daemon/admin_api.h"
#include "tools/halp/verbs.h"

namespace halp::cli {

struct TopLabel {
    std::string name;
    std::uint64_t hosts = 0;
    UnixSeconds newest{0};  // when its most recent host was confirmed
};

// What the daemon said at one time.
struct TopSample {
    Instant at = never;
    StatusReport status;
    std::vector<KnownPeer> peers;
    std::vector<TopLabel> labels;
};

struct TopView {
    enum class List : std::uint8_t { peers, labels };
    List list = List::peers;
    std::size_t sorted_by = 0;  // a column
    std::size_t first = 0;      // row that is shown first
    std::size_t width = 80, height = 24;

    // What a key means; false: quit. `rows`: how many the list has.
    [[nodiscard]] bool press(std::string_view key, std::size_t rows);
};

// At most `height` lines of at most `width` columns. Rates need the sample before.
[[nodiscard]] std::vector<std::string> top_frame(const TopSample& now, const std::optional<TopSample>& before,
                                                 UnixSeconds wall, const TopView& view);

[[nodiscard]] ExitCode run_top(const WithDaemon& world);

}  // namespace halp::cli
