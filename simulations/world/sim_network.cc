#include "simulations/world/sim_network.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <chrono>
#include <cstring>
#include <utility>

namespace halp {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// The values of Linux, in orders of magnitude: RTO of 200 ms that doubles, first SYN again after 1 s.
constexpr Duration retransmit_min = milliseconds{200};
constexpr Duration retransmit_max = seconds{5};
constexpr Duration syn_retransmit = seconds{1};
constexpr Duration lookup_time = milliseconds{1};  // of an unknown host name

// Eight bytes at a time, in little-endian order on every machine.
std::uint64_t hash_bytes(Bytes bytes) {
    std::uint64_t hash = bytes.size();
    std::size_t at = 0;
    if constexpr (std::endian::native == std::endian::little) {
        for (; at + 8 <= bytes.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, bytes.data() + at, sizeof word);
            hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
            hash ^= hash >> 32;
        }
    }
    for (; at < bytes.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = std::min<std::size_t>(8, bytes.size() - at); i-- > 0;)
            word = word << 8 | static_cast<unsigned char>(bytes[at + i]);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 32;
    }
    return hash;
}

// Linux gives ephemeral ports from 32768 on.
std::uint16_t ephemeral_port(std::uint64_t serial) { return static_cast<std::uint16_t>(32768 + serial % 28232); }

}  // namespace

SimCounters& SimCounters::operator+=(const SimCounters& other) {
    connects += other.connects;
    connected += other.connected;
    refused += other.refused;
    timed_out += other.timed_out;
    other_failures += other.other_failures;
    accepted += other.accepted;
    bytes_out += other.bytes_out;
    bytes_in += other.bytes_in;
    callbacks += other.callbacks;
    wakeups += other.wakeups;
    strays += other.strays;
    return *this;
}

SimNetwork::Machine::Machine(std::uint64_t seed, std::uint64_t host_number) : random(seed, host_number) {}

SimNetwork::SimNetwork(std::uint64_t seed, NetworkOptions options, SimQueue& queue, SimCallbacks& callbacks)
    : seed_(mix_words(seed, 0x6e6574)),
      options_(std::move(options)),
      model_(make_latency_model(options_.topology, seed_)),
      queue_(queue),
      callbacks_(callbacks) {
    assert(options_.segment_max > 0);
}

void SimNetwork::add_host(const Endpoint& endpoint) {
    directory_.add(endpoint);
    machines_.emplace_back(seed_, machines_.size());
}

void SimNetwork::move(HostId host, const Endpoint& to) {
    directory_.move(host, to);
    ++at(host).address;
}

SimNetwork::Machine& SimNetwork::at(HostId host) {
    assert(number(host) < machines_.size());
    return machines_[static_cast<std::size_t>(host)];
}

const SimNetwork::Machine& SimNetwork::at(HostId host) const {
    assert(number(host) < machines_.size());
    return machines_[static_cast<std::size_t>(host)];
}

SimNetwork::EndRef SimNetwork::own_end(HostId host, StreamId stream) {
    const EndId id{static_cast<std::uint64_t>(stream)};
    if (at(host).power != Power::up) return {id, nullptr};  // the process is dead; its destructors may still call
    const EndRef end = find(id);
    if (end && end.own().host == host &&
        (end.own().state == EndState::open || end.own().state == EndState::pending))
        return end;
    ++at(host).counters.strays;
    return {id, nullptr};
}

template <class Call>
void SimNetwork::call_back(HostId host, Call call) {
    call(callbacks_.begin_callback(host));
    callbacks_.end_callback(host);
}

// ---- links ----

Duration SimNetwork::latency(HostId a, HostId b) const {
    const auto [low, high] = std::minmax(a, b);
    const Duration extra = at(a).extra + at(b).extra;
    if (!latencies_.empty()) {
        const auto set = latencies_.find({low, high});
        if (set != latencies_.end()) return set->second + extra;
    }
    return model_->one_way(static_cast<std::uint32_t>(a), static_cast<std::uint32_t>(b)) + extra;
}

