// Rounds until a share of the swarm knows one item. The table is for uniform partners and synchronous rounds. The
// goals of overlay/gossip/rules.md section 9 are checked with partners from the production view.
#include <algorithm>
#include <string>
#include <vector>

#include "simulations/published/published_figures.h"
#include "simulations/published/reproduction_sections.h"
#include "simulations/views/hybrid_cycles.h"

namespace halp::sim {
namespace {

constexpr auto& shares = published_spread_shares;
constexpr const char* share_names[]{"50 %", "99 %", "99.9 %", "100 %"};

// Adds the rounds of one run to `rounds`. A lost exchange is lost in both directions.
void spread_once(std::size_t n, double loss, SimRandom& random, double (&rounds)[4]) {
    std::vector<bool> knows(n, false);
    knows[0] = true;
    std::size_t reached = 0;
    for (int round = 1; reached < 4; ++round) {
        const std::vector<bool> before = knows;
        for (std::size_t i = 0; i < n; ++i) {
            std::size_t other = random.below(n - 1);
            other += other >= i;
            if (loss > 0 && random.chance(loss)) continue;
            if (before[i] != before[other]) knows[i] = knows[other] = true;
        }
        const auto count = static_cast<double>(std::ranges::count(knows, true));
        while (reached < 4 && count >= shares[reached] * static_cast<double>(n) - 1e-6) rounds[reached++] += round;
    }
}

void check_uniform(const PublishedSpread& row, double loss, const Section& section) {
    const int runs = row.nodes >= 100'000 ? 10 : 50;
    const std::string name = "uniform partners, N = " + std::to_string(row.nodes) + (loss > 0 ? ", 25 % loss" : "");
    section.working_on(name);
    double rounds[4]{};
    SimRandom random{section.options.seed, row.nodes + (loss > 0 ? 1 : 0)};
    for (int i = 0; i < runs; ++i) spread_once(row.nodes, loss, random, rounds);
    // The table has means of few runs and states no tolerance. Ours is half a round, one round where the last node
    // decides.
    for (std::size_t i = loss > 0 ? 2 : 0; i < 4; ++i)
        section.report({name + ", rounds to " + share_names[i], loss > 0 ? row.with_loss[i - 2] : row.rounds[i],
                        rounds[i] / runs, 0, loss > 0 && i == 3 ? 1.0 : 0.5});
}

void check_view(std::size_t nodes, double loss, double goal, const Section& section) {
    const std::string name =
        "partners of the hybrid view, N = " + std::to_string(nodes) + (loss > 0 ? ", 25 % loss" : "");
    section.working_on(name);
    HybridOptions options;
    options.loss = loss;
    HybridCycles swarm{section.options.seed, options};
    swarm.start_at_random(nodes, 0, 24);
    for (int i = 0; i < 20; ++i) swarm.cycle();
    swarm.announce(0);
    int rounds = 0;
    while (swarm.informed_share() < 0.999 && rounds < 100) {
        swarm.cycle();
        ++rounds;
    }
    section.report({name + ", rounds to 99.9 %", goal, static_cast<double>(rounds), 0, 0, Sense::at_most});
}

}  // namespace

void reproduce_spread(const Section& section) {
    for (const PublishedSpread& row : published_spread()) {
        if (section.options.quick && row.nodes > 10'000) continue;
        check_uniform(row, 0, section);
        check_uniform(row, 0.25, section);
    }
    const std::size_t nodes = section.options.quick ? 2'000 : 10'000;
    check_view(nodes, 0, 12, section);
    check_view(nodes, 0.25, 15, section);
}

}  // namespace halp::sim
