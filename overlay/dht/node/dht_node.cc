#include "overlay/dht/node/dht_node.h"

#include <algorithm>
#include <chrono>

#include "overlay/dht/node/legacy_session.h"
#include "overlay/dht/node/neo_session.h"

namespace halp {
namespace {

// How many bytes of the turn's budget one session gets before the next session has its share.
constexpr std::size_t share_bytes = std::size_t{64} << 10;
// A client has company for so long after its last message: turns of long requests are shorter then.
constexpr Duration company_lasts = std::chrono::milliseconds{50};
constexpr std::size_t turn_bytes_in_company = std::size_t{64} << 10;
constexpr std::size_t share_cost_min = neo::TurnBudget::record_cost;

bool peer_is_at_fault(neo::SessionEnd end) {
    return end != neo::SessionEnd::none && end != neo::SessionEnd::gone && end != neo::SessionEnd::failed;
}

void add_counts(DhtNodeStatus& status, const neo::SessionStats& stats) {
    status.messages += stats.messages_in;
    status.requests += stats.requests;
    status.unsupported += stats.unsupported;
    status.late_messages += stats.late_messages;
}

}  // namespace

DhtNode::DhtNode(Environment environment, WriteLog& records, DhtNodeOptions options, DhtObserver* observer)
    : environment_(environment),
      input_(environment.input ? *environment.input : own_input_),
      records_(records),
      options_(std::move(options)),
      observer_(observer),
      own_ranges_(options_.journal ? options_.journal->state().own : options_.range),
      ranges_(own_ranges_),
      own_journal_(options_.range),
      own_redistribution_(std::make_unique<Redistribution>(range_world())),
      redistribution_(*own_redistribution_),
      context_{records_,
               ranges_,
               options_.handlers,
               options_.permissions,
               *this,
               {},
               {},
               {},
               options_.redistributes ? &redistribution_ : nullptr} {
    redistribution_.resume();
    if (options_.auto_range)
        auto_range_ = std::make_unique<AutoRange>(range_world(), redistribution_, *options_.auto_range);
    if (options_.request_times) context_.counts.set_stopwatch(&environment_.clock);
}

DhtNode::DhtNode(Environment environment, DhtNode& first, DhtNodeOptions options, DhtObserver* observer)
    : environment_(environment),
      input_(environment.input ? *environment.input : first.input_),
      records_(first.records_),
      options_(std::move(options)),
      observer_(observer),
      own_ranges_(HashRange{}),
      ranges_(first.ranges_),
      own_journal_(HashRange{}),
      redistribution_(first.redistribution_),
      context_{records_,
               ranges_,
               options_.handlers,
               options_.permissions,
               *this,
               {},
               {},
               {},
               options_.redistributes ? &redistribution_ : nullptr} {
    if (options_.request_times) context_.counts.set_stopwatch(&environment_.clock);
}

// Sessions end before what they use.
DhtNode::~DhtNode() {
    connections_.clear();
    records_.forget(*this);
}

void DhtNode::disconnect_all() {
    std::vector<StreamId> all;
    for (const auto& entry : connections_) all.push_back(entry.first);
    std::ranges::sort(all);
    for (const StreamId stream : all) drop(stream, true);
    finish_turn();
}

DhtNodeStatus DhtNode::status() const {
    DhtNodeStatus all = totals_;
    all.connections = connections_.size();
    for (const auto& entry : connections_) {
        const neo::Session& session = *entry.second.session;
        all.clients += session.authenticated() ? 1 : 0;
        all.requests_active += session.active_requests();
        add_counts(all, session.stats());
    }
    return all;
}

std::vector<NamedRequestCount> DhtNode::request_counts() const {
    std::vector<NamedRequestCount> all;
    const auto add = [&](std::string_view name) { all.push_back({name, context_.counts.of(all.size())}); };
    if (options_.protocol == DhtProtocol::neo)
        for (const neo::HandlerRow& row : neo::handler_table()) add(row.name);
    else
        for (const legacy::HandlerRow& row : legacy::handler_table()) add(name(row.command));
    return all;
}

// ---- events of the world, each one a turn ----

void DhtNode::on_accept(StreamId stream, const Endpoint& source) {
    begin_turn();
    open(stream, source);
    finish_turn();
}

void DhtNode::on_bytes(StreamId stream, Bytes bytes) {
    begin_turn();
    receive(stream, bytes);
    finish_turn();
}

void DhtNode::on_connected(StreamId stream, const Endpoint&) {
    begin_turn();
    if (legacy::Link* link = link_of(stream)) link->on_connected();
    finish_turn();
}

void DhtNode::on_connect_failed(StreamId stream, ConnectFailure) {
    begin_turn();
    if (legacy::Link* link = link_of(stream)) link->on_lost();
    finish_turn();
}

void DhtNode::on_end(StreamId stream) {
    begin_turn();
    if (legacy::Link* link = link_of(stream)) {
        environment_.transport.abort(stream);
        link->on_lost();
    }
    drop(stream, true);
    finish_turn();
}

void DhtNode::on_closed(StreamId stream) {
    begin_turn();
    if (legacy::Link* link = link_of(stream)) link->on_lost();
    drop(stream, false);
    finish_turn();
}

void DhtNode::on_wakeup() {
    begin_turn();
    armed_ = no_deadline;
    may_run_requests_ = true;
    run_deadlines();
    finish_turn();
}

void DhtNode::on_writable(StreamId stream) {
    begin_turn();
    if (Connection* connection = find(stream)) touch(stream, *connection);
    finish_turn();
}

// ---- connections ----

neo::Nonce DhtNode::draw_nonce() {
    neo::Nonce nonce{};
    std::uint64_t bits = environment_.random.next();
    for (char& byte : nonce) {
        byte = static_cast<char>(bits & 0xff);
        bits >>= 8;
    }
    return nonce;
}

std::unique_ptr<neo::Session> DhtNode::make_session(StreamId stream) {
    const auto number = static_cast<std::uint64_t>(stream);
    const Instant now = environment_.clock.now();
    neo::SessionOwner& owner = *this;
    if (options_.protocol == DhtProtocol::legacy)
        return std::make_unique<legacy::NodeSession>(number, options_.session, options_.legacy, context_, owner,
                                                     now);
    return std::make_unique<neo::NodeSession>(number, options_.session, options_.credentials, context_, owner,
                                              draw_nonce(), now);
}

void DhtNode::open(StreamId stream, const Endpoint& source) {
    ++totals_.accepted;
    if (connections_.size() >= options_.connections_max) {
        ++totals_.shed;
        note(DhtConnectionShed{source});
        environment_.transport.close(stream);
        return;
    }
    Connection& connection = connections_[stream];
    connection.source = source;
    connection.session = make_session(stream);
    touch(stream, connection);
}

void DhtNode::receive(StreamId stream, Bytes bytes) {
    Connection* connection = find(stream);
    if (!connection) {
        if (legacy::Link* link = link_of(stream)) link->on_bytes(bytes);
        return;
    }
    totals_.bytes_in += bytes.size();
    neo::Session& session = *connection->session;
    session.set_unsent(environment_.transport.unsent(stream));
    const Instant now = environment_.clock.now();
    const std::uint64_t requests = session.stats().requests;
    session.on_bytes(bytes, now, environment_.clock.wall());
    if (session.stats().requests != requests) company_until_ = now + company_lasts;
    if (!connection->greeted && session.authenticated()) {
        connection->greeted = true;
        environment_.transport.vouch(stream);
        note(DhtClientAccepted{connection->source, session.client()});
    }
    touch(stream, *connection);
}

void DhtNode::drop(StreamId stream, bool orderly) {
    Connection* connection = find(stream);
    if (!connection) return;
    connection->session->on_closed();
    if (orderly) environment_.transport.close(stream);
    remove(stream, *connection);
}

void DhtNode::run_deadlines() {
    const Instant now = environment_.clock.now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
        const StreamId stream = deadlines_.begin()->second;
        Connection& connection = *find(stream);
        deadlines_.erase(deadlines_.begin());
        connection.deadline = no_deadline;
        connection.session->on_deadline(now);
        touch(stream, connection);
    }
}

