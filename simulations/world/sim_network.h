// Virtual TCP between the hosts of a simulated world. It has handshakes, ordered bytes, FIN and RST, retransmission
// after loss and across cuts, and connections that stay half open when a machine vanishes. A node sees what
// overlay/environment.h promises and nothing more. simulations/world/README.md draws the life of a connection.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "simulations/world/connection_table.h"
#include "simulations/world/host_directory.h"
#include "simulations/world/latency_model.h"
#include "simulations/world/network_options.h"
#include "simulations/world/sim_queue.h"
#include "simulations/world/sim_random.h"
#include "store/endpoint.h"

namespace halp {

struct SimCounters {
    std::uint64_t connects = 0, connected = 0, refused = 0, timed_out = 0, other_failures = 0, accepted = 0;
    std::uint64_t bytes_out = 0, bytes_in = 0;  // written by the node; delivered to the node
    std::uint64_t callbacks = 0, wakeups = 0;
    std::uint64_t strays = 0;  // uses of a stream that the node does not own: a fault of the node
    SimCounters& operator+=(const SimCounters& other);
};

enum class Power : std::uint8_t {
    up,    // a process runs and listens
    idle,  // the machine runs, no process listens
    off,   // the machine is gone: nothing answers
};

// How the network calls a node. begin_callback() asserts that no call of an interface is still running.
class SimCallbacks {
public:
    virtual ~SimCallbacks() = default;
    virtual EventHandler& begin_callback(HostId host) = 0;
    virtual void end_callback(HostId host) = 0;
};

class SimNetwork {
public:
    SimNetwork(std::uint64_t seed, NetworkOptions options, SimQueue& queue, SimCallbacks& callbacks);

    void add_host(const Endpoint& endpoint);  // ids are given in order
    // Ends the connections of the host. Power::idle closes them as the kernel does for a killed process; Power::off
    // sends nothing.
    void set_power(HostId host, Power power, Instant now);
    [[nodiscard]] Power power(HostId host) const { return at(host).power; }
    // The machine has another address from now on. Its connections stay at the former one, where nothing arrives.
    void move(HostId host, const Endpoint& to);
    // The machine is suspended: until then its kernel neither receives nor sends. Connections stay.
    void set_asleep(HostId host, Instant until) { at(host).asleep_until = until; }
    [[nodiscard]] bool asleep(HostId host, Instant now) const { return now < at(host).asleep_until; }

    // The Transport interface of one host.
    StreamId connect(HostId host, const Endpoint& to, Instant now);
    void write(HostId host, StreamId stream, Bytes bytes, Instant now);
    void close(HostId host, StreamId stream, Instant now);
    void abort(HostId host, StreamId stream, Instant now);

    // Executes an event of any kind but wake and resume.
    void on_event(const SimEvent& event);
    // Hashes the event and the segment that it delivers. Free slots do not show in it.
    [[nodiscard]] std::uint64_t digest(const SimEvent& event);

    void name(const std::string& host_name, std::vector<std::string> addresses) {
        directory_.name(host_name, std::move(addresses));
    }
    void cut_one_way(HostId from, HostId to) { cuts_.insert({from, to}); }
    void heal_one_way(HostId from, HostId to) { cuts_.erase({from, to}); }
    void set_island(HostId host, std::uint32_t island) { at(host).island = island; }
    void heal();
    void set_latency(HostId a, HostId b, Duration latency) { latencies_[std::minmax(a, b)] = latency; }
    void set_loss(double loss) { options_.loss = loss; }
    // Added to the latency of every segment to and from this host.
    void set_extra_latency(HostId host, Duration extra) { at(host).extra = extra; }
    // Segments of a muted host reach muted hosts only; it receives from everybody. heal() ends it.
    void set_muted(HostId host) { at(host).muted = true; }
    void set_jitter(Duration jitter) { options_.jitter = jitter; }
    void set_duplicates(double share) { options_.duplicates = share; }
    [[nodiscard]] Duration latency(HostId a, HostId b) const;
    [[nodiscard]] bool reaches(HostId from, HostId to) const;