bool SimNetwork::reaches(HostId from, HostId to) const {
    const Machine &sender = at(from), &receiver = at(to);
    if (sender.island != receiver.island || (sender.muted && !receiver.muted)) return false;
    return cuts_.empty() || !cuts_.contains({from, to});
}

void SimNetwork::heal() {
    cuts_.clear();
    for (Machine& machine : machines_) {
        machine.island = 0;
        machine.muted = false;
    }
}

// A lost segment arrives after its retransmissions.
Instant SimNetwork::arrival(const End& from, const End& to, Instant now) {
    SimRandom& random = at(from.host).random;
    Instant when = now + latency(from.host, to.host);
    if (options_.jitter > Duration{0}) {
        when += Duration{
            static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(options_.jitter.count()) + 1))};
    }
    if (options_.loss > 0) {
        Duration wait = retransmit_min;
        for (int losses = 0; losses < 8 && random.chance(options_.loss); ++losses, wait *= 2) when += wait;
    }
    return when;
}

// ---- the Transport interface ----

SimNetwork::EndRef SimNetwork::begin_connection(EndId id, HostId caller, const Endpoint& to, Instant now) {
    const EndRef end = find(id);
    end.own().host = caller;
    end.own().address = at(caller).address;
    end.link->began = now;
    end.link->to = to;
    return end;
}

StreamId SimNetwork::connect(HostId host, const Endpoint& to, Instant now) {
    Machine& from = at(host);
    if (from.power != Power::up) return StreamId{connections_.insert_nothing().word()};
    const EndRef caller = begin_connection(connections_.insert(), host, to, now);
    caller.own().state = EndState::pending;
    ++from.counters.connects;
    from.ends.push_back(caller.id);
    if (!directory_.resolve(caller.link->to, from.random)) {
        fail_later(caller, ConnectFailure::name_unknown, now + lookup_time);
        return caller.stream();
    }
    const HostId target = directory_.find_address(caller.link->to);
    if (target == no_host) {
        fail_later(caller, ConnectFailure::timed_out, now + options_.connect_timeout);
    } else {
        queue_.push(now + latency(host, target), SimEventKind::syn, target, caller.id.word());
    }
    return caller.stream();
}

void SimNetwork::write(HostId host, StreamId stream, Bytes bytes, Instant now) {
    const EndRef end = own_end(host, stream);
    if (!end) return;
    at(host).counters.bytes_out += bytes.size();
    if (end.own().state == EndState::pending) {
        end.own().unsent += bytes;
    } else {
        send_bytes(end, bytes, now);
    }
}

void SimNetwork::close(HostId host, StreamId stream, Instant now) {
    const EndRef end = own_end(host, stream);
    if (end) leave(end, EndState::closed, SegmentKind::fin, now);
}

void SimNetwork::abort(HostId host, StreamId stream, Instant now) {
    const EndRef end = own_end(host, stream);
    if (!end) return;
    end.own().unsent.clear();
    leave(end, EndState::gone, SegmentKind::reset, now);
}

// An established connection sends `last` to its peer; one that is still pending sends nothing.
void SimNetwork::leave(EndRef end, EndState state, SegmentKind last, Instant now) {
    const bool established = end.own().state == EndState::open;
    end.own().state = state;
    release(end);
    if (established) send(end, last, {}, now);
    erase_if_over(end);
}

void SimNetwork::set_power(HostId host, Power power, Instant now) {
    Machine& machine = at(host);
    const std::vector<EndId> held = power == Power::up ? std::vector<EndId>{} : machine.ends;
    for (const EndId id : held) {
        const EndRef ref = find(id);
        End& end = ref.own();
        const bool established = end.state == EndState::open;
        end.state = established && power == Power::idle ? EndState::closed : EndState::gone;
        end.unsent.clear();
        if (power == Power::off) end.flight.clear();
        release(ref);
        if (end.state == EndState::closed) send(ref, SegmentKind::fin, {}, now);
        erase_if_over(ref);
    }
    machine.power = power;
    machine.asleep_until = never;
}

