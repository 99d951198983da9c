// A world of virtual time around the very code that runs in halpd: hosts with the doors of
// overlay/environment.h, virtual TCP between them, and every fault a test needs. One seed gives one run: events
// are data ordered by (time, sequence), every host draws from a stream of its own, and the digest of two runs
// of one seed is the same.
//
//     SimWorld world{seed};
//     const HostId a = world.add_host({"10.0.0.1", 3451});
//     OverlayNode node{world.env(a), endpoints, options, false};
//     world.attach(a, node);
//     node.start();
//     world.run_for(seconds{30});
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "simulations/world/faulty_storage.h"
#include "simulations/world/sim_network.h"
#include "simulations/world/sim_queue.h"

namespace halp {

struct SimOptions {
    NetworkOptions network;
    UnixSeconds wall_at_start{1'700'000'000};
    bool collect_events = false;  // keep what nodes note, see noted()
};

// Hears at once what any node notes. May look at the world and inject faults; may not call into the node.
class SimWatcher {
public:
    virtual ~SimWatcher() = default;
    virtual void on_event(HostId host, Instant at, const Event& event) = 0;
};

enum class Crash : std::uint8_t {
    process,  // kill -9: the kernel closes its connections, connecting again is refused
    machine,  // power lost: connections vanish without a word, connecting times out, appends may be torn
};

class SimWorld {
public:
    explicit SimWorld(std::uint64_t seed, SimOptions options = {});
    ~SimWorld();
    SimWorld(const SimWorld&) = delete;
    SimWorld& operator=(const SimWorld&) = delete;

    // Hosts may share an address with different ports. Nobody listens until attach().
    HostId add_host(const Endpoint& endpoint);
    [[nodiscard]] OverlayEnvironment& env(HostId host);
    // From now on it listens. Before, and after a crash, its transport and its alarm do nothing.
    void attach(HostId host, EventHandler& node);
    // A host name that several addresses may answer; each connect draws one of them. The port is the caller's.
    void name(const std::string& host_name, std::vector<std::string> addresses);

    // Virtual time. Starts well above zero, as the monotonic clock of a real machine does.
    [[nodiscard]] Instant now() const;
    void run_for(Duration span);
    // Stops after the event that makes `done` true. False when that has not happened within `span`.
    bool run_until(const std::function<bool()>& done, Duration span);
    // A hash of every event executed so far, payloads included.
    [[nodiscard]] std::uint64_t digest() const;
    [[nodiscard]] std::uint64_t events_executed() const;

    // Faults. The node object of a crashed host is the caller's to destroy; its doors lead nowhere. A restart ends
    // the faults of its storage.
    void crash(HostId host, Crash how = Crash::process);
    void restart(HostId host, bool keep_disk = true);  // then attach() a new node
    void stall(HostId host, Duration span);  // as SIGSTOP: the kernel goes on, the node hears everything later
    [[nodiscard]] bool up(HostId host) const;
    void cut(HostId a, HostId b);  // both ways: packets vanish
    void cut_one_way(HostId from, HostId to);
    void heal(HostId a, HostId b);
    // These hosts reach each other and nobody else. Each call makes a new island.
    void partition(const std::vector<HostId>& island);
    void heal();             // every cut and partition
    void mute(HostId host);  // what it sends reaches only other muted hosts; it hears everybody. heal() ends it
    void set_latency(HostId a, HostId b, Duration one_way);
    void set_extra_latency(HostId host, Duration extra);  // on every segment to and from it
    void set_loss(double share);
    void set_jitter(Duration most);     // each segment is late by up to this: streams overtake each other
    void set_duplicates(double share);  // of the attempts to connect, that come twice
    void set_wall_skew(HostId host, std::int64_t seconds);  // its wall clock against the true one
    // Seconds its wall clock gains per second from now on; what it gained before stays.
    void set_wall_drift(HostId host, double rate);
    [[nodiscard]] FaultyStorage& cache(HostId host);  // transparent until told to fail
    [[nodiscard]] FaultyStorage& state(HostId host);

    // What happened.
    [[nodiscard]] const SimCounters& counters(HostId host) const;
    [[nodiscard]] SimCounters total() const;
    [[nodiscard]] std::size_t connection_count() const;
    struct Noted {
        Instant at;
        HostId host;
        Event event;
    };
    [[nodiscard]] const std::vector<Noted>& noted() const;
    void watch(SimWatcher* watcher);  // nullptr: nobody

    // A host that wakes itself up this often without time passing is stuck; the run ends with an assertion.
    static constexpr std::uint64_t events_per_instant_max = 10'000'000;

private:
    struct Host;
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace halp
