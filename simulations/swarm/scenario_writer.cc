// Scenarios and records as YAML (simulations/scenario_reader.h).
#include <cstdio>

#include "config/setting_value.h"
#include "simulations/swarm/scenario_fields.h"
#include "simulations/swarm/scenario_reader.h"

namespace halp::sim {
namespace {

// Double-quoted, so that any name and any text comes back as it was.
std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        char escape[8];
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::snprintf(escape, sizeof escape, "\\x%02x", static_cast<unsigned>(c));
            out += escape;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

std::string hexadecimal(std::uint64_t word) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(word));
    return text;
}

}  // namespace

std::string scenario_yaml(const Scenario& scenario) {
    std::string out, phases = "phases:\n", phase;
    for (const auto& [key, text] : parameters_of(scenario)) {
        // The settings of halpd are printed as YAML already.
        const std::string value = is_node_key(key) ? text : quoted(text);
        if (!key.starts_with("phases.")) {
            out += quoted(key) + ": " + value + "\n";
            continue;
        }
        const std::size_t dot = key.rfind('.');
        if (const std::string name = key.substr(7, dot - 7); name != phase || key.ends_with(".do")) {
            phases += "  " + quoted(name) + ":\n";
            phase = name;
        }
        phases += "    " + key.substr(dot + 1) + ": " + value + "\n";
    }
    return out + phases;
}

std::string record_yaml(const Scenario& scenario, const Record& record) {
    std::string out =
        "# What was played, every setting spelt out, and what it came to. `halp-sim replay` plays it again.\n";
    out += scenario_yaml(scenario);
    out += "record:\n  program: " + quoted(record.program) + "\n  digest: " + quoted(hexadecimal(record.digest)) +
           "\n  events: " + std::to_string(record.events) + "\n  checkpoints:\n";
    for (const Checkpoint& point : record.checkpoints)
        out += "    - \"" + config::print_duration(point.at) + " " + std::to_string(point.events) + " " +
               hexadecimal(point.digest) + "\"\n";
    return out;
}

}  // namespace halp::sim
