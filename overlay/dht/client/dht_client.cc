#include "overlay/dht/client/dht_client.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <unordered_map>
#include <utility>

#include "overlay/connect_failure.h"
#include "overlay/dht/client/client_all_nodes.h"
#include "overlay/dht/client/client_key_requests.h"
#include "overlay/dht/client/client_request.h"
#include "overlay/dht/client/client_streams.h"
#include "overlay/dht/client/client_update.h"
#include "overlay/dht/client/node_map.h"
#include "overlay/dht/client/nodes_file.h"

namespace halp {
namespace {

DhtClientOptions with_credential(DhtClientOptions options) {
    options.links.credential = options.credential;
    return options;
}

}  // namespace

struct DhtClient::Impl final : LinkOwner, RequestContext, RangeListener {
    Impl(Environment around, DhtClientOptions given, dht::ConnectionNotifier watcher)
        : environment(around),
          options(with_credential(std::move(given))),
          notify(std::move(watcher)),
          links(environment, options.links, *this),
          lookup(environment, options.lookup),
          follow_ranges(*this, ++last_id, *this) {
        if (!options.auto_connect) links.close();
    }

    // LinkOwner
    void on_link_open(NodeNumber node) override;
    void on_link_lost(NodeNumber node, std::string_view why) override;
    void on_link_failed(NodeNumber node, std::string_view why) override;
    void on_link_alias(NodeNumber node) override;
    bool on_link_message(NodeNumber node, neo::RequestId id, Bytes payload) override;
    // RequestContext
    bool open(NodeNumber node) const override { return links.open(node); }
    const Endpoint& endpoint(NodeNumber node) const override { return links.endpoint(node); }
    void send(NodeNumber node, neo::RequestId id, Bytes frame) override { links.send(node, id, frame, now()); }
    std::string& frame_room() override {
        room.clear();
        return room;
    }
    void unsend(NodeNumber node, neo::RequestId id) override { links.unsend(node, id); }
    std::optional<HashRange> range(NodeNumber node) const override {
        return links.open(node) && follow_ranges.has_told(node) ? map.range(node) : std::nullopt;
    }
    bool range_due(NodeNumber node) const override {
        return links.open(node) && !follow_ranges.has_told(node) && !follow_ranges.has_failed(node);
    }
    bool untried_hints() const override { return links.untried_hints(); }
    void later(neo::RequestId id) override { waiting_turns.push_back(id); }
    void over(neo::RequestId id) override;
    // RangeListener
    void on_range(NodeNumber node, const HashRange& range) override;
    void on_new_node(const Endpoint& node, const HashRange& range) override;

    struct Active {
        std::unique_ptr<ClientRequest> request;
        Instant began = never;
        Instant deadline = no_deadline;
    };
    // `make` constructs the request with the given id.
    template <class Make>
    Result<DhtRequestId> begin(Make&& make);
    template <class Make>
    Result<DhtRequestId> begin_on_key(Make&& make);
    template <class T, class... Args>
    Result<DhtRequestId> begin_on_all(Args&&... args);
    bool add(const Endpoint& node, NodeLinks::Standing standing);
    void remember(NodeNumber node, const HashRange& range);
    bool change(DhtRequestId id, StreamRequest::State wanted);
    // Several messages in a row are of one request.
    ClientRequest* find(neo::RequestId id) {
        if (found_last && found_last->id() == id) return found_last;
        const auto at = requests.find(id);
        if (at == requests.end()) return nullptr;
        return found_last = at->second.request.get();
    }
    Active& add_request(neo::RequestId id);
    // Calls every present request in the order of their beginning, without those that end meanwhile.
    void each_request(const std::function<void(ClientRequest&)>& call);
    void set_deadline(neo::RequestId id, Active& active, Instant deadline);
    void woken();
    void ask_sources(Instant now);
    void take_turns();
    void begin_turn() {
        turn_began = environment.clock.now();
        in_turn = true;
    }
    // Within a turn the time of its beginning. A turn is short, so reading the clock for each request is not worth
    // it.
    [[nodiscard]] Instant now() const { return in_turn ? turn_began : environment.clock.now(); }
    void finish_turn();
    void arm();

