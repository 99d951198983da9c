// A recorded run: a scenario file with a `record:` section that has the digest of its run and of checkpoints. The
// same program plays the file to the same digest (simulations/swarm/README.md, "A recorded run").
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "simulations/swarm/scenario.h"
#include "store/result.h"

namespace halp::sim {

// The digest of all events before an instant.
struct Checkpoint {
    Duration at{0};
    std::uint64_t events = 0, digest = 0;
    bool operator==(const Checkpoint&) const = default;
};

struct RecordedRun {
    std::string program;
    std::uint64_t digest = 0, events = 0;  // of the whole run
    std::vector<Checkpoint> checkpoints;   // by time, at most checkpoints_max
};
inline constexpr std::size_t checkpoints_max = 200;

// Reads one field of the section; `items` are the texts of a list. not_found: there is no such field.
[[nodiscard]] Result<void> read_record_field(std::string_view field, const std::string& text,
                                             const std::vector<std::string>& items, RecordedRun& run);

// The scenario with every setting and the `record:` section.
[[nodiscard]] std::string recorded_run_yaml(const Scenario& scenario, const RecordedRun& run);

}  // namespace halp::sim
