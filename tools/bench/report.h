// Figures and the bars they must meet, as a table for people or as one JSON object for programs.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace halp::bench {

struct Figure {
    std::string what;
    double value = 0;
    std::string unit;
    std::optional<double> bar = {};  // at most this
    std::string rival = {};          // what others reach on a like machine, in words
    std::vector<double> runs = {};   // `value` is their median
    bool at_least = false;           // the bar is a lower one

    [[nodiscard]] bool met() const { return !bar || (at_least ? value >= *bar : value <= *bar); }
};

class Report {
public:
    explicit Report(std::string title) : title_(std::move(title)) {}

    void add(Figure figure);
    void add_runs(Figure figure, std::vector<double> runs);  // its value becomes the median
    void remark(std::string sentence);

    [[nodiscard]] bool within_bars() const;
    void print(bool as_json) const;  // to stdout

private:
    void print_table() const;
    void print_json() const;

    mutable std::mutex lock_;  // an interrupt prints what has been measured so far (main.cc)
    std::string title_;
    std::vector<Figure> figures_;
    std::vector<std::string> remarks_;
};

// Sorts a copy; p from 0 to 1. Zero for no values.
[[nodiscard]] double percentile(std::vector<double> values, double p);
[[nodiscard]] double median(std::vector<double> values);

// A message about the progress of the benchmark, to stderr.
void progress(const std::string& sentence);

}  // namespace halp::bench
