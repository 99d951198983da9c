#include "simulations/world/sim_network.h"

#include <algorithm>
#include <cassert>
#include <chrono>
#include <utility>

namespace halp {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Duration retransmit_min = milliseconds{200};
constexpr Duration retransmit_max = seconds{5};
constexpr Duration syn_retransmit = seconds{1};
constexpr Duration lookup_time = milliseconds{1};

constexpr std::uint64_t other_end(std::uint64_t subject) { return subject ^ 1U; }
constexpr std::size_t side(std::uint64_t subject) { return subject & 1U; }

// Eight bytes at a time, as on a little-endian machine.
std::uint64_t hash_bytes(Bytes bytes) {
    std::uint64_t hash = bytes.size();
    for (std::size_t at = 0; at < bytes.size(); at += 8) {
        std::uint64_t word = 0;
        for (std::size_t i = std::min<std::size_t>(8, bytes.size() - at); i-- > 0;)
            word = word << 8 | static_cast<unsigned char>(bytes[at + i]);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
        hash ^= hash >> 32;
    }
    return hash;
}

constexpr std::uint64_t number(HostId host) { return static_cast<std::uint64_t>(host); }

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

SimNetwork::Host::Host(std::uint64_t seed, std::uint64_t host_number, const Endpoint& where)
    : endpoint(where), random(seed, host_number) {}

SimNetwork::SimNetwork(std::uint64_t seed, NetworkOptions options, SimQueue& queue, SimCallbacks& callbacks)
    : seed_(mix_words(seed, 0x6e6574)),
      options_(std::move(options)),
      model_(make_latency_model(options_.topology, seed_)),
      queue_(queue),
      callbacks_(callbacks) {
    assert(options_.segment_max > 0);
}

void SimNetwork::add_host(const Endpoint& endpoint) {
    const HostId id{static_cast<std::uint32_t>(hosts_.size())};
    const bool fresh = by_endpoint_.emplace(endpoint, id).second;
    by_hash_.emplace(endpoint.hash(), id);  // the first of those with one hash
    assert(fresh && "two hosts at one endpoint");
    static_cast<void>(fresh);
    hosts_.emplace_back(seed_, number(id), endpoint);
}

SimNetwork::Host& SimNetwork::at(HostId host) {
    assert(number(host) < hosts_.size());
    return hosts_[static_cast<std::size_t>(host)];
}

const SimNetwork::Host& SimNetwork::at(HostId host) const {
    assert(number(host) < hosts_.size());
    return hosts_[static_cast<std::size_t>(host)];
}

SimNetwork::Connection* SimNetwork::connection(std::uint64_t subject) {
    const auto found = connections_.find(subject >> 1);
    return found == connections_.end() ? nullptr : &found->second;
}

SimNetwork::End* SimNetwork::own_end(HostId host, StreamId stream) {
    if (at(host).power != Power::up) return nullptr;  // the last words of a process that is already dead
    const auto subject = static_cast<std::uint64_t>(stream);
    Connection* link = connection(subject);
    End* end = link ? &link->ends[side(subject)] : nullptr;
    if (end && end->host == host && (end->state == EndState::open || end->state == EndState::pending)) return end;
    ++at(host).counters.strays;
    return nullptr;
}

template <class Call>
void SimNetwork::tell(HostId host, Call call) {
    call(callbacks_.begin_callback(host));
    callbacks_.end_callback(host);
}

// ---- places and ways ----

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
    const Host &sender = at(from), &receiver = at(to);
    if (sender.island != receiver.island || (sender.muted && !receiver.muted)) return false;
    return cuts_.empty() || !cuts_.contains({from, to});
}

void SimNetwork::heal() {
    cuts_.clear();
    for (Host& host : hosts_) {
        host.island = 0;
        host.muted = false;
    }
}

