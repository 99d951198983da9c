// Virtual TCP between the hosts of a simulated world: handshakes, ordered bytes, FIN and RST, retransmission
// across loss and cuts, connections that stay half open when a machine vanishes. What a node sees of it is what
// overlay/environment.h promises and nothing more.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "overlay/environment.h"
#include "simulations/world/latency_model.h"
#include "simulations/world/sim_queue.h"
#include "simulations/world/sim_random.h"
#include "store/endpoint.h"

namespace halp {

struct NetworkOptions {
    TopologyOptions topology;       // the latency of every pair of hosts
    Duration jitter = Duration{0};  // added to each segment, uniform; never reorders the bytes of a stream
    double loss = 0;                // of each segment; TCP repairs it, late
    // Of the attempts to connect, how many come twice: the copy is accepted, then reset, as nobody stands behind
    // it.
    double duplicates = 0;
    Duration connect_timeout = std::chrono::seconds{10};
    Duration give_up = std::chrono::seconds{30};  // a sender without acknowledgement: its stream is closed
    std::size_t segment_max = 16384;              // bytes told in one on_bytes
    // All hosts as processes of one machine: so many cores, each callback keeps one of them busy for so long, the start
    // of a process too, and who finds none free waits for the next. Zero cores: thinking takes no time.
    std::size_t cores = 0;
    Duration callback_cost = std::chrono::microseconds{30};
    Duration start_cost = std::chrono::milliseconds{5};
};

struct SimCounters {
    std::uint64_t connects = 0, connected = 0, refused = 0, timed_out = 0, other_failures = 0, accepted = 0;
    std::uint64_t bytes_out = 0, bytes_in = 0;  // written by the node; told to the node
    std::uint64_t callbacks = 0, wakeups = 0;
    std::uint64_t strays = 0;  // uses of a stream that is not (any more) the node's: a fault of the node
    SimCounters& operator+=(const SimCounters& other);
};

enum class Power : std::uint8_t {
    up,    // a process runs and listens
    idle,  // the machine runs, nobody listens
    off,   // the machine is gone: nothing answers
};

// Whom the network tells, and the rule it keeps: nobody is told anything while a door is open.
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
    // Closes what the host held: as the kernel does for a killed process, or without a word when the machine
    // goes off.
    void set_power(HostId host, Power power, Instant now);
    [[nodiscard]] Power power(HostId host) const { return at(host).power; }

    // The doors of one host.
    StreamId connect(HostId host, const Endpoint& to, Instant now);
    void write(HostId host, StreamId stream, Bytes bytes, Instant now);
    void close(HostId host, StreamId stream, Instant now);
    void abort(HostId host, StreamId stream, Instant now);

    // Every kind but wake and resume.
    void on_event(const SimEvent& event);
    // Mixes what `event` carries into a digest.
    [[nodiscard]] std::uint64_t digest(const SimEvent& event) const;

    void name(const std::string& host_name, std::vector<std::string> addresses) {
        names_[host_name] = std::move(addresses);
    }
    void cut_one_way(HostId from, HostId to) { cuts_.insert({from, to}); }
    void heal_one_way(HostId from, HostId to) { cuts_.erase({from, to}); }
    void set_island(HostId host, std::uint32_t island) { at(host).island = island; }
    void heal();
    void set_latency(HostId a, HostId b, Duration latency) { latencies_[std::minmax(a, b)] = latency; }
    void set_loss(double loss) { options_.loss = loss; }
    // On top of the latency of every segment to and from this host.
    void set_extra_latency(HostId host, Duration extra) { at(host).extra = extra; }
    // What a muted host sends reaches muted hosts only; it hears everybody. heal() ends it.
    void set_muted(HostId host) { at(host).muted = true; }
    void set_jitter(Duration jitter) { options_.jitter = jitter; }
    void set_duplicates(double share) { options_.duplicates = share; }
    [[nodiscard]] Duration latency(HostId a, HostId b) const;
    [[nodiscard]] bool reaches(HostId from, HostId to) const;

