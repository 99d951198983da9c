// What one turn of the event loop may still spend on long requests. The unit is one byte read; each record costs
// record_cost besides, so that many small records are not free. A request that spends the last of the budget
// finishes its current step.
#pragma once

#include <cstddef>

namespace halp::neo {

class TurnBudget {
public:
    static constexpr std::size_t record_cost = 64;

    explicit TurnBudget(std::size_t bytes) : left_(bytes) {}
    [[nodiscard]] std::size_t left() const { return left_; }
    [[nodiscard]] bool spent() const { return left_ == 0; }
    void spend(std::size_t bytes) { left_ -= bytes < left_ ? bytes : left_; }
    void spend_record(std::size_t value_bytes) { spend(record_cost + value_bytes); }

private:
    std::size_t left_;
};

}  // namespace halp::neo
