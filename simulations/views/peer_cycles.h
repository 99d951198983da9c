// The production PeerView in a cycle-driven simulation, as in the literature: in each cycle every node makes one
// exchange, which takes no time. The simulators whose figures are reproduced differ in how they keep time, so there
// are four ways (simulations/published/README.md).
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "overlay/gossip/view/peer_view.h"
#include "simulations/views/overlay_graph.h"
#include "simulations/world/sim_random.h"

namespace halp::sim {

// Newscast (Jelasity, van Steen, 2002): both sides send their whole view and their address and keep the c freshest
// entries. Both sides break ties alike.
ViewOptions newscast(std::size_t c);
// (c, H, S) of Jelasity et al., "Gossip-based Peer Sampling", TOCS 2007: half of the view and the own address are
// sent.
ViewOptions peer_sampling(std::size_t c, std::size_t healer, std::size_t swapper);
// Cyclon (Voulgaris, Gavidia, van Steen, 2005): swaps `shuffle` entries with the oldest neighbour, which it then
// forgets.
ViewOptions cyclon(std::size_t c, std::size_t shuffle);
// The original program of 2011: pulls the ten newest lines of its newest host, inserts itself there, drops dead
// hosts.
ViewOptions original_halp(std::size_t c);

// The order of nodes in a cycle and the timestamps of their entries.
enum class CycleTime : std::uint8_t {
    // A fixed order of nodes, each at its own instant: nodes with one period and different phases.
    phases,
    // PeerSim's example.newscast.SimpleNewscast with `control.shf Shuffle`: a new order in each cycle and one
    // instant
    // for the whole cycle. Among entries of one cycle the two views alternate, each in its order of arrival.
    peersim,
    // The cycle-driven experiments of the TOCS paper: a new order in each cycle. The clock of a node counts the
    // cycles
    // that it began. Messages carry ages, so an entry ages by one at each cycle of its holder.
    by_holder,
    // Event-driven: fixed phases as in `phases`, but a request and an answer each take 1 to 10 % of a period.
    delayed,
};

class PeerCycles {
public:
    // Every node starts with `view.fresh_max` others drawn at random.
    PeerCycles(std::uint64_t seed, std::size_t nodes, const ViewOptions& view, CycleTime time = CycleTime::phases);

    void cycle();
    void kill(double share);  // a random share of the living stops answering
    [[nodiscard]] std::size_t living() const { return living_; }
    [[nodiscard]] ViewGraph graph() const;  // of all nodes, including dead ones
    [[nodiscard]] ViewGraph living_graph() const;
    // Dead entries in the views of the living: mean per view, and share of all entries.
    struct DeadEntries {
        double per_view = 0, share = 0;
    };
    [[nodiscard]] DeadEntries dead_entries() const;

private:
    static constexpr Instant start_instant{4096 * std::chrono::milliseconds{1024}};  // whole cycles of PeerSim

    struct Node {
        Node(const EndpointTable& endpoints, const ViewOptions& options, std::uint64_t seed, std::uint64_t number)
            : random(seed, number), view(endpoints, random, options) {}
        SimRandom random;
        PeerView view;
        bool alive = true;
        Instant now = start_instant;  // clock of the node, for CycleTime::by_holder
    };
    using News = std::vector<PeerReport>;
    struct Flight {  // a message, for CycleTime::delayed
        Instant due = never;
        std::uint64_t number = 0;
        std::uint32_t from = 0, to = 0;  // the same node: its next cycle begins
        std::uint64_t exchange = 0;      // 0: a request
        News news;
    };

    void start_at_random(SimRandom& random);
    void act(std::uint32_t node);
    void exchange(std::uint32_t a, std::uint32_t b);
    void merge_as_peersim(std::uint32_t a, std::uint32_t b);
    void travel_as_ages(std::uint32_t a, std::uint32_t b);
    void tell(std::uint32_t node, News& news);
    void tell_all(std::uint32_t node, News& news);
    void hear(std::uint32_t node, const News& news, std::uint64_t tie_salt);
    void fly_until(Instant end);
    void depart(Instant when, std::uint32_t from, std::uint32_t to, std::uint64_t exchange, News news);

    ViewOptions options_;
    CycleTime time_;
    EndpointTable endpoints_;  // ids are given in order: that of node i is i
    std::deque<Node> nodes_;   // addresses stay: views refer to the random streams
    std::vector<std::uint32_t> order_;
    std::size_t living_;
    SimRandom random_;  // draws that belong to no node
    Instant now_ = start_instant;
    std::int64_t cycles_ = 0;
    std::vector<Flight> flights_;  // a heap, the next message on top
    std::uint64_t flights_begun_ = 0;
    News from_a_, from_b_;  // reused, to avoid allocations
};

}  // namespace halp::sim
