#include "tools/halp-sim/memory_need.h"

#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include "tools/halp-sim/report/console_table.h"

namespace halp::sim {

namespace {

constexpr std::uint64_t bytes_per_node = 36 * 1024;       // of growths of 2000 and more; small swarms need less
constexpr std::uint64_t bytes_per_hybrid_view = 1979;     // `views --rule hybrid`
constexpr std::uint64_t bytes_per_view_entry = 8;         // `views --rule newscast`: 180 bytes a view of 20
constexpr std::uint64_t bytes_per_newscast_view = 20;     // besides its entries
constexpr std::uint64_t unlimited = std::numeric_limits<std::uint64_t>::max();

// The number behind `key` in a file of lines `key number kB`; `none` when it is not there.
std::uint64_t kib_in(const char* file, const std::string& key, std::uint64_t none) {
    std::ifstream lines{file};
    for (std::string word; lines >> word;) {
        std::uint64_t kib = 0;
        if (word == key && lines >> kib) return kib * 1024;
    }
    return none;
}

// The first word of a file that holds one number, or `max`.
std::uint64_t number_of(const std::string& file, std::uint64_t none) {
    std::ifstream in{file};
    std::uint64_t value = 0;
    return in >> value ? value : none;
}

std::uint64_t left_of_limit(int resource, std::uint64_t used) {
    rlimit limit{};
    if (::getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return unlimited;
    return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, used);
}

// Of the control group, version 2. A container sees its own group as the root.
std::uint64_t left_of_group() {
    std::ifstream groups{"/proc/self/cgroup"};
    std::string line;
    std::uint64_t left = unlimited;
    while (std::getline(groups, line)) {
        if (!line.starts_with("0::/")) continue;
        for (const std::string& path : {std::string{"/sys/fs/cgroup"}, "/sys/fs/cgroup" + line.substr(3)}) {
            const std::uint64_t most = number_of(path + "/memory.max", unlimited);
            if (most == unlimited) continue;
            left = std::min(left, most - std::min(most, number_of(path + "/memory.current", 0)));
        }
    }
    return left;
}

std::string mib(std::uint64_t bytes) { return number(static_cast<double>(bytes) / (1 << 20), 0) + " MiB"; }

}  // namespace

std::uint64_t bytes_of_run(const Scenario& scenario) { return scenario.nodes * bytes_per_node; }

std::uint64_t bytes_of_views(std::uint64_t nodes, const ViewsCommand& views) {
    if (views.rule == "hybrid") return nodes * bytes_per_hybrid_view;
    return nodes * (bytes_per_newscast_view + bytes_per_view_entry * views.view);
}

std::uint64_t memory_left() {
    const char* const own = "/proc/self/status";
    return std::min({kib_in("/proc/meminfo", "MemAvailable:", unlimited),
                     left_of_limit(RLIMIT_AS, kib_in(own, "VmSize:", 0)),
                     left_of_limit(RLIMIT_DATA, kib_in(own, "VmData:", 0)), left_of_group()});
}

Result<void> fit_into_memory(const std::vector<Scenario>& runs, std::size_t at_once) {
    std::uint64_t largest = 0;
    for (const Scenario& run : runs) largest = std::max(largest, bytes_of_run(run));
    return fits(largest, at_once, memory_left());
}

Result<void> fits(std::uint64_t bytes_of_each, std::size_t at_once, std::uint64_t left) {
    const std::uint64_t needed = bytes_of_each * at_once;
    if (needed <= left) return {};
    std::string why = "it needs about " + mib(needed) + " of memory";
    if (at_once > 1) why += " (" + std::to_string(at_once) + " runs at once, " + mib(bytes_of_each) + " each)";
    why += ", and there are " + mib(left) + ": ";
    if (at_once > 1 && bytes_of_each <= left)
        why += "--jobs " + std::to_string(left / bytes_of_each) + " fits";
    else
        why += "take fewer nodes";
    return Error{ErrorCode::full, why + "; ulimit -v and MemoryMax may allow more"};
}

}  // namespace halp::sim
