#include "simulations/world/latency_model.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <utility>

#include "simulations/world/sim_random.h"

namespace halp {
namespace {

constexpr Duration latency_top = std::chrono::seconds{10};

std::uint64_t pair_word(std::uint64_t seed, std::uint32_t a, std::uint32_t b) {
    const auto [low, high] = std::minmax(a, b);
    return mix_words(mix_words(seed, low), high);
}

Duration between(Duration low, Duration high, std::uint64_t word) {
    const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + Duration{static_cast<Duration::rep>(word % span)};
}

// In (0, 1): the logarithm of 0 is not taken.
double unit(std::uint64_t word) { return (static_cast<double>(word >> 11) + 0.5) * 0x1.0p-53; }

class Uniform final : public LatencyModel {
public:
    Uniform(const TopologyOptions& options, std::uint64_t seed)
        : min_(options.latency_min), max_(options.latency_max), seed_(seed) {}
    [[nodiscard]] Duration one_way(std::uint32_t from, std::uint32_t to) const override {
        return between(min_, max_, pair_word(seed_, from, to));
    }

private:
    Duration min_, max_;
    std::uint64_t seed_;
};

class LogNormal final : public LatencyModel {
public:
    LogNormal(const TopologyOptions& options, std::uint64_t seed)
        : median_(static_cast<double>(options.median.count())), sigma_(options.sigma), seed_(seed) {}
    // Box-Muller transform of two words that depend on the pair only.
    [[nodiscard]] Duration one_way(std::uint32_t from, std::uint32_t to) const override {
        const std::uint64_t word = pair_word(seed_, from, to);
        const double radius = std::sqrt(-2 * std::log(unit(word)));
        const double normal = radius * std::cos(2 * 3.14159265358979323846 * unit(mix_words(word, 1)));
        const double us = median_ * std::exp(sigma_ * normal);
        return Duration{static_cast<Duration::rep>(std::clamp(us, 1.0, static_cast<double>(latency_top.count())))};
    }

private:
    double median_, sigma_;
    std::uint64_t seed_;
};

class Matrix final : public LatencyModel {
public:
    explicit Matrix(LatencyMatrix matrix) : matrix_(std::move(matrix)) { assert(matrix_.rows > 0); }
    [[nodiscard]] Duration one_way(std::uint32_t from, std::uint32_t to) const override {
        const std::size_t cell = from % matrix_.rows * matrix_.rows + to % matrix_.rows;
        return Duration{std::max<Duration::rep>(1, matrix_.cells[cell])};
    }

private:
    LatencyMatrix matrix_;
};

// The line of each host to its router, and the shortest path between the routers.
class Routers final : public LatencyModel {
public:
    Routers(const TopologyOptions& options, std::uint64_t seed)
        : line_min_(options.latency_min),
          line_max_(options.latency_max),
          seed_(seed),
          routers_(router_paths(options, seed)) {}
    [[nodiscard]] Duration one_way(std::uint32_t from, std::uint32_t to) const override {
        const std::size_t cell = router(from) * routers_.latencies.rows + router(to);
        return line(from) + Duration{static_cast<Duration::rep>(routers_.latencies.cells[cell])} + line(to);
    }

private:
    [[nodiscard]] std::uint64_t word(std::uint32_t host) const { return mix_words(seed_ ^ 0x686f7374, host); }
    [[nodiscard]] std::size_t router(std::uint32_t host) const {
        return routers_.for_hosts[word(host) % routers_.for_hosts.size()];
    }
    [[nodiscard]] Duration line(std::uint32_t host) const {
        return between(line_min_, line_max_, mix_words(word(host), 1));
    }

    Duration line_min_, line_max_;
    std::uint64_t seed_;
    RouterPaths routers_;
};

}  // namespace

std::size_t router_count(const TopologyOptions& o) {
    switch (o.kind) {
        case Topology::transit_stub:
            return o.transit_domains * o.transit_routers * (1 + o.stubs * o.stub_routers);
        case Topology::small_world:
        case Topology::plod:
            return o.routers;
        case Topology::uniform:
        case Topology::log_normal:
        case Topology::matrix:
            break;
    }
    return 0;
}

std::unique_ptr<LatencyModel> make_latency_model(const TopologyOptions& options, std::uint64_t seed) {
    assert(options.latency_min <= options.latency_max);
    switch (options.kind) {
        case Topology::uniform:
            return std::make_unique<Uniform>(options, seed);
        case Topology::log_normal:
            return std::make_unique<LogNormal>(options, seed);
        case Topology::matrix:
            return std::make_unique<Matrix>(options.matrix);
        case Topology::transit_stub:
        case Topology::small_world:
        case Topology::plod:
            return std::make_unique<Routers>(options, seed);
    }
    return nullptr;
}

}  // namespace halp
