#include "simulations/swarm/scenario_reader.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include "config/setting_table.h"
#include "config/setting_value.h"
#include "config/yaml_reader.h"
#include "simulations/swarm/scenario_fields.h"
#include "store/label.h"

namespace halp::sim {

namespace {

constexpr std::size_t problems_max = 20;
constexpr std::string_view phase_prefix = "phases.";
constexpr double pareto_shape = 1.1;

struct Given {
    std::string key, text;
    std::string key_place, value_place;
    std::vector<std::string> items;  // of a list
    bool list = false;
    std::size_t line = 0;
};

class Reader {
public:
    Reader(std::string file, std::string_view content) : file_(std::move(file)) {
        config::YamlDocument document = config::read_yaml(content);
        for (const config::YamlProblem& p : document.problems) problem(place(p.place), p.message);
        for (config::YamlEntry& e : document.entries)
            given_.push_back({e.key, e.text.items.empty() ? "" : e.text.items.front(), place(e.key_place),
                              place(e.value_place), e.text.items, e.text.is_list, e.key_place.line});
    }

    ReadScenario read(const std::vector<Override>& overrides) {
        for (const Override& o : overrides) given_.push_back({o.key, o.text, o.flag, o.flag, {}, false, 0});
        out_.scenario.name = base_name(file_);
        take_profile();
        take_topology();
        declare_phases();
        for (const Given& g : given_) take(g);
        check_together();
        if (out_.problems.empty()) read_matrix();
        out_.scenario.parameters = parameters_of(out_.scenario);
        return std::move(out_);
    }

private:
    [[nodiscard]] std::string place(const config::Place& at) const {
        return file_ + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    }
    static std::string base_name(const std::string& file) {
        const std::size_t slash = file.rfind('/');
        const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
        return name.substr(0, name.rfind(".yaml"));
    }
    void problem(const std::string& where, const std::string& message) {
        if (out_.problems.size() < problems_max) out_.problems.push_back(where + ": " + message);
    }

    // The profile comes first, wherever it stands: the other settings are laid over it.
    void take_profile() {
        for (const Given& g : given_) {
            if (g.key != "profile") continue;
            const config::Field field = &settings_.profile;
            if (auto done = config::assign(field, {}, {{g.text}, false}); !done)
                problem(g.value_place, "profile: " + done.error().message);
        }
        settings_.node = OverlayOptions::for_profile(settings_.profile);
        out_.scenario.profile = settings_.profile;
    }
    // So does the topology: it decides which fields `network` has.
    void take_topology() {
        for (const Given& g : given_) {
            if (g.key != "network.topology") continue;
            Slot slot = topology_slot(out_.scenario.network.topology);
            assign(slot, g.text);
        }
    }

    // Phases stand in the order of the file, each known by the name above its fields; `do` decides which fields
    // it has, and `nodes` bounds some, so both are read before the rest.
    void declare_phases() {
        Scenario& s = out_.scenario;
        for (const Given& g : given_) {
            if (g.key == "nodes") std::from_chars(g.text.data(), g.text.data() + g.text.size(), s.nodes);
            const auto [phase, field] = phase_key(g.key);
            if (phase.empty() || field.empty()) continue;
            Phase* known = find_phase(phase);
            if (!known && g.line == 0) continue;  // an override makes no phase
            if (!known) {
                s.phases.push_back(Phase{.name = phase, .line = g.line});
                known = &s.phases.back();
            }
            Slot slot = kind_slot(*known);
            if (field == "do") assign(slot, g.text);
            if (field == "sessions" && g.text == "pareto") {
                known->sessions = Sessions::pareto;
                known->session_shape = pareto_shape;
            }
            if (field == "sessions" && g.text == "exponential") known->sessions = Sessions::exponential;
        }
        for (const Phase& p : s.phases)
            if (std::ranges::none_of(given_, [&](const Given& g) { return g.key == "phases." + p.name + ".do"; }))
                problem(file_ + ":" + std::to_string(p.line),
                        "phases." + p.name + ": `do` is missing; allowed: " + kinds_allowed());
    }

    static std::string kinds_allowed() {
        Phase any;
        return allowed(kind_slot(any));
    }

    static std::pair<std::string, std::string> phase_key(std::string_view key) {
        if (!key.starts_with(phase_prefix)) return {};
        key.remove_prefix(phase_prefix.size());
        const std::size_t dot = key.rfind('.');
        if (dot == std::string_view::npos) return {std::string{key}, {}};
        return {std::string{key.substr(0, dot)}, std::string{key.substr(dot + 1)}};
    }
    Phase* find_phase(std::string_view name) {
        auto& phases = out_.scenario.phases;
        const auto at = std::ranges::find(phases, name, &Phase::name);
        return at == phases.end() ? nullptr : &*at;
    }

