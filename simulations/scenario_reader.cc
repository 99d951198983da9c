#include "simulations/scenario_reader.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <tuple>
#include <variant>

#include "config/setting_table.h"
#include "config/setting_value.h"
#include "config/yaml_reader.h"
#include "store/label.h"
#include "store/overloaded.h"

namespace halp::sim {

using namespace std::chrono_literals;

std::string_view text_of(PhaseKind kind) {
    static constexpr std::string_view names[]{"grow",      "steady", "announce", "kill",
                                              "partition", "loss",   "stall",    "churn"};
    return names[static_cast<std::size_t>(kind)];
}

namespace {

constexpr std::size_t problems_max = 20;
constexpr std::string_view phase_prefix = "phases.";

// A choice among names, written as its number.
struct Choice {
    std::vector<std::string_view> names;
    std::function<void(std::size_t)> choose;
    std::size_t chosen = 0;
};
struct Number {
    std::size_t* value;
    std::size_t min, max;
};
struct Span {
    Duration* value;
    Duration min, max;
};
struct Share {
    double* value;
    double min, max;
};
struct Text {
    std::string* value;
    std::size_t length_max;
};
struct Seed {
    std::uint64_t* value;
};
using Slot = std::variant<Number, Span, Share, Text, Seed, Choice>;

struct Field {
    std::string key;
    Slot slot;
};

template <class Enum>
Choice choice(Enum* value, std::vector<std::string_view> names) {
    const auto chosen = static_cast<std::size_t>(*value);
    return {std::move(names), [value](std::size_t i) { *value = static_cast<Enum>(i); }, chosen};
}

template <class Value>
bool parse_number(const std::string& text, Value& value) {
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && rest == text.data() + text.size();
}

bool parse_share(std::string text, double& value) {
    const bool percent = !text.empty() && text.back() == '%';
    if (percent) text.pop_back();
    if (!parse_number(text, value)) return false;
    if (percent) value /= 100;
    return true;
}

std::string print_real(double value) {
    char text[32];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    return {text, error == std::errc{} ? end : text};
}

std::string allowed(const Slot& slot) {
    return std::visit(
        overloaded{
            [](const Number& n) {
                return "a number from " + std::to_string(n.min) + " to " + std::to_string(n.max);
            },
            [](const Span& s) {
                return "a duration from " + config::print_duration(s.min) + " to " + config::print_duration(s.max);
            },
            [](const Share& s) {
                return "a number from " + print_real(s.min) + " to " + print_real(s.max) + ", or a percentage";
            },
            [](const Text& t) { return "a text of 1 to " + std::to_string(t.length_max) + " bytes"; },
            [](const Seed&) { return std::string{"a number from 0 to 18446744073709551615"}; },
            [](const Choice& c) {
                std::string out;
                for (std::size_t i = 0; i < c.names.size(); ++i)
                    out += (i == 0 ? "" : i + 1 == c.names.size() ? " or " : ", ") + std::string{c.names[i]};
                return out;
            }},
        slot);
}

bool assign(Slot& slot, const std::string& text) {
    return std::visit(overloaded{[&](Number& n) {
                                     std::size_t value = 0;
                                     if (!parse_number(text, value) || value < n.min || value > n.max) return false;
                                     *n.value = value;
                                     return true;
                                 },
                                 [&](Span& s) {
                                     const auto value = config::parse_duration(text);
                                     if (!value || *value < s.min || *value > s.max) return false;
                                     *s.value = *value;
                                     return true;
                                 },
                                 [&](Share& s) {
                                     double value = 0;
                                     // The comparison in this form refuses NaN.
                                     if (!parse_share(text, value) || !(value >= s.min && value <= s.max))
                                         return false;
                                     *s.value = value;
                                     return true;
                                 },
                                 [&](Text& t) {
                                     if (text.empty() || text.size() > t.length_max) return false;
                                     *t.value = text;
                                     return true;
                                 },
                                 [&](Seed& s) { return parse_number(text, *s.value); },
                                 [&](Choice& c) {
                                     const auto at = std::ranges::find(c.names, std::string_view{text});
                                     if (at == c.names.end()) return false;
                                     c.chosen = static_cast<std::size_t>(at - c.names.begin());
                                     c.choose(c.chosen);
                                     return true;
                                 }},
                      slot);
}

std::string print(const Slot& slot) {
    return std::visit(
        overloaded{[](const Number& n) { return std::to_string(*n.value); },
                   [](const Span& s) { return config::print_duration(*s.value); },
                   [](const Share& s) { return print_real(*s.value); }, [](const Text& t) { return *t.value; },
                   [](const Seed& s) { return std::to_string(*s.value); },
                   [](const Choice& c) { return std::string{c.names[c.chosen]}; }},
        slot);
}

std::vector<Field> fields_of(Scenario& s) {
    return {{"about", Text{&s.about, 200}},
            {"nodes", Number{&s.nodes, 2, 100'000}},
            {"seed", Seed{&s.seed}},
            {"sample_every", Span{&s.sample_every, 10ms, 24h}},
            {"network.latency_min", Span{&s.network.latency_min, 1us, 10s}},
            {"network.latency_max", Span{&s.network.latency_max, 1us, 10s}},
            {"network.jitter", Span{&s.network.jitter, 0us, 10s}},
            {"network.loss", Share{&s.network.loss, 0, 0.9}},
            {"network.connect_timeout", Span{&s.network.connect_timeout, 100ms, 10min}}};
}

Choice kinds(Phase& p) {
    return choice(&p.kind, {"grow", "steady", "announce", "kill", "partition", "loss", "stall", "churn"});
}

// What a phase of its kind takes besides `do` and `for`.
std::vector<Field> fields_of(Phase& p, std::size_t nodes) {
    std::vector<Field> out{{"do", kinds(p)}, {"for", Span{&p.span, 1ms, 24h * 365}}};
    const Share share{&p.share, 0, 1};
    switch (p.kind) {
        case PhaseKind::grow:
            out.push_back({"shape", choice(&p.growth, {"linear", "exponential", "flash"})});
            out.push_back({"to", Number{&p.to, 0, nodes}});
            break;
        case PhaseKind::steady:
            break;
        case PhaseKind::announce:
            out.push_back({"items", Number{&p.items, 1, 1000}});
            out.push_back({"label", Text{&p.label, 64}});
            break;
        case PhaseKind::kill:
            out.push_back({"share", share});
            out.push_back({"how", choice(&p.how, {"process", "machine"})});
            break;
        case PhaseKind::partition:
            out.push_back({"share", share});
            break;
        case PhaseKind::loss:
            out.push_back({"share", Share{&p.share, 0, 0.9}});
            break;
        case PhaseKind::stall:
            out.push_back({"share", share});
            out.push_back({"each", Span{&p.each, 1ms, 24h}});
            break;
        case PhaseKind::churn:
            out.push_back({"shape", Share{&p.weibull_shape, 0.1, 10}});
            out.push_back({"scale", Span{&p.weibull_scale, 100ms, 24h * 30}});
            out.push_back({"downtime", Span{&p.downtime, 100ms, 24h * 30}});
            break;
    }
    return out;
}

struct Given {
    std::string key, text;
    std::string key_place, value_place;
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
                              place(e.value_place), e.text.is_list, e.key_place.line});
    }

