// The sections of the reproduction suite, one file each (reproduce_*.cc).
#pragma once

#include <functional>
#include <string>

#include "simulations/published/reproduction.h"

namespace halp::sim {

struct Section {
    const ReproductionOptions& options;
    const std::function<void(const Check&)>& report;
    void working_on(const std::string& what) const {
        if (options.progress) options.progress(what);
    }
};

void reproduce_newscast(const Section& section);   // Newscast of PeerSim
void reproduce_rules(const Section& section);      // twelve rules of peer sampling
void reproduce_spread(const Section& section);     // rounds until all know one item
void reproduce_hybrid(const Section& section);     // the daemon's rule
void reproduce_attack(const Section& section);     // attackers that push their addresses
void reproduce_hyparview(const Section& section);  // HyParView after failures, and the daemon's rule

}  // namespace halp::sim
