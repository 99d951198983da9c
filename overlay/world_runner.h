// For straight-line code (tests, the conformance suite) that waits: lets a world run until something has happened.
#pragma once

#include <functional>

#include "store/time.h"

namespace halp {

class WorldRunner {
public:
    virtual ~WorldRunner() = default;
    // Calls `done` first, and again after everything that happens. False when it is not true within `span` of the
    // world's time. Not to be called from inside an EventHandler.
    virtual bool run_until(const std::function<bool()>& done, Duration span) = 0;
};

}  // namespace halp
