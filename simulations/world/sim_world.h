// A world of virtual time that runs the same node code as halpd: hosts with the interfaces of
// overlay/environment.h, virtual TCP between them, and fault injection. One seed gives one run: events are data
// ordered by (time, sequence), every host draws from its own random stream, and two runs of one seed have the same
// digest.
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
#include "overlay/world_runner.h"
#include "simulations/world/faulty_storage.h"
#include "simulations/world/sim_network.h"
#include "simulations/world/sim_queue.h"

namespace halp {

struct SimOptions {
    NetworkOptions network;
    UnixSeconds wall_at_start{1'700'000'000};
    bool collect_events = false;  // keep the events of nodes, see noted()
};

// Receives the events of all nodes when they are noted. May read the world and inject faults; must not call a node.
class SimWatcher {
public:
    virtual ~SimWatcher() = default;
    virtual void on_event(HostId host, Instant at, const Event& event) = 0;
};

enum class Crash : std::uint8_t {
    process,  // kill -9: the kernel closes the connections and refuses new ones
    machine,  // loss of power: connections vanish silently, connecting times out, appends may be torn
};

class SimWorld final : public WorldRunner {
public:
    explicit SimWorld(std::uint64_t seed, SimOptions options = {});
    ~SimWorld() override;
    SimWorld(const SimWorld&) = delete;
    SimWorld& operator=(const SimWorld&) = delete;

    // Hosts may share an address with different ports. A host does not listen before attach().
    HostId add_host(const Endpoint& endpoint);
    [[nodiscard]] OverlayEnvironment& env(HostId host);
    // The host listens from now on. Before, and after a crash, its transport and its alarm do nothing.
    void attach(HostId host, EventHandler& node, std::size_t node_bytes = 0);
    // Gives a host name addresses. Each connect() draws one of them and keeps its port.
    void name(const std::string& host_name, std::vector<std::string> addresses);

    // Virtual time. It starts well above zero, as the monotonic clock of a real machine.
    [[nodiscard]] Instant now() const;
    void run_for(Duration span);
    bool run_until(const std::function<bool()>& done, Duration span) override;
    // A hash of every executed event with its payload.
    [[nodiscard]] std::uint64_t digest() const;
    [[nodiscard]] std::uint64_t events_executed() const;

    // Faults. The caller destroys the node object of a crashed host; its environment does nothing. A restart ends
    // the faults of the storage.
    void crash(HostId host, Crash how = Crash::process);
    void restart(HostId host, bool keep_disk = true);  // then attach() a new node
    void stall(HostId host,
               Duration span);  // as SIGSTOP: the kernel goes on, the process receives everything later
    // As a laptop that sleeps: nothing reaches the machine and nothing leaves it, its connections stay, and all its
    // clocks have moved on when it wakes. Others see it vanish without a word.
    void suspend(HostId host, Duration span);
    // A starved process: this share of its turns begins late, uniformly up to `most` (NetworkOptions::starved).
    void starve(HostId host, double share, Duration most);
    // The host has another address from now on, as after a new DHCP lease. Whoever knows the former one gets no
    // answer there, unless another host moves to it; connections that stand are broken after a while.
    void move(HostId host, const Endpoint& to);
    [[nodiscard]] const Endpoint& endpoint(HostId host) const;
    // Kills the process at its `writes`-th change of a file from now on (1: the next), which does not happen.
    void crash_at_write(HostId host, std::size_t writes);
    [[nodiscard]] bool up(HostId host) const;
    void cut(HostId a, HostId b);  // in both directions: segments vanish
    void cut_one_way(HostId from, HostId to);
    void heal(HostId a, HostId b);
    // These hosts reach each other and no other host. Each call makes a new island.
    void partition(const std::vector<HostId>& island);
    void heal();             // ends every cut, partition and mute
    void mute(HostId host);  // its segments reach muted hosts only; it receives from everybody
    void set_latency(HostId a, HostId b, Duration one_way);
    void set_extra_latency(HostId host, Duration extra);  // on every segment to and from it
    void set_loss(double share);
    void set_jitter(Duration most);     // each segment is late by up to this, so streams overtake each other
    void set_duplicates(double share);  // of the connection attempts arrive twice
    // Added to its wall clock from now on; another value is a jump. Its monotonic clock does not jump.
    void set_wall_skew(HostId host, std::int64_t seconds);
    // Seconds that its wall clock gains per second from now on. What it has gained before stays.
    void set_wall_drift(HostId host, double rate);
    [[nodiscard]] FaultyStorage& cache(HostId host);  // transparent until fail()
    [[nodiscard]] FaultyStorage& state(HostId host);

    // Counters and events.
    [[nodiscard]] const SimCounters& counters(HostId host) const;
    [[nodiscard]] SimCounters total() const;
    [[nodiscard]] std::size_t connection_count() const;
    struct Noted {
        Instant at;
        HostId host;
        Event event;
    };
    [[nodiscard]] const std::vector<Noted>& noted() const;
    void watch(SimWatcher* watcher);  // nullptr: no watcher

    // More events at one instant are a livelock; the run ends with an assertion.
    static constexpr std::uint64_t events_per_instant_max = 10'000'000;

private:
    struct Host;
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace halp
