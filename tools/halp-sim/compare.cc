#include "tools/halp-sim/compare.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "store/files/named_file.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/csv_table.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/measures.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/json.h"

namespace halp::sim {
namespace {

constexpr std::size_t file_bytes_max = 256U << 20U;

struct Side {
    std::string name;
    std::vector<std::pair<std::string, std::string>> parameters, results;
    std::string samples;                                // samples.csv, when it is there
    std::map<std::string, std::vector<double>> runs{};  // of runs.csv: the values of each figure
    std::vector<std::string> figures{};                 // its columns
};

Result<std::string> read_file(const std::string& path) {
    auto file = read_named_file(path, file_bytes_max, Pipes::awaited);
    if (!file) return Error{file.error().code, path + " " + file.error().message};
    return std::move(file->text);
}

std::optional<double> as_number(const std::string& text) {
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
    return value;
}

// What the other members say already, or what is about all seeds.
bool is_no_result(std::string_view key) {
    return key == "parameters" || key == "schema_version" || key == "headline" || key == "bands" || key == "seeds";
}

std::string text_of(const Json& value) {
    if (value.is(Json::Kind::null)) return "none";
    if (value.text()) return *value.text();
    if (!value.is(Json::Kind::number)) return value.line();
    return plain_number(value.number_or(0));
}

// Elements of a list are matched by name, so that an additional phase does not shift the others.
void flatten(const std::string& path, const Json& value, std::vector<std::pair<std::string, std::string>>& out) {
    if (value.is(Json::Kind::object)) {
        for (std::size_t i = 0; i < value.keys().size(); ++i)
            flatten(path.empty() ? value.keys()[i] : path + "." + value.keys()[i], value.items()[i], out);
    } else if (value.is(Json::Kind::array)) {
        for (std::size_t i = 0; i < value.items().size(); ++i) {
            const Json& item = value.items()[i];
            const std::string name = item["endpoint"].text_or(item["name"].text_or(std::to_string(i)));
            flatten(path + "." + name, item, out);
        }
    } else {
        out.emplace_back(path, text_of(value));
    }
}

// The figures of all seeds.
void read_runs(const std::string& csv, Side& out) {
    std::istringstream lines(csv);
    std::string line;
    std::getline(lines, line);
    const std::vector<std::string> header = csv_cells(line);
    for (std::size_t i = 2; i < header.size(); ++i) out.figures.push_back(header[i]);  // behind seed and digest
    while (std::getline(lines, line)) {
        const std::vector<std::string> cells = csv_cells(line);
        for (std::size_t i = 2; i < std::min(cells.size(), header.size()); ++i)
            if (const auto value = as_number(cells[i])) out.runs[header[i]].push_back(*value);
    }
}

Result<Side> read_side(const std::string& where) {
    std::error_code failed;
    const bool directory = std::filesystem::is_directory(where, failed);
    const std::string path = directory ? where + "/summary.json" : where;
    const Result<std::string> content = read_file(path);
    if (!content) return content.error();
    const Json json = Json::parse(*content).value_or(Json{});
    if (!json.has("parameters") || !json.has("phases"))
        return Error{ErrorCode::invalid, path + " is no summary.json of halp-sim"};
    Side out{.name = where, .parameters = {}, .results = {}, .samples = {}};
    flatten("", json["parameters"], out.parameters);
    for (const std::string& key : json.keys())
        if (!is_no_result(key)) flatten(key, json[key], out.results);
    const std::string parent = std::filesystem::path(path).parent_path().string();
    const std::string beside = parent.empty() ? "." : parent;
    if (auto samples = read_file(beside + "/samples.csv")) out.samples = *samples;
    if (auto runs = read_file(beside + "/runs.csv"); runs && json.has("bands")) read_runs(*runs, out);
    return out;
}

std::string change(const std::string& a, const std::string& b) {
    const auto from = as_number(a), to = as_number(b);
    if (!from || !to || *from == *to) return {};
    if (*from == 0) return *to > 0 ? "more" : "less";
    const double percent = (*to / *from - 1) * 100;
    return (percent > 0 ? "+" : "") + number(percent, 1) + " %";
}

Comparison::Row row_of(const std::string& key, const std::string& a, const std::string& b) {
    Comparison::Row row{.key = key, .a = a, .b = b, .change = change(a, b)};
    row.differs = a != b;
    return row;
}

std::vector<Comparison::Row> rows_of(const std::vector<std::pair<std::string, std::string>>& a,
                                     const std::vector<std::pair<std::string, std::string>>& b) {
    const std::map<std::string, std::string> left(a.begin(), a.end()), right(b.begin(), b.end());
    std::vector<Comparison::Row> out;
    const auto add = [&](const std::string& key) {
        const auto in_a = left.find(key), in_b = right.find(key);
        out.push_back(
            row_of(key, in_a == left.end() ? "-" : in_a->second, in_b == right.end() ? "-" : in_b->second));
    };
    for (const auto& [key, value] : a) add(key);
    for (const auto& [key, value] : b)
        if (!left.contains(key)) add(key);
    return out;
}

// ---- several runs on both sides: effect and uncertainty ----

struct Mean {
    double mean = 0, variance = 0;  // of the mean
    double degrees = 0;             // of freedom
};
Mean mean_of(const std::vector<double>& values) {
    Mean out;
    const auto n = static_cast<double>(values.size());
    for (const double v : values) out.mean += v / n;
    for (const double v : values) out.variance += (v - out.mean) * (v - out.mean) / (n - 1) / n;
    out.degrees = n - 1;
    return out;
}

// The 97.5 % quantile of Student's t: a table, and the expansion of Cornish and Fisher behind it.
double student_t(double degrees) {
    constexpr std::array table{12.71, 4.303, 3.182, 2.776, 2.571};
    const auto row = static_cast<std::size_t>(std::max(1.0, degrees));
    if (row <= table.size()) return table[row - 1];
    constexpr double z = 1.959964;
    return z + (z * z * z + z) / (4 * degrees) +
           (5 * std::pow(z, 5) + 16 * z * z * z + 3 * z) / (96 * degrees * degrees);
}

// Welch: unequal variances.
Comparison::Row effect_row(const std::string& key, const std::vector<double>& a, const std::vector<double>& b) {
    const Mean left = mean_of(a), right = mean_of(b);
    Comparison::Row row{.key = key, .a = tidy(left.mean), .b = tidy(right.mean), .change = {}};
    const double effect = right.mean - left.mean, variance = left.variance + right.variance;
    row.differs = a != b && (std::abs(effect) > 1e-9 * std::abs(left.mean) || variance > 1e-24);
    if (!row.differs) return row;  // of different numbers of runs, too
    const std::string sign = effect > 0 ? "+" : "";
    if (variance <= 1e-24) {
        row.change = sign + tidy(effect) + " in all runs";
        return row;
    }
    const double degrees =
        variance * variance /
        (left.variance * left.variance / left.degrees + right.variance * right.variance / right.degrees);
    const double half = student_t(degrees) * std::sqrt(variance);
    row.by_chance = std::abs(effect) <= half;
    row.change = sign + tidy(effect) + " [" + tidy(effect - half) + ".." + tidy(effect + half) + "]" +
                 (row.by_chance ? ", chance alone may do that" : "");
    return row;
}

std::vector<Comparison::Row> effects(const Side& a, const Side& b) {
    std::vector<std::string> keys = a.figures;
    for (const std::string& key : b.figures)
        if (std::ranges::find(keys, key) == keys.end()) keys.push_back(key);
    std::vector<Comparison::Row> out;
    for (const std::string& key : keys) {
        const auto left = a.runs.find(key), right = b.runs.find(key);
        const auto values = [](const auto& side, const auto& at) {
            return at == side.end() ? std::vector<double>{} : at->second;
        };
        const std::vector<double> in_a = values(a.runs, left), in_b = values(b.runs, right);
        if (in_a.size() > 1 && in_b.size() > 1)
            out.push_back(effect_row(key, in_a, in_b));
        else
            out.push_back(row_of(key, std::to_string(in_a.size()) + " runs have it",
                                 std::to_string(in_b.size()) + " runs have it"));
    }
    return out;
}

// One column of samples.csv over time, a series a run.
std::vector<Series> columns(const std::string& csv, const std::string& name, const std::string& series,
                            int colour) {
    std::istringstream lines(csv);
    std::string line, run;
    std::getline(lines, line);
    const std::vector<std::string> header = csv_cells(line);
    const auto place = [&](std::string_view wanted) {
        return static_cast<std::size_t>(std::ranges::find(header, wanted) - header.begin());
    };
    const std::size_t x_at = place("time_s"), y_at = place(name), run_at = place("run");
    std::vector<Series> out;
    while (std::max(x_at, y_at) < header.size() && std::getline(lines, line)) {
        const std::vector<std::string> cells = csv_cells(line);
        if (cells.size() != header.size()) continue;
        const std::string of_run = run_at < cells.size() ? cells[run_at] : "";
        if (out.empty() || of_run != run)
            out.push_back({.name = out.empty() ? series : "",
                           .points = {},
                           .steps = true,
                           .dashed = colour > 0,
                           .colour = colour});
        run = of_run;
        const auto x = as_number(cells[x_at]), y = as_number(cells[y_at]);
        if (x && y) out.back().points.emplace_back(*x, *y);
    }
    for (Series& one : out) one.thin = out.size() > 1;
    return out;
}

std::vector<PageFigure> plots_of(const Side& a, const Side& b) {
    std::vector<PageFigure> out;
    if (a.samples.empty() || b.samples.empty()) return out;
    struct Shown {
        const char *name, *title, *unit;
        double max;
    };
    for (const Shown& s : {Shown{"joined_share", "Nodes with a usable list", "share of the living", 1},
                           Shown{"coverage", "Announced items", "share that lists them", 1},
                           Shown{"dead_share", "Dead share of the views", "share of view entries", 0},
                           Shown{"largest_component", "Nodes in the largest component", "nodes", 0},
                           Shown{"in_degree_sd", "Standard deviation of the in-degree", "nodes", 0},
                           Shown{"sent_kbit_s_per_node", "Traffic", "kbit/s sent per living node", 0}}) {
        Plot plot{s.title, "virtual time, s", s.unit, {}, false, s.max, {}};
        for (Series& one : columns(a.samples, s.name, "A", 0)) plot.series.push_back(std::move(one));
        for (Series& one : columns(b.samples, s.name, "B", 1)) plot.series.push_back(std::move(one));
        const bool any = std::ranges::any_of(plot.series, [](const Series& one) { return !one.points.empty(); });
        if (any) out.push_back({s.name, svg(plot), std::string{measure_of(s.name).meaning}});
    }
    return out;
}

}  // namespace

std::size_t Comparison::differences() const {
    const auto count = [](const std::vector<Row>& rows) {
        return static_cast<std::size_t>(std::ranges::count_if(rows, [](const Row& row) { return row.differs; }));
    };
    return count(parameters) + count(results);
}

Result<Comparison> compare(const std::string& a, const std::string& b) {
    const Result<Side> left = read_side(a), right = read_side(b);
    if (!left) return left.error();
    if (!right) return right.error();
    Comparison out{.name_a = a, .name_b = b, .plots = plots_of(*left, *right)};
    out.parameters = rows_of(left->parameters, right->parameters);
    out.several = !left->runs.empty() && !right->runs.empty();
    out.results = out.several ? effects(*left, *right) : rows_of(left->results, right->results);
    return out;
}

std::string comparison_headline(const Comparison& c) {
    std::size_t clear = 0, chance = 0;
    for (const Comparison::Row& row : c.results) (row.by_chance ? chance : clear) += row.differs ? 1U : 0U;
    if (!c.several)
        return std::to_string(c.differences()) +
               " values differ (*). One run a side: that may be chance; with `run --seeds 20` on both sides the "
               "effect has an interval.";
    return std::to_string(c.differences()) + " values differ: " + std::to_string(clear) + " clearly (*), " +
           std::to_string(chance) +
           " no more than chance may do. Means of all runs; brackets: 95 % interval of the difference (Welch).";
}

std::string equal_line(const Comparison& c) {
    std::string out;
    std::size_t count = 0;
    for (const Comparison::Row& row : c.results)
        if (!row.differs) out += (count++ == 0 ? "" : ", ") + row.key;
    return count == 0 ? "No figure is equal." : std::to_string(count) + " figures are equal: " + out + ".";
}

std::vector<std::vector<std::string>> comparison_rows(const Comparison& c) {
    std::vector<std::vector<std::string>> rows{
        {"", "A: " + c.name_a, "B: " + c.name_b, c.several ? "B - A" : "B against A"}};
    const auto add = [&](const Comparison::Row& row, const std::string& before) {
        if (row.differs) rows.push_back({(row.by_chance ? "" : "!") + before + row.key, row.a, row.b, row.change});
    };
    for (const Comparison::Row& row : c.parameters) add(row, "parameter ");
    for (const Comparison::Row& row : c.results) add(row, "");
    return rows;
}

std::string comparison_html(const Comparison& c) {
    std::string out = page_begin("Comparison", "A: " + c.name_a + "; B: " + c.name_b);
    out += lead(comparison_headline(c));
    std::vector<std::string> names;
    for (const Comparison::Row& row : c.results)
        if (row.differs) names.push_back(row.key);
    out +=
        html_table(comparison_rows(c)) + terms(meanings(names)) + paragraph(equal_line(c)) + figure_grid(c.plots);
    std::vector<std::vector<std::string>> same{{"parameters that are the same", ""}};
    for (const Comparison::Row& row : c.parameters)
        if (!row.differs) same.push_back({row.key, row.a});
    return out + html_table(same) + page_end();
}

}  // namespace halp::sim
