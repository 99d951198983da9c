#include "simulations/world/sim_world.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <deque>

#include "simulations/world/memory_storage.h"
#include "simulations/world/sim_random.h"

namespace halp {

namespace {

constexpr Instant start_of_time{std::chrono::hours{1}};

// Counts a call of an interface while it runs.
class InterfaceCall {
public:
    explicit InterfaceCall(int& running) : running_(running) { ++running_; }
    ~InterfaceCall() { --running_; }
    InterfaceCall(const InterfaceCall&) = delete;
    InterfaceCall& operator=(const InterfaceCall&) = delete;

private:
    int& running_;
};

}  // namespace

struct SimWorld::Core final : SimCallbacks {
    Core(std::uint64_t seed_value, const SimOptions& given)
        : seed(seed_value),
          options(given),
          network(seed_value, given.network, queue, *this),
          cores(given.network.cores) {}

    EventHandler& begin_callback(HostId host) override;
    void end_callback(HostId host) override;
    Host& at(HostId host);

    void step();
    void dispatch(const SimEvent& event);
    void wake(Host& host, const SimEvent& event);
    void resume(Host& host, const SimEvent& event);
    Instant take_core(Duration cost);
    void wait_for_core(Host& host);
    void wait_as_starved(Host& host);
    void stall(Host& host, Instant until);
    void crash(Host& host, Crash how);
    [[nodiscard]] bool stale(const SimEvent& event);
    void prefetch() const;

    std::uint64_t seed;
    SimOptions options;
    Instant now = start_of_time;
    SimQueue queue;
    SimNetwork network;
    std::deque<Host> hosts;  // addresses stay: environments refer to them
    std::vector<Noted> noted;
    SimWatcher* watcher = nullptr;
    std::uint32_t islands = 0;
    std::uint64_t digest = 0;
    std::uint64_t executed = 0;
    std::uint64_t executed_at_now = 0;
    std::vector<Instant> cores;  // when each core is free
    int interface_calls = 0;     // running calls of nodes into the world
    int callbacks = 0;           // running calls of the world into nodes
};

// One host: the interfaces of its environment, its alarm and its disks.
struct SimWorld::Host final : Clock, Alarm, Transport, Observer, WriteWatcher {
    Host(Core& owner, HostId own_id)
        : core(owner),
          id(own_id),
          starved(owner.options.network.starved),
          starved_max(owner.options.network.starved_max),
          starving(mix_words(owner.seed, 0x73746172), number(own_id)),
          random(mix_words(owner.seed, 0x6e6f6465), number(own_id)),
          cache(cache_files, this),
          state(state_files, this),
          environment{{*this, *this, random, *this}, cache, state, *this} {
        cache.watch_writes(this);
        state.watch_writes(this);
    }

    [[nodiscard]] Instant now() const override { return core.now; }
    [[nodiscard]] UnixSeconds wall() const override {
        const auto passed = std::chrono::duration_cast<std::chrono::seconds>(core.now - start_of_time + drifted());
        return UnixSeconds{count(core.options.wall_at_start) + passed.count() + wall_skew};
    }
    [[nodiscard]] Duration drifted() const {
        const auto since = static_cast<double>((core.now - drifts_since).count());
        return drift_before + Duration{static_cast<Duration::rep>(since * drift)};
    }
    void wake_at(Instant when) override;
    StreamId connect(const Endpoint& to) override {
        const InterfaceCall call{core.interface_calls};
        return core.network.connect(id, to, core.now);
    }
    void write(StreamId stream, Bytes bytes) override {
        const InterfaceCall call{core.interface_calls};
        core.network.write(id, stream, bytes, core.now);
    }
    void close(StreamId stream) override {
        const InterfaceCall call{core.interface_calls};
        core.network.close(id, stream, core.now);
    }
    void abort(StreamId stream) override {
        const InterfaceCall call{core.interface_calls};
        core.network.abort(id, stream, core.now);
    }
    void note(const Event& event) override {
        const InterfaceCall call{core.interface_calls};
        if (core.options.collect_events) core.noted.push_back({core.now, id, event});
        if (core.watcher) core.watcher->on_event(id, core.now, event);
    }

    [[nodiscard]] bool may_write() override {
        if (writes_left == 0 || --writes_left > 0) return true;
        core.crash(*this, Crash::process);
        return false;
    }

