// Writes scenarios (simulations/swarm/scenario_reader.h).
#include "config/choice_names.h"
#include "config/setting_table.h"
#include "simulations/swarm/scenario_fields.h"
#include "simulations/swarm/scenario_reader.h"

namespace halp::sim {

std::vector<std::pair<std::string, std::string>> parameters_of(const Scenario& scenario) {
    Scenario s = scenario;  // a Value points to something that can be written
    std::vector<std::pair<std::string, std::string>> list;
    for (const ScenarioField& field : fields_of(scenario))
        if (const std::string text = plain_text(field.value(s)); !text.empty()) list.emplace_back(field.key, text);
    config::Settings settings;
    settings.profile = s.profile;
    settings.node = s.node;
    list.emplace_back("profile", plain_text(config::value_of(settings.profile)));
    for (const config::Setting& setting : config::setting_table())
        if (is_node_key(setting.key)) list.emplace_back(setting.key, yaml_text(setting.value(settings)));
    for (Phase& phase : s.phases)
        for (const PhaseField& field : fields_of(phase))
            list.emplace_back("phases." + phase.name + "." + std::string{field.key},
                              plain_text(field.value(phase)));
    return list;
}

std::string scenario_yaml(const Scenario& scenario) {
    std::string out, phases = "phases:\n", phase;
    for (const auto& [key, text] : parameters_of(scenario)) {
        const std::string value = is_node_key(key) ? text : config::quoted(text);  // settings are YAML already
        if (!key.starts_with("phases.")) {
            out += config::quoted(key) + ": " + value + "\n";
            continue;
        }
        const std::size_t dot = key.rfind('.');
        if (const std::string name = key.substr(7, dot - 7); name != phase || key.ends_with(".do")) {
            phases += "  " + config::quoted(name) + ":\n";
            phase = name;
        }
        phases += "    " + key.substr(dot + 1) + ": " + value + "\n";
    }
    return out + phases;
}

}  // namespace halp::sim
