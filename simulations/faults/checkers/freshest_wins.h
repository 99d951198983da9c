// Freshest wins: what a node holds of a host never grows older by what it hears, its lists stand in order of
// recency, and no host is fresher than it can be, that is, confirmed after it was gone.
#pragma once

#include <map>
#include <tuple>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class FreshestWins final : public Checker {
public:
    explicit FreshestWins(const Bounds& bounds);
    [[nodiscard]] std::string_view name() const override { return "freshest wins"; }
    void on_deed(const Deed& deed) override;
    void on_look(const Look& look) override;

    // A higher version of an announcement may come by a longer way: each hop makes it a second older, or a period.
    static constexpr int hops_max = 15;

private:
    using Item = std::pair<Label, Endpoint>;
    void check_order(const Look& look, const Label& label, const std::vector<ListedHost>& hosts);
    void check_truth(const Look& look, const Label& label, const Endpoint& endpoint, Instant confirmed);

    Duration slack_;
    std::map<Item, Instant> gone_;
    std::map<std::size_t, std::map<Item, Instant>>
        seen_;  // by node: when each host was confirmed, at the last look
};

}  // namespace halp::sim
