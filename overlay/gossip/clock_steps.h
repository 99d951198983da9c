// Remembers by how much this machine's wall clock was set while the node ran, so that the age of what was heard
// before does not change with it (overlay/gossip/rules.md, section 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "store/time.h"

namespace halp {

class ClockSteps {
public:
    // To be called whenever the node acts.
    void look(Instant now, UnixSeconds wall);
    // Seconds by which the wall clock was set forward after `then`; below zero when it was set back.
    [[nodiscard]] std::int64_t since(Instant then) const;

private:
    struct Step {
        Instant at;  // when it was noticed
        std::int64_t seconds;
    };
    // A difference of whole seconds is 1 off at most. Less than this is no step.
    static constexpr std::int64_t step_min_s = 3;
    // The two oldest become one when there are more.
    static constexpr std::size_t steps_max = 32;

    Instant looked_ = never;
    UnixSeconds wall_{0};
    std::vector<Step> steps_;  // the oldest first
};

}  // namespace halp