    void take(const Given& g) {
        if (g.key == "profile") return;
        if (g.key.starts_with("record.")) return take_record(g);
        if (g.list) return problem(g.value_place, g.key + " takes one value, not a list");
        if (g.key.starts_with(phase_prefix)) return take_phase_field(g);
        if (is_node_key(g.key)) return take_node_setting(g);
        std::vector<Field> fields = fields_of(out_.scenario);
        if (take_field(g, fields, g.key)) return;
        if (!is_network_key(g.key)) return unknown(g, top_keys());
        std::string names;
        for (const Field& f : fields)
            if (is_network_key(f.key)) names += (names.empty() ? "" : ", ") + f.key.substr(8);
        problem(g.key_place, g.key + ": a network of topology " +
                                 print(topology_slot(out_.scenario.network.topology)) +
                                 " has no such field; allowed: " + names);
    }
    static bool is_network_key(std::string_view key) { return key.starts_with("network."); }

    // What an earlier run came to (Record); `events` and `digest` stand for the whole run.
    void take_record(const Given& g) {
        if (!out_.record) out_.record.emplace();
        Record& record = *out_.record;
        const auto is_word = [](const std::string& text, int base, std::uint64_t& value) {
            const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
            return error == std::errc{} && rest == text.data() + text.size();
        };
        bool good = true;
        if (g.key == "record.program") {
            record.program = g.text;
        } else if (g.key == "record.digest") {
            good = is_word(g.text, 16, record.digest);
        } else if (g.key == "record.events") {
            good = is_word(g.text, 10, record.events);
        } else if (g.key == "record.checkpoints") {
            for (const std::string& text : g.items) good = good && take_checkpoint(text, record);
        } else {
            return problem(g.key_place,
                           "unknown field " + g.key + "; allowed: record.program, digest, events, checkpoints");
        }
        if (!good) problem(g.value_place, g.key + ": not as halp-sim writes it");
    }
    // "12s 4711 00112233aabbccdd": when, events executed, digest of them.
    static bool take_checkpoint(const std::string& text, Record& record) {
        const std::size_t first = text.find(' '), second = text.find(' ', first + 1);
        if (first == std::string::npos || second == std::string::npos) return false;
        const auto at = config::parse_duration(text.substr(0, first));
        Checkpoint point{.at = at.value_or(Duration{0})};
        const char* end = text.data() + text.size();
        const auto events = std::from_chars(text.data() + first + 1, text.data() + second, point.events);
        const auto digest = std::from_chars(text.data() + second + 1, end, point.digest, 16);
        if (!at || events.ptr != text.data() + second || digest.ptr != end) return false;
        record.checkpoints.push_back(point);
        return true;
    }

    void take_phase_field(const Given& g) {
        const auto [name, field] = phase_key(g.key);
        Phase* phase = find_phase(name);
        if (!phase || field.empty())
            return problem(g.key_place, g.key +
                                            ": no such phase; a phase is a name with fields below it, such as "
                                            "`calm: {do: steady, for: 10s}`");
        std::vector<Field> fields = fields_of(*phase, std::max<std::size_t>(out_.scenario.nodes, 2));
        if (take_field(g, fields, field)) return;
        std::string names;
        for (const Field& f : fields) names += (names.empty() ? "" : ", ") + f.key;
        problem(g.key_place, g.key + ": a phase of kind " + std::string{text_of(phase->kind)} +
                                 " has no such field; allowed: " + names);
    }

    void take_node_setting(const Given& g) {
        const config::Setting* setting = config::find_setting(g.key);
        if (!setting) return unknown(g, node_keys());
        const auto field = setting->field(settings_);
        if (auto done = config::assign(field, setting->range, {{g.text}, false}); !done)
            problem(g.value_place, g.key + ": " + done.error().message);
    }

    bool take_field(const Given& g, std::vector<Field>& fields, const std::string& key) {
        const auto at = std::ranges::find(fields, key, &Field::key);
        if (at == fields.end()) return false;
        if (!assign(at->slot, g.text))
            problem(g.value_place, g.key + ": \"" + g.text + "\" is not possible; allowed: " + allowed(at->slot));
        return true;
    }

    void unknown(const Given& g, const std::vector<std::string>& candidates) {
        const std::string nearest = config::nearest_of(candidates, g.key);
        std::string names;
        for (const std::string& name : candidates) names += (names.empty() ? "" : ", ") + name;
        problem(g.key_place, "unknown field " + g.key + "; " +
                                 (nearest.empty() ? "allowed: " + names : "did you mean " + nearest + "?"));
    }

    std::vector<std::string> top_keys() {
        std::vector<std::string> keys;
        for (const Field& f : fields_of(out_.scenario)) keys.push_back(f.key);
        for (const char* more : {"profile", "phases", "gossip", "view", "text", "labels"}) keys.emplace_back(more);
        return keys;
    }
    static std::vector<std::string> node_keys() {
        std::vector<std::string> keys;
        for (const config::Setting& s : config::setting_table())
            if (is_node_key(s.key)) keys.emplace_back(s.key);
        return keys;
    }