    ReadScenario read(const std::vector<Override>& overrides) {
        for (const Override& o : overrides) given_.push_back({o.key, o.text, o.flag, o.flag, false, 0});
        out_.scenario.name = base_name(file_);
        take_profile();
        declare_phases();
        for (const Given& g : given_) take(g);
        check_together();
        list_parameters();
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
    }

    // Phases stand in the order of the file, each known by the name above its fields; `do` decides which fields
    // it has, and `nodes` bounds some, so both are read before the rest.
    void declare_phases() {
        Scenario& s = out_.scenario;
        for (const Given& g : given_) {
            if (g.key == "nodes") parse_number(g.text, s.nodes);
            const auto [phase, field] = phase_key(g.key);
            if (phase.empty() || field.empty()) continue;
            Phase* known = find_phase(phase);
            if (!known && g.line == 0) continue;  // an override makes no phase
            if (!known) {
                s.phases.push_back(Phase{.name = phase, .line = g.line});
                known = &s.phases.back();
            }
            Slot slot = kinds(*known);
            if (field == "do") assign(slot, g.text);
        }
        for (const Phase& p : s.phases)
            if (std::ranges::none_of(given_, [&](const Given& g) { return g.key == "phases." + p.name + ".do"; }))
                problem(file_ + ":" + std::to_string(p.line),
                        "phases." + p.name + ": `do` is missing; allowed: " + kinds_allowed());
    }

    static std::string kinds_allowed() {
        Phase any;
        return allowed(kinds(any));
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
        if (g.list) return problem(g.value_place, g.key + " takes one value, not a list");
        if (g.key.starts_with(phase_prefix)) return take_phase_field(g);
        if (g.key.starts_with("gossip.") || g.key.starts_with("view.")) return take_node_setting(g);
        std::vector<Field> fields = fields_of(out_.scenario);
        if (!take_field(g, fields, g.key)) unknown(g, top_keys());
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
        for (const char* more : {"profile", "phases", "gossip", "view"}) keys.emplace_back(more);
        return keys;
    }
    static std::vector<std::string> node_keys() {
        std::vector<std::string> keys;
        for (const config::Setting& s : config::setting_table())
            if (s.key.starts_with("gossip.") || s.key.starts_with("view.")) keys.emplace_back(s.key);
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
        for (const Phase& p : s.phases)
            if (p.kind == PhaseKind::announce && !Label::parse(p.label))
                problem(file_ + ":" + std::to_string(p.line),
                        "phases." + p.name + ".label: " + p.label +
                            " is no label: " + Label::parse(p.label).error().message);
        if (s.network.latency_min > s.network.latency_max)
            problem(file_, "network.latency_min is greater than network.latency_max");
    }

    void list_parameters() {
        Scenario& s = out_.scenario;
        auto& list = s.parameters;
        list.emplace_back("scenario", s.name);
        for (const Field& f : fields_of(s)) list.emplace_back(f.key, print(f.slot));
        list.emplace_back("profile", config::print(config::Field{&settings_.profile}));
        for (const std::string& key : node_keys())
            list.emplace_back(key, config::print(config::find_setting(key)->field(settings_)));
        for (Phase& p : s.phases)
            for (const Field& f : fields_of(p, s.nodes))
                list.emplace_back("phases." + p.name + "." + f.key, print(f.slot));
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
