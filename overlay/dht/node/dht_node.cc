#include "overlay/dht/node/dht_node.h"

#include <algorithm>
#include <deque>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace halp {
namespace {

// What a session gets of the turn's budget before the next one has its share.
constexpr std::size_t share_bytes = std::size_t{64} << 10;
constexpr std::size_t share_cost_min = neo::Budget::record_cost;

bool peer_is_at_fault(neo::SessionEnd end) {
    return end != neo::SessionEnd::none && end != neo::SessionEnd::gone && end != neo::SessionEnd::failed;
}

struct Connection {
    Endpoint source;
    std::unique_ptr<neo::NodeSession> session;
    Instant deadline = no_deadline;
    bool ready = false;    // stands in the queue of sessions that want the turn
    bool touched = false;  // stands in the list of those that may have something to send
    bool greeted = false;
};

}  // namespace

struct DhtNode::Impl final : neo::SessionOwner, WriteSink {
    Impl(Environment environment, RecordDesk& desk, DhtNodeOptions given, DhtObserver* watcher, const Backlog* flow)
        : doors(environment),
          records(desk),
          options(std::move(given)),
          observer(watcher),
          backlog(flow),
          ranges(options.range),
          rooms{records, ranges, options.handlers, options.permissions, *this} {}
    ~Impl() override { records.forget(*this); }

    // SessionOwner, WriteSink
    void on_ready(std::uint64_t stream) override;
    void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) override;

    void accept(StreamId stream, const Endpoint& source);
    void bytes(StreamId stream, Bytes arrived);
    void gone(StreamId stream, bool orderly);
    void woken();
    void disconnect_all();
    void writable(StreamId stream);
    void begin_turn();
    void settle();
    [[nodiscard]] DhtNodeStatus status() const;

    void touch(StreamId stream, Connection& connection) {
        if (!std::exchange(connection.touched, true)) touched.push_back(stream);
    }
    void look_after(StreamId stream, Connection& connection);
    void find_ready();
    void send_what_is_said();
    void pump();
    void commit();
    void flush();
    void send(StreamId stream, Connection& connection);
    void end(StreamId stream, Connection& connection);
    void tell_trouble();
    void arm();
    void note(const DhtEvent& event) {
        if (observer) observer->note(event);
    }
    Connection* find(StreamId stream) {
        const auto at = connections.find(stream);
        return at == connections.end() ? nullptr : &at->second;
    }

    Environment doors;
    RecordDesk& records;
    DhtNodeOptions options;
    DhtObserver* observer;
    const Backlog* backlog;
    HashRanges ranges;
    neo::Rooms rooms;
    std::unordered_map<StreamId, Connection> connections;  // never iterated where order shows
    std::set<std::pair<Instant, StreamId>> deadlines;
    std::deque<StreamId> ready;     // their sessions want turns
    std::vector<StreamId> touched;  // may have something to send, or an end to make
    DhtNodeStatus totals;           // without what living sessions count
    Instant armed = no_deadline;
    Instant may_tell_trouble = never;
    bool in_turn = false;
    bool may_pump = false;  // in this turn
};

// ---- what sessions and the desk say ----

void DhtNode::Impl::on_ready(std::uint64_t stream) {
    const StreamId id{stream};
    Connection* connection = find(id);
    if (!connection || connection->ready) return;
    connection->ready = true;
    ready.push_back(id);
    // Said by somebody else's doing: a turn of our own is needed.
    if (!in_turn) arm();
}

void DhtNode::Impl::on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) {
    const StreamId id{stream};
    Connection* connection = find(id);
    if (!connection) return;
    connection->session->on_written(request, wrote);
    touch(id, *connection);
    if (!in_turn) arm();
}

// ---- what the world says ----

void DhtNode::Impl::accept(StreamId stream, const Endpoint& source) {
    ++totals.accepted;
    if (connections.size() >= options.connections_max) {
        ++totals.shed;
        note(DhtConnectionShed{source});
        doors.transport.close(stream);
        return;
    }
    neo::Nonce nonce{};
    std::uint64_t bits = doors.random.next();
    for (char& byte : nonce) {
        byte = static_cast<char>(bits & 0xff);
        bits >>= 8;
    }
    Connection& connection = connections[stream];
    connection.source = source;
    connection.session =
        std::make_unique<neo::NodeSession>(static_cast<std::uint64_t>(stream), options.session, options.credentials,
                                           rooms, *this, nonce, doors.clock.now());
    touch(stream, connection);
}

