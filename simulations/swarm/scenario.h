// A scenario: number and settings of the nodes, the network, and phases that follow each other. scenario_reader.h
// reads and writes it as YAML; simulations/swarm/README.md shows the format.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/overlay_options.h"
#include "simulations/swarm/session_trace.h"
#include "simulations/world/network_options.h"

namespace halp::sim {

enum class PhaseKind : std::uint8_t {
    grow,
    steady,
    announce,
    kill,
    partition,
    one_way,
    loss,
    stall,
    slow,
    clocks,
    churn,
    attack,
    flood,
    upgrade,
    trace
};
enum class Growth : std::uint8_t { linear, exponential, flash };
enum class KillHow : std::uint8_t { process, machine };
enum class Sessions : std::uint8_t { weibull, pareto, exponential };
enum class Speaker : std::uint8_t { ours, originals };

struct Phase {
    std::string name;
    PhaseKind kind = PhaseKind::steady;
    Duration span = std::chrono::seconds{10};  // `for`
    Growth growth = Growth::linear;
    std::size_t to = 0;  // grow: number of nodes at the end; 0: all
    // kill, partition, one_way, stall, slow, clocks: of the living nodes; loss: of the segments; attack: of honest
    // and hostile nodes together; upgrade: of the originals.
    double share = 0.5;
    KillHow how = KillHow::process;
    Duration each = std::chrono::seconds{20};  // stall: how long one node does not run
    Duration extra = std::chrono::seconds{1};  // slow: added to every segment to and from a slow node
    Duration skew = std::chrono::minutes{5};   // clocks: largest error, in either direction
    double drift = 0;                          // clocks: largest drift, seconds per second
    std::size_t items = 1;                     // announce
    std::string label = "chat";
    Speaker from = Speaker::ours;
    Sessions sessions = Sessions::weibull;  // churn
    double session_shape = 0.5;
    Duration session_scale = std::chrono::seconds{60};
    Duration downtime = std::chrono::seconds{20};  // churn: mean of an exponential distribution
    std::size_t groups = 4;                        // attack, flood: address groups of the hostile hosts
    std::size_t pushes = 10;                       // attack: exchanges that one attacker opens a period
    std::size_t strangers = 10;                    // flood
    std::size_t rate = 10;                         // flood: inserts a second of one stranger
    std::size_t labels = 10'000;                   // flood: number of different labels
    std::size_t entries = 5;                       // flood: of one insert
    std::string file{};                            // trace: its name, and what was read of it
    SessionTrace trace{};
    std::size_t line = 0;
};

struct Scenario {
    std::string name;   // of the file, without .yaml
    std::string about;  // one line on what it is for
    std::size_t nodes = 200;
    double originals = 0;  // share of the nodes that are original HALP servers
    std::uint64_t seed = 1;
    Duration sample_every = std::chrono::seconds{1};
    Profile profile = Profile::lan;
    OverlayOptions node;  // the profile with the settings of the file
    NetworkOptions network;
    std::vector<Phase> phases;
    std::vector<std::pair<std::string, std::string>> parameters;  // all, as the run card prints them
};

[[nodiscard]] std::string_view text_of(PhaseKind kind);

}  // namespace halp::sim
