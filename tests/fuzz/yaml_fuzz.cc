// Any text as a configuration and as a scenario of the simulator: it is read or refused with problems that name a
// place inside it, within the limits of config/yaml_reader.h.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "config/yaml_reader.h"
#include "simulations/swarm/scenario_reader.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace halp;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const config::YamlDocument document = config::read_yaml(text);
    require(document.problems.size() <= 20 && document.entries.size() <= config::yaml_entries_max);
    const auto lines = static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r'; }));
    for (const config::YamlProblem& problem : document.problems)
        require(!problem.message.empty() && problem.place.line <= lines + 2);

    const sim::ReadScenario read = sim::read_scenario("input", text, {});
    if (!document.problems.empty()) require(!read.problems.empty());
    return 0;
}