void DhtNode::Impl::bytes(StreamId stream, Bytes arrived) {
    Connection* connection = find(stream);
    if (!connection) return;
    totals.bytes_in += arrived.size();
    if (backlog) connection->session->set_unsent(backlog->unsent(stream));
    connection->session->on_bytes(arrived, doors.clock.now(), doors.clock.wall());
    if (!connection->greeted && connection->session->authenticated()) {
        connection->greeted = true;
        note(DhtClientAccepted{connection->source, connection->session->client()});
    }
    touch(stream, *connection);
}

void DhtNode::Impl::gone(StreamId stream, bool orderly) {
    Connection* connection = find(stream);
    if (!connection) return;
    connection->session->on_closed();
    if (orderly) doors.transport.close(stream);
    end(stream, *connection);
}

void DhtNode::Impl::woken() {
    armed = no_deadline;
    may_pump = true;
    const Instant now = doors.clock.now();
    while (!deadlines.empty() && deadlines.begin()->first <= now) {
        const StreamId stream = deadlines.begin()->second;
        Connection& connection = *find(stream);
        deadlines.erase(deadlines.begin());
        connection.deadline = no_deadline;
        connection.session->on_deadline(now);
        touch(stream, connection);
    }
}

void DhtNode::Impl::writable(StreamId stream) {
    if (Connection* connection = find(stream)) touch(stream, *connection);
}

void DhtNode::Impl::disconnect_all() {
    std::vector<StreamId> all;
    for (const auto& entry : connections) all.push_back(entry.first);
    std::ranges::sort(all);
    for (const StreamId stream : all) gone(stream, true);
}

// ---- a turn ----

// While somebody waits for the next wake-up nothing else gives turns: a hundred clients who ask a word each are not
// made to wait for a hundred turns of those who ask for everything.
void DhtNode::Impl::begin_turn() {
    in_turn = true;
    may_pump = ready.empty();
}

void DhtNode::Impl::settle() {
    if (!in_turn) begin_turn();
    records.collect();
    find_ready();
    if (may_pump && !ready.empty()) {
        send_what_is_said();
        pump();
    }
    commit();
    flush();
    records.rest();
    if (rooms.trouble.any()) tell_trouble();
    in_turn = false;
    arm();
}

// A client may repeat what fails as often as it likes; the log is not its to fill.
void DhtNode::Impl::tell_trouble() {
    const Instant now = doors.clock.now();
    if (now < may_tell_trouble) return;
    may_tell_trouble = now + std::chrono::seconds{1};
    const neo::Trouble trouble = std::exchange(rooms.trouble, {});
    if (trouble.reads_failed > 0) note(DhtReadsFailed{trouble.reads_failed, trouble.what});
    if (trouble.records_left_out > 0) note(DhtRecordsLeftOut{trouble.records_left_out});
}

void DhtNode::Impl::find_ready() {
    for (const StreamId stream : touched) {
        Connection* connection = find(stream);
        if (!connection) continue;
        if (backlog) connection->session->set_unsent(backlog->unsent(stream));
        if (connection->session->ready()) on_ready(static_cast<std::uint64_t>(stream));
    }
}

// Short answers do not wait until long ones are made.
void DhtNode::Impl::send_what_is_said() {
    for (const StreamId stream : touched)
        if (Connection* connection = find(stream); connection && !connection->ready) send(stream, *connection);
}

void DhtNode::Impl::pump() {
    const Instant now = doors.clock.now();
    neo::Budget turn(options.turn_bytes);
    while (!ready.empty() && !turn.spent()) {
        const StreamId stream = ready.front();
        ready.pop_front();
        Connection* connection = find(stream);
        if (!connection) continue;
        connection->ready = false;
        neo::Budget share(std::min(share_bytes, turn.left()));
        const std::size_t whole = share.left();
        connection->session->pump(now, share);
        turn.spend(std::max(whole - share.left(), share_cost_min));
        touch(stream, *connection);
        if (connection->session->ready()) on_ready(static_cast<std::uint64_t>(stream));
    }
}

void DhtNode::Impl::commit() {
    if (const Result<void> done = records.commit_if_due(doors.clock.now(), options.waiting_bytes_max); !done)
        note(DhtStoreFailed{done.error().message});
    records.collect();
}

void DhtNode::Impl::flush() {
    for (std::size_t i = 0; i < touched.size(); ++i) {
        const StreamId stream = touched[i];
        if (Connection* connection = find(stream)) look_after(stream, *connection);
    }
    touched.clear();
}

