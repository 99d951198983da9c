#include "tools/halp-sim/report/csv_table.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "tools/halp-sim/report/console_table.h"
#include "tools/program/harmless.h"

namespace halp::sim {
namespace {

constexpr std::string_view of_run = "number of the run, from 1 on";
constexpr std::string_view of_seed = "seed of the run; 64 bits, so read it as text";
constexpr std::string_view of_node = "address of the node";

constexpr std::array column_rows{
    CsvColumn{"observations.csv", "run", "", of_run},
    CsvColumn{"observations.csv", "seed", "", of_seed},
    CsvColumn{"observations.csv", "phase", "", "phase of the scenario; `whole run` for figures of all of it"},
    CsvColumn{"observations.csv", "time_s", "s", "virtual time since the start of the run"},
    CsvColumn{"observations.csv", "measure", "", "what was measured; the report explains each"},
    CsvColumn{"observations.csv", "value", "", "in the unit of the next column"},
    CsvColumn{"observations.csv", "unit", "", "unit of the value"},
    CsvColumn{"samples.csv", "time_s", "s", "virtual time since the start of the run"},
    CsvColumn{"samples.csv", "phase", "", "phase of the scenario"},
    CsvColumn{"samples.csv", "living", "nodes", "nodes that live"},
    CsvColumn{"samples.csv", "joined_share", "share of the living",
              "have proved 8 others by contact, or all others"},
    CsvColumn{"samples.csv", "coverage", "share of the living", "list the announced items, mean over the items"},
    CsvColumn{"samples.csv", "dead_share", "share of view entries",
              "entries of dead nodes in the views of the living"},
    CsvColumn{"samples.csv", "crossing_share", "share of the living",
              "have a node of the partition's other side in view"},
    CsvColumn{"samples.csv", "in_degree_mean", "nodes", "how many have a node in view, mean over the living"},
    CsvColumn{"samples.csv", "in_degree_sd", "nodes", "its standard deviation"},
    CsvColumn{"samples.csv", "in_degree_max", "nodes", "its maximum"},
    CsvColumn{"samples.csv", "bootstrap_in_degree", "nodes", "how many have the first node in view"},
    CsvColumn{"samples.csv", "components", "components", "of the graph of entries that can be reached now"},
    CsvColumn{"samples.csv", "largest_component", "nodes", "size of the largest component"},
    CsvColumn{"samples.csv", "sent_kbit_s_per_node", "kbit/s",
              "sent per node and second of its life since the sample before, without TCP and IP headers"},
    CsvColumn{"samples.csv", "hostile_share", "share of view entries",
              "entries of attackers in the views of the living"},
    CsvColumn{"samples.csv", "run", "", of_run},
    CsvColumn{"samples.csv", "seed", "", of_seed},
    CsvColumn{"in_degree.csv", "run", "", of_run},
    CsvColumn{"in_degree.csv", "seed", "", of_seed},
    CsvColumn{"in_degree.csv", "node", "", of_node},
    CsvColumn{"in_degree.csv", "in_degree", "nodes", "how many living nodes have it in view at the end"},
    CsvColumn{"in_degree_counts.csv", "in_degree", "nodes", "how many have a node in view at the end"},
    CsvColumn{"in_degree_counts.csv", "nodes", "nodes", "how many nodes have that in-degree"},
    CsvColumn{"traffic.csv", "run", "", of_run},
    CsvColumn{"traffic.csv", "seed", "", of_seed},
    CsvColumn{"traffic.csv", "node", "", of_node},
    CsvColumn{"traffic.csv", "sent_kbit_s", "kbit/s",
              "sent over its present life, without TCP and IP headers; empty when that has just begun"},
    CsvColumn{"join.csv", "run", "", of_run},
    CsvColumn{"join.csv", "seed", "", of_seed},
    CsvColumn{"join.csv", "node", "", of_node},
    CsvColumn{"join.csv", "started_s", "s", "virtual time at which it started"},
    CsvColumn{"join.csv", "join_s", "s", "until it had proved 8 others, or all others that lived; empty: never"},
    CsvColumn{"spread.csv", "run", "", of_run},
    CsvColumn{"spread.csv", "seed", "", of_seed},
    CsvColumn{"spread.csv", "item", "", "announced host"},
    CsvColumn{"spread.csv", "nth", "nodes", "so many nodes knew the item then"},
    CsvColumn{"spread.csv", "seconds", "s", "since the announcement"},
    CsvColumn{"runs.csv", "seed", "", of_seed},
    CsvColumn{"runs.csv", "digest", "",
              "hash of all events of the run; further columns: one a figure, PHASE.MEASURE"},
    CsvColumn{"sweep.csv", "metric", "", "PHASE.MEASURE, or the measure of a whole run"},
    CsvColumn{"sweep.csv", "unit", "", "unit of the figures"},
    CsvColumn{"sweep.csv", "runs", "runs", "how many of the runs have the figure; the others never got there"},
    CsvColumn{"sweep.csv", "min", "", "smallest of them"},
    CsvColumn{"sweep.csv", "median", "", "median of them"},
    CsvColumn{"sweep.csv", "max", "", "largest of them"},
    CsvColumn{"sweep.csv", "p5", "", "5 % quantile; empty with fewer than 20 runs"},
    CsvColumn{"sweep.csv", "p95", "", "95 % quantile; empty with fewer than 20 runs"},
};

}  // namespace

std::span<const CsvColumn> csv_columns() { return column_rows; }

std::string csv_row(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells) out += (&cell == cells.data() ? "" : ",") + quoted_cell(cell);
    return out + "\n";
}

std::string csv_header(std::string_view file) {
    std::vector<std::string> names;
    for (const CsvColumn& column : column_rows)
        if (column.file == file) names.emplace_back(column.name);
    return csv_row(names);
}

std::string columns_csv(const std::vector<std::string>& files) {
    std::string out = csv_row({"file", "column", "unit", "meaning"});
    for (const CsvColumn& c : column_rows)
        if (std::ranges::find(files, c.file) != files.end())
            out += csv_row({std::string{c.file}, std::string{c.name}, std::string{c.unit}, std::string{c.meaning}});
    return out;
}

std::string quoted_cell(const std::string& text) {
    const std::string shown = harmless(text);
    if (shown.find_first_of(",\"") == std::string::npos) return shown;
    std::string out = "\"";
    for (const char c : shown) out += c == '"' ? "\"\"" : std::string{c};
    return out + "\"";
}

std::vector<std::string> csv_cells(std::string_view line) {
    std::vector<std::string> cells(1);
    bool quoted = false;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"')
            cells.back() += line[++i];
        else if (line[i] == '"')
            quoted = !quoted;
        else if (line[i] == ',' && !quoted)
            cells.emplace_back();
        else
            cells.back() += line[i];
    }
    return cells;
}

std::string plain_number(double value, int decimals) {
    if (std::isnan(value)) return "";
    std::string text = number(value, decimals);
    if (text.find('.') == std::string::npos) return text;
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? "0" : text;
}

}  // namespace halp::sim