    Core& core;
    HostId id;
    std::size_t writes_left = 0;  // crash_at_write(); 0: not set
    EventHandler* node = nullptr;
    std::size_t node_bytes = 0;  // attach()
    std::int64_t wall_skew = 0;
    double drift = 0;  // of the wall clock, seconds per second
    Instant drifts_since = start_of_time;
    Duration drift_before{0};
    Instant alarm = no_deadline;
    // The one valid wake event in the queue. It may come before the alarm and is then queued again.
    Instant queued = no_deadline;
    std::uint64_t queued_sequence = 0;
    Instant stalled_until = never;
    std::vector<SimEvent> missed;  // while stalled, in order
    double starved;                // share of its turns that begin late
    Duration starved_max;
    SimRandom starving;  // of its own, so that starving changes no other draw
    SimRandom random;
    MemoryStorage cache_files, state_files;
    FaultyStorage cache, state;
    OverlayEnvironment environment;
};

void SimWorld::Host::wake_at(Instant when) {
    const InterfaceCall call{core.interface_calls};
    if (!node) return;
    alarm = when == no_deadline ? no_deadline : std::max(when, core.now);
    if (alarm == no_deadline || queued <= alarm) return;
    queued = alarm;
    queued_sequence = core.queue.push(alarm, SimEventKind::wake, id);
}

SimWorld::Host& SimWorld::Core::at(HostId host) {
    assert(number(host) < hosts.size());
    return hosts[static_cast<std::size_t>(host)];
}

EventHandler& SimWorld::Core::begin_callback(HostId host) {
    assert(interface_calls == 0 && "an interface call must return before the handler is called");
    assert(callbacks == 0 && "one callback at a time");
    EventHandler* node = at(host).node;
    assert(node);
    ++callbacks;
    ++network.counters(host).callbacks;
    return *node;
}

void SimWorld::Core::end_callback(HostId) {
    --callbacks;
    assert(callbacks == 0 && interface_calls == 0);
}

// ---- time ----

// Wake events whose alarm was moved or cancelled are skipped. They are not in the digest.
bool SimWorld::Core::stale(const SimEvent& event) {
    if (event.kind != SimEventKind::wake) return false;
    Host& host = at(event.host);
    if (host.queued_sequence != event.sequence) return true;
    host.queued = no_deadline;
    host.queued_sequence = 0;
    if (host.alarm == no_deadline) return true;
    if (host.alarm <= event.at) return false;
    host.queued = host.alarm;
    host.queued_sequence = queue.push(host.alarm, SimEventKind::wake, host.id);
    return true;
}

// Thousands of nodes do not fit into a cache, and a turn of a node touches most of its object. So the objects of
// the next events are fetched while this event is executed: first the host, which knows the node, then the node.
void SimWorld::Core::prefetch() const {
    constexpr std::size_t line = 64, hosts_ahead = 3, nodes_ahead = 1;
    const auto fetch = [](const void* object, std::size_t bytes) {
        for (std::size_t at = 0; at < bytes; at += line) __builtin_prefetch(static_cast<const char*>(object) + at);
    };
    if (const SimEvent* later = queue.ahead(hosts_ahead))
        fetch(&hosts[static_cast<std::size_t>(later->host)], sizeof(Host));
    if (const SimEvent* next = queue.ahead(nodes_ahead)) {
        const Host& host = hosts[static_cast<std::size_t>(next->host)];
        if (host.node) fetch(host.node, host.node_bytes);
    }
}

void SimWorld::Core::step() {
    const SimEvent event = queue.pop();
    prefetch();
    assert(event.at >= now);
    if (stale(event)) return;
    executed_at_now = event.at == now ? executed_at_now + 1 : 0;
    assert(executed_at_now < events_per_instant_max && "livelock: a node keeps waking itself");
    now = event.at;
    Host& host = at(event.host);
    // The kernel answers a SYN, also for a stalled process; the process learns of it by `accept`.
    bool for_process = event.kind != SimEventKind::syn && event.kind != SimEventKind::resume;
    if (event.kind == SimEventKind::arrive && network.asleep(host.id, now)) for_process = false;  // it is held
    if (for_process && now >= host.stalled_until) {
        wait_for_core(host);
        wait_as_starved(host);
    }
    if (for_process && now < host.stalled_until) {
        host.missed.push_back(event);
    } else {
        dispatch(event);
    }
}

// Occupies the core that is free first. Returns when that core is free.
Instant SimWorld::Core::take_core(Duration cost) {
    const auto first = std::ranges::min_element(cores);
    const Instant begins = std::max(now, *first);
    *first = begins + cost;
    return begins;
}

// The host is stalled until a core is free.
void SimWorld::Core::wait_for_core(Host& host) {
    if (cores.empty()) return;
    const Instant begins = take_core(options.network.callback_cost);
    if (begins != now) stall(host, begins);
}

void SimWorld::Core::wait_as_starved(Host& host) {
    if (host.starved <= 0 || !host.node || now < host.stalled_until || !host.starving.chance(host.starved)) return;
    stall(host, now + Duration{1 + static_cast<Duration::rep>(
                                       host.starving.below(static_cast<std::uint64_t>(host.starved_max.count())))});
}

void SimWorld::Core::stall(Host& host, Instant until) {
    host.stalled_until = std::max(host.stalled_until, until);
    queue.push(host.stalled_until, SimEventKind::resume, host.id);
}

void SimWorld::Core::dispatch(const SimEvent& event) {
    digest = mix_words(digest, static_cast<std::uint64_t>(now.time_since_epoch().count()));
    digest = mix_words(digest, network.digest(event));
    ++executed;
    Host& host = at(event.host);
    switch (event.kind) {
        case SimEventKind::wake:
            return wake(host, event);
        case SimEventKind::resume:
            return resume(host, event);
        case SimEventKind::syn:
        case SimEventKind::accept:
        case SimEventKind::arrive:
        case SimEventKind::fail:
        case SimEventKind::broken:
            break;
    }
    SimEvent current = event;
    current.at = now;  // later than queued if the host was stalled
    network.on_event(current);
}

void SimWorld::Core::wake(Host& host, const SimEvent&) {
    if (!host.node) return;
    host.alarm = no_deadline;
    ++network.counters(host.id).wakeups;
    begin_callback(host.id).on_wakeup();
    end_callback(host.id);
}

void SimWorld::Core::resume(Host& host, const SimEvent&) {
    if (now < host.stalled_until) return;  // stalled again for longer
    host.stalled_until = never;
    std::vector<SimEvent> missed;
    missed.swap(host.missed);
    if (!cores.empty() && missed.size() > 1)
        *std::ranges::min_element(cores) +=
            static_cast<std::int64_t>(missed.size() - 1) * options.network.callback_cost;
    for (std::size_t i = 0; i < missed.size(); ++i) {
        if (now < host.stalled_until) {
            host.missed.push_back(missed[i]);
        } else {
            dispatch(missed[i]);
        }
    }
}

SimWorld::SimWorld(std::uint64_t seed, SimOptions options) : core_(std::make_unique<Core>(seed, options)) {}
SimWorld::~SimWorld() = default;

Instant SimWorld::now() const { return core_->now; }
std::uint64_t SimWorld::digest() const { return core_->digest; }
std::uint64_t SimWorld::events_executed() const { return core_->executed; }

void SimWorld::run_for(Duration span) {
    assert(core_->callbacks == 0 && core_->interface_calls == 0 && "a node cannot make time pass");
    const Instant end = core_->now + span;
    while (core_->queue.next_at() <= end) core_->step();
    core_->now = end;
    core_->executed_at_now = 0;
}

bool SimWorld::run_until(const std::function<bool()>& done, Duration span) {
    assert(core_->callbacks == 0 && core_->interface_calls == 0 && "a node cannot make time pass");
    const Instant end = core_->now + span;
    while (!done()) {
        if (core_->queue.next_at() > end) {
            core_->now = end;
            return done();
        }
        core_->step();
    }
    return true;
}

// ---- hosts ----

HostId SimWorld::add_host(const Endpoint& endpoint) {
    const HostId id{static_cast<std::uint32_t>(core_->hosts.size())};
    core_->network.add_host(endpoint);
    core_->hosts.emplace_back(*core_, id);
    return id;
}

OverlayEnvironment& SimWorld::env(HostId host) { return core_->at(host).environment; }

void SimWorld::attach(HostId host, EventHandler& node, std::size_t node_bytes) {
    assert(core_->network.power(host) == Power::idle && "up already, or crashed and not restarted");
    core_->at(host).node = &node;
    core_->at(host).node_bytes = node_bytes;
    core_->network.set_power(host, Power::up, core_->now);
    if (core_->cores.empty()) return;
    const Duration cost = core_->options.network.start_cost;
    core_->stall(core_->at(host), core_->take_core(cost) + cost);
}

void SimWorld::name(const std::string& host_name, std::vector<std::string> addresses) {
    core_->network.name(host_name, std::move(addresses));
}

bool SimWorld::up(HostId host) const { return core_->network.power(host) == Power::up; }

void SimWorld::crash(HostId host, Crash how) { core_->crash(core_->at(host), how); }

// Also called while the process runs: then the rest of its turn has no effect.
void SimWorld::Core::crash(Host& host, Crash how) {
    host.node = nullptr;
    host.alarm = no_deadline;
    host.stalled_until = never;
    host.writes_left = 0;
    network.set_power(host.id, how == Crash::machine ? Power::off : Power::idle, now);
    // The kernel handles the events that the stalled process has not received.
    for (const SimEvent& event : host.missed) {
        if (event.kind == SimEventKind::wake) continue;
        queue.push(now, event.kind, host.id, event.subject, event.detail);
    }
    host.missed.clear();
    if (how == Crash::machine) {
        host.cache.lose_power(host.random);
        host.state.lose_power(host.random);
    }
    host.cache.fail(StorageFault::broken);
    host.state.fail(StorageFault::broken);
}

void SimWorld::restart(HostId id, bool keep_disk) {
    Host& host = core_->at(id);
    if (host.node) crash(id);
    host.cache.fail(StorageFault::none);
    host.state.fail(StorageFault::none);
    if (!keep_disk) {
        host.cache_files.wipe();
        host.state_files.wipe();
    }
    core_->network.set_power(id, Power::idle, core_->now);
}

void SimWorld::stall(HostId id, Duration span) {
    Host& host = core_->at(id);
    if (!host.node) return;
    core_->stall(host, core_->now + span);
}

void SimWorld::suspend(HostId id, Duration span) {
    Host& host = core_->at(id);
    if (!host.node) return;
    core_->stall(host, core_->now + span);
    core_->network.set_asleep(id, host.stalled_until);
}

void SimWorld::move(HostId host, const Endpoint& to) { core_->network.move(host, to); }
const Endpoint& SimWorld::endpoint(HostId host) const { return core_->network.endpoint(host); }
void SimWorld::crash_at_write(HostId host, std::size_t writes) { core_->at(host).writes_left = writes; }

void SimWorld::starve(HostId id, double share, Duration most) {
    Host& host = core_->at(id);
    host.starved = share;
    host.starved_max = std::max<Duration>(most, std::chrono::microseconds{1});
}

// ---- faults ----

void SimWorld::cut(HostId a, HostId b) {
    cut_one_way(a, b);
    cut_one_way(b, a);
}

void SimWorld::cut_one_way(HostId from, HostId to) { core_->network.cut_one_way(from, to); }

void SimWorld::heal(HostId a, HostId b) {
    core_->network.heal_one_way(a, b);
    core_->network.heal_one_way(b, a);
}

void SimWorld::partition(const std::vector<HostId>& island) {
    ++core_->islands;
    for (const HostId host : island) core_->network.set_island(host, core_->islands);
}

void SimWorld::heal() { core_->network.heal(); }
void SimWorld::set_latency(HostId a, HostId b, Duration one_way) { core_->network.set_latency(a, b, one_way); }
void SimWorld::mute(HostId host) { core_->network.set_muted(host); }
void SimWorld::set_extra_latency(HostId host, Duration extra) { core_->network.set_extra_latency(host, extra); }
void SimWorld::set_wall_drift(HostId id, double rate) {
    Host& host = core_->at(id);
    host.drift_before = host.drifted();
    host.drifts_since = core_->now;
    host.drift = rate;
}
void SimWorld::set_jitter(Duration most) { core_->network.set_jitter(most); }
void SimWorld::set_duplicates(double share) { core_->network.set_duplicates(share); }
void SimWorld::set_loss(double share) { core_->network.set_loss(share); }
void SimWorld::set_wall_skew(HostId host, std::int64_t seconds) { core_->at(host).wall_skew = seconds; }
FaultyStorage& SimWorld::cache(HostId host) { return core_->at(host).cache; }
FaultyStorage& SimWorld::state(HostId host) { return core_->at(host).state; }

// ---- counters and events ----

const SimCounters& SimWorld::counters(HostId host) const { return core_->network.counters(host); }

SimCounters SimWorld::total() const {
    SimCounters sum;
    for (const Host& host : core_->hosts) sum += core_->network.counters(host.id);
    return sum;
}

std::size_t SimWorld::connection_count() const { return core_->network.connection_count(); }
const std::vector<SimWorld::Noted>& SimWorld::noted() const { return core_->noted; }
void SimWorld::watch(SimWatcher* watcher) { core_->watcher = watcher; }

}  // namespace halp
