#include "overlay/dht/libevent/blocking_dht_client.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "overlay/dht/libevent/dht_files.h"
#include "overlay/environment.h"
#include "overlay/libevent/limits.h"
#include "overlay/libevent/runner.h"
#include "store/overloaded.h"
#include "store/records/hash_range.h"

namespace halp {

using namespace dht;

namespace {

// An error for a note that reports a failure.
template <class Note>
Error failure(const Note& note) {
    const auto read_code = overloaded{
        [](const TimedOut&) { return ErrorCode::timed_out; }, [](const NoNode&) { return ErrorCode::unreachable; },
        [](const NodeDisconnected&) { return ErrorCode::unreachable; },
        [](const ValueTooBig&) { return ErrorCode::invalid; }, [](const auto&) { return ErrorCode::io; }};
    const ErrorCode code = std::visit(read_code, note);
    return {code, describe(note)};
}

// For variants with one note for an existing record, one for a missing record, and failures.
template <class Yes, class Note>
Result<bool> yes_or_no(const Note& note) {
    const bool yes = std::holds_alternative<Yes>(note);
    if (yes || std::holds_alternative<NoRecord>(note)) return yes;
    return failure(note);
}

}  // namespace

BlockingDhtClient::BlockingDhtClient(BlockingDhtOptions options)
    : timeout_(options.timeout),
      refusal_patience_(options.refusal_patience),
      partial_(options.partial),
      on_connection_(std::move(options.on_connection)),
      world_(limits_for_streaming(1)),
      client_(world_.environment(), std::move(options.client), [this](const ConnectionNote& note) { hear(note); }) {
    world_.attach(client_);
}

BlockingDhtClient::~BlockingDhtClient() = default;

Result<std::unique_ptr<BlockingDhtClient>> BlockingDhtClient::from_files(const std::string& nodes_file,
                                                                         const std::string& credentials_file,
                                                                         BlockingDhtOptions options) {
    const auto nodes = read_nodes_file(nodes_file);
    if (!nodes) return nodes.error();
    auto credential = read_credentials_file(credentials_file);
    if (!credential) return credential.error();
    options.client.credential = *std::move(credential);
    auto client = std::make_unique<BlockingDhtClient>(std::move(options));
    for (const Endpoint& node : *nodes) client->client_.add_node(node);
    return client;
}

bool BlockingDhtClient::run_until(const std::function<bool()>& done, Duration span) {
    return LibeventRunner{world_}.run_until(done, span);
}

// ---- nodes ----

void BlockingDhtClient::hear(const ConnectionNote& note) {
    if (on_connection_) on_connection_(note);
    if (const auto* connected = std::get_if<Connected>(&note)) troubles_.erase(connected->node);
    const auto* failed = std::get_if<ConnectionError>(&note);
    if (!failed) return;
    troubles_[failed->node] = failed->why;
    last_trouble_ = describe(note);
}

const std::string* BlockingDhtClient::trouble(const Endpoint& node) const {
    const auto at = troubles_.find(node);
    return at == troubles_.end() ? nullptr : &at->second;
}

Error BlockingDhtClient::unreachable(std::string otherwise) const {
    return {ErrorCode::unreachable, last_trouble_.empty() ? std::move(otherwise) : last_trouble_};
}

// Whether only nodes that have failed are missing.
bool BlockingDhtClient::hopeless() const {
    const std::vector<DhtNodeView> nodes = client_.nodes();
    return !nodes.empty() && std::ranges::all_of(nodes, [this](const DhtNodeView& node) {
        return (node.connected && node.range) || trouble(node.node) != nullptr;
    });
}

// Whether only nodes that have rejected the client are missing: waiting changes nothing, unlike for a node that is
// just starting.
bool BlockingDhtClient::rejected() const {
    bool any = false;
    for (const DhtNodeView& node : client_.nodes()) {
        const std::string* why = trouble(node.node);
        const bool turned_away = why != nullptr && *why == neo::name(neo::SessionEnd::rejected);
        if (!turned_away && !(node.connected && node.range)) return false;
        any = any || turned_away;
    }
    return any;
}

Result<void> BlockingDhtClient::wait_for_ranges() {
    const auto all = [this] { return client_.all_ranges_known() && client_.all_connected(); };
    // A node that is just starting refuses connections at first.
    const Duration patience = std::min(refusal_patience_, timeout_);
    if (run_until([&] { return all() || rejected(); }, patience) && all()) return {};
    if (run_until([&] { return all() || hopeless(); }, timeout_ - patience) && all()) return {};
    return unreachable("No DHT node answered in time.");
}

Result<void> BlockingDhtClient::wait_until(const std::function<bool()>& done) {
    if (run_until([&] { return done() || rejected(); }, timeout_) && done()) return {};
    return unreachable("No DHT node answered in time.");
}

Result<void> BlockingDhtClient::wait_all_connected() {
    return wait_until([this] { return client_.all_connected(); });
}

Result<void> BlockingDhtClient::wait_connected(std::size_t nodes) {
    return wait_until([this, nodes] { return client_.stats().nodes_connected >= nodes; });
}

Result<void> BlockingDhtClient::wait_all_ranges_known() {
    return wait_until([this] { return client_.all_ranges_known(); });
}

Result<void> BlockingDhtClient::wait_ranges_known(std::size_t nodes) {
    return wait_until([this, nodes] { return client_.stats().nodes_with_range >= nodes; });
}

Result<void> BlockingDhtClient::connect(const Endpoint& node) { return connect(std::vector{node}); }

Result<void> BlockingDhtClient::connect(const std::vector<Endpoint>& nodes) {
    for (const Endpoint& node : nodes) client_.add_node(node);
    return wait_for_ranges();
}

Result<void> BlockingDhtClient::connect_file(std::string_view nodes_file) {
    const Result<std::size_t> added = client_.add_nodes(nodes_file);
    if (!added) return added.error();
    return wait_for_ranges();
}

Result<void> BlockingDhtClient::connect_label(std::vector<Endpoint> halp_hosts, const Label& label) {
    if (Result<void> asked = client_.find_nodes(std::move(halp_hosts), label); !asked) return asked;
    return wait_for_cover();
}

Result<void> BlockingDhtClient::connect_source(NodeSource& source) {
    client_.add_source(source);
    return wait_for_cover();
}

Result<void> BlockingDhtClient::wait_for_cover() {
    constexpr Duration quiet_span = std::chrono::seconds{1};
    const auto look_again_after = [this](Duration pause) {  // in case no other event arrives
        world_.call_after(pause + std::chrono::milliseconds{1}, [] {});
    };
    look_again_after(std::min(refusal_patience_, timeout_));
    std::size_t seen = 0;
    const Instant began = world_.clock().now();
    Instant changed = began;
    const auto enough = [&] {
        std::vector<HashRange> ranges;
        for (const DhtNodeView& node : client_.nodes())
            if (node.connected && node.range) ranges.push_back(*node.range);
        const Instant now = world_.clock().now();
        if (ranges.size() != std::exchange(seen, ranges.size())) {
            changed = now;
            look_again_after(quiet_span);
        }
        if (seen == 0) return rejected() || (now - began > refusal_patience_ && hopeless());
        return tessellates(ranges) || now - changed > quiet_span;
    };
    run_until(enough, timeout_);
    if (seen > 0) return {};
    return unreachable("No DHT node was found in time.");
}

// ---- requests ----

// Waits for the one note of a request. `begin` is called with the notifier to pass to the client.
template <class Note, class Begin>
Result<void> BlockingDhtClient::run(Begin&& begin, const std::function<void(const Note&)>& notify) {
    bool over = false;
    const Result<DhtRequestId> begun = begin([&](const Note& note) {
        over = true;
        if (notify) notify(note);
    });
    if (!begun) return begun.error();
    client_.set_timeout(*begun, timeout_);
    // Twice the time-out, so that the request's own time-out comes first.
    if (run_until([&] { return over; }, 2 * timeout_)) return {};
    client_.cancel(*begun);
    return Error{ErrorCode::timed_out, "The request timed out."};
}

Result<void> BlockingDhtClient::put(Bytes channel, Key key, Bytes value, const PutNotifier& notify) {
    return run<PutNote>([&](PutNotifier hear) { return client_.put(channel, key, value, std::move(hear)); },
                        notify);
}

Result<void> BlockingDhtClient::get(Bytes channel, Key key, const GetNotifier& notify) {
    return run<GetNote>([&](GetNotifier hear) { return client_.get(channel, key, std::move(hear)); }, notify);
}

Result<void> BlockingDhtClient::exists(Bytes channel, Key key, const ExistsNotifier& notify) {
    return run<ExistsNote>([&](ExistsNotifier hear) { return client_.exists(channel, key, std::move(hear)); },
                           notify);
}

Result<void> BlockingDhtClient::remove(Bytes channel, Key key, const RemoveNotifier& notify) {
    return run<RemoveNote>([&](RemoveNotifier hear) { return client_.remove(channel, key, std::move(hear)); },
                           notify);
}

Result<void> BlockingDhtClient::update(Bytes channel, Key key, const UpdateChooser& choose,
                                       const UpdateNotifier& notify) {
    return run<UpdateNote>(
        [&](UpdateNotifier hear) { return client_.update(channel, key, choose, std::move(hear)); }, notify);
}

Result<void> BlockingDhtClient::put(Bytes channel, Key key, Bytes value) {
    Result<void> outcome;
    const Result<void> ended = put(channel, key, value, [&](const PutNote& note) {
        if (!std::holds_alternative<Succeeded>(note)) outcome = failure(note);
    });
    return ended ? outcome : ended;
}

Result<std::optional<std::string>> BlockingDhtClient::get(Bytes channel, Key key) {
    using Value = std::optional<std::string>;
    Result<Value> outcome{Value()};
    const Result<void> ended = get(channel, key, [&](const GetNote& note) {
        if (const auto* received = std::get_if<Received>(&note))
            outcome = Value(std::string(received->value));
        else if (!std::holds_alternative<NoRecord>(note))
            outcome = failure(note);
    });
    if (!ended) return ended.error();
    return outcome;
}

Result<bool> BlockingDhtClient::exists(Bytes channel, Key key) {
    Result<bool> outcome{false};
    const Result<void> ended =
        exists(channel, key, [&](const ExistsNote& note) { outcome = yes_or_no<Exists>(note); });
    if (!ended) return ended.error();
    return outcome;
}

Result<bool> BlockingDhtClient::remove(Bytes channel, Key key) {
    Result<bool> outcome{false};
    const Result<void> ended =
        remove(channel, key, [&](const RemoveNote& note) { outcome = yes_or_no<Removed>(note); });
    if (!ended) return ended.error();
    return outcome;
}

Result<bool> BlockingDhtClient::update(Bytes channel, Key key, const UpdateChooser& choose) {
    Result<bool> outcome{false};
    const Result<void> ended = update(channel, key, choose, [&](const UpdateNote& note) {
        outcome = std::holds_alternative<Conflict>(note) ? Error{ErrorCode::busy, describe(note)}
                                                         : yes_or_no<Succeeded>(note);
    });
    if (!ended) return ended.error();
    return outcome;
}

// ---- requests to all nodes ----

// The error of a request that ended with this cover, if it is one.
std::optional<Error> BlockingDhtClient::gaps(const RangeCover& cover, const Error& otherwise) {
    cover_ = cover;
    return partial_ && !cover.nothing() ? std::nullopt : std::optional(otherwise);
}

// True when the note ends a request to all nodes.
template <class Note>
bool BlockingDhtClient::hear_end(const Note& note, std::optional<Error>& trouble) {
    return std::visit(overloaded{[&](const Finished& n) {
                                     cover_.overlapping = n.overlapping;
                                     return true;
                                 },
                                 [&](const Incomplete& n) {
                                     const auto why = gaps(n.cover, failure(note));
                                     if (!trouble) trouble = why;
                                     return true;
                                 },
                                 [&](const TimedOut& n) {
                                     trouble = gaps(n.cover, failure(note));
                                     return true;
                                 },
                                 [](const auto&) { return false; }},
                      note);
}

Result<void> BlockingDhtClient::get_all(Bytes channel, const GetAllSettings& settings, const Each& each) {
    DhtRequestId id = neo::no_request;
    bool over = false, stopping = false, moved = false;
    std::optional<Error> trouble;
    const auto record = [&](Key key, Bytes value) {
        moved = true;
        if (stopping) return;
        if (!each(key, value)) stopping = true;
        client_.set_timeout(id, timeout_);  // starts behind the call: a slow consumer is not a slow node
    };
    const auto hear = [&](const GetAllNote& note) {
        over = over || hear_end(note, trouble);
        std::visit(
            overloaded{[&](const RecordReceived& r) { record(r.key, r.value); },
                       [&](const KeyReceived& r) { record(r.key, {}); }, [&](const Stopped&) { over = true; },
                       [&](const NodeError&) { trouble = failure(note); },
                       [&](const Unsupported&) { trouble = failure(note); }, [](const auto&) {}},
            note);
    };
    cover_ = {};
    const Result<DhtRequestId> begun = client_.get_all(channel, settings, hear);
    if (!begun) return begun.error();
    id = *begun;
    client_.set_timeout(id, timeout_);
    bool told = false;
    do {
        moved = false;
        run_until([&] { return over || (stopping && !told); }, 2 * timeout_);
        if (stopping && !std::exchange(told, true)) client_.stop(id);
    } while (!over && (moved || (stopping && client_.active(id))));
    if (!over) client_.cancel(id);
    if (trouble) return *trouble;
    if (!over && !stopping) return Error{ErrorCode::timed_out, "The request timed out."};
    return {};
}

Result<std::vector<std::string>> BlockingDhtClient::get_channels() {
    std::vector<std::string> names;
    DhtChannels found = channels();
    for (const std::string& name : found) names.push_back(name);
    cover_ = found.cover();
    if (found.error()) return *found.error();
    std::ranges::sort(names);
    return names;
}

Result<void> BlockingDhtClient::remove_channel(Bytes channel) {
    std::optional<Error> trouble;
    bool over = false;
    const auto hear = [&](const RemoveChannelNote& note) {
        over = hear_end(note, trouble);
        if (over) return;
        std::visit(overloaded{[&](const NodeDisconnected&) {},  // the client asks the node again
                              [&](const NotPermitted&) {
                                  over = true;
                                  trouble = Error{ErrorCode::refused, describe(note)};
                              },
                              [&](const auto&) { trouble = failure(note); }},
                   note);
    };
    cover_ = {};
    const Result<DhtRequestId> begun = client_.remove_channel(channel, hear);
    if (!begun) return begun.error();
    client_.set_timeout(*begun, timeout_);
    if (!run_until([&] { return over; }, 2 * timeout_)) {
        client_.cancel(*begun);
        return Error{ErrorCode::timed_out, "The request timed out."};
    }
    if (trouble) return *trouble;
    return {};
}

Result<void> BlockingDhtClient::mirror(Bytes channel, const MirrorSettings& settings, std::optional<Duration> span,
                                       const EachNote& each) {
    bool over = false, stopping = false;
    std::optional<Error> trouble;
    const auto hear = [&](const MirrorNote& note) {
        if (const auto* ended = std::get_if<Incomplete>(&note)) trouble = gaps(ended->cover, failure(note));
        over = over || trouble || std::holds_alternative<Finished>(note) || std::holds_alternative<Stopped>(note) ||
               std::holds_alternative<Incomplete>(note);
        if (!stopping && !each(note)) stopping = true;
    };
    cover_ = {};
    const Result<DhtRequestId> begun = client_.mirror(channel, settings, hear);
    if (!begun) return begun.error();
    run_until([&] { return over || stopping; }, span.value_or(std::chrono::hours{24 * 365}));
    const auto now = client_.cover(*begun);
    if (!over && !stopping && now && !now->missing.empty()) trouble = gaps(*now, {ErrorCode::io, describe(*now)});
    stopping = true;
    if (!over && client_.stop(*begun)) run_until([&] { return over; }, timeout_);
    if (!over) client_.cancel(*begun);
    return trouble ? Result<void>{*trouble} : Result<void>{};
}

}  // namespace halp
