#include "simulations/faults/fault_run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "simulations/faults/checkers/no_reentrance.h"
#include "simulations/swarm/convergence.h"
#include "simulations/world/sim_world.h"

namespace halp::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration snapshot_every = seconds{1};
constexpr std::size_t snapshots_max = 64;  // nodes asked each time, in turn
constexpr std::size_t seeds_of_all = 3;    // the first nodes are the seeds of all
constexpr Duration calm = seconds{5};      // the run goes on after convergence

// Queries and inserts by HALP text and ignores the answers.
class Stranger final : public EventHandler {
public:
    explicit Stranger(Environment& env) : env_(env) {}
    void send(const Endpoint& to, const std::string& query) {
        env_.transport.write(env_.transport.connect(to), query);
    }

    void on_accept(StreamId stream, const Endpoint&) override { env_.transport.abort(stream); }
    void on_connected(StreamId, const Endpoint&) override {}
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId stream) override { env_.transport.close(stream); }
    void on_closed(StreamId) override {}
    void on_wakeup() override {}

private:
    Environment& env_;
};

class FaultRun final : SimWatcher {
public:
    FaultRun(const FaultPlan& plan, const FaultRunOptions& options)
        : plan_(plan),
          given_(options),
          node_options_(fault_run_options(plan)),
          world_(plan.seed),
          start_(world_.now()) {
        add_all_checkers(checkers_, {node_options_, transit_of(plan), &table_});
        nodes_.resize(plan.nodes);
        for (std::size_t i = 0; i < plan.nodes; ++i) {
            Node& n = nodes_[i];
            n.endpoint = {"10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1", 3451};
            n.host = world_.add_host(n.endpoint);
        }
        const HostId outside = world_.add_host({"172.16.0.1", 9});
        stranger_ = std::make_unique<Stranger>(world_.env(outside));
        world_.attach(outside, *stranger_);
        world_.watch(this);
    }

    FaultOutcome play() {
        for (std::size_t k = 0; k < plan_.steps.size(); ++k) {
            const Step& step = plan_.steps[k];
            agenda_.emplace(start_ + step.at, Action{Action::begin, k});
            if (step.span > Duration{0}) agenda_.emplace(start_ + step.at + step.span, Action{Action::end, k});
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) start_node(i);
        advance_to(start_ + plan_.faults_for);
        heal();
        converge();
        advance_to(world_.now() + calm);
        return conclude();
    }

private:
    struct Node {
        Endpoint endpoint;
        HostId host{};
        std::unique_ptr<ReentranceGuard> guard;
        std::unique_ptr<OverlayNode> overlay;
        std::set<std::int64_t> items;  // announced by its applications
        bool dead = false;             // does not come back
    };
    struct Action {
        enum What : std::uint8_t { begin, end } what;
        std::size_t step;
    };

    void on_event(HostId host, Instant at, const Event& event) override {
        const auto node = static_cast<std::size_t>(host);
        if (node < nodes_.size()) checkers_.on_event(node, at, event);
    }

    // ---- time ----

    void advance_to(Instant end) {
        while (true) {
            const Instant planned = agenda_.empty() ? end : agenda_.begin()->first;
            const Instant next = std::min({planned, next_snapshot_, end});
            if (next > world_.now()) world_.run_for(next - world_.now());
            if (!agenda_.empty() && planned <= next) {
                const Action action = agenda_.begin()->second;
                agenda_.erase(agenda_.begin());
                act(action);
            } else if (next_snapshot_ <= next) {
                take_snapshots();
                next_snapshot_ += snapshot_every;
            } else {
                return;
            }
        }
    }

    void take_snapshots() {
        const std::size_t some = std::min(nodes_.size(), snapshots_max);
        for (std::size_t k = 0; k < some; ++k, turn_ = (turn_ + 1) % nodes_.size()) {
            const Node& n = nodes_[turn_];
            if (!n.overlay) continue;
            Snapshot seen = take_snapshot(turn_, *n.overlay, world_.now(), world_.env(n.host).clock.wall());
            if (given_.disturb) given_.disturb(seen);
            checkers_.on_snapshot(seen);
        }
    }

    // ---- the plan ----

