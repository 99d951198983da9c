// What was only heard of is dialled rarely. Nobody can have met an endpoint where there never was anybody, so each
// dial there comes of hearsay: one process dials such an endpoint at most twice in ten minutes, and all of them
// together so often as its budget allows.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "simulations/faults/checkers/checker.h"

namespace halp::sim {

class FewDials final : public Checker {
public:
    static constexpr std::size_t of_one_target_max = 2;
    static constexpr std::size_t in_all_max = 96;
    static constexpr Duration window = std::chrono::minutes{10};

    // `nowhere`: nobody ever was at this endpoint, and no operator named it.
    using Nowhere = std::function<bool(const Endpoint&)>;
    explicit FewDials(Nowhere nowhere) : nowhere_(std::move(nowhere)) {}
    [[nodiscard]] std::string_view name() const override { return "few dials"; }
    void on_process(std::size_t node) override { dialled_.erase(node); }
    void on_dial(std::size_t node, Instant at, const Endpoint& to) override;

    [[nodiscard]] std::size_t most_in_all() const { return most_in_all_; }  // of one process in ten minutes

private:
    using Dials = std::deque<std::pair<Instant, Endpoint>>;  // of the last ten minutes, oldest first
    Nowhere nowhere_;
    std::map<std::size_t, Dials> dialled_;  // by node
    std::size_t most_in_all_ = 0;
};

}  // namespace halp::sim
