#include "simulations/faults/fault_swarm.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "simulations/faults/checkers/announced_present.h"
#include "simulations/faults/checkers/lists_follow_events.h"
#include "simulations/faults/checkers/proved_kept.h"
#include "simulations/faults/checkers/swarms_apart.h"

namespace halp::sim {

namespace {

using std::chrono::seconds;

constexpr std::size_t snapshots_max = 64;       // nodes asked each time
constexpr std::size_t seeds_of_all = 3;         // the first nodes are the seeds of all
const std::string first_seed = "seed.example";  // the first seed is given by name, and its name follows its address

}  // namespace

FaultSwarm::FaultSwarm(const FaultPlan& plan, const FaultRunOptions& options)
    : plan_(plan),
      given_(options),
      node_options_(fault_run_options(plan)),
      world_(plan.seed),
      start_(world_.now()) {
    const CheckerContext context{node_options_, transit_of(plan), &table_};
    for (CheckerSet& set : checkers_) add_all_checkers(set, context);
    auto burials = std::make_unique<FalseBurials>(context);
    burials_ = burials.get();
    between_.add(std::move(burials));
    auto collisions = std::make_unique<CollisionsTold>();
    collisions_ = collisions.get();
    between_.add(std::move(collisions));
    between_.add(std::make_unique<SwarmsApart>());
    between_.add(std::make_unique<ListsFollowEvents>());
    auto dials = std::make_unique<FewDials>([this](const Endpoint& endpoint) { return nowhere(endpoint); });
    dials_ = dials.get();
    between_.add(std::move(dials));
    nodes_.resize(plan.nodes);
    for (std::size_t i = 0; i < plan.nodes; ++i) {
        Node& n = nodes_[i];
        n.endpoint = {"10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1", 3451};
        n.host = world_.add_host(n.endpoint);
    }
    world_.name(first_seed, {nodes_[0].endpoint.host});
    const HostId outside = world_.add_host({"172.16.0.1", 9});
    stranger_ = std::make_unique<Stranger>(world_.env(outside));
    world_.attach(outside, *stranger_);
    add_hostile_hosts();
    if (!hostile_.empty()) {
        between_.add(std::make_unique<ProvedKept>(*burials_));
        between_.add(std::make_unique<AnnouncedPresent>(context, *burials_));
    }
    world_.watch(this);
}

// ---- hostile nodes ----

void FaultSwarm::add_hostile_hosts() {
    for (std::size_t k = 0; k < plan_.steps.size(); ++k) {
        if (!is_hostile(plan_.steps[k].kind)) continue;
        const std::size_t number = hostile_.size();
        Hostile& hostile = hostile_[k];
        hostile.endpoint = {"172.17." + std::to_string(number / 250) + "." + std::to_string(number % 250 + 1),
                            3451};
        // Who speaks for another node does so from the machine of that node.
        if (plan_.steps[k].kind == StepKind::false_leave)
            hostile.endpoint = {nodes_[plan_.steps[k].a].endpoint.host, static_cast<std::uint16_t>(4000 + number)};
        hostile.host = world_.add_host(hostile.endpoint);
    }
}

HostileKnowledge FaultSwarm::known_to_hostile(const Step& step) const {
    HostileKnowledge known{{}, {}, nodes_[step.a].endpoint, nodes_[step.a].overlay != nullptr};
    for (const Node& n : nodes_) {
        if (n.overlay) known.nodes.push_back(n.endpoint);
        for (const std::int64_t number : n.items) known.items.push_back(item(number));
    }
    return known;
}

void FaultSwarm::begin_attack(std::size_t step) {
    Hostile& hostile = hostile_.at(step);
    if (std::exchange(hostile.lived, true)) return;
    const Step& what = plan_.steps[step];
    hostile.process = std::make_unique<HostileHost>(world_.env(hostile.host), hostile.endpoint, what, plan_.period,
                                                    [this, &what] { return known_to_hostile(what); });
    world_.attach(hostile.host, *hostile.process);
    hostile.process->start();
}

void FaultSwarm::end_attack(std::size_t step) {
    Hostile& hostile = hostile_.at(step);
    if (!hostile.process) return;
    world_.crash(hostile.host);
    hostile.process.reset();
}

// ---- what checkers hear ----

void FaultSwarm::on_event(HostId host, Instant at, const Event& event) {
    const auto node = static_cast<std::size_t>(host);
    if (node >= nodes_.size()) return;
    if (std::holds_alternative<LeaveDone>(event)) nodes_[node].left = true;
    checkers(node).on_event(node, at, event);
    between_.on_event(node, at, event);
}

// A name is one that the operators gave. At the address of a machine something may have been at any port.
bool FaultSwarm::nowhere(const Endpoint& endpoint) const {
    const auto same_host = [&](const Endpoint& other) { return other.host == endpoint.host; };
    return endpoint.host != first_seed && std::ranges::none_of(nodes_, same_host, &Node::endpoint) &&
           std::ranges::none_of(former_, same_host) &&
           std::ranges::none_of(hostile_, [&](const auto& one) { return same_host(one.second.endpoint); });
}

void FaultSwarm::change_truth(TruthChange::Kind kind, std::size_t node, const OwnAnnouncement& what) {
    const TruthChange change{kind, node, world_.now(), what, nodes_[node].swarm};
    checkers(node).on_truth_change(change);
    between_.on_truth_change(change);
}

void FaultSwarm::change_own_truth(TruthChange::Kind kind, std::size_t node) {
    change_truth(kind, node, {Label::halp(), nodes_[node].endpoint});
}

void FaultSwarm::take_snapshots() {
    const std::size_t some = std::min(nodes_.size(), snapshots_max);
    std::set<Label> items;
    for (const Node& n : nodes_)
        for (const std::int64_t number : n.items) items.insert(item(number).label);
    for (std::size_t k = 0; k < some; ++k, turn_ = (turn_ + 1) % nodes_.size()) {
        const Node& n = nodes_[turn_];
        // A process that does not run answers nobody.
        if (!n.overlay || !world_.up(n.host) || world_.now() <= n.frozen_until) continue;
        Snapshot seen = take_snapshot(turn_, *n.overlay, world_.now(), world_.env(n.host).clock.wall(), items);
        seen.swarm = n.swarm;
        seen.advertised = n.advertise;
        if (given_.disturb) given_.disturb(seen);
        checkers(turn_).on_snapshot(seen);
        between_.on_snapshot(seen);
    }
}

void FaultSwarm::report(std::string_view rule, std::size_t node, std::string what) {
    reported_.push_back({std::string{rule}, world_.now(), node, std::move(what)});
}

std::vector<Violation> FaultSwarm::violations() const {
    std::vector<Violation> all = reported_;
    for (const CheckerSet* set : {&checkers_[0], &checkers_[1], &between_})
        all.insert(all.end(), set->violations().begin(), set->violations().end());
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const std::uint64_t strays = world_.counters(nodes_[i].host).strays;
        if (strays > 0)
            all.push_back({"no re-entrance", world_.now(), i,
                           std::to_string(strays) + " uses of streams that the node does not own"});
    }
    std::ranges::stable_sort(all, {}, &Violation::at);
    if (all.size() > Checker::violations_max) all.resize(Checker::violations_max);
    for (Violation& v : all) v.at = Instant{v.at - start_};
    return all;
}

