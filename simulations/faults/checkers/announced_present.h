// No stranger makes an announcement disappear: while its node, the one that is asked and the network are left in
// peace, a node misses it for two periods at most. Only for runs with hostile nodes.
#pragma once

#include <map>
#include <utility>

#include "simulations/faults/checkers/checker.h"
#include "simulations/faults/checkers/false_burials.h"

namespace halp::sim {

class AnnouncedPresent final : public Checker {
public:
    AnnouncedPresent(const CheckerContext& context, const FalseBurials& calm);
    [[nodiscard]] std::string_view name() const override { return "announced present"; }
    void on_process(std::size_t node) override;
    void on_truth_change(const TruthChange& change) override;
    void on_snapshot(const Snapshot& snapshot) override;

private:
    using Where = std::pair<Label, Endpoint>;
    struct Item {
        std::size_t node;
        std::size_t swarm;
        Instant since;
    };
    void look(const Snapshot& snapshot, const Where& where, const Item& item);

    const FalseBurials& calm_;
    Duration spread_for_, absent_max_;
    std::map<Where, Item> there_;
    std::map<std::pair<std::size_t, Where>, Instant> seen_;  // when a node last showed an item
};

}  // namespace halp::sim
