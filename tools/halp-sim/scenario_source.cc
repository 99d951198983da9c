#include "tools/halp-sim/scenario_source.h"

#include <algorithm>

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
    // Of two values for one key one would win unseen.
    const auto add = [&](const Override& o) {
        const auto before = std::ranges::find(out, o.key, &Override::key);
        if (before != out.end() && before->text != o.text)
            problems.push_back(o.flag + ": " + o.key + " is given twice, as " + before->text + " by " +
                               before->flag + " and as " + o.text + "; give it once");
        out.push_back(o);
    };
    for (const std::string& text : command.settings) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0) {
            problems.push_back("--set " + text + ": write key=value, such as gossip.period=2s");
            continue;
        }
        add({"--set", text.substr(0, equals), text.substr(equals + 1)});
    }
    if (command.seed) add({"--seed", "seed", std::to_string(*command.seed)});
    if (command.nodes) add({"--nodes", "nodes", std::to_string(*command.nodes)});
    return out;
}

}  // namespace halp::sim
