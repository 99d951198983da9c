// Latency models: the one-way latency of a segment between two hosts, without jitter and loss. It is a function of
// the seed and the pair, not of the order of calls. Memory grows with the number of routers, not of hosts: hosts
// are attached to routers, and only the paths between routers are stored.
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

// One-way latency from row to column in microseconds; square. Host n has row n modulo the number of rows.
struct LatencyMatrix {
    std::size_t rows = 0;
    std::vector<std::uint32_t> cells;
};

inline constexpr std::size_t routers_max = 2000;  // a matrix of 16 MB

struct TopologyOptions {
    Topology kind = Topology::uniform;
    // uniform: latency of a pair of hosts, between the two. Topologies with routers: latency of the line from a
    // host to its router.
    Duration latency_min = std::chrono::microseconds{200};
    Duration latency_max = std::chrono::milliseconds{1};
    // log_normal: median * exp(sigma * z) for each pair, z standard normal; at most 10 s.
    Duration median = std::chrono::milliseconds{40};
    double sigma = 0.5;
    // matrix: the owner of the options reads the file; `file` is its name.
    std::string file;
    LatencyMatrix matrix;
    // small_world, plod: number of routers; latency of a link, between the two.
    std::size_t routers = 200;
    Duration link_min = std::chrono::milliseconds{2};
    Duration link_max = std::chrono::milliseconds{20};
    // small_world (Watts and Strogatz, Nature 393, 1998): a ring where each router has this many neighbours; each
    // link is rewired with this probability.
    std::size_t neighbours = 6;
    double rewire = 0.05;
    // plod (Palmer and Steffan, GLOBECOM 2000, "Power-Law Out-Degree"): a router has beta * x^-alpha links, x drawn
    // from 0 .. routers - 1.
    double alpha = 2.2;
    double beta = 2000;
    // transit_stub (Zegura, Calvert, Bhattacharjee, INFOCOM 1996): transit domains of transit routers; each of
    // these has stub domains of stub routers. Hosts are attached to stub routers. The routers of one domain are
    // linked by a random tree and as many further random links.
    std::size_t transit_domains = 3, transit_routers = 4, stubs = 3, stub_routers = 5;
    Duration transit_latency = std::chrono::milliseconds{20};  // between and within transit domains
    Duration uplink_latency = std::chrono::milliseconds{5};    // transit to stub
    Duration stub_latency = std::chrono::milliseconds{2};      // within a stub domain
};

class LatencyModel {
public:
    virtual ~LatencyModel() = default;
    // More than zero. `from` and `to` are numbers of hosts; every number is valid.
    [[nodiscard]] virtual Duration one_way(std::uint32_t from, std::uint32_t to) const = 0;
};

// Requires valid options: router_count() <= routers_max, and a matrix with rows for Topology::matrix.
std::unique_ptr<LatencyModel> make_latency_model(const TopologyOptions& options, std::uint64_t seed);

// Latencies of the shortest paths between all routers of a generated graph (router_graph.cc), and the routers to
// which hosts are attached.
struct RouterPaths {
    LatencyMatrix latencies;
    std::vector<std::uint32_t> for_hosts;
};
RouterPaths router_paths(const TopologyOptions& options, std::uint64_t seed);
std::size_t router_count(const TopologyOptions& options);

// The text format: one row a line, separated by commas or blanks; `#` begins a comment. Comments before the first
// row may say `unit: us` (else ms), `layout: lower` or `upper` (else a square), and `missing: mirror` or `median`
// for cells that are -1, NaN or empty (else they are refused). An error message begins with "FILE:LINE: "
// (simulations/world/README.md).
inline constexpr std::size_t matrix_bytes_max = std::size_t{64} << 20;
[[nodiscard]] Result<LatencyMatrix> parse_latency_matrix(const std::string& file, std::string_view content);
[[nodiscard]] Result<LatencyMatrix> read_latency_matrix(const std::string& path);
[[nodiscard]] std::string print_latency_matrix(const LatencyMatrix& matrix);  // the same matrix when it is read

}  // namespace halp
