// The share of attackers in the lists of honest nodes after 100 rounds, N = 2 000. Each attacker begins one
// exchange a round (ten at 20 %), which names other attackers as just seen.
#include <deque>
#include <string>
#include <vector>

#include "overlay/gossip/view/rank_sampler.h"
#include "simulations/published/reproduction_sections.h"
#include "simulations/views/hybrid_cycles.h"
#include "simulations/views/peer_cycles.h"
#include "store/hash.h"

namespace halp::sim {
namespace {

constexpr std::size_t attack_nodes = 2'000;
constexpr int rounds = 100;

struct Level {
    const char* name;
    double share;
    int pushes;
};
constexpr Level levels[]{{"5 %", 0.05, 1}, {"10 %", 0.10, 1}, {"20 %, 10 pushes", 0.20, 10}};

std::size_t attackers_of(const Level& level) { return static_cast<std::size_t>(level.share * attack_nodes + 0.5); }

HybridCycles after_attack(const ViewOptions& view, const Level& level, std::size_t groups, const Section& section) {
    HybridOptions options;
    options.view = view;
    options.hearsay_ages = view.anchors_max > 0;
    options.attacker_groups = groups;
    options.pushes = level.pushes;
    HybridCycles swarm{section.options.seed, options};
    swarm.start_at_random(attack_nodes - attackers_of(level), attackers_of(level), view.fresh_max);
    for (int i = 0; i < rounds; ++i) swarm.cycle();
    return swarm;
}

void check_bare(const std::string& rule, const ViewOptions& view, const Section& section) {
    for (const Level& level : levels) {
        section.working_on(rule + " under attack");
        const HybridCycles swarm = after_attack(view, level, 64, section);
        section.report({"attack, " + rule + ", " + level.name + ", share", 1.0,
                        swarm.attackers_among(PeerRole::fresh), 0.05, 0, Sense::at_least});
    }
}

struct HybridRow {
    std::size_t groups;
    double fresh[3], anchor[3];
};
constexpr HybridRow hybrid_rows[]{{4, {.09, .13, .31}, {.09, .10, .13}}, {64, {.97, 1.0, 1.0}, {.82, 1.0, 1.0}}};

void check_hybrid(const HybridRow& row, const Section& section) {
    // The share must be at most that of the table. In many groups the table says that the fresh list is lost; then
    // ours must be lost as well, or our attack would be weaker than the table's.
    const bool lost = row.groups == 64;
    for (std::size_t i = 0; i < std::size(levels); ++i) {
        const std::string name =
            "attack, hybrid, " + std::to_string(row.groups) + " groups, " + levels[i].name + ", ";
        section.working_on(name);
        HybridCycles swarm = after_attack(hybrid_view(), levels[i], row.groups, section);
        section.report({name + "fresh", row.fresh[i], swarm.attackers_among(PeerRole::fresh), 0.25, 0,
                        lost ? Sense::at_least : Sense::at_most});
        section.report(
            {name + "anchors", row.anchor[i], swarm.attackers_among(PeerRole::anchor), 0.25, 0, Sense::at_most});
        if (row.groups == 4 && levels[i].share == 0.20)  // overlay/gossip/rules.md section 9: at most 1.5 f
            section.report(
                {name + "share of partners", 0.30, swarm.attackers_among_partners(), 0, 0, Sense::at_most});
    }
}

// The sampler alone: every node exchanges the content of its slots with the node of a random slot.
class SamplerCycles {
public:
    SamplerCycles(std::uint64_t seed, std::size_t slots, const Level& level)
        : honest_(attack_nodes - attackers_of(level)),
          slots_(slots),
          pushes_(level.pushes),
          random_(seed, 0x72616e6b) {
        for (std::size_t i = 0; i < honest_; ++i) {
            members_.emplace_back(slots, random_);
            for (std::size_t k = 0; k < slots; ++k) hear(members_.back(), EndpointId{anybody(0, attack_nodes)});
        }
    }
    void cycle() {
        ++cycles_;
        for (std::uint32_t i = 0; i < honest_; ++i) act(i);
        for (std::uint32_t i = static_cast<std::uint32_t>(honest_); i < attack_nodes; ++i)
            for (int k = 0; k < pushes_; ++k) hear_accomplices(members_[anybody(0, honest_)], i);
        if (cycles_ % 5 == 0)
            for (RankSampler& member : members_) member.renew(random_);
    }
    double attackers() const {
        double bad = 0, all = 0;
        for (const RankSampler& member : members_)
            for (const EndpointId id : member.nodes()) {
                ++all;
                bad += evil(id) ? 1 : 0;
            }
        return bad / all;
    }

private:
    bool evil(EndpointId id) const { return static_cast<std::uint32_t>(id) >= honest_; }
    std::uint32_t anybody(std::size_t from, std::size_t to) {
        return static_cast<std::uint32_t>(from + random_.below(to - from));
    }
    static void hear(RankSampler& at, EndpointId id) { at.observe(id, mix(static_cast<std::uint64_t>(id) + 1)); }
    void hear_accomplices(RankSampler& at, std::uint32_t speaker) {
        hear(at, EndpointId{speaker});
        for (std::size_t i = 1; i < slots_; ++i) hear(at, EndpointId{anybody(honest_, attack_nodes)});
    }
    void act(std::uint32_t node) {
        RankSampler& own = members_[node];
        const EndpointId partner = own.draw(random_);
        if (evil(partner)) {
            hear_accomplices(own, static_cast<std::uint32_t>(partner));
            return;
        }
        RankSampler& other = members_[static_cast<std::uint32_t>(partner)];
        const std::vector<EndpointId> said = own.nodes(), answered = other.nodes();
        for (const EndpointId id : said)
            if (id != partner) hear(other, id);
        hear(other, EndpointId{node});
        for (const EndpointId id : answered)
            if (id != EndpointId{node}) hear(own, id);
    }

