#include "tools/halp-sim/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <map>
#include <sstream>

#include "store/files/named_file.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/report/html_page.h"
#include "tools/halp-sim/report/svg_plot.h"
#include "tools/program/json.h"

namespace halp::sim {
namespace {

constexpr std::size_t file_bytes_max = 256U << 20U;

struct Side {
    std::string name;
    std::vector<std::pair<std::string, std::string>> parameters, results;
    std::string samples;  // samples.csv, when it is there
};

Result<std::string> read_file(const std::string& path) {
    auto file = read_named_file(path, file_bytes_max, Pipes::awaited);
    if (!file) return Error{file.error().code, path + " " + file.error().message};
    return std::move(file->text);
}

std::string text_of(const Json& value) {
    if (value.is(Json::Kind::null)) return "none";
    if (value.text()) return *value.text();
    if (!value.is(Json::Kind::number)) return value.line();
    std::string text = number(value.number_or(0), 6);
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text;
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
        if (key != "parameters" && key != "schema_version") flatten(key, json[key], out.results);
    const std::string beside = std::filesystem::path(path).parent_path().string();
    if (auto samples = read_file((beside.empty() ? "." : beside) + "/samples.csv")) out.samples = *samples;
    return out;
}

std::optional<double> as_number(const std::string& text) {
    double value = 0;
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || rest != text.data() + text.size()) return std::nullopt;
    return value;
}

std::string change(const std::string& a, const std::string& b) {
    const auto from = as_number(a), to = as_number(b);
    if (!from || !to || *from == *to) return {};
    if (*from == 0) return *to > 0 ? "more" : "less";
    const double percent = (*to / *from - 1) * 100;
    return (percent > 0 ? "+" : "") + number(percent, 1) + " %";
}

std::vector<Comparison::Row> rows_of(const std::vector<std::pair<std::string, std::string>>& a,
                                     const std::vector<std::pair<std::string, std::string>>& b) {
    const std::map<std::string, std::string> left(a.begin(), a.end()), right(b.begin(), b.end());
    std::vector<Comparison::Row> out;
    const auto add = [&](const std::string& key) {
        const auto in_a = left.find(key), in_b = right.find(key);
        Comparison::Row row{.key = key,
                            .a = in_a == left.end() ? "-" : in_a->second,
                            .b = in_b == right.end() ? "-" : in_b->second,
                            .change = {}};
        row.differs = row.a != row.b;
        row.change = change(row.a, row.b);
        out.push_back(row);
    };
    for (const auto& [key, value] : a) add(key);
    for (const auto& [key, value] : b)
        if (!left.contains(key)) add(key);
    return out;
}

// One column of samples.csv over its first.
Series column(const std::string& csv, const std::string& name, const std::string& series) {
    Series out{.name = series, .points = {}};
    std::istringstream lines(csv);
    std::string line, cell;
    std::getline(lines, line);
    std::istringstream header(line);
    std::size_t wanted = 0;
    for (std::size_t i = 0; std::getline(header, cell, ','); ++i)
        if (cell == name) wanted = i;
    while (wanted > 0 && std::getline(lines, line)) {
        std::istringstream cells(line);
        std::optional<double> x, y;
        for (std::size_t i = 0; i <= wanted && std::getline(cells, cell, ','); ++i) {
            if (i == 0) x = as_number(cell);
            if (i == wanted) y = as_number(cell);
        }
        if (x && y) out.points.emplace_back(*x, *y);
    }
    return out;
}

std::vector<std::string> plots_of(const Side& a, const Side& b) {
    std::vector<std::string> out;
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
                           Shown{"sent_kbit_s_per_node", "Traffic", "kbit/s sent per node", 0}}) {
        Plot plot{s.title, "virtual time, s", s.unit, {}, false, s.max, {}};
        plot.series.push_back(column(a.samples, s.name, "A"));
        plot.series.push_back(column(b.samples, s.name, "B"));
        plot.series.back().dashed = true;
        out.push_back(svg(plot));
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
    return Comparison{a, b, rows_of(left->parameters, right->parameters), rows_of(left->results, right->results),
                      plots_of(*left, *right)};
}

std::vector<std::vector<std::string>> comparison_rows(const Comparison& c) {
    std::vector<std::vector<std::string>> rows{{"", "A: " + c.name_a, "B: " + c.name_b, "B against A"}};
    const auto add = [&](const Comparison::Row& row, const std::string& before) {
        rows.push_back({(row.differs ? "!" : "") + before + row.key, row.a, row.b, row.change});
    };
    for (const Comparison::Row& row : c.parameters)
        if (row.differs) add(row, "parameter ");
    for (const Comparison::Row& row : c.results) add(row, "");
    return rows;
}

std::string comparison_html(const Comparison& c) {
    std::string out = page_begin("Comparison", "A: " + c.name_a + "; B: " + c.name_b);
    out += paragraph(std::to_string(c.differences()) + " values differ; their rows are marked.");
    out += html_table(comparison_rows(c)) + plot_grid(c.plots);
    std::vector<std::vector<std::string>> same{{"parameters that are the same", ""}};
    for (const Comparison::Row& row : c.parameters)
        if (!row.differs) same.push_back({row.key, row.a});
    return out + html_table(same) + page_end();
}

}  // namespace halp::sim
