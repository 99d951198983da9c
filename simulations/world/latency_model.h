// How long a segment takes from one host to another when nothing goes wrong. A function of the seed and the pair,
// never of the order of questions; memory is bounded by the number of routers, not of hosts: hosts hang on routers,
// and only the way between two routers is remembered.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"
#include "store/time.h"

namespace halp {

enum class Topology : std::uint8_t { uniform, log_normal, matrix, transit_stub, small_world, plod };

// One way, row to column, in microseconds; square. A host belongs to the row of its number modulo the rows.
struct LatencyMatrix {
    std::size_t rows = 0;
    std::vector<std::uint32_t> cells;
};

inline constexpr std::size_t routers_max = 2000;  // a matrix of 16 MB

struct TopologyOptions {
    Topology kind = Topology::uniform;
    // uniform: each pair of hosts has its own latency between the two. Where hosts hang on routers: of each host's
    // own line to its router.
    Duration latency_min = std::chrono::microseconds{200};
    Duration latency_max = std::chrono::milliseconds{1};
    // log_normal: each pair draws median * exp(sigma * z), z standard normal; never above 10 s.
    Duration median = std::chrono::milliseconds{40};
    double sigma = 0.5;
    // matrix: read by the owner of the options; `file` is only its name.
    std::string file;
    LatencyMatrix matrix;
    // small_world, plod: this many routers, each link with a latency between the two.
    std::size_t routers = 200;
    Duration link_min = std::chrono::milliseconds{2};
    Duration link_max = std::chrono::milliseconds{20};
    // small_world (Watts and Strogatz, Nature 393, 1998): a ring where each router has this many neighbours, and
    // each link is put elsewhere with this probability.
    std::size_t neighbours = 6;
    double rewire = 0.05;
    // plod (Palmer and Steffan, GLOBECOM 2000, "Power-Law Out-Degree"): a router gets beta * x^-alpha links, x
    // drawn from 0 .. routers - 1.
    double alpha = 2.2;
    double beta = 2000;
    // transit_stub (Zegura, Calvert, Bhattacharjee, INFOCOM 1996): so many transit domains of so many routers; at
    // each of those hang so many stub domains of so many routers. Hosts hang on stub routers. Ways between the
    // routers of one domain are random (a tree and as many links again).
    std::size_t transit_domains = 3, transit_routers = 4, stubs = 3, stub_routers = 5;
    Duration transit_latency = std::chrono::milliseconds{20};  // between and within transit domains
    Duration uplink_latency = std::chrono::milliseconds{5};    // transit to stub
    Duration stub_latency = std::chrono::milliseconds{2};      // within a stub domain
};

class LatencyModel {
public:
    virtual ~LatencyModel() = default;
    // One way, more than zero. `from` and `to` are numbers of hosts; any number is one.
    [[nodiscard]] virtual Duration one_way(std::uint32_t from, std::uint32_t to) const = 0;
};

// The options are sound: routers within routers_max, a matrix with rows where one is asked for.
std::unique_ptr<LatencyModel> make_latency_model(const TopologyOptions& options, std::uint64_t seed);

// Ways between all pairs of routers of a generated graph (simulations/router_graph.cc), and the routers that take
// hosts.
struct RouterWays {
    LatencyMatrix ways;
    std::vector<std::uint32_t> for_hosts;
};
RouterWays router_ways(const TopologyOptions& options, std::uint64_t seed);
std::size_t router_count(const TopologyOptions& options);

// Milliseconds, one row a line, separated by commas or blanks; `#` begins a comment. A wrong file is refused with
// "FILE:LINE: what".
inline constexpr std::size_t matrix_bytes_max = std::size_t{64} << 20;
[[nodiscard]] Result<LatencyMatrix> parse_latency_matrix(const std::string& file, std::string_view content);
[[nodiscard]] Result<LatencyMatrix> read_latency_matrix(const std::string& path);
[[nodiscard]] std::string print_latency_matrix(const LatencyMatrix& matrix);  // read again as the same

}  // namespace halp
