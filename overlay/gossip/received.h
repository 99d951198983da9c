// What became of what arrived. Each frame of gossip, each node and each announced host in it, and each line of an
// insert has exactly one fate. So the fates add up to what arrived, which NodeStreams counts before anything is
// judged; the fault runs check that (simulations/faults/checkers/accounts.h).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace halp {

// Counters by fate; `names` of them are what status shows.
template <class Fate, std::size_t n>
class Fates {
public:
    void count(Fate fate, std::uint64_t items = 1) { counts_[static_cast<std::size_t>(fate)] += items; }
    void add(const Fates& others) {
        for (std::size_t fate = 0; fate < n; ++fate) counts_[fate] += others.counts_[fate];
    }
    [[nodiscard]] std::uint64_t operator[](Fate fate) const { return counts_[static_cast<std::size_t>(fate)]; }
    [[nodiscard]] std::uint64_t total() const {
        return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
    }
    [[nodiscard]] const std::array<std::uint64_t, n>& counts() const { return counts_; }

private:
    std::array<std::uint64_t, n> counts_{};
};

// Out of turn: a request in the place of an answer, or before the node has started. Nameless: nobody could say
// whose.
enum class FrameFate : std::uint8_t { taken, refusal, other_swarm, own_number, out_of_turn, leaving, nameless };
inline constexpr std::array<std::string_view, 7> frame_fates{"taken",       "refusal", "other_swarm", "own_number",
                                                             "out_of_turn", "leaving", "nameless"};

// Not read: the frame is of a kind that brings none, or was not taken. Doubt: the word that a node is gone is a
// reason to look. Known: nothing new. Unproved: a newer version of a node that this one has reached.
enum class NodeFate : std::uint8_t { kept, known, own, doubt, not_named, found_gone, too_old, unproved, not_read };
inline constexpr std::array<std::string_view, 9> node_fates{
    "kept", "known", "own", "doubt", "not_named", "found_gone", "too_old", "unproved", "not_read"};

// Not named: the speaker may not name it, or the label has no hosts. Waits: a withdrawal that is argued about, or
// an announcement that this node has withdrawn. Refused: RefusalCause says why.
enum class HostFate : std::uint8_t { kept, known, own, waits, outranked, not_named, refused, not_read };
inline constexpr std::array<std::string_view, 8> host_fates{"kept",      "known",     "own",     "waits",
                                                            "outranked", "not_named", "refused", "not_read"};

// Of inserts by HALP text. Elsewhere: the address means nothing here. Label refused: a line before it was.
enum class LineFate : std::uint8_t { kept, bad, elsewhere, refused, label_refused };
inline constexpr std::array<std::string_view, 5> line_fates{"kept", "bad", "elsewhere", "refused", "label_refused"};

struct ReceivedItems {
    Fates<FrameFate, frame_fates.size()> frames;
    Fates<NodeFate, node_fates.size()> nodes;
    Fates<HostFate, host_fates.size()> hosts;
    Fates<LineFate, line_fates.size()> lines;
};

// Before anything is judged. Of the frames `malformed` are none; of nodes and hosts those `elsewhere` have an
// address that means nothing here.
struct Arrived {
    std::uint64_t frames = 0, nodes = 0, hosts = 0, lines = 0;
    std::uint64_t malformed = 0, nodes_elsewhere = 0, hosts_elsewhere = 0;
};

}  // namespace halp