// ---- what sessions and the write log report ----

void DhtNode::on_ready(std::uint64_t stream) {
    const StreamId id{stream};
    Connection* connection = find(id);
    if (!connection || connection->ready) return;
    connection->ready = true;
    ready_.push_back(id);
    // The cause lies outside of a turn of this node, which needs a turn of its own.
    if (!in_turn_) arm();
}

void DhtNode::send_output(std::uint64_t stream) {
    const StreamId id{stream};
    if (Connection* connection = find(id)) send(id, *connection);
}

void DhtNode::on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) {
    const StreamId id{stream};
    Connection* connection = find(id);
    if (!connection) return;
    connection->session->on_written(request, wrote);
    touch(id, *connection);
    if (!in_turn_) arm();
}

// ---- a turn ----

// While long requests wait for the next wake-up, other events run none of them. Otherwise the answers to a hundred
// short requests would wait for a hundred turns of the long ones.
void DhtNode::begin_turn() {
    in_turn_ = true;
    may_run_requests_ = ready_.empty() && !wants_range_turn();
}

void DhtNode::finish_turn() {
    if (!in_turn_) begin_turn();
    records_.collect();
    find_ready();
    if (may_run_requests_ && !ready_.empty()) {
        send_short_answers();
        run_requests();
    }
    if (own_redistribution_) run_handover();
    commit();
    if (range_moving_) follow_range();
    flush();
    records_.rest();
    if (context_.failures.any()) report_failures();
    in_turn_ = false;
    arm();
    input_.relieve();
}

// The account of unfinished input is full, and this connection keeps the most.
void DhtNode::drop_input(StreamId stream) {
    begin_turn();
    Connection& connection = *find(stream);
    connection.session->drop_input();
    touch(stream, connection);
    finish_turn();
}

