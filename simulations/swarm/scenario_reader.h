// Scenario files: YAML to Scenario and back. One run reports every mistake with its place and what is allowed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "simulations/swarm/recorded_run.h"
#include "simulations/swarm/scenario.h"

namespace halp::sim {

// A value of the command line, which takes precedence over the file: --nodes, --seed, --set key=value.
struct Override {
    std::string flag;  // as typed, for messages
    std::string key;
    std::string text;
};

struct ReadScenario {
    Scenario scenario;                  // meaningful when there are no problems
    std::optional<RecordedRun> record;  // when the file has a `record:` section
    std::vector<std::string> problems;  // each begins with "FILE:LINE:COLUMN: "
};

// `file` is the name in messages. The file of a latency matrix is relative to it.
ReadScenario read_scenario(const std::string& file, std::string_view content,
                           const std::vector<Override>& overrides);

// Every parameter as (dotted key, text), in the order of a file.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parameters_of(const Scenario& scenario);
// The scenario with every setting; reading it gives the same run. A latency matrix stays in its file.
[[nodiscard]] std::string scenario_yaml(const Scenario& scenario);

}  // namespace halp::sim
