#include "tools/halp-sim/scenario_source.h"

#include "config/yaml_reader.h"
#include "simulations/swarm/built_in_scenarios.h"

namespace halp::sim {

Result<Source> find_scenario(const std::string& name) {
    auto content = config::read_config_file(name, config::yaml_bytes_max, Pipes::awaited);
    if (content) return Source{name, *content};
    if (const BuiltInScenario* built_in = find_built_in(name))
        return Source{name + ".yaml", std::string{built_in->yaml}};
    std::string message = content.error().message;
    if (content.error().code == ErrorCode::not_found) {
        const std::string nearest = nearest_built_in(name);
        message = "no file and no built-in scenario " + name + "; " +
                  (nearest.empty() ? "`halp-sim list` shows them" : "did you mean " + nearest + "?");
    }
    return Error{content.error().code, message};
}

std::vector<Override> overrides_of(const CommandLine& command, std::vector<std::string>& problems) {
    std::vector<Override> out;
    for (const std::string& text : command.settings) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            problems.push_back("--set " + text + ": write key=value, such as gossip.period=2s");
            continue;
        }
        out.push_back({"--set", text.substr(0, equals), text.substr(equals + 1)});
    }
    if (command.seed) out.push_back({"--seed", "seed", std::to_string(*command.seed)});
    if (command.nodes) out.push_back({"--nodes", "nodes", std::to_string(*command.nodes)});
    return out;
}

}  // namespace halp::sim
