// Straight-line code in virtual time.
#pragma once

#include <functional>

#include "overlay/world_runner.h"
#include "simulations/world/sim_world.h"

namespace halp {

class SimRunner final : public WorldRunner {
public:
    explicit SimRunner(SimWorld& world) : world_(world) {}
    bool run_until(const std::function<bool()>& done, Duration span) override {
        return done() || world_.run_until(done, span);
    }

private:
    SimWorld& world_;
};

}  // namespace halp