    [[nodiscard]] const Endpoint& endpoint(HostId host) const { return directory_.endpoint(host); }
    [[nodiscard]] SimCounters& counters(HostId host) { return at(host).counters; }
    [[nodiscard]] std::size_t host_count() const { return machines_.size(); }
    [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

private:
    enum class SegmentKind : std::uint8_t { established, bytes, fin, reset };
    struct Segment {
        Instant at{};  // earliest arrival
        SegmentKind kind = SegmentKind::bytes;
        std::string bytes;
    };
    enum class EndState : std::uint8_t {
        pending,  // connecting
        open,     // owned by the node
        closed,   // the node closed it; the kernel still delivers what was written
        gone,     // unknown to the kernel: every segment is answered with a reset
    };
    struct End {
        HostId host = no_host;
        EndState state = EndState::gone;
        std::uint32_t address = 0;  // Machine::address when it was opened
        bool travelling = false;    // an arrive event for the head of `flight` is in the queue
        std::uint8_t tries = 0;     // retransmissions of the head
        Instant blocked_since = never;
        std::vector<Segment> flight;  // on the way to the other end, in order
        std::string unsent;           // written before the connection was established

        void clear() {  // keeps the memory of `flight`
            std::vector<Segment> empty = std::move(flight);
            empty.clear();
            *this = {};
            flight = std::move(empty);
        }
    };
    struct Connection {
        std::uint64_t serial = 0;
        End ends[2];  // 0 connects, 1 accepts
        Instant began{};
        Endpoint to;

        void clear() {
            serial = 0;
            for (End& end : ends) end.clear();
            began = {};
            to = {};
        }
    };
    // One end of a connection that was looked up; null when there is none.
    struct EndRef {
        EndId id;
        Connection* link;
        explicit operator bool() const { return link != nullptr; }
        [[nodiscard]] End& own() const { return link->ends[id.side()]; }
        [[nodiscard]] End& peer() const { return link->ends[id.other().side()]; }
        [[nodiscard]] EndRef other() const { return {id.other(), link}; }
        [[nodiscard]] StreamId stream() const { return StreamId{id.word()}; }
        // A callback may end the connection, and another one may get its slot.
        [[nodiscard]] bool ended() const { return link->serial != id.serial(); }
    };
    // What the network knows of one host.
    struct Machine {
        Machine(std::uint64_t seed, std::uint64_t number);
        SimRandom random;  // loss and jitter of what it sends; choice among the addresses of a name
        Power power = Power::idle;
        Instant asleep_until = never;
        std::uint32_t address = 0;  // counts its addresses
        std::uint32_t island = 0;
        bool muted = false;
        Duration extra{0};
        std::vector<EndId> ends;  // in the order in which they were made
        SimCounters counters;
    };

    Machine& at(HostId host);
    [[nodiscard]] const Machine& at(HostId host) const;
    EndRef find(EndId id) { return {id, connections_.find(id)}; }
    EndRef own_end(HostId host, StreamId stream);  // counts a stray when there is none
    EndRef begin_connection(EndId id, HostId caller, const Endpoint& to, Instant now);
    void accept(EndRef callee, HostId host, Instant now);
    template <class Call>
    void call_back(HostId host, Call call);

    void on_syn(EndRef caller, const SimEvent& event);
    void on_accept(EndRef callee);
    void on_fail(EndRef caller, ConnectFailure why);
    void on_arrive(EndRef receiver, Instant now);
    [[nodiscard]] bool moved(const End& end) const { return end.address != at(end.host).address; }
    [[nodiscard]] bool blocked(const End& from, const End& to, Instant now) const;
    void hold_head(EndRef sender, Instant now);
    void break_end(EndRef end);
    void take_segment(EndRef receiver, const Segment& segment, Instant now);
    void take_established(EndRef caller, Instant now);
    void take_bytes(EndRef receiver, const Segment& segment, Instant now);

    void retry_syn(EndRef caller, const SimEvent& event);
    void fail_later(EndRef caller, ConnectFailure why, Instant when);
    void send(EndRef sender, SegmentKind kind, Bytes bytes, Instant now);
    void send_whole(EndRef sender, std::string bytes, Instant now);
    void send_bytes(EndRef sender, Bytes bytes, Instant now);
    void travel(EndRef sender, Instant now);
    [[nodiscard]] Instant arrival(const End& from, const End& to, Instant now);
    void leave(EndRef end, EndState state, SegmentKind last, Instant now);
    void release(EndRef end);           // the node no longer owns this end
    void erase_if_over(EndRef either);  // erases a connection in which nothing can happen

    std::uint64_t seed_;
    NetworkOptions options_;
    std::unique_ptr<LatencyModel> model_;
    SimQueue& queue_;
    SimCallbacks& callbacks_;
    HostDirectory directory_;
    std::vector<Machine> machines_;  // by host
    std::set<std::pair<HostId, HostId>> cuts_;
    std::map<std::pair<HostId, HostId>, Duration> latencies_;
    ConnectionTable<Connection> connections_;
};

}  // namespace halp
