// The end of `halp-sim check` and `halp-sim goals`: how many figures met their limits, also when somebody
// interrupts.
#pragma once

#include <string>

#include "tools/halp-sim/report/json_report.h"
#include "tools/halp-sim/verbs.h"
#include "tools/program/on_interrupt.h"
#include "tools/program/progress_line.h"

namespace halp::sim {

class VerdictCount {
public:
    VerdictCount(const Streams& streams, bool json);

    void working_on(const std::string& what);  // shown on a terminal until the next line
    void say(const std::string& line);
    void add(const std::string& line, bool met);  // a line of the output about one figure
    [[nodiscard]] int end();                      // prints the summary; the exit code

private:
    void print_summary(bool complete);

    const Streams& streams_;
    bool json_;
    Verdicts verdicts_;
    double began_;
    ProgressLine progress_;
    OnInterrupt interrupt_;
};

}  // namespace halp::sim