// ---- handshake ----

void SimNetwork::on_event(const SimEvent& event) {
    const EndRef end = find(EndId{event.subject});
    if (!end) return;
    switch (event.kind) {
        case SimEventKind::syn:
            return on_syn(end, event);
        case SimEventKind::accept:
            return on_accept(end);
        case SimEventKind::arrive:
            return on_arrive(end, event.at);
        case SimEventKind::fail:
            return on_fail(end, ConnectFailure{event.detail});
        case SimEventKind::broken:
            return break_end(end);
        case SimEventKind::wake:
        case SimEventKind::resume:
            break;
    }
    assert(false && "not an event of the network");
}

void SimNetwork::on_syn(EndRef caller, const SimEvent& event) {
    if (caller.own().state == EndState::gone) return erase_if_over(caller);
    const HostId from = caller.own().host, to = event.host;
    if (moved(caller.own()) || endpoint(to).host != caller.link->to.host) return retry_syn(caller, event);
    const bool lost = options_.loss > 0 && at(from).random.chance(options_.loss);
    const bool connected = reaches(from, to) && reaches(to, from);
    const bool silent = power(to) == Power::off || asleep(to, event.at);
    if (lost || !connected || silent) return retry_syn(caller, event);
    if (power(to) == Power::idle || endpoint(to).port != caller.link->to.port)
        return fail_later(caller, ConnectFailure::refused, event.at + latency(from, to));
    accept(caller.other(), to, event.at);
    if (options_.duplicates <= 0 || !at(from).random.chance(options_.duplicates)) return;
    // A late copy of the SYN. The target's kernel opens one more connection, which the caller's kernel does not
    // know.
    accept(begin_connection(connections_.insert(), from, caller.link->to, event.at).other(), to, event.at);
}

void SimNetwork::accept(EndRef callee, HostId host, Instant now) {
    callee.own().host = host;
    callee.own().address = at(host).address;
    callee.own().state = EndState::open;
    at(host).ends.push_back(callee.id);
    queue_.push(now, SimEventKind::accept, host, callee.id.word());
    send(callee, SegmentKind::established, {}, now);
}

void SimNetwork::retry_syn(EndRef caller, const SimEvent& event) {
    const Instant deadline = caller.link->began + options_.connect_timeout;
    const Instant next = event.at + syn_retransmit * (std::int64_t{1} << std::min<int>(event.detail, 8));
    if (next >= deadline) return fail_later(caller, ConnectFailure::timed_out, deadline);
    const HostId there = directory_.find_address(caller.link->to);  // another host may have the address by now
    queue_.push(next, SimEventKind::syn, there == no_host ? event.host : there, event.subject,
                static_cast<std::uint8_t>(event.detail + 1));
}

void SimNetwork::fail_later(EndRef caller, ConnectFailure why, Instant when) {
    queue_.push(when, SimEventKind::fail, caller.own().host, caller.id.word(), static_cast<std::uint8_t>(why));
}

void SimNetwork::on_accept(EndRef callee) {
    if (callee.own().state != EndState::open) return;
    const HostId host = callee.own().host;
    ++at(host).counters.accepted;
    const Endpoint source{endpoint(callee.peer().host).host, ephemeral_port(callee.id.serial())};
    call_back(host, [&](EventHandler& node) { node.on_accept(callee.stream(), source); });
}

void SimNetwork::on_fail(EndRef caller, ConnectFailure why) {
    End& end = caller.own();
    const bool waiting = end.state == EndState::pending;
    // A connection that the node closed before it was established, with bytes to send, also ends here.
    if (!waiting && (end.state != EndState::closed || end.unsent.empty())) {
        if (caller.peer().host == no_host) end.state = EndState::gone;
        return erase_if_over(caller);
    }
    const HostId host = end.host;
    end.state = EndState::gone;
    end.unsent.clear();
    if (waiting) release(caller);
    erase_if_over(caller);
    if (!waiting) return;
    SimCounters& counters = at(host).counters;
    ++(why == ConnectFailure::refused     ? counters.refused
       : why == ConnectFailure::timed_out ? counters.timed_out
                                          : counters.other_failures);
    call_back(host, [&](EventHandler& node) { node.on_connect_failed(caller.stream(), why); });
}

