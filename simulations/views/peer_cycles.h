// The production PeerView, driven as the literature drives its simulators: cycle by cycle, every node exchanging
// once, at one go. Time is what differs between the simulators whose figures we reproduce, so there are four ways
// to keep it. What the reproduction suite measures; how it compares is in simulations/README.md.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "overlay/gossip/peer_view.h"
#include "simulations/views/overlay_graph.h"
#include "simulations/world/sim_random.h"

namespace halp::sim {

// Newscast (Jelasity, van Steen, 2002): whole views and the own address are exchanged, the c freshest stay, ties
// fall alike on both sides.
ViewOptions newscast(std::size_t c);
// The 2007 paper's (c, H, S): half a view with the own address in it, nothing by recency.
ViewOptions peer_sampling(std::size_t c, std::size_t healer, std::size_t swapper);
// Cyclon (Voulgaris, Gavidia, van Steen, 2005): swaps `shuffle` entries with the oldest, which it then forgets.
ViewOptions cyclon(std::size_t c, std::size_t shuffle);
// The original program: pulls the ten newest lines of the newest host, inserts itself there, drops who is dead.
ViewOptions original_halp(std::size_t c);

// How a cycle orders and dates what happens in it.
enum class CycleTime : std::uint8_t {
    // A fixed order of nodes, each at an instant of its own, as nodes with one period and different phases.
    phases,
    // As PeerSim's example.newscast.SimpleNewscast under `control.shf Shuffle`: a new order in each cycle, one
    // instant
    // for all of it; among entries of one cycle both views take turns, each in its order of arrival.
    peersim,
    // As the cycle-driven experiments of the 2007 paper: a new order in each cycle, and each node has a clock of
    // its
    // own that counts the cycles it began. Ages travel, so an entry ages by one at each cycle of its holder.
    by_holder,
    // Event-driven: fixed phases as with `phases`, but a question and an answer each take 1 to 10 % of a period.
    delayed,
};

class PeerCycles {
public:
    // Every node begins with `view.fresh_max` others drawn at random.
    PeerCycles(std::uint64_t seed, std::size_t nodes, const ViewOptions& view, CycleTime time = CycleTime::phases);

    void cycle();
    void kill(double share);  // a random share of the living stops answering
    [[nodiscard]] std::size_t living() const { return living_; }
    [[nodiscard]] ViewGraph graph() const;  // of all nodes, dead ones too
    [[nodiscard]] ViewGraph living_graph() const;
    // Of the entries in the views of the living: mean of the dead ones per view, and their share.
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
        Instant now = start_instant;  // its own clock, with CycleTime::by_holder
    };
    using News = std::vector<PeerReport>;
    struct Flight {  // with CycleTime::delayed
        Instant due = never;
        std::uint64_t number = 0;
        std::uint32_t from = 0, to = 0;  // the same: its time to ask has come
        std::uint64_t exchange = 0;      // 0: a question
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
    std::deque<Node> nodes_;   // addresses stay: views borrow their chance
    std::vector<std::uint32_t> order_;
    std::size_t living_;
    SimRandom random_;  // what no node decides
    Instant now_ = start_instant;
    std::int64_t cycles_ = 0;
    std::vector<Flight> flights_;  // a heap, the next on top
    std::uint64_t flights_begun_ = 0;
    News from_a_, from_b_;  // kept to spare allocations
};

}  // namespace halp::sim
