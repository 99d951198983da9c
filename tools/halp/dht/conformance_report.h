// What a run of the conformance suite prints: a line for each verdict, how far it is, the summary, the JUnit file.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/testing/conformance_suite.h"
#include "store/endpoint.h"
#include "tools/halp/console.h"

namespace halp::cli {

// NUMBER PRIORITY NAME SHOWS of each.
void list_cases(const std::vector<neo::ConformanceCase>& cases, Console& console);

class ConformanceReport {
public:
    // `progress_lines`: a line on stderr for each case that begins, where no terminal shows it in passing.
    ConformanceReport(std::vector<neo::ConformanceCase> cases, bool progress_lines, Console& console)
        : cases_(std::move(cases)), progress_lines_(progress_lines), console_(console) {}

    // In the order of the cases.
    void begin(const neo::ConformanceCase& test);
    void add(const neo::ConformanceCase& test, const neo::Verdict& verdict);

    [[nodiscard]] std::size_t failed() const { return count_of(neo::Verdict::Kind::failed); }
    [[nodiscard]] std::size_t not_run() const { return cases_.size() - verdicts_.size(); }
    // "N passed, N failed, N skipped", and "N not run" when there are such.
    [[nodiscard]] std::string summary() const;
    // `why` no more cases were run; of a run that did not begin, `fault` is the reason and counts as failed.
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