    std::size_t honest_, slots_;
    int pushes_, cycles_ = 0;
    SimRandom random_;
    std::deque<RankSampler> members_;
};

struct SamplerRow {
    std::size_t slots;
    double share[3];
};
constexpr SamplerRow sampler_rows[]{{100, {.05, .10, .21}}, {30, {.08, .18, .94}}};

void check_sampler(const SamplerRow& row, const Section& section) {
    for (std::size_t i = 0; i < std::size(levels); ++i) {
        const std::string name = "attack, rank sampler, " + std::to_string(row.slots) + " slots, " + levels[i].name;
        section.working_on(name);
        SamplerCycles swarm{section.options.seed, row.slots, levels[i]};
        for (int r = 0; r < rounds; ++r) swarm.cycle();
        section.report({name + ", share", row.share[i], swarm.attackers(), 0.25, 0.01,
                        row.slots == 100 ? Sense::at_most : Sense::near});
    }
}

// The production view in an open swarm. overlay/gossip/rules.md section 9 allows a share of 2 f among the partners
// at 10 % attackers in 64 groups.
void check_open(const Section& section) {
    section.working_on("open swarm under attack");
    ViewOptions view = hybrid_view();
    view.partner = PartnerRule::ranked;
    HybridCycles swarm = after_attack(view, levels[1], 64, section);
    section.report({"attack, partner: ranked, 64 groups, 10 %, share of partners", 0.20,
                    swarm.attackers_among_partners(), 0, 0, Sense::at_most});
}

}  // namespace

void reproduce_attack(const Section& section) {
    ViewOptions plain = newscast(30);
    plain.ties = TieRule::random;
    check_bare("Newscast c30", plain, section);
    if (!section.options.quick) {
        check_bare("swapper c30", peer_sampling(30, 0, 15), section);
        for (const HybridRow& row : hybrid_rows) check_hybrid(row, section);
        for (const SamplerRow& row : sampler_rows) check_sampler(row, section);
    }
    check_open(section);
}

}  // namespace halp::sim
