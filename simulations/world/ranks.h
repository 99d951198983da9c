// The processes that play one run together, on one or on several machines ("ranks" of MPI). All have the same
// options and play the same program; each has a share of the nodes. tools/halp-sim/mpi implements it with MPI,
// tests with threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace halp::sim {

class Ranks {
public:
    virtual ~Ranks() = default;
    [[nodiscard]] virtual unsigned rank() const = 0;
    [[nodiscard]] virtual unsigned size() const = 0;
    [[nodiscard]] virtual unsigned on_this_machine() const = 0;  // this one included

    // All ranks call it at the same step of their program. `out[i]` goes to rank i; what rank i sent to this one is
    // at [i] of the result. Bytes are as the machine has them: all machines of a run are of one kind.
    [[nodiscard]] virtual std::vector<std::string> exchange(const std::vector<std::string>& out) = 0;

    // The sum of one number of every rank, for all of them. Integers only: a sum of doubles depends on their order.
    [[nodiscard]] std::uint64_t sum(std::uint64_t mine) {
        const std::string bytes{reinterpret_cast<const char*>(&mine), sizeof mine};
        std::uint64_t all = 0;
        for (const std::string& from : exchange(std::vector<std::string>(size(), bytes))) {
            std::uint64_t one = 0;
            from.copy(reinterpret_cast<char*>(&one), sizeof one);
            all += one;
        }
        return all;
    }
};

// Where the share of a rank, or of one of `count` workers, begins. `number` may be `count`: the end.
[[nodiscard]] inline std::uint32_t share_begin(std::uint32_t nodes, unsigned number, unsigned count) {
    return static_cast<std::uint32_t>(std::uint64_t{nodes} * number / count);
}
// Whose share has this node.
[[nodiscard]] inline unsigned share_of(std::uint32_t node, std::uint32_t nodes, unsigned count) {
    auto number = static_cast<unsigned>(std::uint64_t{node} * count / nodes);
    while (share_begin(nodes, number + 1, count) <= node) ++number;
    return number;
}

}  // namespace halp::sim
