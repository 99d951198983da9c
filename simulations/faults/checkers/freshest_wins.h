// Freshest wins: hearsay never makes an entry older, lists are in order of recency, and no host is confirmed after
// it was gone.
#pragma once

#include <map>
#include <tuple>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class FreshestWins final : public Checker {
public:
    explicit FreshestWins(const CheckerContext& context);
    [[nodiscard]] std::string_view name() const override { return "freshest wins"; }
    void on_truth_change(const TruthChange& change) override;
    void on_snapshot(const Snapshot& snapshot) override;

    // A newer version of an announcement may come over more hops. Each hop makes it older by a second or a period.
    static constexpr int hops_max = 15;

private:
    using Item = std::pair<Label, Endpoint>;
    void check_order(const Snapshot& snapshot, const Label& label, const std::vector<ListedHost>& hosts);
    void check_truth(const Snapshot& snapshot, const Label& label, const Endpoint& endpoint, Instant confirmed);

    Duration slack_;
    std::map<Item, Instant> gone_;
    std::map<std::size_t, std::map<Item, Instant>>
        seen_;  // by node: when each host was confirmed, in the last snapshot
};

}  // namespace halp::sim