HostId SimNetwork::find(const Endpoint& endpoint) const {
    const auto near = by_hash_.find(endpoint.hash());
    if (near == by_hash_.end()) return no_host;
    if (at(near->second).endpoint == endpoint) return near->second;
    const auto found = by_endpoint_.find(endpoint);
    return found == by_endpoint_.end() ? no_host : found->second;
}

// The machine that has this address, whatever its port.
HostId SimNetwork::at_address(const Endpoint& to) const {
    const HostId exact = find(to);
    if (exact != no_host) return exact;
    const auto near = by_endpoint_.lower_bound(Endpoint{to.host, 0});
    return near != by_endpoint_.end() && near->first.host == to.host ? near->second : no_host;
}

bool SimNetwork::resolve(Host& from, Endpoint& to) {
    const auto known = names_.empty() ? names_.end() : names_.find(to.host);
    if (known != names_.end() && !known->second.empty()) {
        to.host = known->second[from.random.below(known->second.size())];
        return true;
    }
    return to.kind() != AddressKind::name || at_address(to) != no_host;
}

Instant SimNetwork::arrival(End& from, const End& to, Instant now) {
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

// ---- doors ----

StreamId SimNetwork::connect(HostId host, const Endpoint& to, Instant now) {
    const std::uint64_t subject = next_serial_++ << 1;
    Host& from = at(host);
    if (from.power != Power::up) return StreamId{subject};
    ++from.counters.connects;
    from.ends.push_back(subject);
    Connection& link = connections_[subject >> 1];
    link.ends[0].host = host;
    link.ends[0].state = EndState::pending;
    link.began = now;
    link.to = to;
    if (!resolve(from, link.to)) {
        fail_later(subject, ConnectFailure::name_unknown, now + lookup_time);
        return StreamId{subject};
    }
    const HostId target = at_address(link.to);
    if (target == no_host) {
        fail_later(subject, ConnectFailure::timed_out, now + options_.connect_timeout);
    } else {
        queue_.push(now + latency(host, target), SimEventKind::syn, target, subject);
    }
    return StreamId{subject};
}

void SimNetwork::write(HostId host, StreamId stream, Bytes bytes, Instant now) {
    End* end = own_end(host, stream);
    if (!end) return;
    at(host).counters.bytes_out += bytes.size();
    const auto subject = static_cast<std::uint64_t>(stream);
    if (end->state == EndState::pending) {
        end->unsent += bytes;
    } else {
        send_bytes(subject, *connection(subject), bytes, now);
    }
}

void SimNetwork::close(HostId host, StreamId stream, Instant now) {
    End* end = own_end(host, stream);
    if (!end) return;
    const auto subject = static_cast<std::uint64_t>(stream);
    const bool stood = end->state == EndState::open;
    end->state = EndState::closed;
    release(subject);
    if (stood) send(subject, *connection(subject), SegmentKind::fin, {}, now);
    sweep(subject);
}

void SimNetwork::abort(HostId host, StreamId stream, Instant now) {
    End* end = own_end(host, stream);
    if (!end) return;
    const auto subject = static_cast<std::uint64_t>(stream);
    const bool stood = end->state == EndState::open;
    end->state = EndState::gone;
    end->unsent.clear();
    release(subject);
    if (stood) send(subject, *connection(subject), SegmentKind::reset, {}, now);
    sweep(subject);
}

void SimNetwork::set_power(HostId host, Power power, Instant now) {
    Host& where = at(host);
    const std::vector<std::uint64_t> held = where.ends;
    for (const std::uint64_t subject : power == Power::up ? std::vector<std::uint64_t>{} : held) {
        Connection& link = *connection(subject);
        End& end = link.ends[side(subject)];
        const bool stood = end.state == EndState::open;
        end.state = stood && power == Power::idle ? EndState::closed : EndState::gone;
        end.unsent.clear();
        if (power == Power::off) end.flight.clear();
        release(subject);
        if (end.state == EndState::closed) send(subject, link, SegmentKind::fin, {}, now);
        sweep(subject);
    }
    where.power = power;
}

// ---- handshake ----

void SimNetwork::on_event(const SimEvent& event) {
    switch (event.kind) {
        case SimEventKind::syn:
            return on_syn(event);
        case SimEventKind::accept:
            return on_accept(event);
        case SimEventKind::arrive:
            return on_arrive(event);
        case SimEventKind::fail:
            return on_fail(event);
        case SimEventKind::broken:
            if (Connection* link = connection(event.subject)) break_end(event.subject, *link);
            return;
        case SimEventKind::wake:
        case SimEventKind::resume:
            break;
    }
    assert(false && "not an event of the network");
}

void SimNetwork::on_syn(const SimEvent& event) {
    Connection* link = connection(event.subject);
    if (!link) return;
    const End& caller = link->ends[0];
    if (caller.state == EndState::gone) return sweep(event.subject);
    Host& target = at(event.host);
    const bool lost = options_.loss > 0 && at(caller.host).random.chance(options_.loss);
    const bool way = reaches(caller.host, event.host) && reaches(event.host, caller.host);
    if (lost || !way || target.power == Power::off) return retry_syn(event, *link);
    if (target.power == Power::idle || target.endpoint.port != link->to.port) {
        return fail_later(event.subject, ConnectFailure::refused, event.at + latency(caller.host, event.host));
    }
    const std::uint64_t subject = other_end(event.subject);
    link->ends[1].host = event.host;
    link->ends[1].state = EndState::open;
    target.ends.push_back(subject);
    queue_.push(event.at, SimEventKind::accept, event.host, subject);
    send(subject, *link, SegmentKind::established, {}, event.at);
    if (options_.duplicates > 0 && at(caller.host).random.chance(options_.duplicates))
        accept_copy(event, link->to, caller.host);
}

// A late copy of a SYN: to the kernel of the target one more connection, to that of the caller none.
void SimNetwork::accept_copy(const SimEvent& event, const Endpoint& to, HostId caller) {
    const std::uint64_t subject = other_end(next_serial_++ << 1);
    Connection& copy = connections_[subject >> 1];
    copy.ends[0].host = caller;
    copy.ends[1].host = event.host;
    copy.ends[1].state = EndState::open;
    copy.began = event.at;
    copy.to = to;
    at(event.host).ends.push_back(subject);
    queue_.push(event.at, SimEventKind::accept, event.host, subject);
    send(subject, copy, SegmentKind::established, {}, event.at);
}

void SimNetwork::retry_syn(const SimEvent& event, const Connection& link) {
    const Instant deadline = link.began + options_.connect_timeout;
    const Instant next = event.at + syn_retransmit * (std::int64_t{1} << std::min<int>(event.detail, 8));
    if (next >= deadline) return fail_later(event.subject, ConnectFailure::timed_out, deadline);
    queue_.push(next, SimEventKind::syn, event.host, event.subject, static_cast<std::uint8_t>(event.detail + 1));
}

void SimNetwork::fail_later(std::uint64_t subject, ConnectFailure why, Instant when) {
    const HostId caller = connection(subject)->ends[0].host;
    queue_.push(when, SimEventKind::fail, caller, subject, static_cast<std::uint8_t>(why));
}

void SimNetwork::on_accept(const SimEvent& event) {
    Connection* link = connection(event.subject);
    if (!link || link->ends[1].state != EndState::open) return;
    ++at(event.host).counters.accepted;
    const Endpoint source{at(link->ends[0].host).endpoint.host, ephemeral_port(event.subject >> 1)};
    tell(event.host, [&](EventHandler& node) { node.on_accept(StreamId{event.subject}, source); });
}

void SimNetwork::on_fail(const SimEvent& event) {
    Connection* link = connection(event.subject);
    if (!link) return;
    End& end = link->ends[0];
    const bool waiting = end.state == EndState::pending;
    // A later answer to a connection already closed by the node still counts.
    if (!waiting && (end.state != EndState::closed || end.unsent.empty())) {
        if (link->ends[1].host == no_host) end.state = EndState::gone;
        return sweep(event.subject);
    }
    end.state = EndState::gone;
    end.unsent.clear();
    if (waiting) release(event.subject);
    sweep(event.subject);
    if (!waiting) return;
    const ConnectFailure why{event.detail};
    SimCounters& counters = at(event.host).counters;
    ++(why == ConnectFailure::refused     ? counters.refused
       : why == ConnectFailure::timed_out ? counters.timed_out
                                          : counters.other_failures);
    tell(event.host, [&](EventHandler& node) { node.on_connect_failed(StreamId{event.subject}, why); });
}

// ---- segments ----

void SimNetwork::send(std::uint64_t subject, Connection& link, SegmentKind kind, Bytes bytes, Instant now) {
    End& from = link.ends[side(subject)];
    const Instant when = arrival(from, link.ends[side(other_end(subject))], now);
    Segment* last = from.flight.empty() ? nullptr : &from.flight.back();
    const bool joins = last && kind == SegmentKind::bytes && last->kind == kind && last->at == when;
    if (joins && last->bytes.size() + bytes.size() <= options_.segment_max) {
        last->bytes += bytes;
    } else {
        from.flight.push_back({when, kind, std::string{bytes}});
    }
    travel(subject, link, now);
}

void SimNetwork::send_bytes(std::uint64_t subject, Connection& link, Bytes bytes, Instant now) {
    while (!bytes.empty()) {
        const std::size_t piece = std::min(options_.segment_max, bytes.size());
        send(subject, link, SegmentKind::bytes, bytes.substr(0, piece), now);
        bytes.remove_prefix(piece);
    }
}

void SimNetwork::travel(std::uint64_t subject, Connection& link, Instant now) {
    End& from = link.ends[side(subject)];
    if (from.travelling || from.flight.empty()) return;
    from.travelling = true;
    const std::uint64_t to = other_end(subject);
    queue_.push(std::max(now, from.flight.front().at), SimEventKind::arrive, link.ends[side(to)].host, to);
}

bool SimNetwork::blocked(const End& from, const End& to) const {
    return !reaches(from.host, to.host) || at(to.host).power == Power::off || at(from.host).power == Power::off;
}

void SimNetwork::on_arrive(const SimEvent& event) {
    Connection* link = connection(event.subject);
    if (!link) return;
    const std::uint64_t sender = other_end(event.subject);
    End& from = link->ends[side(sender)];
    from.travelling = false;
    if (from.flight.empty()) return sweep(sender);
    // The flight this event was made for is gone; another one is on its way.
    if (from.flight.front().at > event.at) return travel(sender, *link, event.at);
    if (blocked(from, link->ends[side(event.subject)])) return hold_head(sender, *link, event.at);
    const Segment head = std::move(from.flight.front());
    from.flight.erase(from.flight.begin());
    from.tries = 0;
    from.blocked_since = never;
    take_segment(event.subject, head, event.at);
    link = connection(event.subject);
    if (!link) return;
    travel(sender, *link, event.at);
    sweep(sender);
}

// No way at present. A living kernel sends again, ever more rarely, and gives up at last.
void SimNetwork::hold_head(std::uint64_t from_subject, Connection& link, Instant now) {
    End& from = link.ends[side(from_subject)];
    const bool first = from.blocked_since == never;
    if (first) from.blocked_since = now;
    // Whoever waits for the answer to a SYN must not wait for ever.
    if (first && from.flight.front().kind == SegmentKind::established) {
        const Instant deadline = link.began + options_.connect_timeout;
        fail_later(other_end(from_subject), ConnectFailure::timed_out, std::max(now, deadline));
    }
    const bool alive = from.state != EndState::gone && at(from.host).power != Power::off;
    if (!alive || now - from.blocked_since >= options_.give_up) {
        from.flight.clear();
        queue_.push(now, SimEventKind::broken, from.host, from_subject);
        return;
    }
    const Duration wait = retransmit_min * (std::int64_t{1} << std::min<int>(from.tries, 10));
    from.flight.front().at = now + std::min(wait, retransmit_max);
    ++from.tries;
    travel(from_subject, link, now);
}

// The stream is over for this end, without its doing.
void SimNetwork::break_end(std::uint64_t subject, Connection& link) {
    End& end = link.ends[side(subject)];
    const bool held = end.state == EndState::open;
    const HostId host = end.host;
    end.state = EndState::gone;
    end.flight.clear();
    if (held) release(subject);
    sweep(subject);
    if (held) tell(host, [&](EventHandler& node) { node.on_closed(StreamId{subject}); });
}

void SimNetwork::take_segment(std::uint64_t subject, const Segment& segment, Instant now) {
    Connection& link = *connection(subject);
    switch (segment.kind) {
        case SegmentKind::established:
            return take_established(subject, now);
        case SegmentKind::bytes:
            return take_bytes(subject, segment, now);
        case SegmentKind::fin:
            if (link.ends[side(subject)].state != EndState::open) return;
            return tell(link.ends[side(subject)].host, [&](EventHandler& node) { node.on_end(StreamId{subject}); });
        case SegmentKind::reset:
            return break_end(subject, link);
    }
}

void SimNetwork::take_established(std::uint64_t subject, Instant now) {
    Connection& link = *connection(subject);
    End& end = link.ends[0];
    if (end.state == EndState::gone) return send(subject, link, SegmentKind::reset, {}, now);
    const std::string unsent = std::move(end.unsent);
    end.unsent.clear();
    if (end.state == EndState::closed) {
        send_bytes(subject, link, unsent, now);
        return send(subject, link, SegmentKind::fin, {}, now);
    }
    end.state = EndState::open;
    send_bytes(subject, link, unsent, now);
    ++at(end.host).counters.connected;
    const Endpoint remote = link.to;
    tell(end.host, [&](EventHandler& node) { node.on_connected(StreamId{subject}, remote); });
}

void SimNetwork::take_bytes(std::uint64_t subject, const Segment& segment, Instant now) {
    Connection& link = *connection(subject);
    End& end = link.ends[side(subject)];
    if (end.state != EndState::open) {
        // Nobody reads here any more. What was written before is still delivered: the reset goes behind it.
        if (!end.flight.empty() && end.flight.back().kind == SegmentKind::reset) return;
        return send(subject, link, SegmentKind::reset, {}, now);
    }
    at(end.host).counters.bytes_in += segment.bytes.size();
    tell(end.host, [&](EventHandler& node) { node.on_bytes(StreamId{subject}, segment.bytes); });
}

// ---- endings ----

void SimNetwork::release(std::uint64_t subject) {
    std::vector<std::uint64_t>& ends = at(connection(subject)->ends[side(subject)].host).ends;
    const auto place = std::find(ends.begin(), ends.end(), subject);
    assert(place != ends.end());
    ends.erase(place);
}

void SimNetwork::sweep(std::uint64_t subject) {
    const Connection* link = connection(subject);
    if (!link) return;
    const End& caller = link->ends[0];
    const End& callee = link->ends[1];
    const auto over = [](const End& end) {
        return (end.state == EndState::closed || end.state == EndState::gone) && end.flight.empty();
    };
    const bool shaking_hands = callee.host == no_host && caller.state != EndState::gone;
    if (over(caller) && over(callee) && !shaking_hands) connections_.erase(subject >> 1);
}

std::uint64_t SimNetwork::digest(const SimEvent& event) const {
    const auto found = connections_.find(event.subject >> 1);
    if (event.kind != SimEventKind::arrive || found == connections_.end()) return 0;
    const std::vector<Segment>& flight = found->second.ends[side(other_end(event.subject))].flight;
    if (flight.empty()) return 1;
    return mix_words(static_cast<std::uint64_t>(flight.front().kind) + 2, hash_bytes(flight.front().bytes));
}

}  // namespace halp
