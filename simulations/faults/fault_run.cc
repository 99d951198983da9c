#include "simulations/faults/fault_run.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "simulations/faults/fault_swarm.h"
#include "simulations/swarm/convergence.h"

namespace halp::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration snapshot_every = seconds{1};
constexpr Duration calm = seconds{12};     // the run goes on after convergence
constexpr std::size_t sessions_left = 64;  // so many a node may have at the end
constexpr double starved_turns = 0.05;     // share of the turns of a starved node that begin late

// Faults that can keep messages of a node from arriving in time, or end its process.
bool disturbs(StepKind kind) {
    switch (kind) {
        case StepKind::clock_step:
        case StepKind::clock_wrong:
        case StepKind::drift:
        case StepKind::disk_full:
        case StepKind::disk_read_only:
        case StepKind::disk_busy:
        case StepKind::disk_broken:
            return false;
        default:
            return !is_user_action(kind) && !is_hostile(kind);  // these are no excuse for anything
    }
}

class FaultRun {
public:
    FaultRun(const FaultPlan& plan, const FaultRunOptions& options)
        : plan_(plan), swarm_(plan, options), world_(swarm_.world()), start_(world_.now()) {
        swarm_.when_started([this](std::size_t i) { set_disks(i); });
    }

    FaultOutcome play() {
        for (std::size_t k = 0; k < plan_.steps.size(); ++k) {
            const Step& step = plan_.steps[k];
            if (step.span > Duration{0}) agenda_.emplace(start_ + step.at + step.span, Action{Action::end, k});
            // A clock that is wrong from the beginning is wrong when the node starts.
            if (step.at == Duration{0} && is_clock_fault(step.kind))
                act({Action::begin, k});
            else
                agenda_.emplace(start_ + step.at, Action{Action::begin, k});
        }
        for (std::size_t i = 0; i < swarm_.size(); ++i) swarm_.start(i);
        advance_to(start_ + plan_.faults_for);
        heal();
        converge();
        check_progress();
        return conclude();
    }

private:
    struct Action {
        enum What : std::uint8_t { begin, end } what;
        std::size_t step;
    };

    // ---- time ----

    void advance_to(Instant end) {
        while (true) {
            const Instant planned = agenda_.empty() ? end : agenda_.begin()->first;
            const Instant next = std::min({planned, next_snapshot_, end});
            if (next > world_.now()) world_.run_for(next - world_.now());
            swarm_.reap();
            if (!agenda_.empty() && planned <= next) {
                const Action action = agenda_.begin()->second;
                agenda_.erase(agenda_.begin());
                act(action);
            } else if (next_snapshot_ <= next) {
                swarm_.take_snapshots();
                next_snapshot_ += snapshot_every;
            } else {
                return;
            }
        }
    }

    // ---- the plan ----

    void act(const Action& action) {
        const Step& step = plan_.steps[action.step];
        const bool begins = action.what == Action::begin;
        const bool lasts = step.span > Duration{0} || step.kind == StepKind::clock_wrong;
        if (begins && lasts) active_.insert(action.step);
        if (!begins) active_.erase(action.step);
        note_disturbance(step, begins);
        if (is_hostile(step.kind))
            return begins ? swarm_.begin_attack(action.step) : swarm_.end_attack(action.step);
        if (!act_on_network(step) && !act_on_clock(step) && !act_on_machine(step, action) &&
            !act_on_process(step, begins))
            act_user(step);
    }