    void act(const Action& action) {
        const Step& step = plan_.steps[action.step];
        const bool begins = action.what == Action::begin;
        if (begins && step.span > Duration{0}) active_.insert(action.step);
        if (!begins) active_.erase(action.step);
        if (!act_on_network(step) && !act_on_node(step, begins)) act_user(step);
    }

    // Sets the network to what the active steps say. False: another kind of step.
    bool act_on_network(const Step& step) {
        switch (step.kind) {
            case StepKind::loss:
                return world_.set_loss(static_cast<double>(greatest(StepKind::loss)) / 1000), true;
            case StepKind::jitter:
                return world_.set_jitter(Duration{greatest(StepKind::jitter)}), true;
            case StepKind::duplicates:
                return world_.set_duplicates(static_cast<double>(greatest(StepKind::duplicates)) / 1000), true;
            case StepKind::delay:
                return world_.set_extra_latency(nodes_[step.a].host, Duration{sum(step)}), true;
            case StepKind::cut:
            case StepKind::one_way:
            case StepKind::partition:
                return apply_cuts(), true;
            default:
                return false;
        }
    }

    // False: another kind of step.
    bool act_on_node(const Step& step, bool begins) {
        Node& n = nodes_[step.a];
        switch (step.kind) {
            case StepKind::kill:
            case StepKind::power:
                if (!begins) return start_node(step.a), true;
                return end_node(step.a, step.kind == StepKind::power ? Crash::machine : Crash::process), true;
            case StepKind::death:
                n.dead = true;
                return end_node(step.a, Crash::process), true;
            case StepKind::stall:
                if (begins && n.overlay) world_.stall(n.host, step.span);
                return true;
            case StepKind::clock_step:
                return world_.set_wall_skew(n.host, sum(step)), true;
            case StepKind::drift:
                return world_.set_wall_drift(n.host, static_cast<double>(sum(step)) / 1e6), true;
            case StepKind::disk_full:
            case StepKind::disk_read_only:
            case StepKind::disk_busy:
            case StepKind::disk_broken:
                return set_disks(step.a), true;
            default:
                return false;
        }
    }

    // The largest amount among the active steps of the kind.
    [[nodiscard]] std::int64_t greatest(StepKind kind) const {
        std::int64_t most = 0;
        for (const std::size_t k : active_)
            if (plan_.steps[k].kind == kind) most = std::max(most, plan_.steps[k].amount);
        return most;
    }
    // Of the active steps of the same kind and node.
    [[nodiscard]] std::int64_t sum(const Step& like) const {
        std::int64_t all = 0;
        for (const std::size_t k : active_)
            if (plan_.steps[k].kind == like.kind && plan_.steps[k].a == like.a) all += plan_.steps[k].amount;
        return all;
    }

    // Cuts and islands of all active steps.
    void apply_cuts() {
        world_.heal();
        for (const std::size_t k : active_) {
            const Step& step = plan_.steps[k];
            if (step.kind == StepKind::cut) world_.cut(nodes_[step.a].host, nodes_[step.b].host);
            if (step.kind == StepKind::one_way) world_.cut_one_way(nodes_[step.a].host, nodes_[step.b].host);
            if (step.kind != StepKind::partition) continue;
            std::vector<HostId> island;
            // Drawn by node, so that a plan with fewer nodes has the same islands.
            for (std::size_t i = 0; i < nodes_.size(); ++i)
                if (mix_words(static_cast<std::uint64_t>(step.amount), i) % 2 == 0)
                    island.push_back(nodes_[i].host);
            world_.partition(island);
        }
    }

    void set_disks(std::size_t i) {
        const HostId host = nodes_[i].host;
        if (!nodes_[i].overlay) return;  // start_node() sets the faults again
        StorageFault fault = StorageFault::none;
        std::size_t torn = 0;
        for (const std::size_t k : active_) {
            const Step& step = plan_.steps[k];
            if (step.a != i) continue;
            if (step.kind == StepKind::disk_read_only) fault = StorageFault::read_only;
            if (step.kind == StepKind::disk_busy) fault = StorageFault::busy;
            if (step.kind == StepKind::disk_broken) fault = StorageFault::broken;
            if (step.kind != StepKind::disk_full) continue;
            fault = StorageFault::full;
            torn = static_cast<std::size_t>(step.amount);
        }
        for (FaultyStorage* storage : {&world_.cache(host), &world_.state(host)}) {
            storage->tear_appends(torn);
            storage->fail(fault);
        }
    }

