#include "simulations/faults/fault_shrink.h"

#include <algorithm>
#include <chrono>

namespace halp::sim {

namespace {

constexpr std::size_t nodes_min = 2;
constexpr Duration time_min = std::chrono::seconds{1};

class Shrinker {
public:
    Shrinker(const FaultPlan& plan, const FaultOutcome& outcome, const PlayPlan& play, std::size_t runs_max)
        : best_{plan, outcome, 0}, complaint_(outcome.complaint()), play_(play), runs_max_(runs_max) {}

    Shrunk run() {
        bool smaller = true;
        while (smaller && best_.runs < runs_max_) {
            smaller = false;
            while (best_.plan.nodes / 2 >= nodes_min && tried(with_nodes(best_.plan, best_.plan.nodes / 2)))
                smaller = true;
            while (best_.plan.faults_for / 2 >= time_min && tried(with_time(best_.plan, half_of_time())))
                smaller = true;
            smaller = drop_steps() || smaller;
        }
        return std::move(best_);
    }

private:
    [[nodiscard]] Duration half_of_time() const {
        return std::chrono::milliseconds{best_.plan.faults_for / 2 / std::chrono::milliseconds{1}};
    }

    // Drops pieces of the steps: first halves, at last single steps (Zeller and Hildebrandt, "Simplifying and
    // Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002).
    bool drop_steps() {
        bool smaller = false;
        for (std::size_t piece = (best_.plan.steps.size() + 1) / 2; piece > 0; piece /= 2) {
            for (std::size_t at = 0; at < best_.plan.steps.size();) {
                FaultPlan plan = best_.plan;
                const auto begin = plan.steps.begin() + static_cast<std::ptrdiff_t>(at);
                const std::size_t count = std::min(piece, plan.steps.size() - at);
                plan.steps.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
                if (tried(std::move(plan)))
                    smaller = true;
                else
                    at += piece;
            }
        }
        return smaller;
    }

    // True when the plan fails in the same way; then it is the best so far.
    bool tried(FaultPlan plan) {
        if (best_.runs >= runs_max_) return false;
        ++best_.runs;
        FaultOutcome outcome = play_(plan);
        if (outcome.complaint() != complaint_) return false;
        best_.plan = std::move(plan);
        best_.outcome = std::move(outcome);
        return true;
    }

    Shrunk best_;
    std::string complaint_;
    const PlayPlan& play_;
    std::size_t runs_max_;
};

}  // namespace

FaultPlan with_nodes(const FaultPlan& plan, std::size_t nodes) {
    FaultPlan out = plan;
    out.nodes = nodes;
    std::erase_if(out.steps, [&](const Step& step) { return step.a >= nodes || step.b >= nodes; });
    return out;
}

FaultPlan with_time(const FaultPlan& plan, Duration faults_for) {
    FaultPlan out = plan;
    out.faults_for = faults_for;
    std::erase_if(out.steps, [&](const Step& step) { return step.at > faults_for; });
    for (Step& step : out.steps) step.span = std::min(step.span, faults_for - step.at);
    return out;
}

Shrunk shrink(const FaultPlan& plan, const FaultOutcome& outcome, const PlayPlan& play, std::size_t runs_max) {
    return Shrinker{plan, outcome, play, runs_max}.run();
}

}  // namespace halp::sim
