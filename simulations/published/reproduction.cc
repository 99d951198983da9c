#include "simulations/published/reproduction.h"

#include <cmath>
#include <functional>

#include "simulations/published/published_figures.h"
#include "simulations/published/reproduction_sections.h"

namespace halp::sim {

namespace {

struct NamedSection {
    std::string_view name;
    void (*run)(const Section&);
    std::string_view source;
};
constexpr NamedSection sections[]{
    {"newscast", reproduce_newscast, "Newscast by PeerSim 1.0.5, and a second program"},
    {"rules", reproduce_rules, "one run of another program; rules of Jelasity et al., TOCS 2007"},
    {"spread", reproduce_spread, published_spread_source},
    {"hybrid", reproduce_hybrid, "one run of another program"},
    {"attack", reproduce_attack, "one run of another program"},
    {"hyparview", reproduce_hyparview, "Leitao, Pereira, Rodrigues, HyParView, DSN 2007"}};

}  // namespace

bool Check::met() const {
    const double allowed = std::abs(expected) * tolerance + spare + 1e-12;
    switch (sense) {
        case Sense::at_most:
            return got <= expected + allowed;
        case Sense::at_least:
            return got >= expected - allowed;
        case Sense::beside:
            return true;
        case Sense::near:
            break;
    }
    return std::abs(got - expected) <= allowed;
}

const std::vector<std::string_view>& reproduction_sections() {
    static const std::vector<std::string_view> names = [] {
        std::vector<std::string_view> out;
        for (const NamedSection& one : sections) out.push_back(one.name);
        return out;
    }();
    return names;
}

void reproduce(const ReproductionOptions& options, const std::function<void(const Check&)>& report) {
    for (const NamedSection& one : sections) {
        if (!options.only.empty() && options.only != one.name) continue;
        const std::function<void(const Check&)> with_source = [&](Check check) {
            check.source = one.source;
            report(check);
        };
        one.run({options, with_source});
    }
}

}  // namespace halp::sim
