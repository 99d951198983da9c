#include "simulations/swarm/scenario_fields.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <iterator>

namespace halp::config {

template <>
struct ChoiceNames<sim::PhaseKind> {
    static constexpr std::array<std::string_view, 15> names{"grow",    "steady", "announce", "kill",    "partition",
                                                            "one_way", "loss",   "stall",    "slow",    "clocks",
                                                            "churn",   "attack", "flood",    "upgrade", "trace"};
};
template <>
struct ChoiceNames<sim::Growth> {
    static constexpr std::array<std::string_view, 3> names{"linear", "exponential", "flash"};
};
template <>
struct ChoiceNames<sim::KillHow> {
    static constexpr std::array<std::string_view, 2> names{"process", "machine"};
};
template <>
struct ChoiceNames<sim::Sessions> {
    static constexpr std::array<std::string_view, 3> names{"weibull", "pareto", "exponential"};
};
template <>
struct ChoiceNames<sim::Speaker> {
    static constexpr std::array<std::string_view, 2> names{"ours", "originals"};
};
template <>
struct ChoiceNames<Topology> {
    static constexpr std::array<std::string_view, 6> names{"uniform",      "log_normal",  "matrix",
                                                           "transit_stub", "small_world", "plod"};
};

}  // namespace halp::config

