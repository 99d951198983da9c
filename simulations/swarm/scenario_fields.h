// Every field of a scenario once: its key, where its value lives, what is allowed. The reader, the writer and the
// run card go by these lists.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simulations/swarm/scenario.h"

namespace halp::sim {

// A choice among names, written as its number.
struct Choice {
    std::vector<std::string_view> names;
    std::function<void(std::size_t)> choose;
    std::size_t chosen = 0;
};
struct Number {
    std::size_t* value;
    std::size_t min, max;
};
struct Span {
    Duration* value;
    Duration min, max;
};
struct Share {
    double* value;
    double min, max;
};
struct Text {
    std::string* value;
    std::size_t length_max;
};
struct Seed {
    std::uint64_t* value;
};
using Slot = std::variant<Number, Span, Share, Text, Seed, Choice>;

struct Field {
    std::string key;
    Slot slot;
};

// Of the top level and of `network.`; the latter depend on the topology.
std::vector<Field> fields_of(Scenario& scenario);
// What a phase of its kind takes, `do` first.
std::vector<Field> fields_of(Phase& phase, std::size_t nodes);
bool is_node_key(std::string_view key);  // a setting of halpd that a scenario may set
Slot kind_slot(Phase& phase);
Slot topology_slot(TopologyOptions& topology);

[[nodiscard]] std::string allowed(const Slot& slot);
bool assign(Slot& slot, const std::string& text);   // false: nothing was changed
[[nodiscard]] std::string print(const Slot& slot);  // read again as the same value

}  // namespace halp::sim