    // ---- users ----

    [[nodiscard]] static OwnAnnouncement item(std::int64_t number) {
        return {*Label::parse("svc" + std::to_string(number % 3)),
                {"item" + std::to_string(number) + ".example", 80}};
    }
    void change_truth(TruthChange::Kind kind, std::size_t node, const OwnAnnouncement& what) {
        checkers_.on_truth_change({kind, node, world_.now(), what});
    }

    void announce(std::size_t i, std::int64_t number) {
        const OwnAnnouncement what = item(number);
        change_truth(TruthChange::Kind::appeared, i, what);
        // OwnKept reports an announcement that was refused.
        static_cast<void>(nodes_[i].overlay->announce(what.label, what.endpoint));
    }

    void act_user(const Step& step) {
        Node& n = nodes_[step.a];
        const std::int64_t wall = count(SimOptions{}.wall_at_start) + (world_.now() - start_) / seconds{1};
        const std::string number = std::to_string(step.amount);
        // Some strangers claim a time in the future.
        const std::string when = std::to_string(step.amount % 3 == 0 ? wall + 1'000'000 : wall - step.amount % 50);
        switch (step.kind) {
            case StepKind::announce:
                if (n.items.insert(step.amount).second && n.overlay) announce(step.a, step.amount);
                return;
            case StepKind::withdraw:
                if (n.items.erase(step.amount) == 0 || !n.overlay) return;
                change_truth(TruthChange::Kind::withdrawn, step.a, item(step.amount));
                // False: a refused announcement, which OwnKept reports.
                static_cast<void>(n.overlay->withdraw(item(step.amount).label, item(step.amount).endpoint));
                return;
            case StepKind::insert:
                return stranger_->send(n.endpoint, "insert svc" + std::to_string(step.amount % 3) + "\n" + when +
                                                       " stranger" + number + ".example 80");
            case StepKind::insert_node:
                return stranger_->send(
                    n.endpoint, "insert halp\n" + when + " 10.99." + std::to_string(step.amount % 250) + ".1 3451");
            case StepKind::flood:
                return stranger_->send(n.endpoint, flood(step) + "\n" + when + " flood.example 80");
            case StepKind::query:
                return stranger_->send(n.endpoint, "get svc" + std::to_string(step.amount % 4));
            default:
                return;
        }
    }
    static std::string flood(const Step& step) {
        std::string query = "insert";
        for (std::int64_t i = 0; i < step.amount; ++i)
            query += " flood" + std::to_string(step.at / milliseconds{1}) + "x" + std::to_string(i);
        return query;
    }

    // ---- nodes ----

    void start_node(std::size_t i) {
        Node& n = nodes_[i];
        if (n.overlay || n.dead) return;
        if (!first_life(i)) world_.restart(n.host);
        OverlayOptions options = node_options_;
        for (std::size_t k = 0; k < std::min(seeds_of_all, nodes_.size()); ++k)
            if (k != i) options.seeds.push_back(nodes_[k].endpoint);
        n.guard = std::make_unique<ReentranceGuard>(i, world_.env(n.host));
        checkers_.adopt(*n.guard);
        n.overlay = std::make_unique<OverlayNode>(n.guard->environment(), table_, options, false);
        n.guard->guard(*n.overlay);
        world_.attach(n.host, *n.guard);
        set_disks(i);
        change_truth(TruthChange::Kind::appeared, i, {Label::halp(), n.endpoint});
        n.overlay->start();
        for (const std::int64_t number : n.items) announce(i, number);
    }
    bool first_life(std::size_t i) { return lived_.insert(i).second; }

    void end_node(std::size_t i, Crash how) {
        Node& n = nodes_[i];
        if (!n.overlay) return;
        world_.crash(n.host, how);
        n.overlay.reset();
        n.guard.reset();
        for (const std::int64_t number : n.items) change_truth(TruthChange::Kind::vanished, i, item(number));
        change_truth(TruthChange::Kind::vanished, i, {Label::halp(), n.endpoint});
    }

