// Compares two summary.json and marks the differences.
#pragma once

#include <string>
#include <vector>

#include "store/result.h"

namespace halp::sim {

struct Comparison {
    struct Row {
        std::string key;  // "phases.boom.dead_share"
        std::string a, b;
        std::string change;  // "+12.3 %"; empty when equal or no numbers
        bool differs = false;
    };
    std::string name_a, name_b;
    std::vector<Row> parameters, results;
    std::vector<std::string> plots;  // SVG: both over time, when both directories have samples.csv
    [[nodiscard]] std::size_t differences() const;
};

// Each is a directory of `run -o` or a summary.json.
[[nodiscard]] Result<Comparison> compare(const std::string& a, const std::string& b);
// Parameters that differ, then all results; differing rows begin with '!' (html_table).
std::vector<std::vector<std::string>> comparison_rows(const Comparison& comparison);
std::string comparison_html(const Comparison& comparison);

}  // namespace halp::sim
