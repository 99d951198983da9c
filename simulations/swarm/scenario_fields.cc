#include "simulations/swarm/scenario_fields.h"

#include <algorithm>
#include <charconv>

#include "config/setting_value.h"
#include "store/overloaded.h"

namespace halp::sim {

using namespace std::chrono_literals;

namespace {

const std::vector<std::string_view>& kind_names() {
    static const std::vector<std::string_view> names{"grow",    "steady", "announce", "kill",   "partition",
                                                     "one_way", "loss",   "stall",    "slow",   "clocks",
                                                     "churn",   "attack", "flood",    "upgrade"};
    return names;
}

template <class Enum>
Choice choice(Enum* value, std::vector<std::string_view> names) {
    const auto chosen = static_cast<std::size_t>(*value);
    return {std::move(names), [value](std::size_t i) { *value = static_cast<Enum>(i); }, chosen};
}

template <class Value>
bool parse_number(const std::string& text, Value& value) {
    Value parsed{};
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (error != std::errc{} || rest != text.data() + text.size()) return false;
    value = parsed;
    return true;
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

void add_router_fields(std::vector<Field>& out, TopologyOptions& t) {
    out.push_back({"network.routers", Number{&t.routers, 4, routers_max}});
    out.push_back({"network.link_min", Span{&t.link_min, 1us, 10s}});
    out.push_back({"network.link_max", Span{&t.link_max, 1us, 10s}});
}

void add_topology_fields(std::vector<Field>& out, TopologyOptions& t) {
    if (t.kind != Topology::log_normal && t.kind != Topology::matrix) {
        out.push_back({"network.latency_min", Span{&t.latency_min, 1us, 10s}});
        out.push_back({"network.latency_max", Span{&t.latency_max, 1us, 10s}});
    }
    switch (t.kind) {
        case Topology::uniform:
            return;
        case Topology::log_normal:
            out.push_back({"network.median", Span{&t.median, 1us, 10s}});
            out.push_back({"network.sigma", Share{&t.sigma, 0, 3}});
            return;
        case Topology::matrix:
            out.push_back({"network.file", Text{&t.file, 1000}});
            return;
        case Topology::small_world:
            add_router_fields(out, t);
            out.push_back({"network.neighbours", Number{&t.neighbours, 2, 100}});
            out.push_back({"network.rewire", Share{&t.rewire, 0, 1}});
            return;
        case Topology::plod:
            add_router_fields(out, t);
            out.push_back({"network.alpha", Share{&t.alpha, 0.5, 5}});
            out.push_back({"network.beta", Share{&t.beta, 1, 1e6}});
            return;
        case Topology::transit_stub:
            out.push_back({"network.transit_domains", Number{&t.transit_domains, 1, 50}});
            out.push_back({"network.transit_routers", Number{&t.transit_routers, 1, 50}});
            out.push_back({"network.stubs", Number{&t.stubs, 1, 50}});
            out.push_back({"network.stub_routers", Number{&t.stub_routers, 1, 50}});
            out.push_back({"network.transit_latency", Span{&t.transit_latency, 1us, 10s}});
            out.push_back({"network.uplink_latency", Span{&t.uplink_latency, 1us, 10s}});
            out.push_back({"network.stub_latency", Span{&t.stub_latency, 1us, 10s}});
            return;
    }
}

void add_churn_fields(std::vector<Field>& out, Phase& p) {
    out.push_back({"sessions", choice(&p.sessions, {"weibull", "pareto", "exponential"})});
    if (p.sessions != Sessions::exponential) out.push_back({"shape", Share{&p.session_shape, 0.1, 10}});
    out.push_back({"scale", Span{&p.session_scale, 100ms, 24h * 30}});
    out.push_back({"downtime", Span{&p.downtime, 100ms, 24h * 30}});
}

}  // namespace

std::string_view text_of(PhaseKind kind) { return kind_names()[static_cast<std::size_t>(kind)]; }

bool is_node_key(std::string_view key) {
    return key.starts_with("gossip.") || key.starts_with("view.") || key.starts_with("text.") ||
           key.starts_with("labels.");
}

Slot kind_slot(Phase& phase) { return choice(&phase.kind, kind_names()); }

Slot topology_slot(TopologyOptions& topology) {
    return choice(&topology.kind, {"uniform", "log_normal", "matrix", "transit_stub", "small_world", "plod"});
}

std::vector<Field> fields_of(Scenario& s) {
    std::vector<Field> out{{"name", Text{&s.name, 100}},
                           {"about", Text{&s.about, 200}},
                           {"nodes", Number{&s.nodes, 2, 100'000}},
                           {"originals", Share{&s.originals, 0, 0.95}},
                           {"seed", Seed{&s.seed}},
                           {"sample_every", Span{&s.sample_every, 10ms, 24h}},
                           {"network.topology", topology_slot(s.network.topology)}};
    add_topology_fields(out, s.network.topology);
    out.push_back({"network.jitter", Span{&s.network.jitter, 0us, 10s}});
    out.push_back({"network.loss", Share{&s.network.loss, 0, 0.9}});
    out.push_back({"network.connect_timeout", Span{&s.network.connect_timeout, 100ms, 10min}});
    out.push_back({"network.cores", Number{&s.network.cores, 0, 1024}});
    out.push_back({"network.callback_cost", Span{&s.network.callback_cost, 1us, 1s}});
    out.push_back({"network.start_cost", Span{&s.network.start_cost, 0us, 10s}});
    return out;
}

std::vector<Field> fields_of(Phase& p, std::size_t nodes) {
    std::vector<Field> out{{"do", kind_slot(p)}, {"for", Span{&p.span, 1ms, 24h * 365}}};
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
            out.push_back({"from", choice(&p.from, {"ours", "originals"})});
            break;
        case PhaseKind::kill:
            out.push_back({"share", share});
            out.push_back({"how", choice(&p.how, {"process", "machine"})});
            break;
        case PhaseKind::partition:
        case PhaseKind::one_way:
        case PhaseKind::upgrade:
            out.push_back({"share", share});
            break;
        case PhaseKind::loss:
            out.push_back({"share", Share{&p.share, 0, 0.9}});
            break;
        case PhaseKind::stall:
            out.push_back({"share", share});
            out.push_back({"each", Span{&p.each, 1ms, 24h}});
            break;
        case PhaseKind::slow:
            out.push_back({"share", share});
            out.push_back({"extra", Span{&p.extra, 1ms, 1min}});
            break;
        case PhaseKind::clocks:
            out.push_back({"share", share});
            out.push_back({"skew", Span{&p.skew, 0s, 24h * 365}});
            out.push_back({"drift", Share{&p.drift, 0, 1}});
            break;
        case PhaseKind::churn:
            add_churn_fields(out, p);
            break;
        case PhaseKind::attack:
            out.push_back({"share", Share{&p.share, 0, 0.9}});
            out.push_back({"groups", Number{&p.groups, 1, 2000}});
            out.push_back({"pushes", Number{&p.pushes, 0, 100}});
            break;
        case PhaseKind::flood:
            out.push_back({"strangers", Number{&p.strangers, 1, 1000}});
            out.push_back({"groups", Number{&p.groups, 1, 1000}});
            out.push_back({"rate", Number{&p.rate, 1, 1000}});
            out.push_back({"labels", Number{&p.labels, 1, 10'000'000}});
            out.push_back({"entries", Number{&p.entries, 1, 1000}});
            break;
    }
    return out;
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

}  // namespace halp::sim