    // ---- the second phase: healing ----

    void heal() {
        // End the faults that were planned to last longer.
        while (!agenda_.empty()) {
            const Action action = agenda_.begin()->second;
            agenda_.erase(agenda_.begin());
            if (action.what == Action::end) act(action);
        }
        for (std::size_t i = 0; i < nodes_.size(); ++i) start_node(i);
    }

    void converge() {
        const Instant healed = world_.now();
        const Instant deadline = healed + plan_.heal_for;
        std::vector<SwarmMember> members;
        for (const Node& n : nodes_) members.push_back({n.endpoint, n.overlay.get()});
        std::map<std::int64_t, bool> announced;
        for (const Step& step : plan_.steps)
            if (step.kind == StepKind::announce) announced[step.amount];
        for (const Node& n : nodes_)
            for (const std::int64_t number : n.items) announced[number] = announced[number] || n.overlay;
        std::vector<SwarmItem> items;
        for (const auto& one : announced) items.push_back({item(one.first), one.second});
        while (true) {
            out_.missing = sim::missing(members, items, node_options_.view);
            if (out_.missing.empty() || world_.now() >= deadline) break;
            advance_to(world_.now() + snapshot_every);
        }
        out_.converged_after = world_.now() - healed;
    }

    FaultOutcome conclude() {
        out_.violations = checkers_.violations();
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            const std::uint64_t strays = world_.counters(nodes_[i].host).strays;
            if (strays > 0)
                out_.violations.push_back({"no re-entrance", world_.now(), i,
                                           std::to_string(strays) + " uses of streams that the node does not own"});
        }
        for (Violation& v : out_.violations) v.at = Instant{v.at - start_};
        out_.digest = world_.digest();
        out_.events = world_.events_executed();
        out_.simulated = world_.now() - start_;
        return std::move(out_);
    }

    const FaultPlan& plan_;
    const FaultRunOptions& given_;
    OverlayOptions node_options_;
    SimWorld world_;
    Instant start_;
    EndpointTable table_;
    CheckerSet checkers_;
    std::vector<Node> nodes_;
    std::unique_ptr<Stranger> stranger_;
    std::multimap<Instant, Action> agenda_;  // equal instants stay in the order of the plan
    std::set<std::size_t> active_;           // steps whose fault lasts now
    std::set<std::size_t> lived_;
    Instant next_snapshot_ = start_ + snapshot_every;
    std::size_t turn_ = 0;
    FaultOutcome out_;
};

}  // namespace

std::string FaultOutcome::complaint() const {
    if (!violations.empty()) return violations.front().checker;
    return missing.empty() ? "" : "convergence";
}

std::vector<std::string> FaultOutcome::lines() const {
    std::vector<std::string> out;
    for (const Violation& v : violations)
        out.push_back(v.checker + ": node " + std::to_string(v.node) + " at " +
                      seconds_text(v.at.time_since_epoch()) + ": " + v.what);
    for (const std::string& line : missing) out.push_back("convergence: " + line);
    return out;
}

FaultOutcome play_faults(const FaultPlan& plan, const FaultRunOptions& options) {
    return FaultRun{plan, options}.play();
}

OverlayOptions fault_run_options(const FaultPlan& plan) {
    OverlayOptions o =
        OverlayOptions::for_profile(plan.period < Duration{seconds{1}} ? Profile::local : Profile::lan);
    o.gossip.period = plan.period;
    o.gossip.ttl = plan.ttl;
    o.view.fresh_age_max = 10 * plan.period;
    o.table.fallback.ttl = plan.ttl;
    o.table.fallback.entries_max = 32;
    o.table.labels_max = 96;
    o.table.names_per_directory_max = 64;
    o.table.bytes_max = std::size_t{128} << 10;
    return o;
}

Duration transit_of(const FaultPlan& plan) {
    Duration stall{0};
    for (const Step& step : plan.steps)
        if (step.kind == StepKind::stall) stall = std::max(stall, step.span);
    // A kernel closes a stream after 30 s without acknowledgement (NetworkOptions::give_up). A segment that waited
    // so long may then wait for a stalled reader.
    return seconds{40} + stall;
}

}  // namespace halp::sim
