#include "overlay/dht/client/legacy/legacy_client_links.h"

#include <algorithm>
#include <utility>

namespace halp::legacy {

struct ClientLinks::Link final : SessionAnswers {
    Link(ClientLinks& all, Node& its_node) : links(all), node(its_node) {}

    Next on_item(const CallHead& call, const ReadItem& item) override {
        const Next next = links.owner_.on_item(call, item);
        if (next == Next::hold) links.hold(node.number, call.request, true);
        return next;
    }
    void on_done(const CallHead& call, const ReadAnswer& answer) override {
        ++node.stats.answers;
        if (answer.status == static_cast<std::uint32_t>(Status::error)) links.note_error(node);
        links.owner_.on_done(call, answer);
    }
    [[nodiscard]] std::size_t backlog() const { return unsent + session->output().size(); }
    [[nodiscard]] bool takes(std::size_t ahead_max, std::size_t backlog_max) const {
        return !session->has_list() && session->calls() < ahead_max && backlog() < backlog_max;
    }

    ClientLinks& links;
    Node& node;
    StreamId stream{};
    std::unique_ptr<ClientSession> session;  // from dialling to the end of the connection
    bool open = false;
    bool touched = false;
    bool hang_up = false;
    bool released = false;   // is held back no more; its input is still to be read
    std::size_t unsent = 0;  // in the world, as of the last write
    InputAccount::Share kept;
};

ClientLinks::ClientLinks(Environment environment, ReadControl* reading, const LinksOptions& options,
                         LinksOwner& owner)
    : environment_(environment), reading_(reading), options_(options), owner_(owner) {}

ClientLinks::~ClientLinks() {
    for (const auto& node : nodes_)
        for (const auto& link : node->links)
            if (link->session) environment_.transport.abort(link->stream);
}

NodeNumber ClientLinks::add(const Endpoint& node) {
    const NodeNumber number{static_cast<std::uint32_t>(nodes_.size())};
    auto& added = *nodes_.emplace_back(std::make_unique<Node>());
    added.endpoint = node;
    added.number = number;
    numbers_[node] = number;
    return number;
}

std::optional<NodeNumber> ClientLinks::find(const Endpoint& node) const {
    const auto found = numbers_.find(node);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
}

LegacyNodeStats ClientLinks::stats_now(NodeNumber node) const {
    const Node& its = at(node);
    LegacyNodeStats now = its.stats;
    now.queued = its.queue.size();
    now.queued_bytes = its.queued_bytes;
    for (const auto& link : its.links) {
        if (!link->session) continue;
        now.connections += link->open ? 1 : 0;
        now.under_way += link->session->calls();
    }
    return now;
}

ClientLinks::Link* ClientLinks::of(StreamId stream) {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : found->second;
}

void ClientLinks::touch(Link& link) {
    if (std::exchange(link.touched, true)) return;
    touched_.push_back(&link);
}

// ---- requests ----

// An idle connection, else a new one, else the one with the fewest requests under way. Nothing: none is free.
ClientLinks::Link* ClientLinks::free_link(Node& node, bool for_list) {
    Link *closed = nullptr, *best = nullptr;
    for (const auto& link : node.links) {
        if (!link->session) {
            closed = link.get();
            continue;
        }
        if (link->hang_up || link->session->over()) continue;
        if (link->session->idle()) return link.get();
        if (for_list || !link->takes(options_.ahead_max, options_.backlog_bytes_max)) continue;
        if (!best || link->session->calls() < best->session->calls()) best = link.get();
    }
    if (closed) return closed;
    if (node.links.size() >= std::max<std::size_t>(1, options_.connections_max)) return best;
    return node.links.emplace_back(std::make_unique<Link>(*this, node)).get();
}

ClientLinks::Taken ClientLinks::submit(NodeNumber number, const CallHead& call, Bytes wire, Instant now) {
    Node& node = at(number);
    ++node.stats.requests;
    if (node.disabled) return Taken::disabled;
    if (node.queue.empty() && !node.suspended) {
        if (Link* link = free_link(node, has_items(call.command))) {
            begin(*link, call, wire, now);
            return Taken::begun;
        }
    }
    const bool room = node.queued_bytes + wire.size() <= queue_max();
    if (!room && !(options_.overflow && options_.overflow->push(number, wire))) {
        ++node.stats.queue_full;
        return Taken::full;
    }
    node.queue.push_back({call, room ? std::string(wire) : std::string(), room ? 0 : wire.size(), false});
    (room ? node.queued_bytes : node.bytes_outside) += wire.size();
    return Taken::queued;
}

ClientLinks::Waiting ClientLinks::take_first(Node& node) {
    Waiting first = std::move(node.queue.front());
    node.queue.pop_front();
    if (first.outside == 0) {
        node.queued_bytes -= first.wire.size();
        return first;
    }
    if (auto wire = options_.overflow->pop(node.number)) first.wire = *std::move(wire);
    node.bytes_outside -= first.outside;
    return first;
}

double ClientLinks::queue_level() const {
    std::size_t most = 0;
    for (const auto& node : nodes_) most = std::max(most, node->queued_bytes + node->bytes_outside);
    return static_cast<double>(most) / static_cast<double>(queue_max());
}

void ClientLinks::begin(Link& link, const CallHead& call, Bytes wire, Instant now) {
    if (!link.session) dial(link);
    link.session->begin(call, wire, now);
    touch(link);
}

void ClientLinks::dial(Link& link) {
    link.stream = environment_.transport.connect(link.node.endpoint);
    link.session = std::make_unique<ClientSession>(link);
    link.open = link.hang_up = link.released = false;
    link.unsent = 0;
    streams_[link.stream] = &link;
}

void ClientLinks::refill(Node& node) {
    if (node.disabled) return fail_waiting(node);
    while (!node.queue.empty() && !node.suspended) {
        const bool cancelled = node.queue.front().cancelled;
        Link* link = cancelled ? nullptr : free_link(node, has_items(node.queue.front().call.command));
        if (!link && !cancelled) return;
        const Waiting next = take_first(node);
        if (cancelled) continue;
        if (next.wire.empty()) {
            owner_.on_failed(next.call, Trouble::queue_full, "it was lost outside of the queue");
            continue;
        }
        begin(*link, next.call, next.wire, environment_.clock.now());
        owner_.on_begun(next.call);
    }
}

void ClientLinks::fail_waiting(Node& node) {
    while (!node.queue.empty()) {
        const Waiting next = take_first(node);
        if (!next.cancelled) owner_.on_failed(next.call, Trouble::node_disabled, {});
    }
}

void ClientLinks::cancel(NodeNumber number, RequestId request) {
    Node& node = at(number);
    for (Waiting& waiting : node.queue) {
        if (waiting.call.request != request) continue;
        if (waiting.outside == 0) node.queued_bytes -= waiting.wire.size();
        waiting.cancelled = true;
    }
    std::erase_if(node.queue, [](const Waiting& waiting) { return waiting.cancelled && waiting.outside == 0; });
    for (const auto& link : node.links) {
        if (!link->session || !link->session->has_list() || !link->session->has(request)) continue;
        link->hang_up = true;
        touch(*link);
    }
}

void ClientLinks::hold(NodeNumber number, RequestId request, bool held) {
    for (const auto& link : at(number).links) {
        if (!link->session || !link->session->has_list() || !link->session->has(request)) continue;
        if (link->session->held() == held && link->released == !held) continue;
        link->session->set_held(true);  // when it is released, its input is read at the end of the turn
        link->released = !held;
        if (reading_) reading_->hold(link->stream, held);
        if (!held) touch(*link);
    }
}

void ClientLinks::suspend(NodeNumber number, bool suspended) {
    Node& node = at(number);
    node.suspended = suspended;
    if (!suspended && !node.queue.empty()) ask_for_turn(node);
}

void ClientLinks::disable(NodeNumber number, bool disabled) {
    Node& node = at(number);
    node.disabled = disabled;
    if (disabled && !node.queue.empty()) ask_for_turn(node);
}

// The queue is served at the end of a turn. Any link of the node will do to ask for one.
void ClientLinks::ask_for_turn(Node& node) {
    if (node.links.empty()) node.links.push_back(std::make_unique<Link>(*this, node));
    touch(*node.links.front());
}

void ClientLinks::note_error(Node& node) {
    node.available_again = environment_.clock.now() + options_.unavailable_for;
    owner_.on_node_error(node.number);
}

void ClientLinks::disconnect() {
    for (const auto& node : nodes_)
        for (const auto& link : node->links) {
            if (!link->session) continue;
            link->hang_up = true;
            touch(*link);
        }
}

void ClientLinks::disconnect_idle(NodeNumber number) {
    for (const auto& link : at(number).links) {
        if (!link->session || !link->session->idle()) continue;
        link->hang_up = true;
        touch(*link);
    }
}

// ---- what the world says ----

bool ClientLinks::on_connected(StreamId stream) {
    Link* link = of(stream);
    if (!link) return false;
    link->open = true;
    ++link->node.stats.connects;
    link->session->note_progress(environment_.clock.now());
    return true;
}

bool ClientLinks::on_connect_failed(StreamId stream, bool timed_out, std::string_view why) {
    Link* link = of(stream);
    if (link) end(*link, timed_out ? Trouble::connection_timed_out : Trouble::connection_failed, why);
    return link != nullptr;
}

bool ClientLinks::on_bytes(StreamId stream, Bytes arrived) {
    Link* link = of(stream);
    if (!link) return false;
    link->node.stats.bytes_in += arrived.size();
    link->session->on_bytes(arrived, environment_.clock.now());
    link->session->note_progress(environment_.clock.now());  // a slow listener is not a slow node
    input_.set(link->kept, *this, stream, link->node.endpoint, link->session->input_kept());
    touch(*link);
    return true;
}

// Nodes have sent more than this client keeps, and this one the most.
void ClientLinks::drop_input(StreamId stream) {
    Link& link = *of(stream);
    link.kept.leave();
    link.session->drop_input();
    touch(link);
}

bool ClientLinks::on_gone(StreamId stream, bool orderly) {
    Link* link = of(stream);
    if (!link) return false;
    if (orderly) environment_.transport.close(stream);
    end(*link, Trouble::disconnected, orderly ? "the node ended the connection" : "the connection broke");
    return true;
}

bool ClientLinks::on_writable(StreamId stream) {
    Link* link = of(stream);
    if (!link) return false;
    link->session->note_progress(environment_.clock.now());
    touch(*link);
    return true;
}

void ClientLinks::on_deadlines(Instant now) {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
        for (std::size_t j = 0; j < nodes_[i]->links.size(); ++j) {
            Link& link = *nodes_[i]->links[j];
            if (!link.session || link.session->next_deadline() > now) continue;
            environment_.transport.abort(link.stream);
            end(link, link.open ? Trouble::timed_out : Trouble::connection_timed_out, {});
        }
}

Instant ClientLinks::next_deadline() const {
    Instant next = no_deadline;
    for (const auto& node : nodes_)
        for (const auto& link : node->links)
            if (link->session) next = std::min(next, link->session->next_deadline());
    return next;
}

// ---- a turn's end ----

void ClientLinks::flush() {
    input_.relieve();
    // Iterates by index, because what is told may touch other links.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        Link& link = *touched_[i];
        link.touched = false;
        if (link.session && link.released) release(link);
        refill(link.node);
        if (!link.session) continue;
        write(link);
        if (!link.session->over() && !link.hang_up) continue;
        environment_.transport.abort(link.stream);
        end(link, link.hang_up ? Trouble::disconnected : link.session->end(),
            link.hang_up ? "closed by this client" : "");
    }
    touched_.clear();
}