    void note_disturbance(const Step& step, bool begins) {
        if (!disturbs(step.kind)) return;
        const auto note = [&](std::size_t who) {
            FalseBurials& burials = swarm_.burials();
            if (begins) burials.begin_fault(who, world_.now());
            if (!begins || step.span == Duration{0}) burials.end_fault(who, world_.now());
        };
        if (is_of_network(step.kind)) return note(FalseBurials::network);
        note(step.a);
        if (needs_two(step.kind)) note(step.b);
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
                return world_.set_extra_latency(host(step.a), Duration{sum(step.kind, step.a)}), true;
            case StepKind::cut:
            case StepKind::one_way:
            case StepKind::partition:
                return apply_cuts(), true;
            default:
                return false;
        }
    }

    bool act_on_clock(const Step& step) {
        switch (step.kind) {
            case StepKind::clock_step:
            case StepKind::clock_wrong:
                world_.set_wall_skew(host(step.a),
                                     sum(StepKind::clock_step, step.a) + sum(StepKind::clock_wrong, step.a));
                return true;
            case StepKind::drift:
                return world_.set_wall_drift(host(step.a), static_cast<double>(sum(step.kind, step.a)) / 1e6), true;
            default:
                return false;
        }
    }

    bool act_on_machine(const Step& step, const Action& action) {
        const bool begins = action.what == Action::begin;
        switch (step.kind) {
            case StepKind::stall:
                if (begins) swarm_.stall(step.a, step.span);
                return true;
            case StepKind::suspend:
                if (begins) swarm_.suspend(step.a, step.span);
                return true;
            case StepKind::starve: {
                const Duration late = milliseconds{sum(step.kind, step.a)};
                return world_.starve(host(step.a), late > Duration{0} ? starved_turns : 0, late), true;
            }
            case StepKind::move:
                return swarm_.move(step.a, new_address(step.amount)), true;
            case StepKind::inherit:
                return inherit(step, action), true;
            case StepKind::disk_full:
            case StepKind::disk_read_only:
            case StepKind::disk_busy:
            case StepKind::disk_broken:
                return set_disks(step.a), true;
            default:
                return false;
        }
    }

    // Node a gets a new address, and node b later the former one of a.
    void inherit(const Step& step, const Action& action) {
        if (action.what == Action::begin) {
            inherited_.insert_or_assign(action.step, swarm_.node(step.a).endpoint);
            return swarm_.move(step.a, new_address(step.amount));
        }
        const Endpoint& free = inherited_.at(action.step);
        for (std::size_t i = 0; i < swarm_.size(); ++i)
            if (swarm_.node(i).endpoint == free) return;  // node a did not move, or another node is there
        swarm_.move(step.b, free);
    }
    static Endpoint new_address(std::int64_t number) {
        return {"10." + std::to_string(100 + number / 250) + "." + std::to_string(number % 250) + ".1", 3451};
    }

    // No other fault of the network or of the two nodes of this step while it lasted, or before it without an end.
    [[nodiscard]] bool undisturbed(const Step& step) const {
        const auto touches = [&](std::size_t node) { return node == step.a || node == step.b; };
        return std::ranges::none_of(plan_.steps, [&](const Step& other) {
            if (&other == &step || !disturbs(other.kind) || other.at > step.at + step.span) return false;
            const bool near =
                is_of_network(other.kind) || touches(other.a) || (needs_two(other.kind) && touches(other.b));
            return near && (other.span == Duration{0} || other.at + other.span >= step.at);
        });
    }

    // Both sides of a collision must have met the other by then: each calls every known node once in 60 T.
    void expect_told(const Step& step, CollisionsTold::What what) {
        if (step.span < seconds{30} + std::max<Duration>(seconds{60}, 60 * plan_.period) || !undisturbed(step))
            return;
        for (const std::size_t i : {step.a, step.b})
            if (swarm_.node(i).overlay) swarm_.collisions().expect_told(i, what, start_ + step.at, world_.now());
    }

    bool act_on_process(const Step& step, bool begins) {
        switch (step.kind) {
            case StepKind::kill:
            case StepKind::power:
                if (!begins) return swarm_.start(step.a), true;
                return swarm_.end(step.a, step.kind == StepKind::power ? Crash::machine : Crash::process), true;
            case StepKind::kill_write:
                if (begins) return world_.crash_at_write(host(step.a), static_cast<std::size_t>(step.amount)), true;
                return swarm_.restart(step.a), true;
            case StepKind::leave:
                return begins ? swarm_.leave(step.a) : swarm_.restart(step.a), true;
            case StepKind::alone:
                swarm_.end(step.a, Crash::process);
                if (!begins) swarm_.set_seeds(step.a, false), swarm_.start(step.a);
                return true;
            case StepKind::death:
                return swarm_.kill_for_good(step.a), true;
            case StepKind::port_taken:
                if (!begins) return swarm_.start(step.a), true;
                return swarm_.give_port_away(
                           step.a, OtherServer::Kind{static_cast<std::uint8_t>(step.amount % OtherServer::kinds)}),
                       true;
            case StepKind::other_swarm:
                swarm_.end(step.a, Crash::process);
                swarm_.set_swarm(step.a, begins ? 1 : 0);
                return swarm_.start(step.a), true;
            case StepKind::clone:
                if (!begins) expect_told(step, CollisionsTold::What::number);
                swarm_.end(step.b, Crash::process);
                if (begins) swarm_.copy_state(step.a, step.b);
                return swarm_.start(step.b), true;
            case StepKind::same_address:
                return share_address(step, begins), true;
            default:
                return false;
        }
    }

    // Nodes a and b both advertise the address of a.
    void share_address(const Step& step, bool begins) {
        const Endpoint shared = swarm_.node(step.a).endpoint;
        if (!begins) expect_told(step, CollisionsTold::What::address);
        for (const std::size_t i : {step.a, step.b}) {
            swarm_.end(i, Crash::process);
            swarm_.set_advertise(i, begins ? std::optional{shared} : std::nullopt);
            swarm_.start(i);
        }
    }

    [[nodiscard]] HostId host(std::size_t i) const { return swarm_.node(i).host; }

    // The largest amount among the active steps of the kind.
    [[nodiscard]] std::int64_t greatest(StepKind kind) const {
        std::int64_t most = 0;
        for (const std::size_t k : active_)
            if (plan_.steps[k].kind == kind) most = std::max(most, plan_.steps[k].amount);
        return most;
    }
    // Of the active steps of this kind and node.
    [[nodiscard]] std::int64_t sum(StepKind kind, std::size_t node) const {
        std::int64_t all = 0;
        for (const std::size_t k : active_)
            if (plan_.steps[k].kind == kind && plan_.steps[k].a == node) all += plan_.steps[k].amount;
        return all;
    }

    // Cuts and islands of all active steps.
    void apply_cuts() {
        world_.heal();
        for (const std::size_t k : active_) {
            const Step& step = plan_.steps[k];
            if (step.kind == StepKind::cut) world_.cut(host(step.a), host(step.b));
            if (step.kind == StepKind::one_way) world_.cut_one_way(host(step.a), host(step.b));
            if (step.kind != StepKind::partition) continue;
            std::vector<HostId> island;
            // Drawn by node, so that a plan with fewer nodes has the same islands.
            for (std::size_t i = 0; i < swarm_.size(); ++i)
                if (mix_words(static_cast<std::uint64_t>(step.amount), i) % 2 == 0) island.push_back(host(i));
            world_.partition(island);
        }
    }

    void set_disks(std::size_t i) {
        if (!swarm_.node(i).overlay || !world_.up(host(i))) return;  // set again when it starts
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
        for (FaultyStorage* storage : {&world_.cache(host(i)), &world_.state(host(i))}) {
            storage->tear_appends(torn);
            storage->fail(fault);
        }
    }

    // ---- users ----

    void act_user(const Step& step) {
        const std::int64_t wall = count(SimOptions{}.wall_at_start) + (world_.now() - start_) / seconds{1};
        const std::string number = std::to_string(step.amount);
        // Some strangers claim a time in the future.
        const std::string when = std::to_string(step.amount % 3 == 0 ? wall + 1'000'000 : wall - step.amount % 50);
        switch (step.kind) {
            case StepKind::announce:
                if (!swarm_.node(step.a).items.contains(step.amount)) swarm_.announce(step.a, step.amount);
                return;
            case StepKind::withdraw:
                return swarm_.withdraw(step.a, step.amount);
            case StepKind::insert:
                return swarm_.query(step.a, "insert svc" + std::to_string(step.amount % 3) + "\n" + when +
                                                " stranger" + number + ".example 80");
            case StepKind::insert_node:
                return swarm_.query(
                    step.a, "insert halp\n" + when + " 10.99." + std::to_string(step.amount % 250) + ".1 3451");
            case StepKind::flood:
                return swarm_.query(step.a, flood(step) + "\n" + when + " flood.example 80");
            case StepKind::query:
                return swarm_.query(step.a, "get svc" + std::to_string(step.amount % 4));
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

    // ---- the second phase: healing ----

    // Clocks that nobody set right stay wrong: they are no reason not to converge.
    void heal() {
        // End the faults that were planned to last longer.
        while (!agenda_.empty()) {
            const Action action = agenda_.begin()->second;
            agenda_.erase(agenda_.begin());
            if (action.what == Action::end) act(action);
        }
        for (std::size_t i = 0; i < swarm_.size(); ++i) swarm_.start(i);
    }

    void converge() {
        const Instant healed = world_.now();
        const Instant deadline = healed + plan_.heal_for;
        std::map<std::int64_t, bool> announced;
        for (const Step& step : plan_.steps)
            if (step.kind == StepKind::announce) announced[step.amount] = false;
        for (std::size_t i = 0; i < swarm_.size(); ++i)
            for (const std::int64_t number : swarm_.node(i).items)
                announced[number] = announced[number] || swarm_.node(i).overlay;
        std::vector<SwarmItem> items;
        for (const auto& one : announced) items.push_back({FaultSwarm::item(one.first), one.second});
        while (true) {
            out_.missing = sim::missing(swarm_.members(), items, swarm_.options().view);
            if (out_.missing.empty() || world_.now() >= deadline) break;
            advance_to(world_.now() + snapshot_every);
        }
        out_.converged_after = world_.now() - healed;
    }

    // In a calm swarm every node goes on with its rounds, and no stream stays for ever.
    void check_progress() {
        std::vector<std::uint64_t> rounds(swarm_.size());
        for (std::size_t i = 0; i < swarm_.size(); ++i)
            if (const auto& node = swarm_.node(i).overlay) rounds[i] = node->status().rounds;
        advance_to(world_.now() + calm);
        for (std::size_t i = 0; i < swarm_.size(); ++i) {
            if (!swarm_.node(i).overlay || swarm_.size() < 2) continue;
            const NodeStatus status = swarm_.node(i).overlay->status();
            if (status.rounds == rounds[i] && status.peers_listed > 0)
                swarm_.report("progress", i, "made no round within " + seconds_text(calm) + " of calm");
            if (status.text_sessions > sessions_left)
                swarm_.report("progress", i,
                              std::to_string(status.text_sessions) + " streams are left in a calm swarm");
        }
    }

    FaultOutcome conclude() {
        out_.violations = swarm_.violations();
        out_.digest = world_.digest();
        out_.events = world_.events_executed();
        out_.simulated = world_.now() - start_;
        return std::move(out_);
    }

    const FaultPlan& plan_;
    FaultSwarm swarm_;
    SimWorld& world_;
    Instant start_;
    std::multimap<Instant, Action> agenda_;      // equal instants stay in the order of the plan
    std::set<std::size_t> active_;               // steps whose fault lasts now
    std::map<std::size_t, Endpoint> inherited_;  // by step
    Instant next_snapshot_ = start_ + snapshot_every;
    FaultOutcome out_;
};

}  // namespace

std::string FaultOutcome::complaint() const {
    if (!violations.empty()) return violations.front().checker;
    return missing.empty() ? "" : "convergence";
}

std::vector<std::string> FaultOutcome::lines() const {
    struct Kind {
        std::size_t line, count;
    };
    std::vector<std::string> out;
    std::map<std::pair<std::string, std::size_t>, Kind> kinds;
    for (const Violation& v : violations) {
        Kind& kind = kinds.try_emplace({v.checker, v.node}, Kind{out.size(), 0}).first->second;
        if (++kind.count == 1)
            out.push_back(v.checker + ": node " + std::to_string(v.node) + " at " +
                          seconds_text(v.at.time_since_epoch()) + ": " + v.what);
    }
    for (const auto& [which, kind] : kinds)
        if (kind.count > 1) out[kind.line] += " (the first of " + std::to_string(kind.count) + ")";
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
