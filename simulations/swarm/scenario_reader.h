// Scenario files: YAML to Scenario and back, every mistake found in one run and told with its place and what is
// allowed. A record is a scenario file that says what its run came to: the same program plays it to the same
// digest.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulations/swarm/scenario.h"

namespace halp::sim {

// What the command line puts over the file: --nodes, --seed, --set key=value.
struct Override {
    std::string flag;  // as typed, for messages
    std::string key;
    std::string text;
};

// How far a run had come at an instant: the digest covers every event before.
struct Checkpoint {
    Duration at{0};
    std::uint64_t events = 0, digest = 0;
    bool operator==(const Checkpoint&) const = default;
};
struct Record {
    std::string program;
    std::uint64_t digest = 0, events = 0;
    std::vector<Checkpoint> checkpoints;  // by time, at most checkpoints_max
};
inline constexpr std::size_t checkpoints_max = 200;

struct ReadScenario {
    Scenario scenario;                  // meaningful when there are no problems
    std::optional<Record> record;       // when the file is one
    std::vector<std::string> problems;  // "FILE:LINE:COLUMN: ..." each
};

// `file` is named in messages, and a latency matrix is looked for beside it.
ReadScenario read_scenario(const std::string& file, std::string_view content,
                           const std::vector<Override>& overrides);

// Every parameter as (dotted key, text), in the order of a file.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parameters_of(const Scenario& scenario);
// The whole scenario, every setting spelt out: read again, it is the same run. A latency matrix stays in its file.
[[nodiscard]] std::string scenario_yaml(const Scenario& scenario);
[[nodiscard]] std::string record_yaml(const Scenario& scenario, const Record& record);

struct BuiltInScenario {
    std::string_view name;
    std::string_view yaml;
};
// simulations/scenarios/*.yaml as they were at build time, by name.
const std::vector<BuiltInScenario>& built_in_scenarios();
const BuiltInScenario* find_built_in(std::string_view name);
std::string nearest_built_in(std::string_view name);  // empty when nothing is near

}  // namespace halp::sim
