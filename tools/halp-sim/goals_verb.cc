// `halp-sim goals`: where the overlay must end up.
#include <string>

#include "simulations/swarm/goals.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/verdict_count.h"

namespace halp::sim {
namespace {

std::string row_of(const std::string& what, const std::string& limit, const std::string& got,
                   const std::string& rest) {
    std::string text = what + std::string(what.size() < 76 ? 76 - what.size() : 1, ' ');
    for (const std::string& cell : {limit, got})
        text += std::string(cell.size() < 9 ? 9 - cell.size() : 1, ' ') + cell;
    return text + "  " + rest;
}

std::string row_of(const GoalVerdict& v) {
    return row_of(v.what, number(v.limit, 2), v.got < 0 ? "never" : number(v.got, 2),
                  v.unit + (v.met() ? "  met" : "  MISSED"));
}

}  // namespace

int goals_verb(const CommandLine& command, const Streams& streams) {
    VerdictCount count{streams, command.json};
    if (!command.json) count.say(row_of("goal", "at most", "got", ""));
    try_goals(
        {.seed = command.seed.value_or(1), .quick = command.quick, .only = command.only},
        [&](const std::string& run) { count.working_on(run + " ..."); },
        [&](const GoalVerdict& v) { count.add(command.json ? goal_json(v) : row_of(v), v.met()); });
    return count.end();
}

}  // namespace halp::sim