// ---- segments ----

void SimNetwork::send(EndRef sender, SegmentKind kind, Bytes bytes, Instant now) {
    End& from = sender.own();
    const Instant when = arrival(from, sender.peer(), now);
    Segment* last = from.flight.empty() ? nullptr : &from.flight.back();
    const bool joins = last && kind == SegmentKind::bytes && last->kind == kind && last->at == when;
    if (joins && last->bytes.size() + bytes.size() <= options_.segment_max) {
        last->bytes += bytes;
    } else {
        from.flight.push_back({when, kind, std::string{bytes}});
    }
    travel(sender, now);
}

void SimNetwork::send_bytes(EndRef sender, Bytes bytes, Instant now) {
    while (!bytes.empty()) {
        const std::size_t piece = std::min(options_.segment_max, bytes.size());
        send(sender, SegmentKind::bytes, bytes.substr(0, piece), now);
        bytes.remove_prefix(piece);
    }
}

// The first bytes of a connection, which are one segment when they fit, without a copy.
void SimNetwork::send_whole(EndRef sender, std::string bytes, Instant now) {
    End& from = sender.own();
    if (bytes.empty() || bytes.size() > options_.segment_max || !from.flight.empty())
        return send_bytes(sender, bytes, now);
    from.flight.push_back({arrival(from, sender.peer(), now), SegmentKind::bytes, std::move(bytes)});
    travel(sender, now);
}

// Queues the arrival of the first segment in flight, unless it is queued already.
void SimNetwork::travel(EndRef sender, Instant now) {
    End& from = sender.own();
    if (from.travelling || from.flight.empty()) return;
    from.travelling = true;
    queue_.push(std::max(now, from.flight.front().at), SimEventKind::arrive, sender.peer().host,
                sender.id.other().word());
}

bool SimNetwork::blocked(const End& from, const End& to, Instant now) const {
    if (moved(from) || moved(to)) return true;
    return !reaches(from.host, to.host) || at(to.host).power == Power::off || at(from.host).power == Power::off ||
           asleep(to.host, now);
}

void SimNetwork::on_arrive(EndRef receiver, Instant now) {
    const EndRef sender = receiver.other();
    End& from = sender.own();
    from.travelling = false;
    if (from.flight.empty()) return erase_if_over(sender);
    // The flight that this event was queued for has been dropped; a later one is on its way.
    if (from.flight.front().at > now) return travel(sender, now);
    if (blocked(from, receiver.own(), now)) return hold_head(sender, now);
    const Segment head = std::move(from.flight.front());
    from.flight.erase(from.flight.begin());
    from.tries = 0;
    from.blocked_since = never;
    take_segment(receiver, head, now);
    if (receiver.ended()) return;
    travel(sender, now);
    erase_if_over(sender);
}

// The head of the flight cannot reach its target now. The sender's kernel sends it again at growing intervals and
// gives up at last.
void SimNetwork::hold_head(EndRef sender, Instant now) {
    End& from = sender.own();
    if (asleep(from.host, now)) {  // it is sent again after the wake-up, and the time until then does not count
        from.blocked_since = from.flight.front().at = at(from.host).asleep_until;
        return travel(sender, now);
    }
    const bool first = from.blocked_since == never;
    if (first) from.blocked_since = now;
    // The answer to a SYN is lost: the caller's attempt must still end.
    if (first && from.flight.front().kind == SegmentKind::established) {
        const Instant deadline = sender.link->began + options_.connect_timeout;
        fail_later(sender.other(), ConnectFailure::timed_out, std::max(now, deadline));
    }
    const bool alive = from.state != EndState::gone && at(from.host).power != Power::off;
    if (!alive || now - from.blocked_since >= options_.give_up) {
        from.flight.clear();
        queue_.push(now, SimEventKind::broken, from.host, sender.id.word());
        return;
    }
    const Duration wait = retransmit_min * (std::int64_t{1} << std::min<int>(from.tries, 10));
    from.flight.front().at = now + std::min(wait, retransmit_max);
    ++from.tries;
    travel(sender, now);
}