void DhtNode::find_ready() {
    for (const StreamId stream : touched_) {
        Connection* connection = find(stream);
        if (!connection) continue;
        connection->session->set_unsent(environment_.transport.unsent(stream));
        if (connection->session->ready()) on_ready(static_cast<std::uint64_t>(stream));
    }
}

// Before the long answers are computed.
void DhtNode::send_short_answers() {
    for (const StreamId stream : touched_)
        if (Connection* connection = find(stream); connection && !connection->ready) send(stream, *connection);
}

void DhtNode::run_requests() {
    const Instant now = environment_.clock.now();
    neo::TurnBudget turn(in_company(now) ? std::min(options_.turn_bytes, turn_bytes_in_company)
                                         : options_.turn_bytes);
    while (!ready_.empty() && !turn.spent()) {
        const StreamId stream = ready_.front();
        ready_.pop_front();
        Connection* connection = find(stream);
        if (!connection) continue;
        connection->ready = false;
        neo::TurnBudget share(std::min(share_bytes, turn.left()));
        const std::size_t whole = share.left();
        connection->session->pump(now, share);
        turn.spend(std::max(whole - share.left(), share_cost_min));
        touch(stream, *connection);
        if (connection->session->ready()) on_ready(static_cast<std::uint64_t>(stream));
    }
}

void DhtNode::commit() {
    const Result<void> done = records_.commit_if_due(environment_.clock.now(), options_.waiting_bytes_max);
    if (!done) note(DhtStoreFailed{done.error().message});
    records_.collect();
}

// A client may repeat a failing request without limit and must not fill the log.
void DhtNode::report_failures() {
    const Instant now = environment_.clock.now();
    if (now < next_failure_report_) return;
    next_failure_report_ = now + std::chrono::seconds{1};
    const neo::FailureCounts failures = std::exchange(context_.failures, {});
    if (failures.reads_failed > 0) note(DhtReadsFailed{failures.reads_failed, failures.last});
    if (failures.records_left_out > 0) note(DhtRecordsLeftOut{failures.records_left_out});
    if (failures.changes_dropped > 0) note(DhtChangesDropped{failures.changes_dropped});
    totals_.changes_dropped += failures.changes_dropped;
}

void DhtNode::flush() {
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        const StreamId stream = touched_[i];
        if (Connection* connection = find(stream)) update(stream, *connection);
    }
    touched_.clear();
}

void DhtNode::update(StreamId stream, Connection& connection) {
    connection.touched = false;
    send(stream, connection);
    const neo::Session& session = *connection.session;
    if (session.over()) {
        environment_.transport.close(stream);
        return remove(stream, connection);
    }
    input_.set(connection.kept, *this, stream, connection.source, session.input_kept());
    if (session.ready()) on_ready(static_cast<std::uint64_t>(stream));
    const Instant deadline = session.next_deadline();
    if (deadline != connection.deadline) set_deadline(stream, connection, deadline);
}

void DhtNode::send(StreamId stream, Connection& connection) {
    std::string& output = connection.session->output();
    if (!output.empty()) {
        totals_.bytes_out += output.size();
        environment_.transport.write(stream, output);
        // Keeps a buffer of the usual size for the next output and frees a larger one.
        if (output.capacity() > 2 * options_.session.output_bytes_max)
            std::string().swap(output);
        else
            output.clear();
    }
    connection.session->set_unsent(environment_.transport.unsent(stream));
}

void DhtNode::set_deadline(StreamId stream, Connection& connection, Instant deadline) {
    if (connection.deadline != no_deadline) deadlines_.erase({connection.deadline, stream});
    if (deadline != no_deadline) deadlines_.insert({deadline, stream});
    connection.deadline = deadline;
}

void DhtNode::remove(StreamId stream, Connection& connection) {
    const neo::Session& session = *connection.session;
    if (peer_is_at_fault(session.end())) ++(session.rejection() ? totals_.rejected : totals_.broken);
    add_counts(totals_, session.stats());
    note(DhtClientEnded{connection.source, session.client(), session.end(), session.rejection()});
    set_deadline(stream, connection, no_deadline);
    connections_.erase(stream);
}

void DhtNode::arm() {
    Instant next = records_.next_deadline();
    if (!deadlines_.empty()) next = std::min(next, deadlines_.begin()->first);
    if (own_redistribution_) {
        next = std::min(next, std::max(own_redistribution_->next_deadline(), handover_rest_until_));
        if (auto_range_) next = std::min(next, auto_range_->next_deadline());
        if (wants_range_turn()) next = std::min(next, std::max(environment_.clock.now(), handover_rest_until_));
    }
    if (!ready_.empty() || !touched_.empty() || next == never) next = environment_.clock.now();
    if (next == armed_) return;
    armed_ = next;
    environment_.alarm.wake_at(next);
}

}  // namespace halp
