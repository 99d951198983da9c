// For straight-line code on a libevent world: runs its loop until something has happened.
#pragma once

#include <functional>

#include "overlay/libevent/world.h"
#include "overlay/world_runner.h"

namespace halp {

class LibeventRunner final : public WorldRunner {
public:
    explicit LibeventRunner(LibeventWorld& world) : world_(world) {}
    // Other worlds on the same event base go on as well.
    bool run_until(const std::function<bool()>& done, Duration span) override;

private:
    LibeventWorld& world_;
};

}  // namespace halp
