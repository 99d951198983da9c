// The output of a conformance run: a line for each verdict, the progress, the summary and the JUnit file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "store/endpoint.h"
#include "tools/halp/output/console.h"

namespace halp::cli {

// Prints NUMBER PRIORITY NAME SHOWS for each case.
void list_cases(const std::vector<neo::ConformanceCase>& cases, Console& console);

class ConformanceReport {
public:
    // `progress_lines`: also print a line on stderr when a case begins and stderr is no terminal.
    ConformanceReport(std::vector<neo::ConformanceCase> cases, bool progress_lines, Console& console)
        : cases_(std::move(cases)), progress_lines_(progress_lines), console_(console) {}

    // To be called in the order of the cases.
    void begin(const neo::ConformanceCase& test);
    void add(const neo::ConformanceCase& test, const neo::Verdict& verdict);

    [[nodiscard]] std::size_t failed() const { return count_of(neo::Verdict::Kind::failed); }
    [[nodiscard]] std::size_t not_run() const { return cases_.size() - verdicts_.size(); }
    // "N passed, N failed, N skipped", and "N not run" if N > 0.
    [[nodiscard]] std::string summary() const;
    // `why`: the reason why the remaining cases were not run. `fault`: the reason why no case was run; it counts
    // as a failure.
    [[nodiscard]] bool write_junit(const std::string& file, const Endpoint& node, const std::string& why,
                                   const std::string& fault) const;

private:
    [[nodiscard]] std::size_t count_of(neo::Verdict::Kind kind) const;

    const std::vector<neo::ConformanceCase> cases_;
    const bool progress_lines_;
    Console& console_;
    std::vector<neo::Verdict> verdicts_;
};

}  // namespace halp::cli
