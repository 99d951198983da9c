// Plays one scenario: OverlayNodes in a SimWorld, phase after phase, measured at equal intervals of virtual time.
// The same scenario and seed give the same run, to the last event.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "simulations/swarm/recorded_run.h"
#include "simulations/swarm/scenario.h"
#include "simulations/views/overlay_graph.h"

namespace halp::sim {

// The view of a node is what it draws partners from: fresh entries and anchors. Shares of the living and of their
// entries are NaN while nobody lives, and shares of nothing are: a swarm of the dead is neither clean nor joined,
// and a lone node has joined nobody.
struct Sample {
    Duration at{0};  // since the start of the run
    std::size_t phase = 0;
    std::size_t living = 0;
    double joined = 0;       // share of the living that have proved 8 others, or all others
    double all_listed = 0;   // share of the living that list all living nodes
    double dead_listed = 0;  // share of the living that list a dead node
    double coverage = 0;     // share of the living that list the announced items, mean over items; NaN before
    double dead_share = 0;   // of all entries in the views of the living
    double crossing = 0;     // share of the living with a node of the other side in view; NaN without a partition
    Spread in_degree{};      // among the living
    std::uint32_t bootstrap_in_degree = 0;
    Components components{};               // over entries that can be reached now
    double sent_kbit_s = 0;                // per node and second of its life since the last sample, TCP payload
    double attackers = 0;                  // share of hostile entries in the views of the living
    std::uint64_t events = 0, digest = 0;  // so far
    // The survival map, in 1/255: nodes in order of joining are divided into survival_groups equal groups. `well`
    // is the share of a group that is alive and in the largest component, `cut` the share that is alive outside of
    // it.
    std::vector<std::uint8_t> well{}, cut{};
};
inline constexpr std::size_t survival_groups = 25;

struct ItemSpread {
    std::string endpoint;
    Duration announced{0};
    std::size_t nodes = 0;            // alive at the announcement and at the end
    std::vector<Duration> reached{};  // sorted; since the announcement
    // Time until the given share of `nodes` knew it; negative: never.
    [[nodiscard]] double seconds_to(double share) const;
};

// One life of a node, from its start until it had proved 8 others, or all others that lived.
struct JoinTime {
    std::string node;               // its address
    Duration started{0}, took{-1};  // negative: it never had
};

struct PhaseResult {
    std::string name;
    PhaseKind kind{};
    Duration begin{0}, end{0};
    // At the end of the phase:
    std::size_t living = 0;
    double joined = 0, dead_share = 0;
    std::size_t cut_off = 0;     // living nodes outside the largest component
    double clean_periods = -1;   // kill: until less than 1 % of the entries are dead; negative: never
    double merged_periods = -1;  // partition: after healing, until 99 % have a node of the other side in view
    std::size_t false_burials = 0;
    // Over all samples of the phase and its end. NaN: no sample has the share.
    double dead_peak = 0, joined_low = 0, hostile_peak = 0;
    std::size_t cut_off_peak = 0, living_low = 0;
    double sent_kbit_s = 0, sent_peak = 0;  // per node and second of its life; the peak between two samples
    // Figures of some kinds of phases, by name (simulations/swarm/README.md).
    std::vector<std::pair<std::string, double>> figures{};
};

struct RunResult {
    std::uint64_t seed = 0, digest = 0, events = 0;
    Duration simulated{0};
    bool complete = true;  // false: a listener ended it before its time
    std::vector<Sample> samples;
    std::vector<PhaseResult> phases;
    std::vector<ItemSpread> items;
    ViewGraph overlay;  // views of the living at the end
    GraphFigures figures;
    std::vector<std::uint32_t> in_degrees;
    std::vector<double> sent_kbit_s;  // by living node, over its present life; NaN when that has just begun
    std::vector<JoinTime> joins;      // by start; the first node of a swarm has nobody to join
};

class RunListener {
public:
    virtual ~RunListener() = default;
    // At each sample. False: the run ends here, with what it has (RunResult::complete).
    [[nodiscard]] virtual bool on_progress(Duration simulated, Duration total, std::uint64_t events,
                                           std::size_t living) = 0;
};

[[nodiscard]] RunResult play(const Scenario& scenario, RunListener* listener = nullptr);

// The record of a run for recorded_run_yaml(): at most checkpoints_max samples at equal distances, and the end.
[[nodiscard]] RecordedRun recorded_run_of(const RunResult& result, const std::string& program);

struct Replay {
    RunResult result;
    bool same = false;
    std::string difference;  // where the first difference is
};
// Plays a recorded scenario (ReadScenario::record) again and compares.
[[nodiscard]] Replay replay(const Scenario& scenario, const RecordedRun& record, RunListener* listener = nullptr);

}  // namespace halp::sim
