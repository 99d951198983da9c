#include "overlay/dht/client/node_links.h"

#include <algorithm>
#include <utility>

#include "overlay/dht/wire/session_limits.h"

namespace halp {

struct NodeLinks::Link final : neo::ClientMessages {
    Link(NodeLinks& all, NodeNumber its_number, const Endpoint& its_node, Standing its_standing)
        : links(all), number(its_number), node(its_node), standing(its_standing) {}

    void on_authenticated() override {
        open = true;
        opened_at = links.environment_.clock.now();
        standing = Standing::known;
        ++links.open_;
        ++stats.connects;
        links.owner_.on_link_open(number);
    }
    bool on_message(neo::RequestId id, Bytes payload) override {
        ++stats.messages_in;
        return links.owner_.on_link_message(number, id, payload);
    }
    [[nodiscard]] Instant deadline() const { return session ? session->next_deadline() : retry_at; }

    NodeLinks& links;
    const NodeNumber number;
    const Endpoint node;
    Standing standing;
    StreamId stream{};
    std::optional<Endpoint> remote;               // the remote address, while connected
    std::optional<NodeNumber> alias_of;           // that node has the same remote address and was first
    std::unique_ptr<neo::ClientSession> session;  // from dialling to the end of the connection
    Instant retry_at = never;                     // only without a session
    Instant opened_at = never;
    unsigned failures = 0;  // in a row; short connections count
    Instant due = never;    // the last moment of the schedule
    Duration distance{0};   // from `due` to the next moment
    LinkStats stats;
    bool open = false;
    bool touched = false;
    bool hang_up = false;
    InputAccount::Share kept;
};

NodeLinks::NodeLinks(Environment environment, const LinkOptions& options, LinkOwner& owner)
    : environment_(environment), options_(options), owner_(owner) {}

NodeLinks::~NodeLinks() {
    for (const auto& link : links_)
        if (link->session) environment_.transport.abort(link->stream);
}

std::optional<NodeNumber> NodeLinks::add(const Endpoint& node, Standing standing) {
    if (const auto known = find(node)) {
        if (standing == Standing::known) at(*known).standing = standing;
        return known;
    }
    // Hinted nodes leave room for known ones.
    const std::size_t most = standing == Standing::known ? options_.nodes_max : options_.nodes_max / 2;
    if (links_.size() >= most) return std::nullopt;
    const NodeNumber number{static_cast<std::uint32_t>(links_.size())};
    links_.push_back(std::make_unique<Link>(*this, number, node, standing));
    numbers_[node] = number;
    return number;
}

std::optional<NodeNumber> NodeLinks::find(const Endpoint& node) const {
    const auto found = numbers_.find(node);
    return found == numbers_.end() ? std::nullopt : std::optional(resolved(found->second));
}

NodeNumber NodeLinks::resolved(NodeNumber node) const { return at(node).alias_of.value_or(node); }

const Endpoint& NodeLinks::endpoint(NodeNumber node) const { return at(node).node; }
bool NodeLinks::open(NodeNumber node) const { return at(node).open && !at(node).hang_up; }
bool NodeLinks::known(NodeNumber node) const { return at(node).standing == Standing::known; }

const LinkStats& NodeLinks::stats(NodeNumber node) const { return at(node).stats; }

LinkStats NodeLinks::stats() const {
    LinkStats all;
    for (const auto& link : links_) all += link->stats;
    return all;
}

void NodeLinks::clear_stats() {
    for (const auto& link : links_) link->stats = {};
}

std::vector<NodeNumber> NodeLinks::known_nodes() const {
    std::vector<NodeNumber> nodes;
    for (const auto& link : links_)
        if (link->standing == Standing::known) nodes.push_back(link->number);
    return nodes;
}

bool NodeLinks::untried_hints() const {
    return std::ranges::any_of(links_, [](const auto& link) {
        return link->standing == Standing::hinted && link->failures == 0 && !link->alias_of;
    });
}

void NodeLinks::send(NodeNumber node, neo::RequestId id, Bytes frame, Instant now) {
    Link& link = at(node);
    ++link.stats.messages_out;
    link.session->send(id, frame, now);
    touch(link);
}

void NodeLinks::unsend(NodeNumber node, neo::RequestId id) {
    Link& link = at(node);
    if (link.session) link.session->cancel(id);
}

void NodeLinks::reconnect() {
    for (const auto& link : links_) {
        if (!link->session) continue;
        link->hang_up = true;
        touch(*link);
    }
}

void NodeLinks::close() {
    closed_ = true;
    reconnect();
}

void NodeLinks::dial_on() { closed_ = false; }

NodeLinks::Link* NodeLinks::of(StreamId stream) {
    const auto found = streams_.find(stream);
    return found == streams_.end() ? nullptr : &at(found->second);
}

void NodeLinks::touch(Link& link) {
    if (link.touched) return;
    link.touched = true;
    touched_.push_back(link.number);
}

// ---- what the world says ----

// Returns a node with a connection, so never an alias.
const NodeLinks::Link* NodeLinks::same_node(const Link& link) const {
    for (const auto& other : links_)
        if (other.get() != &link && other->remote == link.remote) return other.get();
    return nullptr;
}

bool NodeLinks::on_connected(StreamId stream, const Endpoint& remote) {
    Link* link = of(stream);
    if (!link) return false;
    link->remote = remote;
    link->alias_of.reset();
    if (const Link* same = same_node(*link)) {
        if (link->standing == Standing::known) at(same->number).standing = Standing::known;
        link->alias_of = same->number;
        link->standing = Standing::hinted;
        link->remote.reset();
        link->hang_up = true;
        touch(*link);
        owner_.on_link_alias(link->number);
    }
    return true;
}

bool NodeLinks::on_failed(StreamId stream, std::string_view why) {
    Link* link = of(stream);
    if (link) end(*link, why);
    return link != nullptr;
}

bool NodeLinks::on_bytes(StreamId stream, Bytes arrived) {
    Link* link = of(stream);
    if (!link) return false;
    link->stats.bytes_in += arrived.size();
    link->session->on_bytes(arrived, environment_.clock.wall());
    input_.set(link->kept, *this, stream, link->node, link->session->input_kept());
    touch(*link);
    return true;
}

// Nodes have sent more unfinished messages than this client keeps, and this one the most.
void NodeLinks::drop_input(StreamId stream) {
    Link& link = *of(stream);
    link.kept.leave();
    link.session->drop_input();
    touch(link);
}

bool NodeLinks::on_gone(StreamId stream, bool orderly) {
    Link* link = of(stream);
    if (!link) return false;
    if (orderly) environment_.transport.close(stream);
    end(*link, orderly ? "the node ended the connection" : "the connection broke");
    return true;
}

bool NodeLinks::on_writable(StreamId stream) {
    Link* link = of(stream);
    if (link) touch(*link);
    return link != nullptr;
}

void NodeLinks::on_deadlines(Instant now) {
    if (closed_) return;
    // Iterates by index, because a handler of a loss may add nodes.
    for (std::size_t i = 0; i < links_.size(); ++i) {
        Link& link = *links_[i];
        if (link.deadline() > now) continue;
        if (!link.session)
            dial(link);
        else
            link.session->on_deadline(now);
        touch(link);
    }
}

Instant NodeLinks::next_deadline() const {
    if (closed_) return no_deadline;
    Instant next = no_deadline;
    for (const auto& link : links_) next = std::min(next, link->deadline());
    return next;
}

// ---- a turn's end ----

void NodeLinks::flush() {
    input_.relieve();
    // Iterates by index, because a handler of an end may touch other links.
    for (std::size_t i = 0; i < touched_.size(); ++i) {
        Link& link = at(touched_[i]);
        link.touched = false;
        if (!link.session) continue;
        write(link);
        if (!link.session->over() && !link.hang_up) continue;
        environment_.transport.close(link.stream);
        end(link, link.hang_up ? std::string_view("closed by this client") : name(link.session->end()));
    }
    touched_.clear();
}

void NodeLinks::dial(Link& link) {
    link.stream = environment_.transport.connect(link.node);
    link.session =
        std::make_unique<neo::ClientSession>(options_.session, options_.credential, link, environment_.clock.now());
    streams_[link.stream] = link.number;
}

void NodeLinks::write(Link& link) {
    neo::ClientSession& session = *link.session;
    const Instant now = environment_.clock.now();
    for (;;) {
        session.set_unsent(environment_.transport.unsent(link.stream));
        session.pump(now, link.stats.queued);
        if (session.output().empty()) break;
        link.stats.bytes_out += session.output().size();
        environment_.transport.write(link.stream, session.output());
        session.output().clear();
    }
    if (session.anything_waits()) ++link.stats.stalls;
}

void NodeLinks::end(Link& link, std::string_view why) {
    const bool was_open = link.open;
    link.kept.leave();
    streams_.erase(link.stream);
    link.session.reset();
    link.remote.reset();
    link.open = link.hang_up = false;
    schedule(link, was_open);
    if (link.alias_of) return;
    if (was_open) {
        --open_;
        ++link.stats.losses;
        owner_.on_link_lost(link.number, why);
    } else {
        ++link.stats.failures;
        owner_.on_link_failed(link.number, why);
    }
}

void NodeLinks::schedule(Link& link, bool was_open) {
    const Instant now = environment_.clock.now();
    if (link.alias_of) {
        link.retry_at = now + options_.hint_retry_max;
        return;
    }
    const bool lasted = was_open && now - link.opened_at >= options_.retry_max;
    link.failures = lasted ? 0 : std::min(link.failures + 1, 1000U);
    link.retry_at = now;
    if (link.failures <= 1) {
        link.due = now;
        link.distance = options_.retry_min;
        return;
    }
    const Duration longest = link.standing == Standing::known ? options_.retry_max : options_.hint_retry_max;
    do {
        link.due += link.distance;
        link.distance = std::min(2 * link.distance, longest);
    } while (link.due <= now);
    link.retry_at = link.due;
}

}  // namespace halp