// ---- processes ----

OverlayOptions FaultSwarm::options_of(std::size_t i) const {
    const Node& n = nodes_[i];
    OverlayOptions options = node_options_;
    options.own_addresses = {n.endpoint.host};
    options.advertise = n.advertise;
    if (n.swarm != 0) {
        options.swarm = "other";
        for (const Node& m : nodes_)
            if (&m != &n && m.swarm == n.swarm && m.overlay) options.seeds.push_back(m.endpoint);
    }
    if (!n.with_seeds) return options;
    // Also the first seed has its own name among its seeds, as when all nodes have one configuration.
    options.seeds.push_back({first_seed, nodes_[0].endpoint.port});
    for (std::size_t k = 1; k < std::min(seeds_of_all, nodes_.size()); ++k)
        if (k != i) options.seeds.push_back(nodes_[k].endpoint);
    return options;
}

void FaultSwarm::start(std::size_t i) {
    Node& n = nodes_[i];
    if (n.overlay || n.dead) return;
    if (n.other) {
        world_.crash(n.host);
        n.other.reset();
    }
    if (!lived_.insert(i).second) world_.restart(n.host);
    between_.on_process(i);
    OverlayEnvironment& world = world_.env(n.host);
    n.draws = std::make_unique<RepeatedDraws>(world.random, std::move(n.copied));
    n.copied.clear();
    n.guard = std::make_unique<ReentranceGuard>(
        i, OverlayEnvironment{
               {world.clock, world.alarm, *n.draws, world.transport}, world.cache, world.state, world.observer});
    checkers(i).adopt(*n.guard);
    n.overlay = std::make_unique<OverlayNode>(n.guard->environment(), table_, options_of(i), false);
    n.draws->constructed();
    n.guard->guard(*n.overlay);
    n.guard->when_dialled([this, i](const Endpoint& to) { between_.on_dial(i, world_.now(), to); });
    world_.attach(n.host, *n.guard);
    if (started_) started_(i);
    change_own_truth(TruthChange::Kind::appeared, i);
    n.overlay->start();
    for (const std::int64_t number : n.items) announce(i, number);
}

