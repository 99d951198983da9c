#include "simulations/faults/checkers/collisions_told.h"

namespace halp::sim {

void CollisionsTold::on_event(std::size_t node, Instant at, const Event& event) {
    if (std::holds_alternative<NumberShared>(event)) told_[{node, What::number}] = at;
    if (std::holds_alternative<SelfContested>(event)) told_[{node, What::address}] = at;
}

void CollisionsTold::expect_told(std::size_t node, What what, Instant since, Instant now) {
    const auto told = told_.find({node, what});
    if (told != told_.end() && told->second >= since) return;
    report(node, now,
           std::string{"was not told within "} + seconds_text(now - since) + " that another node has its " +
               (what == What::number ? "number" : "address"));
}

}  // namespace halp::sim