    [[nodiscard]] const Endpoint& endpoint(HostId host) const { return at(host).endpoint; }
    [[nodiscard]] HostId find(const Endpoint& endpoint) const;  // no_host when there is none
    [[nodiscard]] SimCounters& counters(HostId host) { return at(host).counters; }
    [[nodiscard]] std::size_t host_count() const { return hosts_.size(); }
    [[nodiscard]] std::size_t connection_count() const { return connections_.size(); }

    static constexpr HostId no_host{0xffffffff};

private:
    enum class SegmentKind : std::uint8_t { established, bytes, fin, reset };
    struct Segment {
        Instant at{};  // earliest arrival
        SegmentKind kind = SegmentKind::bytes;
        std::string bytes;
    };
    enum class EndState : std::uint8_t {
        pending,  // connecting
        open,     // the node's
        closed,   // the node closed it, the kernel still delivers what was written
        gone,     // the kernel knows nothing of it: whatever arrives is answered by a reset
    };
    struct End {
        HostId host = no_host;
        EndState state = EndState::gone;
        bool travelling = false;  // an arrive event for the head of `flight` is in the queue
        std::uint8_t tries = 0;   // retransmissions of the head
        Instant blocked_since = never;
        std::vector<Segment> flight;  // on its way to the other end, in order
        std::string unsent;           // written before the connection stood
    };
    struct Connection {
        End ends[2];  // 0 connects, 1 accepts
        Instant began{};
        Endpoint to;
    };
    struct Host {
        Host(std::uint64_t seed, std::uint64_t number, const Endpoint& where);
        Endpoint endpoint;
        SimRandom random;  // loss and jitter of what it sends, choice among the addresses of a name
        Power power = Power::idle;
        std::uint32_t island = 0;
        bool muted = false;
        Duration extra{0};
        std::vector<std::uint64_t> ends;  // subjects, in order of birth
        SimCounters counters;
    };

    Host& at(HostId host);
    [[nodiscard]] const Host& at(HostId host) const;
    Connection* connection(std::uint64_t subject);
    End* own_end(HostId host, StreamId stream);            // counts a stray when there is none
    [[nodiscard]] bool resolve(Host& from, Endpoint& to);  // false: nobody knows that name
    [[nodiscard]] HostId at_address(const Endpoint& to) const;
    template <class Call>
    void tell(HostId host, Call call);

    void on_syn(const SimEvent& event);
    void on_accept(const SimEvent& event);
    void on_fail(const SimEvent& event);
    void on_arrive(const SimEvent& event);
    [[nodiscard]] bool blocked(const End& from, const End& to) const;
    void hold_head(std::uint64_t from_subject, Connection& link, Instant now);
    void break_end(std::uint64_t subject, Connection& link);
    void take_segment(std::uint64_t subject, const Segment& segment, Instant now);
    void take_established(std::uint64_t subject, Instant now);
    void take_bytes(std::uint64_t subject, const Segment& segment, Instant now);

    void accept_copy(const SimEvent& event, const Endpoint& to, HostId caller);
    void retry_syn(const SimEvent& event, const Connection& link);
    void fail_later(std::uint64_t subject, ConnectFailure why, Instant when);
    void send(std::uint64_t subject, Connection& link, SegmentKind kind, Bytes bytes, Instant now);
    void send_bytes(std::uint64_t subject, Connection& link, Bytes bytes, Instant now);
    void travel(std::uint64_t subject, Connection& link, Instant now);
    [[nodiscard]] Instant arrival(End& from, const End& to, Instant now);
    void release(std::uint64_t subject);  // the node or the kernel lets go of an end
    void sweep(std::uint64_t subject);    // forgets a connection that can do nothing any more

    std::uint64_t seed_;
    NetworkOptions options_;
    std::unique_ptr<LatencyModel> model_;
    SimQueue& queue_;
    SimCallbacks& callbacks_;
    std::vector<Host> hosts_;
    std::map<Endpoint, HostId> by_endpoint_;
    std::unordered_map<std::uint64_t, HostId> by_hash_;  // of endpoints; never iterated
    std::map<std::string, std::vector<std::string>> names_;
    std::set<std::pair<HostId, HostId>> cuts_;
    std::map<std::pair<HostId, HostId>, Duration> latencies_;
    std::unordered_map<std::uint64_t, Connection> connections_;  // by serial; never iterated
    std::uint64_t next_serial_ = 1;
};

}  // namespace halp
