#include "simulations/swarm/scenario_reader.h"

#include <algorithm>
#include <tuple>

#include "config/choice_names.h"
#include "config/setting_table.h"
#include "config/typed_table.h"
#include "config/yaml_reader.h"
#include "simulations/swarm/built_in_scenarios.h"
#include "simulations/swarm/scenario_fields.h"
#include "store/label.h"

namespace halp::sim {

namespace {

constexpr std::size_t problems_max = 20;
constexpr std::string_view phase_prefix = "phases.";
constexpr std::string_view record_prefix = "record.";
constexpr std::string_view network_prefix = "network.";
constexpr std::string_view import_key = "import";
constexpr std::size_t imports_max = 8;
constexpr double pareto_shape = 1.1;  // default for `sessions: pareto`

// One entry of the file or one override.
struct Given {
    std::string key, text;
    std::string key_place, value_place;
    std::vector<std::string> items;  // of a list
    bool list = false;
    std::size_t line = 0;     // 0: an override
    std::string beside = {};  // the directory of its file, with a slash; "" is the working directory

    [[nodiscard]] config::ValueText value() const { return {{text}, false}; }
};

class Reader {
public:
    Reader(std::string file, std::string_view content) : file_(std::move(file)) { read_file(file_, content, {}); }

    ReadScenario read(const std::vector<Override>& overrides) {
        out_.scenario.name = base_name(file_);
        if (!out_.problems.empty()) return std::move(out_);  // what else seems wrong may follow from them
        for (const Override& o : overrides) given_.push_back({o.key, o.text, o.flag, o.flag, {}, false, 0, {}});
        take_profile();
        take_topology();
        declare_phases();
        require_kinds();
        for (const Given& g : given_) take(g);
        check_together();
        if (out_.problems.empty()) read_matrix();
        if (out_.problems.empty()) read_traces();
        out_.scenario.parameters = parameters_of(out_.scenario);
        return std::move(out_);
    }

private:
    // What a file imports stands before what it says itself, so that the latter goes before it.
    void read_file(const std::string& file, std::string_view content, std::vector<std::string> importers) {
        config::YamlDocument document = config::read_yaml(content);
        for (const config::YamlProblem& p : document.problems) problem(place(file, p.place), p.message);
        importers.push_back(file);
        const auto import = std::ranges::find(document.entries, import_key, &config::YamlEntry::key);
        if (import != document.entries.end()) import_file(file, *import, importers);
        const bool imported = importers.size() > 1;
        for (config::YamlEntry& e : document.entries) {
            if (e.key == import_key || (imported && e.key.starts_with(record_prefix))) continue;
            given_.push_back({e.key, e.text.items.empty() ? "" : e.text.items.front(), place(file, e.key_place),
                              place(file, e.value_place), e.text.items, e.text.is_list, e.key_place.line,
                              directory_of(file)});
        }
    }
    // A file beside the importing one, else a built-in scenario.
    void import_file(const std::string& file, const config::YamlEntry& e,
                     const std::vector<std::string>& importers) {
        const std::string where = place(file, e.value_place);
        const std::string name = e.text.items.size() == 1 && !e.text.is_list ? e.text.items.front() : "";
        if (name.empty()) return problem(where, "import takes one name: a file, or a built-in scenario");
        const std::string path = name.starts_with("/") ? name : directory_of(file) + name;
        if (std::ranges::find(importers, path) != importers.end())
            return problem(where, "import: " + path + " imports itself, directly or by others");
        if (importers.size() > imports_max)
            return problem(where, "import: more than " + std::to_string(imports_max) + " files in a chain");
        const auto content = config::read_config_file(path, config::yaml_bytes_max, Pipes::refused);
        if (content) return read_file(path, *content, importers);
        // A directory may have the name of a built-in scenario.
        if (const BuiltInScenario* built_in = find_built_in(name))
            return read_file(name + ".yaml", built_in->yaml, importers);
        if (content.error().code != ErrorCode::not_found)
            return problem(where, "import: " + content.error().message);
        const std::string nearest = nearest_built_in(name);
        problem(where, "import: no file " + path + " and no built-in scenario " + name +
                           (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    }
    static std::string directory_of(const std::string& file) { return file.substr(0, file.rfind('/') + 1); }

    [[nodiscard]] static std::string place(const std::string& file, const config::Place& at) {
        return file + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
    }
    static std::string base_name(const std::string& file) {
        const std::size_t slash = file.rfind('/');
        const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
        return name.substr(0, name.rfind(".yaml"));
    }
    void problem(const std::string& where, const std::string& message) {
        if (out_.problems.size() < problems_max) out_.problems.push_back(where + ": " + message);
    }
    // At the line of the phase, in the file that has it.
    void problem(const Phase& p, const std::string& message) {
        const auto first = std::ranges::find_if(
            given_, [&](const Given& g) { return g.line == p.line && g.key.starts_with("phases." + p.name); });
        const std::string where =
            first == given_.end() ? file_ : first->key_place.substr(0, first->key_place.find(':'));
        problem(where + ":" + std::to_string(p.line), "phases." + p.name + message);
    }

    // ---- fields that decide about others are read first, wherever they stand ----

    // The profile sets the defaults of the settings of halpd.
    void take_profile() {
        for (const Given& g : given_) {
            if (g.key != "profile") continue;
            if (auto done = assign(config::value_of(settings_.profile), {}, g.value()); !done)
                problem(g.value_place, "profile: " + done.error().message);
        }
        settings_.node = OverlayOptions::for_profile(settings_.profile);
        out_.scenario.profile = settings_.profile;
    }

    // The topology decides which fields `network` has. take() reports a wrong text.
    void take_topology() {
        const auto* row = config::find_row(scenario_fields(), "network.topology");
        for (const Given& g : given_)
            // take() reports a wrong text.
            if (g.key == row->key) static_cast<void>(assign(*row, out_.scenario, g.value()));
    }

    // The order of phases is that of the file. `do` and `sessions` decide which fields a phase has.
    void declare_phases() {
        for (const Given& g : given_) {
            const auto [name, field] = phase_key(g.key);
            if (name.empty() || field.empty()) continue;
            Phase* known = find_phase(name);
            if (!known && g.line == 0) continue;  // an override declares no phase
            if (!known) known = &out_.scenario.phases.emplace_back(Phase{.name = name, .line = g.line});
            if (field != "do" && field != "sessions") continue;
            // take() reports a wrong text.
            static_cast<void>(assign(*config::find_row(phase_fields(), field), *known, g.value()));
            if (g.text == "pareto") known->session_shape = pareto_shape;
        }
    }

    void require_kinds() {
        const auto* row = config::find_row(phase_fields(), "do");
        for (Phase& p : out_.scenario.phases)
            if (std::ranges::none_of(given_, [&](const Given& g) { return g.key == "phases." + p.name + ".do"; }))
                problem(p, ": `do` is missing; allowed: " + config::allowed(*row, p));
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

    // ---- all fields ----

    void take(const Given& g) {
        if (g.key == "profile") return;
        if (g.key.starts_with(record_prefix)) return take_record_field(g);
        if (g.list) return problem(g.value_place, g.key + " takes one value, not a list");
        if (g.key.starts_with(phase_prefix)) return take_phase_field(g);
        if (is_node_key(g.key)) return take_node_setting(g);
        const std::vector<ScenarioField> fields = fields_of(out_.scenario);
        if (take_field(g, fields, out_.scenario, g.key)) return;
        if (!g.key.starts_with(network_prefix)) return unknown(g, top_keys());
        std::vector<std::string> names;
        for (const ScenarioField& f : fields)
            if (f.key.starts_with(network_prefix)) names.emplace_back(f.key.substr(network_prefix.size()));
        const auto kind = config::find_row(fields, "network.topology")->value(out_.scenario);
        problem(g.key_place, g.key + ": a network of topology " + plain_text(kind) +
                                 " has no such field; allowed: " + config::joined_keys(names));
    }

    // Assigns the field. False when there is no field of this name.
    template <class Fields, class Owner>
    bool take_field(const Given& g, const Fields& fields, Owner& owner, std::string_view key) {
        const auto* row = config::find_row(fields, key);
        if (!row) return false;
        if (auto done = assign(*row, owner, g.value()); !done)
            problem(g.value_place, g.key + ": " + done.error().message);
        return true;
    }

    void take_record_field(const Given& g) {
        if (!out_.record) out_.record.emplace();
        const auto done = read_record_field(g.key.substr(record_prefix.size()), g.text, g.items, *out_.record);
        if (done) return;
        if (done.error().code == ErrorCode::not_found)
            problem(g.key_place, g.key + " is not a field; " + done.error().message);
        else
            problem(g.value_place, g.key + ": " + done.error().message);
    }

    void take_phase_field(const Given& g) {
        const auto [name, field] = phase_key(g.key);
        Phase* phase = find_phase(name);
        if (phase && field.empty()) return section(g, "phases." + name + ".do");
        if (!phase || field.empty())
            return problem(g.key_place, g.key +
                                            ": no such phase; a phase is a name with fields below it, such as "
                                            "`calm: {do: steady, for: 10s}`");
        const std::vector<PhaseField> fields = fields_of(*phase);
        if (take_field(g, fields, *phase, field)) return;
        problem(g.key_place, g.key + ": a phase of kind " + std::string{text_of(phase->kind)} +
                                 " has no such field; allowed: " + config::joined_keys(config::keys_of(fields)));
    }

    void take_node_setting(const Given& g) {
        const config::Setting* setting = config::find_setting(g.key);
        if (!setting) return unknown(g, node_keys());
        if (auto done = assign(*setting, settings_, g.value()); !done)
            problem(g.value_place, g.key + ": " + done.error().message);
    }

    void unknown(const Given& g, const std::vector<std::string>& candidates) {
        if (g.key == "phases") return section(g, "phases.NAME.share");
        const std::vector<std::string> settings = node_keys();
        const auto inside = [&](const std::string& key) { return key.starts_with(g.key + "."); };
        if (const auto first = std::ranges::find_if(settings, inside); first != settings.end())
            return section(g, *first);
        const std::string nearest = config::nearest_of(candidates, g.key);
        problem(g.key_place, g.key + " is not a field; " +
                                 (nearest.empty() ? "allowed: " + config::joined_keys(candidates)
                                                  : "did you mean " + nearest + "?"));
    }

    // A section has fields and no value of its own; in a file an empty one is nothing wrong.
    void section(const Given& g, const std::string& example) {
        if (g.line > 0 && g.text.empty()) return;
        problem(g.key_place, g.key + " is a section: " +
                                 (g.line > 0 ? "write its fields below it, indented"
                                             : "give one of its fields, such as " + example));
    }

    std::vector<std::string> top_keys() {
        std::vector<std::string> keys = config::keys_of(fields_of(out_.scenario));
        for (const char* more : {"import", "profile", "phases", "gossip", "view", "text", "labels"})
            keys.emplace_back(more);
        return keys;
    }
    static std::vector<std::string> node_keys() {
        std::vector<std::string> keys;
        for (const config::Setting& s : config::setting_table())
            if (is_node_key(s.key)) keys.emplace_back(s.key);
        return keys;
    }

    // ---- rules between several fields ----

    void check_together() {
        Scenario& s = out_.scenario;
        s.node = settings_.node;
        if (s.about.empty()) problem(file_, "`about` is missing: one line on what the scenario is for");
        if (s.phases.empty())
            return problem(file_,
                           "`phases` is missing: at least one, such as `phases: {grow: {do: grow, for: 10s}}`");
        if (s.phases.front().kind != PhaseKind::grow)
            problem(s.phases.front(), ": the first phase must be `do: grow`, because there are no nodes yet");
        for (const Phase& p : s.phases) check_phase(p);
        check_topology(s.network.topology);
    }

    void check_phase(const Phase& p) {
        if (p.kind == PhaseKind::grow && p.to > out_.scenario.nodes)
            problem(p,
                    ".to: " + std::to_string(p.to) + " is above `nodes`, " + std::to_string(out_.scenario.nodes));
        if (p.kind == PhaseKind::announce && !Label::parse(p.label))
            problem(p, ".label: " + p.label + " is not a label: " + Label::parse(p.label).error().message);
        const bool needs_originals =
            p.kind == PhaseKind::upgrade || (p.kind == PhaseKind::announce && p.from == Speaker::originals);
        if (needs_originals && out_.scenario.originals <= 0)
            problem(p, ": there are no originals; set `originals`, such as `originals: 20%`");
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
                                                             " routers in total; allowed: at most " +
                                                             std::to_string(routers_max));
        if (t.kind == Topology::matrix && t.file.empty())
            problem(place_of("network.topology"), "network.file is missing: a CSV file of one-way milliseconds");
    }
    // The place of the field when it was given, else the file.
    std::string place_of(const std::string& key) {
        const auto at = std::ranges::find(given_, key, &Given::key);
        return at == given_.end() ? file_ : at->value_place;
    }

    // A relative name in a scenario file is relative to that file; in an override, to the working directory.
    void read_matrix() {
        TopologyOptions& t = out_.scenario.network.topology;
        if (t.kind != Topology::matrix) return;
        const std::string path = path_of("network.file", t.file);
        Result<LatencyMatrix> matrix = read_latency_matrix(path);
        if (!matrix) return problem(place_of("network.file"), "network.file: " + matrix.error().message);
        t.matrix = std::move(*matrix);
    }

    void read_traces() {
        std::size_t needed = 1;
        for (const Phase& p : out_.scenario.phases)
            if (p.kind == PhaseKind::grow) needed = std::max(needed, p.to == 0 ? out_.scenario.nodes : p.to);
        for (Phase& p : out_.scenario.phases) {
            if (p.kind != PhaseKind::trace) continue;
            const std::string key = "phases." + p.name + ".file";
            if (p.file.empty())
                return problem(p, ".file is missing: a file of sessions, rows `host start end` in seconds");
            Result<SessionTrace> trace = read_session_trace(path_of(key, p.file));
            if (!trace) return problem(place_of(key), key + ": " + trace.error().message);
            needed += trace->hosts;
            if (needed > out_.scenario.nodes)
                return problem(place_of(key),
                               key + ": the trace has " + std::to_string(trace->hosts) +
                                   " hosts beside the nodes that grow; `nodes` must be at least " +
                                   std::to_string(needed) + ", and `to` of the growth less");
            if (std::ranges::find(given_, "phases." + p.name + ".for", &Given::key) == given_.end())
                p.span = std::max<Duration>(trace->length(), std::chrono::milliseconds{1});
            p.trace = std::move(*trace);
        }
    }

    [[nodiscard]] std::string path_of(const std::string& key, const std::string& name) const {
        if (name.starts_with("/")) return name;
        std::string directory;
        for (const Given& g : given_)
            if (g.key == key) directory = g.beside;  // the last one counts
        return directory + name;
    }

    std::string file_;
    std::vector<Given> given_;
    config::Settings settings_;
    ReadScenario out_;
};

}  // namespace

ReadScenario read_scenario(const std::string& file, std::string_view content,
                           const std::vector<Override>& overrides) {
    return Reader{file, content}.read(overrides);
}

}  // namespace halp::sim
