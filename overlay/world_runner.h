// How straight-line code (tests, the conformance suite) waits: a world goes on until something has happened.
#pragma once

#include <functional>

#include "store/time.h"

namespace halp {

class WorldRunner {
public:
    virtual ~WorldRunner() = default;
    // Asks `done` first and after everything that happens. False when it has not come true within `span` of the
    // world's time. Never called from inside an EventHandler.
    virtual bool run_until(const std::function<bool()>& done, Duration span) = 0;
};

}  // namespace halp
