// `halp-sim check`: the figures of simulations/published beside what was expected.
#include <string>
#include <string_view>
#include <vector>

#include "simulations/published/reproduction.h"
#include "tools/halp-sim/report/console_table.h"
#include "tools/halp-sim/verdict_count.h"

namespace halp::sim {
namespace {

std::string allowed_text(const Check& c) {
    if (c.sense == Sense::beside) return "-";
    std::string text = c.sense == Sense::at_most ? "<=" : c.sense == Sense::at_least ? ">=" : "";
    const std::string sign = text.empty() ? "+-" : c.sense == Sense::at_most ? " +" : " -";
    if (c.tolerance == 0 && c.spare == 0) return text.empty() ? "exact" : text;
    if (c.tolerance > 0) text += sign + number(c.tolerance * 100, 0) + " %";
    if (c.spare > 0) text += (c.tolerance > 0 ? " +" : sign) + number(c.spare, 2);
    return text;
}

std::string row_of(const std::string& what, const std::vector<std::string>& cells, const std::string& verdict) {
    std::string text = what + std::string(what.size() < 64 ? 64 - what.size() : 1, ' ');
    for (const std::string& cell : cells) text += std::string(cell.size() < 10 ? 10 - cell.size() : 1, ' ') + cell;
    return text + "  " + verdict;
}

std::string row_of(const Check& c) {
    const int digits = c.expected < 1 ? 5 : 3;
    const char* const verdict = c.sense == Sense::beside ? "beside" : c.met() ? "met" : "MISSED";
    return row_of(c.what, {number(c.expected, digits), number(c.got, digits), allowed_text(c)}, verdict);
}

}  // namespace

int check_verb(const CommandLine& command, const Streams& streams) {
    VerdictCount count{streams, command.json};
    ReproductionOptions options{.quick = command.quick,
                                .only = command.only,
                                .progress = [&](const std::string& what) { count.working_on(what); }};
    if (command.seed) options.seed = *command.seed;
    if (!command.json) count.say(row_of("figure", {"published", "got", "allowed"}, "verdict"));
    std::string_view source;
    reproduce(options, [&](const Check& c) {
        if (c.source != source && !command.json) count.say("-- " + std::string{c.source});
        source = c.source;
        const std::string line = command.json ? check_json(c) : row_of(c);
        if (c.sense == Sense::beside)
            count.say(line);
        else
            count.add(line, c.met());
    });
    return count.end();
}

}  // namespace halp::sim
