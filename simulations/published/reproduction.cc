#include "simulations/published/reproduction.h"

#include <cmath>
#include <utility>

#include "simulations/published/reproduction_sections.h"

namespace halp::sim {

namespace {

constexpr std::pair<std::string_view, void (*)(const Section&)> sections[]{{"newscast", reproduce_newscast},
                                                                           {"rules", reproduce_rules},
                                                                           {"spread", reproduce_spread},
                                                                           {"hybrid", reproduce_hybrid},
                                                                           {"attack", reproduce_attack}};

}  // namespace

bool Check::met() const {
    const double allowed = std::abs(expected) * tolerance + spare + 1e-12;
    switch (sense) {
        case Sense::at_most:
            return got <= expected + allowed;
        case Sense::at_least:
            return got >= expected - allowed;
        case Sense::near:
            break;
    }
    return std::abs(got - expected) <= allowed;
}

const std::vector<std::string_view>& reproduction_sections() {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> out;
        for (const auto& [name, run] : sections) out.push_back(name);
        return out;
    }();
    return names;
}

void reproduce(const ReproductionOptions& options, const std::function<void(const Check&)>& report) {
    for (const auto& [name, run] : sections)
        if (options.only.empty() || options.only == name) run({options, report});
}

}  // namespace halp::sim