void ClientLinks::write_now() {
    for (Link* link : touched_)
        if (link->session) write(*link);
}

void ClientLinks::release(Link& link) {
    link.released = false;
    ClientSession& session = *link.session;
    session.set_held(false);
    if (session.idle()) return;
    const CallHead call = session.first();
    switch (owner_.on_released(call)) {
        case SessionAnswers::Next::more:
            break;
        case SessionAnswers::Next::hold:
            session.set_held(true);
            if (reading_) reading_->hold(link.stream, true);
            return;
        case SessionAnswers::Next::malformed:
            link.hang_up = true;
            return;
    }
    session.go_on(environment_.clock.now());
    input_.set(link.kept, *this, link.stream, link.node.endpoint, session.input_kept());
}

void ClientLinks::write(Link& link) {
    ClientSession& session = *link.session;
    if (!session.output().empty()) {
        link.node.stats.bytes_out += session.output().size();
        environment_.transport.write(link.stream, session.output());
        session.output().clear();
        session.note_written();
    }
    link.unsent = environment_.transport.unsent(link.stream);
}

void ClientLinks::end(Link& link, Trouble trouble, std::string_view why) {
    LegacyNodeStats& stats = link.node.stats;
    const bool asked_for = link.hang_up && link.session->idle();
    if (!asked_for) ++(link.open ? stats.losses : stats.connect_failures);
    if (trouble == Trouble::timed_out) ++stats.io_timeouts;
    if (trouble == Trouble::connection_timed_out) ++stats.connection_timeouts;
    const bool by_node = !link.hang_up && trouble != Trouble::fatal;  // fatal: its answer has been noted
    const std::deque<CallHead> calls = link.session->take_calls();
    link.kept.leave();
    streams_.erase(link.stream);
    link.session.reset();
    link.open = link.hang_up = link.released = false;
    if (by_node) note_error(link.node);
    // What was sent ahead of an answer that did not come has failed with its connection.
    const bool step = trouble == Trouble::timed_out || trouble == Trouble::malformed || trouble == Trouble::fatal;
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const bool first = i == 0 || !step;
        owner_.on_failed(calls[i], first ? trouble : Trouble::disconnected,
                         first ? why : "a request before it on its connection failed");
    }
    refill(link.node);
}

}  // namespace halp::legacy
