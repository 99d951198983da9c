#include "tools/halp-sim/sim_pages.h"

#include <string>

#include "simulations/swarm/built_in_scenarios.h"
#include "tools/halp-sim/command_line.h"
#include "tools/program/completion.h"
#include "tools/program/manual_page.h"

namespace halp::sim {
namespace {

// A scenario is a file or one of these names.
ArgumentsText with_scenarios(ArgumentsText program) {
    for (ArgumentsText& verb : program.verbs)
        for (ArgumentText& argument : verb.arguments) {
            if (!argument.positional || (verb.name != "run" && verb.name != "sweep")) continue;
            for (const BuiltInScenario& scenario : built_in_scenarios())
                argument.choices.emplace_back(scenario.name);
        }
    return program;
}

std::string manual(const ArgumentsText& program) {
    ManualPage page("halp-sim", 1, "play swarms of HALP nodes in virtual time", HALP_VERSION);
    page.section("Synopsis");
    page.paragraph("`halp-sim` VERB [OPTION...] [WORD...]");
    page.section("Description");
    page.paragraph(
        program.about +
        " It needs no network and no rights. Equal seeds give equal runs. Ctrl-C ends a run in order: what "
        "is done is written, and the exit code is 130.");
    page.section("Verbs");
    for (const ArgumentsText& verb : program.verbs) {
        page.subsection(synopsis_of(verb, "halp-sim"));
        page.paragraph(verb.about);
        page.arguments(verb);
    }
    page.section("Built-in scenarios");
    for (const BuiltInScenario& scenario : built_in_scenarios())
        page.paragraph("`" + std::string{scenario.name} + "`");
    page.section("Options");
    page.arguments(program);
    page.section("Exit status");
    page.item("0", "done; of check, goals and faults: everything is as it should be");
    page.item("1", "failed, or something is not as it should be");
    page.item("2", "usage");
    page.item("78", "the scenario is wrong; a sentence names the place");
    page.item("130", "interrupted");
    page.section("See also");
    page.paragraph("halp(1), halpd(8)");
    return page.text();
}

}  // namespace

std::vector<Page> sim_pages() {
    const ArgumentsText program = command_line_text();
    std::vector<Page> pages = completions_of(with_scenarios(program));
    pages.push_back({"man1/halp-sim.1", manual(program)});
    return pages;
}

}  // namespace halp::sim