    Environment environment;
    DhtClientOptions options;
    dht::ConnectionNotifier notify;
    neo::RequestId last_id = neo::no_request;
    NodeLinks links;
    NodeMap map;
    LabelLookup lookup;
    std::vector<NodeSource*> sources;
    Instant sources_due = no_deadline;
    FollowRangesRequest follow_ranges;
    using Requests = std::unordered_map<neo::RequestId, Active>;
    Requests requests;                       // never iterated where the order is visible
    std::vector<Requests::node_type> spare;  // to be used again
    ClientRequest* found_last = nullptr;     // of `requests`
    std::string room;
    std::set<std::pair<Instant, neo::RequestId>> deadlines;
    std::deque<neo::RequestId> waiting_turns;
    std::vector<std::unique_ptr<ClientRequest>> ended;  // destroyed at the end of the turn
    DhtClientStats totals;
    Instant armed = no_deadline;
    Instant turn_began = never;
    bool in_turn = false;
};

// ---- nodes ----

bool DhtClient::Impl::add(const Endpoint& node, NodeLinks::Standing standing) {
    const auto before = links.find(node);
    const bool was_known = before && links.known(*before);
    const auto number = links.add(node, standing);
    if (!number) return false;
    if (!was_known && links.known(*number)) {
        follow_ranges.on_node(*number);
        each_request([&](ClientRequest& request) { request.on_node(*number); });
    }
    arm();
    return !before;
}

void DhtClient::Impl::on_link_open(NodeNumber node) {
    follow_ranges.on_open(node);
    each_request([&](ClientRequest& request) { request.on_open(node); });
    if (notify) notify(dht::Connected{links.endpoint(node)});
}

void DhtClient::Impl::on_link_lost(NodeNumber node, std::string_view why) {
    follow_ranges.on_lost(node, why);
    each_request([&](ClientRequest& request) { request.on_lost(node, why); });
    if (notify) notify(dht::ConnectionError{links.endpoint(node), std::string(why)});
}

void DhtClient::Impl::on_link_failed(NodeNumber node, std::string_view why) {
    each_request([&](ClientRequest& request) { request.on_failed(node); });
    if (notify) notify(dht::ConnectionError{links.endpoint(node), std::string(why)});
}

void DhtClient::Impl::on_link_alias(NodeNumber node) {
    map.forget(node);
    follow_ranges.on_alias(node);
    each_request([&](ClientRequest& request) { request.on_alias(node); });
}

void DhtClient::Impl::remember(NodeNumber node, const HashRange& range) {
    if (map.set(node, range) && notify) notify(dht::RangeKnown{links.endpoint(node), range});
}

void DhtClient::Impl::on_range(NodeNumber node, const HashRange& range) {
    remember(node, range);
    each_request([&](ClientRequest& request) { request.on_range(node, range); });
}

void DhtClient::Impl::on_new_node(const Endpoint& node, const HashRange& range) {
    add(node, NodeLinks::Standing::known);
    // The node itself has not said so: requests wait for its own word.
    if (const auto number = links.find(node)) remember(*number, range);
}

void DhtClient::Impl::ask_sources(Instant now) {
    if (now < sources_due) return;
    sources_due = sources.empty() ? no_deadline : now + options.source_interval;
    for (NodeSource* source : sources)
        for (const Endpoint& node : source->nodes()) add(node, NodeLinks::Standing::hinted);
}

// ---- requests ----

bool DhtClient::Impl::on_link_message(NodeNumber node, neo::RequestId id, Bytes payload) {
    if (id == follow_ranges.id()) return follow_ranges.on_message(node, payload);
    if (ClientRequest* request = find(id)) return request->on_message(node, payload);
    ++totals.late_messages;
    return true;
}

template <class Make>
Result<DhtRequestId> DhtClient::Impl::begin(Make&& make) {
    if (requests.size() >= options.requests_max)
        return Error{ErrorCode::busy,
                     std::to_string(options.requests_max) + " requests are active; wait for some."};
    const DhtRequestId id = ++last_id;
    Active& active = add_request(id);
    active.began = now();
    active.request = make(id);
    totals.requests_max = std::max(totals.requests_max, requests.size());
    arm();
    return id;
}

// With the memory of one that is over, if there is any.
DhtClient::Impl::Active& DhtClient::Impl::add_request(neo::RequestId id) {
    if (spare.empty()) return requests[id];
    Requests::node_type node = std::move(spare.back());
    spare.pop_back();
    node.key() = id;
    node.mapped() = Active{};
    return requests.insert(std::move(node)).position->second;
}

template <class Make>
Result<DhtRequestId> DhtClient::Impl::begin_on_key(Make&& make) {
    if (links.size() == 0)
        return Error{ErrorCode::unreachable, "No DHT node is known to this client; add or find one first."};
    return begin(std::forward<Make>(make));
}

template <class T, class... Args>
Result<DhtRequestId> DhtClient::Impl::begin_on_all(Args&&... args) {
    return begin([&](DhtRequestId id) -> std::unique_ptr<ClientRequest> {
        auto request = std::make_unique<T>(*this, id, std::forward<Args>(args)...);
        request->begin(links.known_nodes());
        return request;
    });
}

void DhtClient::Impl::over(neo::RequestId id) {
    const auto at = requests.find(id);
    if (at == requests.end()) return;
    totals.times[static_cast<std::size_t>(at->second.request->code())].record(now() - at->second.began);
    set_deadline(id, at->second, no_deadline);
    found_last = nullptr;
    ended.push_back(std::move(at->second.request));
    spare.push_back(requests.extract(at));
    arm();
}

void DhtClient::Impl::each_request(const std::function<void(ClientRequest&)>& call) {
    std::vector<neo::RequestId> ids;
    ids.reserve(requests.size());
    for (const auto& entry : requests) ids.push_back(entry.first);
    std::ranges::sort(ids);
    for (const neo::RequestId id : ids)
        if (ClientRequest* request = find(id)) call(*request);
}

bool DhtClient::Impl::change(DhtRequestId id, StreamRequest::State wanted) {
    auto* stream = dynamic_cast<StreamRequest*>(find(id));
    const bool begun = stream && stream->change(wanted);
    arm();
    return begun;
}

void DhtClient::Impl::set_deadline(neo::RequestId id, Active& active, Instant deadline) {
    if (active.deadline != no_deadline) deadlines.erase({active.deadline, id});
    active.deadline = deadline;
    if (deadline != no_deadline) deadlines.insert({deadline, id});
}

// ---- a turn ----

void DhtClient::Impl::woken() {
    armed = no_deadline;
    const Instant now = environment.clock.now();
    ask_sources(now);
    lookup.on_deadline(now);
    links.on_deadlines(now);
    while (!deadlines.empty() && deadlines.begin()->first <= now) {
        const neo::RequestId id = deadlines.begin()->second;
        set_deadline(id, requests.at(id), no_deadline);
        find(id)->on_time_out();
    }
}

void DhtClient::Impl::take_turns() {
    // Requests added meanwhile wait for the next turn. Otherwise a notifier that begins a failing request each
    // time would keep the loop from all other events.
    for (std::size_t left = waiting_turns.size(); left > 0; --left) {
        const neo::RequestId id = waiting_turns.front();
        waiting_turns.pop_front();
        if (ClientRequest* request = find(id)) request->on_turn();
    }
}

void DhtClient::Impl::finish_turn() {
    for (const Endpoint& node : lookup.take_found()) add(node, NodeLinks::Standing::hinted);
    take_turns();
    links.flush();
    ended.clear();
    in_turn = false;
    arm();
}

void DhtClient::Impl::arm() {
    if (in_turn) return;
    Instant next = std::min({links.next_deadline(), lookup.next_deadline(), sources_due});
    if (!deadlines.empty()) next = std::min(next, deadlines.begin()->first);
    if (links.wants_flush() || !waiting_turns.empty() || !ended.empty()) next = environment.clock.now();
    if (next == armed) return;
    armed = next;
    environment.alarm.wake_at(next);
}

// ---- the public face ----

DhtClient::DhtClient(Environment environment, DhtClientOptions options, dht::ConnectionNotifier notify)
    : impl_(std::make_unique<Impl>(environment, std::move(options), std::move(notify))) {}

DhtClient::~DhtClient() = default;

bool DhtClient::add_node(const Endpoint& node) { return impl_->add(node, NodeLinks::Standing::known); }

Result<std::size_t> DhtClient::add_nodes(std::string_view nodes_file) {
    const Result<std::vector<Endpoint>> nodes = parse_nodes_file(nodes_file);
    if (!nodes) return nodes.error();
    return static_cast<std::size_t>(
        std::ranges::count_if(*nodes, [&](const Endpoint& node) { return add_node(node); }));
}

void DhtClient::add_source(NodeSource& source) {
    impl_->sources.push_back(&source);
    impl_->sources_due = never;
    impl_->arm();
}

Result<void> DhtClient::find_nodes(std::vector<Endpoint> halp_hosts, const Label& label) {
    Result<void> asked = impl_->lookup.ask(std::move(halp_hosts), label);
    impl_->arm();
    return asked;
}

std::vector<DhtNodeView> DhtClient::nodes() const {
    std::vector<DhtNodeView> views;
    for (std::uint32_t i = 0; i < impl_->links.size(); ++i) {
        const NodeNumber node{i};
        views.push_back({impl_->links.endpoint(node), impl_->links.open(node), impl_->links.known(node),
                         impl_->map.range(node), impl_->links.stats(node)});
    }
    return views;
}

bool DhtClient::all_connected() const {
    const auto known = impl_->links.known_nodes();
    return !known.empty() && std::ranges::all_of(known, [&](NodeNumber node) { return impl_->links.open(node); });
}

bool DhtClient::all_ranges_known() const {
    const auto known = impl_->links.known_nodes();
    return !known.empty() &&
           std::ranges::all_of(known, [&](NodeNumber node) { return impl_->map.range(node).has_value(); });
}

void DhtClient::connect() {
    impl_->links.dial_on();
    impl_->arm();
}

void DhtClient::reconnect() {
    impl_->links.reconnect();
    impl_->arm();
}

void DhtClient::shutdown() {
    impl_->links.close();
    impl_->arm();
}

Result<DhtRequestId> DhtClient::put(Bytes channel, Key key, Bytes value, dht::PutNotifier notify) {
    return impl_->begin_on_key([&](DhtRequestId id) {
        return begin_put(*impl_, impl_->map, id, {channel, value_of(key), value}, std::move(notify));
    });
}

Result<DhtRequestId> DhtClient::get(Bytes channel, Key key, dht::GetNotifier notify) {
    return impl_->begin_on_key([&](DhtRequestId id) {
        return begin_get(*impl_, impl_->map, id, {channel, value_of(key)}, std::move(notify));
    });
}

Result<DhtRequestId> DhtClient::exists(Bytes channel, Key key, dht::ExistsNotifier notify) {
    return impl_->begin_on_key([&](DhtRequestId id) {
        return begin_exists(*impl_, impl_->map, id, {channel, value_of(key)}, std::move(notify));
    });
}

Result<DhtRequestId> DhtClient::remove(Bytes channel, Key key, dht::RemoveNotifier notify) {
    return impl_->begin_on_key([&](DhtRequestId id) {
        return begin_remove(*impl_, impl_->map, id, {channel, value_of(key)}, std::move(notify));
    });
}

Result<DhtRequestId> DhtClient::update(Bytes channel, Key key, dht::UpdateChooser choose,
                                       dht::UpdateNotifier notify) {
    return impl_->begin_on_key([&](DhtRequestId id) {
        return std::make_unique<UpdateRequest>(*impl_, impl_->map, id, neo::RecordAddress{channel, value_of(key)},
                                               std::move(choose), std::move(notify));
    });
}

Result<DhtRequestId> DhtClient::get_all(Bytes channel, const GetAllSettings& settings, dht::GetAllNotifier notify) {
    neo::GetAllRequest what;
    what.channel = channel;
    what.keys_only = settings.keys_only;
    what.value_filter = settings.value_filter;
    return impl_->begin_on_all<GetAllRequest>(what, std::move(notify));
}

Result<DhtRequestId> DhtClient::mirror(Bytes channel, const MirrorSettings& settings, dht::MirrorNotifier notify) {
    const neo::MirrorRequest what{false, channel, settings.initial_refresh, settings.periodic_refresh_s};
    return impl_->begin_on_all<MirrorRequest>(what, std::move(notify));
}

Result<DhtRequestId> DhtClient::get_channels(dht::GetChannelsNotifier notify) {
    return impl_->begin_on_all<GetChannelsRequest>(std::move(notify));
}

Result<DhtRequestId> DhtClient::remove_channel(Bytes channel, dht::RemoveChannelNotifier notify) {
    return impl_->begin_on_all<RemoveChannelRequest>(channel, std::move(notify));
}

bool DhtClient::set_timeout(DhtRequestId id, Duration after) {
    const auto at = impl_->requests.find(id);
    if (at == impl_->requests.end()) return false;
    impl_->set_deadline(id, at->second, impl_->environment.clock.now() + after);
    impl_->arm();
    return true;
}

bool DhtClient::cancel(DhtRequestId id) {
    const auto at = impl_->requests.find(id);
    if (at == impl_->requests.end()) return false;
    impl_->set_deadline(id, at->second, no_deadline);
    at->second.request->cancel();
    impl_->arm();
    return true;
}

std::optional<dht::RangeCover> DhtClient::cover(DhtRequestId id) const {
    const auto* request = dynamic_cast<const AllNodesRequest*>(impl_->find(id));
    return request ? std::optional(request->cover()) : std::nullopt;
}

dht::RangeCover DhtClient::cover() const {
    std::vector<HashRange> ranges;
    for (std::uint32_t i = 0; i < impl_->links.size(); ++i)
        if (const auto range = impl_->range(NodeNumber{i})) ranges.push_back(*range);
    return dht::cover_of(std::move(ranges));
}

bool DhtClient::active(DhtRequestId id) const { return impl_->requests.contains(id); }
bool DhtClient::suspend(DhtRequestId id) { return impl_->change(id, StreamRequest::State::suspended); }
bool DhtClient::resume(DhtRequestId id) { return impl_->change(id, StreamRequest::State::running); }
bool DhtClient::stop(DhtRequestId id) { return impl_->change(id, StreamRequest::State::stopped); }

bool DhtClient::set_suspended(DhtRequestId id, bool suspended) {
    auto* stream = dynamic_cast<StreamRequest*>(impl_->find(id));
    const bool taken =
        stream && stream->want(suspended ? StreamRequest::State::suspended : StreamRequest::State::running);
    impl_->arm();
    return taken;
}

DhtClientStats DhtClient::stats() const {
    DhtClientStats all = impl_->totals;
    all.nodes = impl_->links.known_nodes().size();
    all.nodes_connected = impl_->links.open_count();
    all.nodes_with_range = impl_->map.size();
    all.requests_active = impl_->requests.size();
    all.requests_limit = impl_->options.requests_max;
    all.links = impl_->links.stats();
    return all;
}

void DhtClient::clear_stats() {
    impl_->totals = {};
    impl_->totals.requests_max = impl_->requests.size();
    impl_->links.clear_stats();
}

void DhtClient::on_accept(StreamId stream, const Endpoint&) { impl_->environment.transport.abort(stream); }

void DhtClient::on_connected(StreamId stream, const Endpoint& remote_address) {
    impl_->begin_turn();
    impl_->links.on_connected(stream, remote_address);
    impl_->finish_turn();
}

void DhtClient::on_connect_failed(StreamId stream, ConnectFailure why) {
    impl_->begin_turn();
    if (!impl_->links.on_failed(stream, describe(why))) impl_->lookup.on_gone(stream, false);
    impl_->finish_turn();
}

void DhtClient::on_bytes(StreamId stream, Bytes bytes) {
    impl_->begin_turn();
    if (!impl_->links.on_bytes(stream, bytes)) impl_->lookup.on_bytes(stream, bytes);
    impl_->finish_turn();
}

void DhtClient::on_end(StreamId stream) {
    impl_->begin_turn();
    if (!impl_->links.on_gone(stream, true)) impl_->lookup.on_gone(stream, true);
    impl_->finish_turn();
}

void DhtClient::on_closed(StreamId stream) {
    impl_->begin_turn();
    if (!impl_->links.on_gone(stream, false)) impl_->lookup.on_gone(stream, false);
    impl_->finish_turn();
}

void DhtClient::on_wakeup() {
    impl_->begin_turn();
    impl_->woken();
    impl_->finish_turn();
}

void DhtClient::on_writable(StreamId stream) {
    impl_->begin_turn();
    impl_->links.on_writable(stream);
    impl_->finish_turn();
}

}  // namespace halp