    void check_together() {
        Scenario& s = out_.scenario;
        s.node = settings_.node;
        if (s.about.empty()) problem(file_, "`about` is missing: one line that says what the scenario is for");
        if (s.phases.empty())
            return problem(file_,
                           "`phases` is missing: at least one, such as `phases: {grow: {do: grow, for: 10s}}`");
        if (s.phases.front().kind != PhaseKind::grow)
            problem(
                file_ + ":" + std::to_string(s.phases.front().line),
                "phases." + s.phases.front().name + ": the first phase must be `do: grow`, for nobody lives yet");
        for (const Phase& p : s.phases) check_phase(p);
        check_topology(s.network.topology);
    }

    void check_phase(const Phase& p) {
        const std::string where = file_ + ":" + std::to_string(p.line);
        if (p.kind == PhaseKind::announce && !Label::parse(p.label))
            problem(where, "phases." + p.name + ".label: " + p.label +
                               " is no label: " + Label::parse(p.label).error().message);
        const bool wants_originals =
            p.kind == PhaseKind::upgrade || (p.kind == PhaseKind::announce && p.from == Speaker::originals);
        if (wants_originals && out_.scenario.originals <= 0)
            problem(where,
                    "phases." + p.name + ": there are no originals; set `originals`, such as `originals: 20%`");
    }

    void check_topology(const TopologyOptions& t) {
        if (t.latency_min > t.latency_max)
            problem(place_of("network.latency_min"), "network.latency_min is greater than network.latency_max");
        if (t.link_min > t.link_max)
            problem(place_of("network.link_min"), "network.link_min is greater than network.link_max");
        if (t.kind == Topology::small_world && 2 * t.neighbours > t.routers)
            problem(
                place_of("network.neighbours"),
                "network.neighbours: allowed: at most half of network.routers, " + std::to_string(t.routers / 2));
        if (router_count(t) > routers_max)
            problem(place_of("network.transit_routers"), "network: " + std::to_string(router_count(t)) +
                                                             " routers in all; allowed: at most " +
                                                             std::to_string(routers_max));
        if (t.kind == Topology::matrix && t.file.empty())
            problem(place_of("network.topology"), "network.file is missing: a CSV file of milliseconds, one way");
    }
    // Of a field that was given, else of the file.
    std::string place_of(const std::string& key) {
        const auto at = std::ranges::find(given_, key, &Given::key);
        return at == given_.end() ? file_ : at->value_place;
    }

    // A relative name in a scenario file is meant from where that file lies.
    void read_matrix() {
        TopologyOptions& t = out_.scenario.network.topology;
        if (t.kind != Topology::matrix) return;
        const auto given = std::ranges::find(given_, "network.file", &Given::key);
        const bool beside = given != given_.end() && given->line > 0 && !t.file.starts_with("/");
        const std::string path = (beside ? file_.substr(0, file_.rfind('/') + 1) : "") + t.file;
        Result<LatencyMatrix> matrix = read_latency_matrix(path);
        if (!matrix) return problem(place_of("network.file"), "network.file: " + matrix.error().message);
        t.matrix = std::move(*matrix);
    }

    std::string file_;
    std::vector<Given> given_;
    config::Settings settings_;
    ReadScenario out_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> parameters_of(const Scenario& scenario) {
    Scenario s = scenario;  // fields are pointers to what can be written
    std::vector<std::pair<std::string, std::string>> list;
    for (const Field& f : fields_of(s))
        if (const std::string text = print(f.slot); !text.empty()) list.emplace_back(f.key, text);
    config::Settings settings;
    settings.profile = s.profile;
    settings.node = s.node;
    list.emplace_back("profile", config::print(config::Field{&settings.profile}));
    for (const config::Setting& setting : config::setting_table())
        if (is_node_key(setting.key)) list.emplace_back(setting.key, config::print(setting.field(settings)));
    for (Phase& p : s.phases)
        for (const Field& f : fields_of(p, s.nodes))
            list.emplace_back("phases." + p.name + "." + f.key, print(f.slot));
    return list;
}

ReadScenario read_scenario(const std::string& file, std::string_view content,
                           const std::vector<Override>& overrides) {
    return Reader{file, content}.read(overrides);
}

const BuiltInScenario* find_built_in(std::string_view name) {
    const auto& all = built_in_scenarios();
    const auto at = std::ranges::find(all, name, &BuiltInScenario::name);
    return at == all.end() ? nullptr : &*at;
}

std::string nearest_built_in(std::string_view name) {
    std::vector<std::string> names;
    for (const BuiltInScenario& one : built_in_scenarios()) names.emplace_back(one.name);
    return config::nearest_of(names, name);
}

}  // namespace halp::sim
