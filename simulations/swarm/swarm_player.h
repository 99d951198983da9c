// The swarm of one scenario while it is played: its hosts, the planned actions and the measurements. The class has
// three files: swarm_run.cc for time and phases, swarm_hosts.cc for hosts, swarm_measures.cc for measurements.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "overlay/node/overlay_node.h"
#include "simulations/swarm/scripted_hosts.h"
#include "simulations/swarm/swarm_run.h"
#include "simulations/views/edge_sets.h"
#include "simulations/world/sim_world.h"

namespace halp::sim {

inline double seconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }
inline Duration scaled(Duration span, double factor) {
    return Duration{static_cast<std::int64_t>(static_cast<double>(span.count()) * factor)};
}

class SwarmPlayer final : SimWatcher {
public:
    SwarmPlayer(const Scenario& scenario, RunListener* listener);
    RunResult play();

private:
    enum class Role : std::uint8_t { ours, original, attacker, stranger };
    static constexpr std::size_t no_join = SIZE_MAX, no_host = SIZE_MAX;
    struct Member {
        HostId host{};
        Endpoint endpoint;
        Role role = Role::ours;
        std::unique_ptr<OverlayNode> node;       // of ours, while it lives
        std::unique_ptr<ScriptedHost> scripted;  // of all others, while it lives
        Instant began{};
        std::uint64_t sent_before = 0;  // in earlier lives
        std::size_t proved = 0;         // others, in its present life
        std::size_t join = no_join;     // its place in RunResult::joins while it has not joined
        bool island = false;
    };
    struct Action {
        enum class Kind : std::uint8_t { join, kill, restart, stall, upgrade, come, go } kind{};
        std::size_t node = 0;
        Duration span{0};
    };
    struct Item {
        Label label;
        Endpoint endpoint;
        Instant announced{};
        std::vector<Instant> heard;  // by node, in its present life; never: not yet
        std::vector<bool> counted;   // by node: alive at the announcement
    };
    // What the views of all OverlayNodes hold.
    struct Views {
        EdgeSets usable;                       // by entries that are alive and can be reached now
        std::vector<std::uint32_t> in_degree;  // by host: entries of it, which lives, in views
        std::size_t entries = 0, dead = 0, crossing = 0, joined = 0;
        std::size_t hostile_fresh = 0, hostile_anchors = 0, fresh = 0, anchors = 0;
        std::size_t originals_listed = 0;
        std::size_t living = 0, all_listed = 0,
                    dead_listed = 0;  // nodes that list all living ones; that list a dead one
    };

    // time and phases
    void play_phase(const Phase& p);
    void advance(Instant end);
    void plan(Instant at, Action action) { plan_.emplace(at, action); }
    void act(const Action& action);
    void begin_phase(const Phase& p, Instant begin, Instant end);
    void end_phase(const Phase& p);
    void grow(const Phase& p, Instant begin);
    Duration join_delay(const Phase& p, std::size_t there, std::size_t n, std::size_t target);
    void announce(const Phase& p);
    void split(const Phase& p);
    void stall(const Phase& p, Instant begin);
    void churn(Instant begin, Instant end);
    void plan_death(std::size_t i, Instant from);
    [[nodiscard]] Duration session(const Phase& p);
    [[nodiscard]] bool churning() const;
    void slow(const Phase& p);
    void skew_clocks(const Phase& p);
    void end_faults();
    void upgrade(const Phase& p, Instant begin);
    void follow(const SessionTrace& trace, Instant begin, Instant end);
    void come(std::size_t traced);
    void go(std::size_t traced);

    // hosts
    std::size_t add_host(const Endpoint& endpoint, Role role);
    void add_member();
    void add_attackers(const Phase& p);
    void add_strangers(const Phase& p);
    void remove_hostile();
    void begin(std::size_t i);
    void begin_original(std::size_t i);
    void kill(std::size_t i, Crash how);
    void restart(std::size_t i);
    void upgrade(std::size_t i);
    double unit() { return static_cast<double>(random_.next() >> 11) * 0x1.0p-53; }
    std::vector<std::size_t> chosen_count(std::size_t wanted, Role role = Role::ours);
    std::vector<std::size_t> chosen(double share);
    [[nodiscard]] std::size_t living(Role role = Role::ours) const;
    [[nodiscard]] std::size_t planned(Action::Kind kind) const;

    // measurements
    void on_event(HostId host, Instant at, const Event& event) override;
    void heard(std::size_t node, Instant at, const EntryLearned& e);
    void buried(const Endpoint& peer);
    void proved(std::size_t node, Instant at);
    [[nodiscard]] std::uint64_t sent_by_all() const;
    [[nodiscard]] double lived_by_all() const;  // node seconds
    [[nodiscard]] Views views();
    void add_view(std::size_t i, std::size_t enough, Views& v);
    void add_entry(std::size_t i, const PeerView::Glance& peer, std::size_t other, bool& crosses, Views& v) const;
    [[nodiscard]] ViewGraph overlay();
    [[nodiscard]] std::size_t member_of(EndpointId endpoint);
    [[nodiscard]] std::vector<bool> living_marks() const;
    void sample();
    void mark_survival(Sample& s, const std::vector<bool>& in_largest) const;
    [[nodiscard]] double coverage(std::size_t living_count) const;
    double sent_since_last();
    PhaseResult summary(const Phase& p, Instant begin);
    void add_figures(const Phase& p, const Views& v, PhaseResult& r) const;
    void add_original_figures(const Views& v, PhaseResult& r) const;
    void add_flood_figures(PhaseResult& r) const;
    template <class Good>
    [[nodiscard]] double periods_until(Duration from, Good good) const;
    void conclude();
    void add_peaks(std::size_t phase, PhaseResult& r) const;
    void add_join_times(PhaseResult& r) const;
    [[nodiscard]] ItemSpread spread(const Item& item) const;

    static constexpr std::uint32_t unknown_member = 0xffffffff;

    const Scenario& scenario_;
    RunListener* listener_;
    SimWorld world_;
    SimRandom random_;
    Instant start_;
    Duration total_{0};
    EndpointTable table_;
    AttackPlan attack_;
    FloodPlan flood_;
    std::vector<Member> hosts_;                             // by HostId
    std::size_t members_ = 0;                               // hosts that are not hostile, including dead ones
    std::unordered_map<std::string, std::size_t> index_;    // by address; never iterated
    std::vector<std::uint32_t> member_of_;                  // by endpoint id; unknown_member: not looked up yet
    std::unordered_map<std::string, std::size_t> item_of_;  // by endpoint; never iterated
    std::vector<Item> items_;
    std::multimap<Instant, Action> plan_;  // equal instants stay in the order of planning
    std::vector<std::size_t> traced_;      // by host of the trace that is played: its place in hosts_
    std::size_t phase_ = 0;
    Instant next_sample_{}, churn_until_{};
    std::uint64_t sent_ = 0, sent_before_phase_ = 0;
    double lived_ = 0;  // node seconds of lives that have ended
    double lived_before_phase_ = 0, lived_at_sample_ = 0;
    std::size_t ours_living_ = 0;
    std::size_t false_burials_ = 0;
    bool split_ = false, had_split_ = false;
    RunResult out_;
};

}  // namespace halp::sim
