// The typed tables of scenario files: every field of a scenario and of a phase, where its value lives, what is
// allowed and when it exists. The reader, the writer, the run card and the tables of simulations/swarm/README.md go
// by them (config/typed_table.h).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/typed_table.h"
#include "simulations/swarm/scenario.h"

namespace halp::sim {

template <class Owner>
struct ScenarioRow {
    std::string_view key;
    config::Value (*value)(Owner&);
    config::Bounds bounds;
    bool (*applies)(const Owner&);  // false: an owner like this one has no such field
    std::string_view help;          // one line
};
using ScenarioField = ScenarioRow<Scenario>;  // "nodes", "network.loss"
using PhaseField = ScenarioRow<Phase>;        // "share", of "phases.NAME.share"

// In the order of a file. Two rows may have one key when no owner has both.
std::span<const ScenarioField> scenario_fields();
std::span<const PhaseField> phase_fields();

// The rows that apply: network fields by topology, fields of a phase by its kind.
std::vector<ScenarioField> fields_of(const Scenario& scenario);
std::vector<PhaseField> fields_of(const Phase& phase);

inline constexpr std::size_t scenario_nodes_max = 100'000;

bool is_node_key(std::string_view key);  // a setting of halpd that a scenario may set

// The tables of fields as Markdown, as simulations/swarm/README.md has them.
std::string field_documentation();

}  // namespace halp::sim
