#include "simulations/swarm/goals.h"

#include <algorithm>
#include <ctime>
#include <ostream>
#include <string>
#include <vector>

#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/verbs.h"
#include "tools/program/progress_line.h"

namespace halp::sim {

int goals_verb(const CommandLine& command, const Streams& streams) {
    const std::vector<std::string> groups = goal_groups();
    if (!command.only.empty() && std::ranges::find(groups, command.only) == groups.end()) {
        streams.err << "halp-sim: no group of goals is called \"" << command.only << "\"; there are:";
        for (const std::string& group : groups) streams.err << " \"" << group << "\"";
        streams.err << "\n";
        return exit_usage;
    }
    const std::clock_t began = std::clock();
    std::size_t met = 0, all = 0;
    const auto line = [&](const std::string& what, const std::string& limit, const std::string& got,
                          const std::string& rest) {
        std::string text = what + std::string(what.size() < 76 ? 76 - what.size() : 1, ' ');
        for (const std::string& cell : {limit, got})
            text += std::string(cell.size() < 9 ? 9 - cell.size() : 1, ' ') + cell;
        streams.out << text << "  " << rest << std::endl;
    };
    ProgressLine progress{streams.progress ? &streams.err : nullptr};
    line("goal", "at most", "got", "");
    try_goals(
        {.seed = command.seed.value_or(1), .quick = command.quick, .only = command.only},
        [&](const std::string& run) { progress.show(run + " ..."); },
        [&](const GoalVerdict& v) {
            progress.erase();
            ++all;
            met += v.met();
            line(v.what, number(v.limit, 2), v.got < 0 ? "never" : number(v.got, 2),
                 v.unit + (v.met() ? "  met" : "  MISSED"));
        });
    const double cpu = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
    streams.out << met << " of " << all << " met, in " << number(cpu, 1) << " s of CPU\n";
    return met == all ? exit_done : exit_failed;
}

}  // namespace halp::sim