void FaultSwarm::end(std::size_t i, Crash how) {
    Node& n = nodes_[i];
    if (!n.overlay) return;
    world_.crash(n.host, how);
    n.overlay.reset();
    n.guard.reset();
    n.leaving = n.left = false;
    n.frozen_until = never;
    n.with_seeds = true;
    for (const std::int64_t number : n.items) change_truth(TruthChange::Kind::vanished, i, item(number));
    change_own_truth(TruthChange::Kind::vanished, i);
}

void FaultSwarm::kill_for_good(std::size_t i) {
    nodes_[i].dead = true;
    end(i, Crash::process);
}

void FaultSwarm::leave(std::size_t i) {
    Node& n = nodes_[i];
    if (!n.overlay || n.leaving) return;
    n.leaving = true;
    for (const std::int64_t number : n.items) change_truth(TruthChange::Kind::withdrawn, i, item(number));
    n.overlay->leave();
}

void FaultSwarm::reap() {
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        Node& n = nodes_[i];
        if (!n.overlay || (!n.left && world_.up(n.host))) continue;
        // False: the disk fails in this plan, and what is on it is checked after the restart.
        if (n.left && world_.up(n.host)) static_cast<void>(n.overlay->flush());
        end(i, Crash::process);
    }
}

void FaultSwarm::stall(std::size_t i, Duration span) {
    Node& n = nodes_[i];
    if (!n.overlay) return;
    world_.stall(n.host, span);
    n.frozen_until = std::max(n.frozen_until, world_.now() + span);
}

void FaultSwarm::suspend(std::size_t i, Duration span) {
    Node& n = nodes_[i];
    if (!n.overlay) return;
    world_.suspend(n.host, span);
    n.frozen_until = std::max(n.frozen_until, world_.now() + span);
}

void FaultSwarm::give_port_away(std::size_t i, OtherServer::Kind to) {
    Node& n = nodes_[i];
    end(i, Crash::process);
    if (n.other) return;
    world_.restart(n.host);
    n.other = std::make_unique<OtherServer>(world_.env(n.host), to);
    world_.attach(n.host, *n.other);
}

// ---- machines ----

void FaultSwarm::move(std::size_t i, const Endpoint& to) {
    Node& n = nodes_[i];
    if (n.advertise || n.endpoint == to) return;
    if (n.overlay) change_own_truth(TruthChange::Kind::vanished, i);
    former_.insert(n.endpoint);
    former_.erase(to);
    world_.move(n.host, to);
    n.endpoint = to;
    if (i == 0) world_.name(first_seed, {to.host});
    if (!n.overlay) return;
    change_own_truth(TruthChange::Kind::appeared, i);
    if (world_.up(n.host)) n.overlay->set_own_addresses({to.host});
}

void FaultSwarm::copy_state(std::size_t from, std::size_t to) {
    Node& copy = nodes_[to];
    if (nodes_[from].draws) copy.copied = nodes_[from].draws->drawn();
    if (copy.overlay || !lived_.contains(to)) return;
    world_.restart(copy.host);  // a disk that can be written
    const auto copy_files = [](Storage& source, Storage& target) {
        const Result<std::vector<std::string>> names = source.list();
        if (!names) return;  // a broken disk is not copied
        for (const std::string& name : *names)
            if (const Result<std::string> content = source.read(name))
                static_cast<void>(target.replace(name, *content));  // nothing fails on a disk without a fault
    };
    copy_files(world_.cache(nodes_[from].host), world_.cache(copy.host));
    copy_files(world_.state(nodes_[from].host), world_.state(copy.host));
}

std::vector<SwarmMember> FaultSwarm::members() const {
    std::vector<SwarmMember> all;
    for (const Node& n : nodes_) all.push_back({n.endpoint, n.overlay.get()});
    for (const Endpoint& former : former_)
        if (std::ranges::find(nodes_, former, &Node::endpoint) == nodes_.end()) all.push_back({former, nullptr});
    return all;
}

// ---- users ----

OwnAnnouncement FaultSwarm::item(std::int64_t number) {
    return {*Label::parse("svc" + std::to_string(number % 3)), {"item" + std::to_string(number) + ".example", 80}};
}

void FaultSwarm::announce(std::size_t i, std::int64_t number) {
    Node& n = nodes_[i];
    n.items.insert(number);
    if (!n.overlay || n.leaving || !world_.up(n.host)) return;
    const OwnAnnouncement what = item(number);
    change_truth(TruthChange::Kind::appeared, i, what);
    // OwnKept reports an announcement that was refused.
    static_cast<void>(n.overlay->announce(what.label, what.endpoint));
}

void FaultSwarm::withdraw(std::size_t i, std::int64_t number) {
    Node& n = nodes_[i];
    if (n.items.erase(number) == 0 || !n.overlay || n.leaving) return;
    const OwnAnnouncement what = item(number);
    change_truth(TruthChange::Kind::withdrawn, i, what);
    // False: a refused announcement, which OwnKept reports.
    static_cast<void>(n.overlay->withdraw(what.label, what.endpoint));
}

}  // namespace halp::sim
