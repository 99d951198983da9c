#include "tools/halp-sim/report/observations.h"

#include <array>
#include <cmath>
#include <utility>

#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/measures.h"
#include "tools/program/durations.h"

namespace halp::sim {
namespace {

struct SampleMeasure {
    const char* name;
    double (*value)(const Sample&);
};

double of_living(const Sample& s, double value) { return s.living > 0 ? value : std::nan(""); }

constexpr std::array sample_measures{
    SampleMeasure{"living", [](const Sample& s) { return static_cast<double>(s.living); }},
    SampleMeasure{"joined_share", [](const Sample& s) { return s.joined; }},
    SampleMeasure{"coverage", [](const Sample& s) { return s.coverage; }},
    SampleMeasure{"dead_share", [](const Sample& s) { return s.dead_share; }},
    SampleMeasure{"crossing_share", [](const Sample& s) { return s.crossing; }},
    SampleMeasure{"hostile_share", [](const Sample& s) { return s.attackers; }},
    SampleMeasure{"in_degree_mean", [](const Sample& s) { return of_living(s, s.in_degree.mean); }},
    SampleMeasure{"in_degree_sd", [](const Sample& s) { return of_living(s, s.in_degree.deviation); }},
    SampleMeasure{"in_degree_max", [](const Sample& s) { return of_living(s, s.in_degree.max); }},
    SampleMeasure{"bootstrap_in_degree", [](const Sample& s) { return of_living(s, s.bootstrap_in_degree); }},
    SampleMeasure{"components", [](const Sample& s) { return static_cast<double>(s.components.count); }},
    SampleMeasure{"largest_component", [](const Sample& s) { return static_cast<double>(s.components.largest); }},
    SampleMeasure{"sent_kbit_s", [](const Sample& s) { return s.sent_kbit_s; }},
};

class Rows {
public:
    Rows(std::vector<std::string> before, std::size_t run, std::uint64_t seed) : before_(std::move(before)) {
        before_.push_back(std::to_string(run));
        before_.push_back(std::to_string(seed));
    }
    void add(const std::string& phase, double time_s, const std::string& measure, double value) {
        if (std::isnan(value)) return;  // nothing was observed
        std::vector<std::string> cells = before_;
        cells.insert(cells.end(), {phase, plain_number(time_s), measure, plain_number(value),
                                   std::string{measure_of(measure).unit}});
        out_ += csv_row(cells);
    }
    std::string take() { return std::move(out_); }

private:
    std::vector<std::string> before_;
    std::string out_;
};

// A figure of the end of a phase has the instant of the first sample of the next one. It gets a name of its own.
std::string name_at_end(const std::string& metric) {
    const std::string name = metric.substr(metric.rfind('.') + 1);
    for (const SampleMeasure& sampled : sample_measures)
        if (name == sampled.name) return name + std::string{at_end};
    return name;
}

// The figures of a phase are of its end.
void add_metrics(const Scenario& scenario, const Metrics& metrics, Rows& rows) {
    double end = 0;
    for (const Phase& p : scenario.phases) end += seconds_of(p.span);
    for (const auto& [name, value] : metrics) {
        const std::string phase = phase_of_metric(name);
        double at = 0;
        for (const Phase& p : scenario.phases) {
            at += seconds_of(p.span);
            if (p.name == phase) break;
        }
        rows.add(phase, phase == "whole run" ? end : at, name_at_end(name), value);
    }
}

void add_nodes(const RunResult& r, Rows& rows) {
    const auto phase_at = [&](Duration at) {
        for (const PhaseResult& p : r.phases)
            if (at < p.end) return p.name;
        return r.phases.back().name;
    };
    for (const JoinTime& join : r.joins)
        if (join.took >= Duration{0})
            rows.add(phase_at(join.started), seconds_of(join.started), "join_s", seconds_of(join.took));
    for (const ItemSpread& item : r.items)
        for (const Duration reached : item.reached)
            rows.add(phase_at(item.announced), seconds_of(item.announced + reached), "announcement_s",
                     seconds_of(reached));
    const std::string& last = r.phases.back().name;
    for (const std::uint32_t degree : r.in_degrees) rows.add(last, seconds_of(r.simulated), "in_degree", degree);
    for (const double kbit : r.sent_kbit_s) rows.add(last, seconds_of(r.simulated), "sent_kbit_s_of_node", kbit);
}

}  // namespace

std::string observations_csv(const Scenario& scenario, const std::vector<RunResult>& runs) {
    std::string out = csv_header("observations.csv");
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const RunResult& r = runs[i];
        Rows rows{{}, i + 1, r.seed};
        for (const Sample& s : r.samples)
            for (const SampleMeasure& measure : sample_measures)
                rows.add(r.phases[s.phase].name, seconds_of(s.at), measure.name, measure.value(s));
        add_nodes(r, rows);
        add_metrics(scenario, metrics_of(scenario, r), rows);
        out += rows.take();
    }
    return out;
}

std::string metric_rows(const std::vector<std::string>& before, std::size_t run, std::uint64_t seed,
                        const Scenario& scenario, const Metrics& metrics) {
    Rows rows{before, run, seed};
    add_metrics(scenario, metrics, rows);
    return rows.take();
}

}  // namespace halp::sim