// Ends this end because of the network or of its peer; on_closed() is called when the node owned the stream.
void SimNetwork::break_end(EndRef ref) {
    End& end = ref.own();
    const bool held = end.state == EndState::open;
    const HostId host = end.host;
    end.state = EndState::gone;
    end.flight.clear();
    if (held) release(ref);
    erase_if_over(ref);
    if (held) call_back(host, [&](EventHandler& node) { node.on_closed(ref.stream()); });
}

void SimNetwork::take_segment(EndRef receiver, const Segment& segment, Instant now) {
    switch (segment.kind) {
        case SegmentKind::established:
            return take_established(receiver, now);
        case SegmentKind::bytes:
            return take_bytes(receiver, segment, now);
        case SegmentKind::fin:
            if (receiver.own().state != EndState::open) return;
            return call_back(receiver.own().host, [&](EventHandler& node) { node.on_end(receiver.stream()); });
        case SegmentKind::reset:
            return break_end(receiver);
    }
}

void SimNetwork::take_established(EndRef caller, Instant now) {
    End& end = caller.own();
    if (end.state == EndState::gone) return send(caller, SegmentKind::reset, {}, now);
    std::string unsent = std::exchange(end.unsent, {});
    if (end.state == EndState::closed) {
        send_whole(caller, std::move(unsent), now);
        return send(caller, SegmentKind::fin, {}, now);
    }
    end.state = EndState::open;
    send_whole(caller, std::move(unsent), now);
    ++at(end.host).counters.connected;
    const Endpoint remote = caller.link->to;
    call_back(end.host, [&](EventHandler& node) { node.on_connected(caller.stream(), remote); });
}

void SimNetwork::take_bytes(EndRef receiver, const Segment& segment, Instant now) {
    End& end = receiver.own();
    if (end.state != EndState::open) {
        // No process reads here. The reset is queued behind what was written before, which is still delivered.
        if (!end.flight.empty() && end.flight.back().kind == SegmentKind::reset) return;
        return send(receiver, SegmentKind::reset, {}, now);
    }
    at(end.host).counters.bytes_in += segment.bytes.size();
    call_back(end.host, [&](EventHandler& node) { node.on_bytes(receiver.stream(), segment.bytes); });
}

// ---- the end of a connection ----

void SimNetwork::release(EndRef end) {
    std::vector<EndId>& ends = at(end.own().host).ends;
    const auto place = std::find(ends.begin(), ends.end(), end.id);
    assert(place != ends.end());
    ends.erase(place);
}

void SimNetwork::erase_if_over(EndRef either) {
    const End& caller = either.link->ends[0];
    const End& callee = either.link->ends[1];
    const auto over = [](const End& end) {
        return (end.state == EndState::closed || end.state == EndState::gone) && end.flight.empty();
    };
    const bool shaking_hands = callee.host == no_host && caller.state != EndState::gone;
    if (over(caller) && over(callee) && !shaking_hands) connections_.erase(either.id);
}

std::uint64_t SimNetwork::digest(const SimEvent& event) {
    const EndId id{event.subject};
    const std::uint64_t what =
        mix_words(number(event.host) << 8 | static_cast<std::uint64_t>(event.kind), id.without_slot());
    const EndRef receiver = event.kind == SimEventKind::arrive ? find(id) : EndRef{id, nullptr};
    if (!receiver) return mix_words(what, 0);
    const std::vector<Segment>& flight = receiver.peer().flight;
    if (flight.empty()) return mix_words(what, 1);
    return mix_words(
        what, mix_words(static_cast<std::uint64_t>(flight.front().kind) + 2, hash_bytes(flight.front().bytes)));
}

}  // namespace halp
