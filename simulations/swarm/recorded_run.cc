#include "simulations/swarm/recorded_run.h"

#include <charconv>
#include <cstdio>

#include "config/typed_value.h"
#include "config/units.h"
#include "simulations/swarm/scenario_reader.h"

namespace halp::sim {
namespace {

bool parse_word(std::string_view text, int base, std::uint64_t& value) {
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return error == std::errc{} && rest == text.data() + text.size();
}

// "12s 4711 00112233aabbccdd": virtual time, events executed, digest.
bool parse_checkpoint(std::string_view text, RecordedRun& run) {
    const std::size_t first = text.find(' '), second = text.find(' ', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) return false;
    const auto at = config::parse_duration(text.substr(0, first));
    Checkpoint point{.at = at.value_or(Duration{0})};
    if (!at || !parse_word(text.substr(first + 1, second - first - 1), 10, point.events) ||
        !parse_word(text.substr(second + 1), 16, point.digest))
        return false;
    run.checkpoints.push_back(point);
    return true;
}

std::string hexadecimal(std::uint64_t word) {
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(word));
    return text;
}

}  // namespace

Result<void> read_record_field(std::string_view field, const std::string& text,
                               const std::vector<std::string>& items, RecordedRun& run) {
    bool good = true;
    if (field == "program") {
        run.program = text;
    } else if (field == "digest") {
        good = parse_word(text, 16, run.digest);
    } else if (field == "events") {
        good = parse_word(text, 10, run.events);
    } else if (field == "checkpoints") {
        for (const std::string& item : items) good = good && parse_checkpoint(item, run);
    } else {
        return Error{ErrorCode::not_found, "allowed: record.program, digest, events, checkpoints"};
    }
    if (!good) return Error{ErrorCode::invalid, "not in the form that halp-sim writes"};
    return {};
}

std::string recorded_run_yaml(const Scenario& scenario, const RecordedRun& run) {
    std::string out =
        "# The scenario of a run with every setting, and the digests of the run. `halp-sim replay` plays it "
        "again.\n";
    out += scenario_yaml(scenario);
    out += "record:\n  program: " + config::quoted(run.program) +
           "\n  digest: " + config::quoted(hexadecimal(run.digest)) + "\n  events: " + std::to_string(run.events) +
           "\n  checkpoints:\n";
    for (const Checkpoint& point : run.checkpoints)
        out += "    - \"" + config::print_duration(point.at) + " " + std::to_string(point.events) + " " +
               hexadecimal(point.digest) + "\"\n";
    return out;
}

}  // namespace halp::sim
