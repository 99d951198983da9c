#include "tools/halp/dht/conformance_report.h"

#include <algorithm>
#include <fstream>

#include "tools/program/harmless.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

using neo::Verdict;

constexpr std::size_t name_columns = 40;

std::string padded(std::string_view text, std::size_t width) {
    std::string out(text);
    out.resize(std::max(width, out.size()), ' ');
    return out;
}

std::string right(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string in_seconds(Duration span) {
    const auto ms = span.count() / 1000;
    return std::to_string(ms / 1000) + "." + std::to_string(1000 + ms % 1000).substr(1) + " s";
}

std::string json_line(const neo::ConformanceCase& test, const Verdict& verdict) {
    Json line = Json::object({{"name", verdict.name}, {"number", test.number}});
    if (!verdict.reason.empty()) line.set("reason", verdict.reason);
    line.set("schema_version", 1).set("took_us", verdict.took.count()).set("verdict", name(verdict.kind));
    return line.line();
}

}  // namespace

void list_cases(const std::vector<neo::ConformanceCase>& cases, Console& console) {
    for (const neo::ConformanceCase& each : cases) {
        if (console.style().json)
            console.line(Json::object({{"name", each.name},
                                       {"number", each.number},
                                       {"priority", each.priority},
                                       {"schema_version", 1},
                                       {"shows", each.shows}})
                             .line());
        else
            console.line(right(std::to_string(each.number), 3) + " " + right(std::to_string(each.priority), 4) +
                         " " + padded(each.name, name_columns) + " " + std::string(each.shows));
    }
}

void ConformanceReport::begin(const neo::ConformanceCase& test) {
    const std::string text = std::to_string(verdicts_.size() + 1) + " of " + std::to_string(cases_.size()) + " " +
                             std::string(test.name);
    if (!console_.progress(text) && progress_lines_) console_.say(text);
}

void ConformanceReport::add(const neo::ConformanceCase& test, const Verdict& verdict) {
    verdicts_.push_back(verdict);
    if (console_.style().json) {
        console_.line(json_line(test, verdict));
        return;
    }
    std::string line = padded(name(verdict.kind), 8);
    if (console_.style().verbose)
        line += padded(verdict.name, name_columns) + " " + right(in_seconds(verdict.took), 9) + "  " +
                std::string(test.shows);
    else
        line += verdict.name;
    if (!verdict.reason.empty()) line += ": " + verdict.reason;
    console_.line(line);
}

std::size_t ConformanceReport::count_of(Verdict::Kind kind) const {
    return static_cast<std::size_t>(std::ranges::count(verdicts_, kind, &Verdict::kind));
}

std::string ConformanceReport::summary() const {
    const std::string counts = std::to_string(count_of(Verdict::Kind::passed)) + " passed, " +
                               std::to_string(failed()) + " failed, " +
                               std::to_string(count_of(Verdict::Kind::skipped)) + " skipped";
    return not_run() == 0 ? counts : counts + ", " + std::to_string(not_run()) + " not run";
}

bool ConformanceReport::write_junit(const std::string& file, const Endpoint& node, const std::string& why,
                                    const std::string& fault) const {
    const std::string reason = "not run: " + why.substr(0, why.find('\n'));
    std::vector<Verdict> all = verdicts_;
    std::string in_one_line = fault;
    std::ranges::replace(in_one_line, '\n', ' ');
    if (!fault.empty()) all.insert(all.begin(), {"sanity.node", Verdict::Kind::failed, in_one_line, Duration{0}});
    for (std::size_t i = verdicts_.size(); i < cases_.size(); ++i)
        all.push_back({cases_[i].name, Verdict::Kind::skipped, reason, Duration{0}});
    for (Verdict& verdict : all) verdict.reason = harmless(verdict.reason);
    std::ofstream out(file, std::ios::binary);
    out << junit_xml(all, node) << std::flush;
    return out.good();
}

}  // namespace halp::cli