namespace halp::sim {

using namespace std::chrono_literals;

namespace {

using config::between;
using config::FreeText;
using config::Seed;
using config::Value;
using enum PhaseKind;

constexpr Duration year = 24h * 365;

template <auto member>
Value top(Scenario& s) {
    return config::value_of(s.*member);
}
template <auto member>
Value network(Scenario& s) {
    return config::value_of(s.network.*member);
}
template <auto member>
Value topology(Scenario& s) {
    return config::value_of(s.network.topology.*member);
}
template <auto member>
Value phase(Phase& p) {
    return config::value_of(p.*member);
}

template <class Owner>
bool always(const Owner&) {
    return true;
}
template <Topology... kinds>
bool on(const Scenario& s) {
    return ((s.network.topology.kind == kinds) || ...);
}
bool draws_by_pair_or_host(const Scenario& s) { return !on<Topology::log_normal, Topology::matrix>(s); }
template <PhaseKind... kinds>
bool in(const Phase& p) {
    return ((p.kind == kinds) || ...);
}
bool has_session_shape(const Phase& p) { return p.kind == churn && p.sessions != Sessions::exponential; }

constexpr std::array scenario_rows{
    ScenarioField{"name",
                  [](Scenario& s) -> Value { return FreeText{&s.name}; },
                  {1, 100},
                  always,
                  "name of the scenario; by default the name of the file"},
    ScenarioField{"about",
                  [](Scenario& s) -> Value { return FreeText{&s.about}; },
                  {1, 200},
                  always,
                  "one line on what the scenario is for; required"},
    ScenarioField{
        "nodes", top<&Scenario::nodes>, {2, scenario_nodes_max}, always, "number of nodes at the end of a growth"},
    ScenarioField{"originals",
                  top<&Scenario::originals>,
                  {0, 0.95},
                  always,
                  "share of the nodes, the first excepted, that are original servers of 2011"},
    ScenarioField{"seed", [](Scenario& s) -> Value { return Seed{&s.seed}; }, {}, always, "seed of the run"},
    ScenarioField{"sample_every", top<&Scenario::sample_every>, between(10ms, 24h), always,
                  "virtual time between two measurements"},
    ScenarioField{"network.topology", topology<&TopologyOptions::kind>, {}, always, "the latency model"},
    ScenarioField{"network.latency_min", topology<&TopologyOptions::latency_min>, between(1us, 10s),
                  draws_by_pair_or_host, "smallest latency of a pair of hosts, or of the line to a router"},
    ScenarioField{"network.latency_max", topology<&TopologyOptions::latency_max>, between(1us, 10s),
                  draws_by_pair_or_host, "largest latency of a pair of hosts, or of the line to a router"},
    ScenarioField{"network.median", topology<&TopologyOptions::median>, between(1us, 10s), on<Topology::log_normal>,
                  "median latency"},
    ScenarioField{"network.sigma",
                  topology<&TopologyOptions::sigma>,
                  {0, 3},
                  on<Topology::log_normal>,
                  "standard deviation of the logarithm of the latency"},
    ScenarioField{"network.file",
                  [](Scenario& s) -> Value { return FreeText{&s.network.topology.file}; },
                  {1, 1000},
                  on<Topology::matrix>,
                  "file of latencies, relative to the scenario file (../world/README.md)"},
    ScenarioField{"network.routers",
                  topology<&TopologyOptions::routers>,
                  {4, routers_max},
                  on<Topology::small_world, Topology::plod>,
                  "number of routers"},
    ScenarioField{"network.link_min", topology<&TopologyOptions::link_min>, between(1us, 10s),
                  on<Topology::small_world, Topology::plod>, "smallest latency between neighbouring routers"},
    ScenarioField{"network.link_max", topology<&TopologyOptions::link_max>, between(1us, 10s),
                  on<Topology::small_world, Topology::plod>, "largest latency between neighbouring routers"},
    ScenarioField{"network.neighbours",
                  topology<&TopologyOptions::neighbours>,
                  {2, 100},
                  on<Topology::small_world>,
                  "neighbours of a router on the ring"},
    ScenarioField{"network.rewire",
                  topology<&TopologyOptions::rewire>,
                  {0, 1},
                  on<Topology::small_world>,
                  "probability with which a link is rewired"},
    ScenarioField{"network.alpha",
                  topology<&TopologyOptions::alpha>,
                  {0.5, 5},
                  on<Topology::plod>,
                  "exponent of the power law"},
    ScenarioField{
        "network.beta", topology<&TopologyOptions::beta>, {1, 1e6}, on<Topology::plod>, "scale of the power law"},
    ScenarioField{"network.transit_domains",
                  topology<&TopologyOptions::transit_domains>,
                  {1, 50},
                  on<Topology::transit_stub>,
                  "number of transit domains"},
    ScenarioField{"network.transit_routers",
                  topology<&TopologyOptions::transit_routers>,
                  {1, 50},
                  on<Topology::transit_stub>,
                  "routers of a transit domain"},
    ScenarioField{"network.stubs",
                  topology<&TopologyOptions::stubs>,
                  {1, 50},
                  on<Topology::transit_stub>,
                  "stub domains of a transit router"},
    ScenarioField{"network.stub_routers",
                  topology<&TopologyOptions::stub_routers>,
                  {1, 50},
                  on<Topology::transit_stub>,
                  "routers of a stub domain"},
    ScenarioField{"network.transit_latency", topology<&TopologyOptions::transit_latency>, between(1us, 10s),
                  on<Topology::transit_stub>, "latency between and within transit domains"},
    ScenarioField{"network.uplink_latency", topology<&TopologyOptions::uplink_latency>, between(1us, 10s),
                  on<Topology::transit_stub>, "latency between a stub domain and its transit router"},
    ScenarioField{"network.stub_latency", topology<&TopologyOptions::stub_latency>, between(1us, 10s),
                  on<Topology::transit_stub>, "latency between routers of one stub domain"},
    ScenarioField{"network.jitter", network<&NetworkOptions::jitter>, between(0us, 10s), always,
                  "added to each segment, uniform from 0 to this"},
    ScenarioField{"network.loss",
                  network<&NetworkOptions::loss>,
                  {0, 0.9},
                  always,
                  "share of segments lost; TCP sends them again"},
    ScenarioField{"network.connect_timeout", network<&NetworkOptions::connect_timeout>, between(100ms, 10min),
                  always, "time after which an unanswered connection attempt fails"},
    ScenarioField{"network.cores",
                  network<&NetworkOptions::cores>,
                  {0, 1024},
                  always,
                  "all hosts share so many cores; 0: computation takes no time"},
    ScenarioField{"network.callback_cost", network<&NetworkOptions::callback_cost>, between(1us, 1s), always,
                  "time for which a callback occupies a core"},
    ScenarioField{"network.start_cost", network<&NetworkOptions::start_cost>, between(0us, 10s), always,
                  "time for which the start of a process occupies a core"},
    ScenarioField{"network.starved",
                  network<&NetworkOptions::starved>,
                  {0, 1},
                  always,
                  "share of the turns of a host that begin late, because it gets no processor"},
    ScenarioField{"network.starved_max", network<&NetworkOptions::starved_max>, between(1us, 1min), always,
                  "longest wait of such a turn, uniform from 0 to this"},
};

constexpr std::array phase_rows{
    PhaseField{"do", phase<&Phase::kind>, {}, always, "the kind of the phase; required"},
    PhaseField{"for", phase<&Phase::span>, between(1ms, year), always,
               "duration of the phase; of a trace by default its own"},
    PhaseField{"file",
               [](Phase& p) -> Value { return FreeText{&p.file}; },
               {1, 1000},
               in<trace>,
               "file of sessions, relative to the scenario file; required"},
    PhaseField{"shape", phase<&Phase::growth>, {}, in<grow>, "how nodes join; flash: all within the first second"},
    PhaseField{"to",
               phase<&Phase::to>,
               {0, scenario_nodes_max},
               in<grow>,
               "number of nodes at the end, at most `nodes`; 0: `nodes`"},
    PhaseField{
        "items", phase<&Phase::items>, {1, 1000}, in<announce>, "number of nodes that announce, drawn at random"},
    PhaseField{"label",
               [](Phase& p) -> Value { return FreeText{&p.label}; },
               {1, 64},
               in<announce>,
               "label of the announcements"},
    PhaseField{"from", phase<&Phase::from>, {}, in<announce>, "which nodes announce"},
    PhaseField{"share",
               phase<&Phase::share>,
               {0, 1},
               in<kill, partition, one_way, stall, slow, clocks>,
               "share of the living nodes that is affected"},
    PhaseField{"share", phase<&Phase::share>, {0, 1}, in<upgrade>, "share of the originals that is replaced"},
    PhaseField{"share", phase<&Phase::share>, {0, 0.9}, in<loss>, "share of segments that is lost"},
    PhaseField{"share",
               phase<&Phase::share>,
               {0, 0.9},
               in<attack>,
               "hostile hosts as a share of honest and hostile ones together"},
    PhaseField{"how", phase<&Phase::how>, {}, in<kill>, "process: connecting is refused; machine: nothing answers"},
    PhaseField{"each", phase<&Phase::each>, between(1ms, 24h), in<stall>, "how long one node stands still"},
    PhaseField{"extra", phase<&Phase::extra>, between(1ms, 1min), in<slow>,
               "added to the latency of every segment to and from a slow node"},
    PhaseField{"skew", phase<&Phase::skew>, between(0s, year), in<clocks>,
               "largest error of a wall clock, in either direction"},
    PhaseField{"drift",
               phase<&Phase::drift>,
               {0, 1},
               in<clocks>,
               "largest drift of a wall clock, seconds per second, in either direction"},
    PhaseField{"sessions", phase<&Phase::sessions>, {}, in<churn>, "distribution of session lengths"},
    PhaseField{"shape",
               phase<&Phase::session_shape>,
               {0.1, 10},
               has_session_shape,
               "shape parameter of the distribution; not for exponential"},
    PhaseField{"scale", phase<&Phase::session_scale>, between(100ms, 24h * 30), in<churn>,
               "scale parameter of the distribution"},
    PhaseField{"downtime", phase<&Phase::downtime>, between(100ms, 24h * 30), in<churn>,
               "mean time between two sessions, exponential"},
    PhaseField{"strangers", phase<&Phase::strangers>, {1, 1000}, in<flood>, "number of hosts that insert entries"},
    PhaseField{"groups", phase<&Phase::groups>, {1, 2000}, in<attack>, "address groups of the hostile hosts"},
    PhaseField{"pushes", phase<&Phase::pushes>, {0, 100}, in<attack>, "exchanges that one attacker opens a period"},
    PhaseField{"groups", phase<&Phase::groups>, {1, 1000}, in<flood>, "address groups of the strangers"},
    PhaseField{"rate", phase<&Phase::rate>, {1, 1000}, in<flood>, "inserts a second of one stranger"},
    PhaseField{"labels", phase<&Phase::labels>, {1, 10'000'000}, in<flood>, "number of different labels"},
    PhaseField{"entries", phase<&Phase::entries>, {1, 1000}, in<flood>, "entries of one insert"},
};

template <class Rows, class Owner>
auto applying(const Rows& rows, const Owner& owner) {
    std::vector<typename Rows::value_type> out;
    std::ranges::copy_if(rows, std::back_inserter(out), [&](const auto& row) { return row.applies(owner); });
    return out;
}

template <class Owner>
void document(std::string& out, const ScenarioRow<Owner>& row, const std::string& where) {
    Owner any;
    out += "| `" + std::string{row.key} + "` | " + where + " | " + config::allowed(row, any) + " | " +
           std::string{row.help} + " |\n";
}

constexpr std::string_view table_head = "| Field | Where | Allowed | Meaning |\n|---|---|---|---|\n";

std::string where_topology(const ScenarioField& row) {
    std::string out;
    std::size_t count = 0;
    const auto& names = config::ChoiceNames<Topology>::names;
    for (std::size_t i = 0; i < names.size(); ++i) {
        Scenario s;
        s.network.topology.kind = static_cast<Topology>(i);
        if (!row.applies(s)) continue;
        out += (count++ == 0 ? "" : ", ") + std::string{names[i]};
    }
    return count == names.size() ? "all" : out;
}

std::string where_kind(const PhaseField& row) {
    std::string out;
    std::size_t count = 0;
    const auto& names = config::ChoiceNames<PhaseKind>::names;
    for (std::size_t i = 0; i < names.size(); ++i) {
        Phase p;
        p.kind = static_cast<PhaseKind>(i);
        if (!row.applies(p)) continue;
        out += (count++ == 0 ? "" : ", ") + std::string{names[i]};
    }
    return count == names.size() ? "all" : out;
}

}  // namespace

std::string_view text_of(PhaseKind kind) {
    return config::ChoiceNames<PhaseKind>::names[static_cast<std::size_t>(kind)];
}

std::span<const ScenarioField> scenario_fields() { return scenario_rows; }
std::span<const PhaseField> phase_fields() { return phase_rows; }

std::vector<ScenarioField> fields_of(const Scenario& scenario) { return applying(scenario_rows, scenario); }
std::vector<PhaseField> fields_of(const Phase& phase) { return applying(phase_rows, phase); }

bool is_node_key(std::string_view key) {
    return key.starts_with("gossip.") || key.starts_with("view.") || key.starts_with("text.") ||
           key.starts_with("labels.");
}

std::string field_documentation() {
    std::string out{table_head};
    for (const ScenarioField& row : scenario_rows) document(out, row, where_topology(row));
    out += "\n";
    out += table_head;
    for (const PhaseField& row : phase_rows) document(out, row, where_kind(row));
    return out;
}

}  // namespace halp::sim
