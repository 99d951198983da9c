#include "tools/bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

#include "tools/program/json.h"

namespace halp::bench {

void Report::add(Figure figure) {
    const std::lock_guard whole{lock_};
    figures_.push_back(std::move(figure));
}

void Report::remark(std::string sentence) {
    const std::lock_guard whole{lock_};
    remarks_.push_back(std::move(sentence));
}

void Report::add_runs(Figure figure, std::vector<double> runs) {
    figure.value = median(runs);
    figure.runs = std::move(runs);
    add(std::move(figure));
}

bool Report::within_bars() const {
    return std::all_of(figures_.begin(), figures_.end(), [](const Figure& figure) { return figure.met(); });
}

void Report::print(bool as_json) const {
    const std::lock_guard whole{lock_};
    if (as_json) {
        print_json();
    } else {
        print_table();
    }
}

void Report::print_table() const {
    std::printf("\n%s\n\n", title_.c_str());
    std::printf("| %-58s | %14s | %12s | %-5s | %s\n", "what", "figure", "bar", "", "others");
    std::printf("|%s|%s:|%s:|%s|---\n", std::string(60, '-').c_str(), std::string(15, '-').c_str(),
                std::string(13, '-').c_str(), std::string(7, '-').c_str());
    for (const Figure& figure : figures_) {
        char value[64], bar[64] = "", range[80] = "";
        std::snprintf(value, sizeof value, "%.4g %s", figure.value, figure.unit.c_str());
        if (figure.bar) std::snprintf(bar, sizeof bar, "%s %.4g", figure.at_least ? ">=" : "<=", *figure.bar);
        if (figure.runs.size() > 1)
            std::snprintf(range, sizeof range, " (%zu runs: %.4g..%.4g)", figure.runs.size(),
                          *std::min_element(figure.runs.begin(), figure.runs.end()),
                          *std::max_element(figure.runs.begin(), figure.runs.end()));
        const char* verdict = !figure.bar ? "" : figure.met() ? "met" : figure.at_least ? "below" : "above";
        std::printf("| %-58s | %14s | %12s | %-5s | %s%s\n", figure.what.c_str(), value, bar, verdict,
                    figure.rival.c_str(), range);
    }
    for (const std::string& sentence : remarks_) std::printf("%s\n", sentence.c_str());
}

void Report::print_json() const {
    Json rows = Json::array();
    for (const Figure& figure : figures_) {
        Json row = Json::object({{"what", figure.what}, {"value", figure.value}, {"unit", figure.unit}});
        if (figure.bar) row.set(figure.at_least ? "bar_min" : "bar", *figure.bar);
        if (!figure.rival.empty()) row.set("rival", figure.rival);
        if (!figure.runs.empty()) row.set("runs", Json::array_of(figure.runs));
        rows.push(row);
    }
    Json object = Json::object(
        {{"schema_version", 1}, {"title", title_}, {"remarks", Json::array_of(remarks_)}, {"figures", rows}});
    object.sort_members();
    std::printf("%s\n", object.line().c_str());
}

double percentile(std::vector<double> values, double p) {
    if (values.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(p * static_cast<double>(values.size())));
    const std::size_t index = std::min(values.size() - 1, rank > 0 ? rank - 1 : 0);
    std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(index), values.end());
    return values[index];
}

double median(std::vector<double> values) {
    if (values.size() % 2 == 1) return percentile(std::move(values), 0.5);
    std::sort(values.begin(), values.end());
    return values.empty() ? 0 : (values[values.size() / 2 - 1] + values[values.size() / 2]) / 2;
}

void progress(const std::string& sentence) { std::fprintf(stderr, "halp-bench: %s\n", sentence.c_str()); }

}  // namespace halp::bench
