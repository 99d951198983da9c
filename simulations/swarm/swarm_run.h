// One scenario, played: real OverlayNodes in a SimWorld, phase after phase, measured at equal steps of virtual
// time. The same scenario and seed give the same run, to the last event.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "simulations/swarm/scenario_reader.h"
#include "simulations/views/overlay_graph.h"

namespace halp::sim {

// The view of a node is what it would choose partners from: fresh entries and anchors.
struct Sample {
    Duration at{0};  // since the start of the run
    std::size_t phase = 0;
    std::size_t living = 0;
    double joined = 0;      // share of the living that have proved 8 others, or all there are
    double all_listed = 0;  // share of the living that list every other one
    double dead_listed = 0;  // share of the living that list somebody dead
    double coverage = 0;    // share of the living that list the announced items, mean over items; 0 before
    double dead_share = 0;  // of all entries in the views of the living
    double crossing = 0;    // share of the living with somebody of the other side in view; 0 without a partition
    Spread in_degree{};     // among the living
    std::uint32_t bootstrap_in_degree = 0;
    Components components{};               // across connections that are possible now
    double sent_kbit_s = 0;                // per living node since the last sample, TCP payload
    double attackers = 0;                  // share of hostile entries in the views of the living
    std::uint64_t events = 0, digest = 0;  // executed so far, and their digest
    // Nodes by order of joining in survival_groups equal parts: of each, the share in use (alive and in the largest
    // component) and the share alive but cut off; the rest is dead or has not joined. In 1/255.
    std::vector<std::uint8_t> well{}, cut{};
};
inline constexpr std::size_t survival_groups = 25;

struct ItemSpread {
    std::string endpoint;
    Duration announced{0};
    std::size_t nodes = 0;            // lived at the announcement and at the end
    std::vector<Duration> reached{};  // sorted; since the announcement
    // When the given share of `nodes` knew it; negative when never.
    [[nodiscard]] double seconds_to(double share) const;
};

struct PhaseResult {
    std::string name;
    PhaseKind kind{};
    Duration begin{0}, end{0};
    std::size_t living = 0;
    double joined = 0, dead_share = 0;
    std::size_t cut_off = 0;     // of the living, outside the largest component
    double clean_periods = -1;   // kill: until less than 1 % of the entries are dead; negative: not in this run
    double merged_periods = -1;  // partition: from the heal until 99 % have somebody of the other side in view
    std::size_t false_burials = 0;
    // What only some kinds have, by name: how many labels the fullest node holds, hostile shares, ...
    std::vector<std::pair<std::string, double>> figures{};
};

struct RunResult {
    std::uint64_t digest = 0, events = 0;
    Duration simulated{0};
    std::vector<Sample> samples;
    std::vector<PhaseResult> phases;
    std::vector<ItemSpread> items;
    ViewGraph overlay;  // of the living, at the end
    GraphFigures figures;
    std::vector<std::uint32_t> in_degrees;
    std::vector<double> sent_kbit_s;  // by living node, over its last life
};

class RunListener {
public:
    virtual ~RunListener() = default;
    virtual void on_progress(Duration simulated, Duration total, std::uint64_t events, std::size_t living) = 0;
};

[[nodiscard]] RunResult play(const Scenario& scenario, RunListener* listener = nullptr);

// What the run came to, for record_yaml(): at most checkpoints_max samples, evenly thinned, and the end.
[[nodiscard]] Record record_of(const RunResult& result, const std::string& program);

struct Replay {
    RunResult result;
    bool same = false;
    std::string difference;  // where the first is, when they are not the same
};
// Plays the scenario of a record (ReadScenario::record) again and compares.
[[nodiscard]] Replay replay(const Scenario& scenario, const Record& record, RunListener* listener = nullptr);

}  // namespace halp::sim
