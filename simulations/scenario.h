// What a simulated swarm goes through: how many nodes, with which settings, over which network, and the phases of
// its life one after the other. Read from YAML by simulations/scenario_reader.h; simulations/README.md draws the
// format.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/overlay_options.h"
#include "simulations/sim_network.h"

namespace halp::sim {

enum class PhaseKind : std::uint8_t { grow, steady, announce, kill, partition, loss, stall, churn };
enum class Growth : std::uint8_t { linear, exponential, flash };
enum class KillHow : std::uint8_t { process, machine };

struct Phase {
    std::string name;
    PhaseKind kind = PhaseKind::steady;
    Duration span = std::chrono::seconds{10};  // `for`
    Growth growth = Growth::linear;
    std::size_t to = 0;  // grow: how many nodes at the end; 0: all of them
    double share = 0.5;  // of the living nodes (kill, partition, stall) or of the segments (loss)
    KillHow how = KillHow::process;
    Duration each = std::chrono::seconds{20};  // stall: how long one node stands still
    std::size_t items = 1;                     // announce
    std::string label = "chat";
    double weibull_shape = 0.5;  // churn: of session times
    Duration weibull_scale = std::chrono::seconds{60};
    Duration downtime = std::chrono::seconds{20};  // churn: mean, exponential
    std::size_t line = 0;
};

struct Scenario {
    std::string name;
    std::string about;  // one line
    std::size_t nodes = 200;
    std::uint64_t seed = 1;
    Duration sample_every = std::chrono::seconds{1};
    OverlayOptions node;
    NetworkOptions network;
    std::vector<Phase> phases;
    std::vector<std::pair<std::string, std::string>> parameters;  // every one, as the run card prints it
};

[[nodiscard]] std::string_view text_of(PhaseKind kind);

}  // namespace halp::sim