void DhtNode::Impl::look_after(StreamId stream, Connection& connection) {
    connection.touched = false;
    send(stream, connection);
    neo::NodeSession& session = *connection.session;
    if (session.over()) {
        doors.transport.close(stream);
        return end(stream, connection);
    }
    if (session.ready()) on_ready(static_cast<std::uint64_t>(stream));
    const Instant deadline = session.next_deadline();
    if (deadline == connection.deadline) return;
    if (connection.deadline != no_deadline) deadlines.erase({connection.deadline, stream});
    if (deadline != no_deadline) deadlines.insert({deadline, stream});
    connection.deadline = deadline;
}

void DhtNode::Impl::send(StreamId stream, Connection& connection) {
    std::string& output = connection.session->output();
    if (!output.empty()) {
        totals.bytes_out += output.size();
        doors.transport.write(stream, output);
        // Room for the usual is kept, for the unusual it is given back.
        if (output.capacity() > 2 * options.session.output_bytes_max)
            std::string().swap(output);
        else
            output.clear();
    }
    if (backlog) connection.session->set_unsent(backlog->unsent(stream));
}

void DhtNode::Impl::end(StreamId stream, Connection& connection) {
    const neo::NodeSession& session = *connection.session;
    if (peer_is_at_fault(session.end())) ++(session.rejection() ? totals.rejected : totals.broken);
    totals.messages += session.stats().messages_in;
    totals.requests += session.stats().requests;
    totals.unsupported += session.stats().unsupported;
    totals.late_messages += session.stats().late_messages;
    note(DhtClientEnded{connection.source, session.client(), session.end(), session.rejection()});
    if (connection.deadline != no_deadline) deadlines.erase({connection.deadline, stream});
    connections.erase(stream);
}

void DhtNode::Impl::arm() {
    Instant next = records.next_deadline();
    if (!deadlines.empty()) next = std::min(next, deadlines.begin()->first);
    if (!ready.empty() || !touched.empty()) next = doors.clock.now();
    if (next == armed) return;
    armed = next;
    doors.alarm.wake_at(next);
}

DhtNodeStatus DhtNode::Impl::status() const {
    DhtNodeStatus all = totals;
    all.connections = connections.size();
    for (const auto& entry : connections) {
        const neo::NodeSession& session = *entry.second.session;
        all.clients += session.authenticated() ? 1 : 0;
        all.requests_active += session.active_requests();
        all.messages += session.stats().messages_in;
        all.requests += session.stats().requests;
        all.unsupported += session.stats().unsupported;
        all.late_messages += session.stats().late_messages;
    }
    return all;
}

// ---- the public face ----

DhtNode::DhtNode(Environment environment, RecordDesk& records, DhtNodeOptions options, DhtObserver* observer,
                 const Backlog* backlog)
    : impl_(std::make_unique<Impl>(environment, records, std::move(options), observer, backlog)) {}

DhtNode::~DhtNode() = default;

void DhtNode::set_credentials(neo::Credentials credentials) { impl_->options.credentials = std::move(credentials); }

const HashRange& DhtNode::range() const { return impl_->ranges.own(); }

void DhtNode::set_range(const HashRange& range) {
    impl_->ranges.set_own(range);
    impl_->settle();
}

void DhtNode::announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port,
                            const HashRange& range) {
    impl_->ranges.tell({neo::HashRangeCode::new_node, address, port, {range.min(), range.max()}});
    impl_->settle();
}

void DhtNode::disconnect_all() {
    impl_->disconnect_all();
    impl_->settle();
}

void DhtNode::records_changed() { impl_->settle(); }

DhtNodeStatus DhtNode::status() const { return impl_->status(); }

void DhtNode::on_accept(StreamId stream, const Endpoint& source) {
    impl_->begin_turn();
    impl_->accept(stream, source);
    impl_->settle();
}

void DhtNode::on_connected(StreamId, const Endpoint&) {}  // a node dials nobody

void DhtNode::on_connect_failed(StreamId, ConnectFailure) {}

void DhtNode::on_bytes(StreamId stream, Bytes bytes) {
    impl_->begin_turn();
    impl_->bytes(stream, bytes);
    impl_->settle();
}

void DhtNode::on_end(StreamId stream) {
    impl_->begin_turn();
    impl_->gone(stream, true);
    impl_->settle();
}

void DhtNode::on_closed(StreamId stream) {
    impl_->begin_turn();
    impl_->gone(stream, false);
    impl_->settle();
}

void DhtNode::on_wakeup() {
    impl_->begin_turn();
    impl_->woken();
    impl_->settle();
}

void DhtNode::on_writable(StreamId stream) {
    impl_->begin_turn();
    impl_->writable(stream);
    impl_->settle();
}

}  // namespace halp
