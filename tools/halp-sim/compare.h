// Compares two summary.json and marks the differences.
#pragma once

#include <string>
#include <vector>

#include "store/result.h"
#include "tools/halp-sim/report/html_page.h"

namespace halp::sim {

struct Comparison {
    struct Row {
        std::string key;  // "phases.boom.dead_share"
        std::string a, b;
        // "+12.3 %"; of several runs on both sides the difference of the means, with its 95 % interval; empty when
        // equal or no numbers.
        std::string change;
        bool differs = false;
        bool by_chance = false;  // the interval has 0 in it
    };
    std::string name_a, name_b;
    bool several = false;  // both sides have several runs
    std::vector<Row> parameters{}, results{};
    std::vector<PageFigure> plots;  // both over time, when both directories have samples.csv
    [[nodiscard]] std::size_t differences() const;
};

// Each is a directory of `run -o` or a summary.json.
[[nodiscard]] Result<Comparison> compare(const std::string& a, const std::string& b);
// How many values differ, and what the numbers are.
std::string comparison_headline(const Comparison& comparison);
std::string equal_line(const Comparison& comparison);
// What differs: parameters, then results. Rows that are no chance begin with '!' (html_table).
std::vector<std::vector<std::string>> comparison_rows(const Comparison& comparison);
std::string comparison_html(const Comparison& comparison);

}  // namespace halp::sim
