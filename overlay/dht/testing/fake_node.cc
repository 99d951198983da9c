#include "overlay/dht/testing/fake_node.h"

#include <algorithm>
#include <cassert>
#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <variant>

#include "overlay/dht/testing/fake_frames.h"
#include "overlay/dht/testing/fake_legacy.h"
#include "overlay/dht/wire/neo_codec.h"
#include "store/records/channel.h"

namespace halp {

using fake::ClientFrames;
using fake::WatchedTransport;

namespace {

// The alarm of the node. Impl::arm joins it with the deadlines of the faults.
struct NodeAlarm final : Alarm {
    void wake_at(Instant when) override { wanted = when; }
    Instant wanted = no_deadline;
};

struct Late {
    enum class Kind : std::uint8_t { bytes, end };
    Instant due;
    StreamId stream;
    Kind kind;
    std::string bytes;
};

struct Injected {
    std::optional<neo::Support> support;  // without a value: no answer at all
    std::optional<std::uint8_t> answer;   // after `support`
    std::uint64_t times = 0;
};

// The result of a write by the test itself.
struct Outcome final : CompletionHandler {
    void on_written(std::uint64_t, std::uint64_t, Wrote how) override { wrote = how; }
    std::optional<Wrote> wrote;
};

// Passes events on to the owner's observer, without errors if they are unwanted.
struct Watch final : DhtObserver {
    explicit Watch(DhtObserver* owner) : to(owner) {}
    void note(const DhtEvent& event) override {
        const auto* ended = std::get_if<DhtClientEnded>(&event);
        const bool error =
            ended ? ended->why != neo::SessionEnd::gone : !std::holds_alternative<DhtClientAccepted>(event);
        if (to && (errors || !error)) to->note(event);
    }
    DhtObserver* to;
    bool errors = true;
};

bool use_up(std::uint64_t& times) {
    if (times == 0) return false;
    if (times != StoreFaults::always) --times;
    return true;
}

}  // namespace

struct FakeNode::Impl {
    Impl(Environment given, FakeNodeOptions options, DhtObserver* observer)
        : environment(given),
          watch(observer),
          store(options.store),
          message_bytes_max(options.node.session.message_bytes_max),
          records(store),
          legacy_options(std::move(options.legacy)),
          node(Environment{given.clock, alarm, given.random, transport}, records, std::move(options.node), &watch) {
    }

    void arrived(StreamId stream, Bytes bytes);
    void read(StreamId stream, Bytes bytes);
    std::string sift(StreamId stream, ClientFrames& frames, bool& cut);
    bool take_frame(StreamId stream, ClientFrames& frames, Bytes body, bool& cut);
    bool take_request(StreamId stream, neo::RequestId id, neo::RequestCode code, bool& cut);
    void woken();
    void arm();

    Environment environment;
    std::map<StreamId, ClientFrames> frames_by_stream;
    WatchedTransport transport{environment.transport, frames_by_stream};
    NodeAlarm alarm;
    Watch watch;
    FakeStore store;
    std::uint64_t message_bytes_max;  // a frame with a longer body goes to the node, which ends the connection
    WriteLog records;
    DhtNodeOptions legacy_options;
    DhtNode node;
    std::unique_ptr<fake::LegacyDoor> legacy;
    bool running = true;
    Duration delay{};
    std::deque<Late> late;
    std::map<neo::RequestCode, Injected> injected;
    std::uint64_t requests_left = StoreFaults::always;  // before a connection ends
    Instant armed = no_deadline;
};

// ---- between the world and the node ----

void FakeNode::Impl::arrived(StreamId stream, Bytes bytes) {
    if (delay > Duration{0} || !late.empty())
        late.push_back({environment.clock.now() + delay, stream, Late::Kind::bytes, std::string(bytes)});
    else
        read(stream, bytes);
}

void FakeNode::Impl::read(StreamId stream, Bytes bytes) {
    const auto found = frames_by_stream.find(stream);
    if (found == frames_by_stream.end()) return;
    ClientFrames& frames = found->second;
    if (!frames.versioned || frames.lost) {
        frames.versioned = true;
        return node.on_bytes(stream, bytes);
    }
    frames.frame += bytes;
    bool cut = false;
    const std::string through = sift(stream, frames, cut);
    if (!through.empty()) node.on_bytes(stream, through);
    if (!cut) return;
    environment.transport.abort(stream);
    frames_by_stream.erase(stream);
    node.on_closed(stream);
}

// Takes whole frames off the front and returns the bytes that go to the node. Without pending faults these are all
// bytes, incomplete frames included.
std::string FakeNode::Impl::sift(StreamId stream, ClientFrames& frames, bool& cut) {
    std::string through;
    while (!frames.frame.empty() && !frames.lost && !cut) {
        auto header = neo::decode_header(frames.frame, neo::FrameType::request, message_bytes_max);
        const bool request = std::holds_alternative<neo::FrameHeader>(header);
        if (!request) header = neo::decode_header(frames.frame, neo::FrameType::authentication, message_bytes_max);
        const auto* whole = std::get_if<neo::FrameHeader>(&header);
        if (!whole) {
            frames.lost = std::get<neo::DecodeError>(header) != neo::DecodeError::need_more;
            break;
        }
        if (frames.frame.size() - neo::header_bytes < whole->body_bytes) break;
        const std::size_t size = neo::header_bytes + static_cast<std::size_t>(whole->body_bytes);
        const Bytes frame = Bytes(frames.frame).substr(0, size);
        const bool taken = request && take_frame(stream, frames, frame.substr(neo::header_bytes), cut);
        if (!taken) through += frame.substr(frames.passed);
        frames.frame.erase(0, size);
        frames.passed = 0;
    }
    const bool hold = (!injected.empty() || requests_left != StoreFaults::always) && !frames.lost;
    if (!hold && !cut) {
        through += Bytes(frames.frame).substr(frames.passed);
        frames.passed = frames.frame.size();
    }
    return through;
}

// Returns true when the frame must not reach the node.
bool FakeNode::Impl::take_frame(StreamId stream, ClientFrames& frames, Bytes body, bool& cut) {
    const auto request = std::get<neo::RequestBody>(neo::decode_request_body(body));
    if (frames.updates.contains(request.id)) return false;
    const auto decoded = neo::decode_start(request.payload);
    const auto* start = std::get_if<neo::RequestStart>(&decoded);
    if (!start || start->version != neo::request_version) return false;  // not the beginning of a request
    const neo::RequestCode code{start->code};
    // A frame that has partly reached the node cannot be removed any more.
    if (frames.passed == 0 && take_request(stream, request.id, code, cut)) return true;
    if (code == neo::RequestCode::update) frames.updates.insert(request.id);
    return false;
}

bool FakeNode::Impl::take_request(StreamId stream, neo::RequestId id, neo::RequestCode code, bool& cut) {
    if (requests_left != StoreFaults::always && requests_left-- == 0) {
        requests_left = StoreFaults::always;
        return cut = true;
    }
    const auto found = injected.find(code);
    if (found == injected.end() || !use_up(found->second.times)) return false;
    std::string out;
    if (found->second.support) neo::encode_support(out, id, *found->second.support);
    if (found->second.answer) neo::encode_byte(out, id, *found->second.answer);
    if (!out.empty()) environment.transport.write(stream, out);
    if (found->second.times == 0) injected.erase(found);
    return true;
}

void FakeNode::Impl::woken() {
    armed = no_deadline;
    const Instant now = environment.clock.now();
    while (!late.empty() && late.front().due <= now) {
        const Late next = std::move(late.front());
        late.pop_front();
        if (next.kind == Late::Kind::bytes)
            read(next.stream, next.bytes);
        else if (frames_by_stream.erase(next.stream) > 0)
            node.on_end(next.stream);
    }
    if (alarm.wanted <= now) {
        alarm.wanted = no_deadline;
        node.on_wakeup();
    }
}

void FakeNode::Impl::arm() {
    Instant next = alarm.wanted;
    if (!late.empty()) next = std::min(next, late.front().due);
    if (next == armed) return;
    armed = next;
    environment.alarm.wake_at(next);
}

// ---- calls of the world ----

FakeNode::FakeNode(Environment environment, FakeNodeOptions options, DhtObserver* observer)
    : impl_(std::make_unique<Impl>(environment, std::move(options), observer)) {}

FakeNode::~FakeNode() = default;

EventHandler& FakeNode::open_legacy(Environment environment) {
    assert(!impl_->legacy);
    impl_->legacy = std::make_unique<fake::LegacyDoor>(environment, impl_->node, std::move(impl_->legacy_options),
                                                       &impl_->watch, impl_->running, [this] { impl_->arm(); });
    return *impl_->legacy;
}
DhtNode* FakeNode::legacy() { return impl_->legacy ? &impl_->legacy->node() : nullptr; }

DhtNode& FakeNode::node() { return impl_->node; }
WriteLog& FakeNode::records() { return impl_->records; }

void FakeNode::on_accept(StreamId stream, const Endpoint& source) {
    if (!impl_->running) return impl_->environment.transport.abort(stream);
    impl_->frames_by_stream[stream];
    impl_->node.on_accept(stream, source);
    impl_->arm();
}

void FakeNode::on_connected(StreamId, const Endpoint&) {}

void FakeNode::on_connect_failed(StreamId, ConnectFailure) {}

void FakeNode::on_bytes(StreamId stream, Bytes bytes) {
    impl_->arrived(stream, bytes);
    impl_->arm();
}

void FakeNode::on_end(StreamId stream) {
    if (!impl_->late.empty()) {
        impl_->late.push_back({impl_->environment.clock.now() + impl_->delay, stream, Late::Kind::end, {}});
    } else {
        impl_->frames_by_stream.erase(stream);
        impl_->node.on_end(stream);
    }
    impl_->arm();
}

void FakeNode::on_closed(StreamId stream) {
    impl_->frames_by_stream.erase(stream);
    impl_->node.on_closed(stream);
    impl_->arm();
}

void FakeNode::on_wakeup() {
    impl_->woken();
    impl_->arm();
}

void FakeNode::on_writable(StreamId stream) {
    impl_->node.on_writable(stream);
    impl_->arm();
}

// ---- stop, restart and faults ----

void FakeNode::stop() {
    impl_->running = false;
    disconnect_all();
}
void FakeNode::restart() {
    disconnect_all();
    impl_->running = true;
}
bool FakeNode::running() const { return impl_->running; }

void FakeNode::log_errors(bool on) { impl_->watch.errors = on; }

StoreFaults& FakeNode::store_faults() { return impl_->store.faults(); }
void FakeNode::delay_requests(Duration delay) { impl_->delay = delay; }

void FakeNode::answer(neo::RequestCode code, std::uint8_t answer, std::uint64_t times) {
    impl_->injected[code] = {neo::Support::supported, answer, times};
}
void FakeNode::refuse(neo::RequestCode code, neo::Support why, std::uint64_t times) {
    impl_->injected[code] = {why, std::nullopt, times};
}
void FakeNode::ignore(neo::RequestCode code, std::uint64_t times) {
    impl_->injected[code] = {std::nullopt, std::nullopt, times};
}

void FakeNode::disconnect_all() {
    impl_->frames_by_stream.clear();
    impl_->late.clear();
    impl_->node.disconnect_all();
    if (impl_->legacy) impl_->legacy->node().disconnect_all();
    impl_->arm();
}
void FakeNode::disconnect_after(std::uint64_t requests) { impl_->requests_left = requests; }

void FakeNode::set_range(const HashRange& range) {
    [[maybe_unused]] const Result<void> set = impl_->node.set_range(range);
    assert(set);  // a store in memory accepts every range
    impl_->arm();
}
void FakeNode::announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port,
                             const HashRange& range) {
    impl_->node.announce_node(address, port, range);
    impl_->arm();
}

void FakeNode::answer(legacy::Command command, std::string answer, std::uint64_t times) {
    assert(impl_->legacy && times > 0);
    impl_->legacy->faults.injected[command] = {std::move(answer), times};
}
void FakeNode::answer(legacy::Command command, legacy::Status status, std::uint64_t times) {
    std::string bytes;
    legacy::encode_status(bytes, status);
    answer(command, std::move(bytes), times);
}
void FakeNode::ignore(legacy::Command command, std::uint64_t times) { answer(command, std::string(), times); }
void FakeNode::disconnect_legacy_after(std::uint64_t requests) {
    assert(impl_->legacy);
    impl_->legacy->faults.requests_left = requests;
}
void FakeNode::cut_legacy_after_bytes(std::uint64_t bytes) {
    assert(impl_->legacy);
    impl_->legacy->faults.bytes_left = bytes;
}

void FakeNode::no_faults() {
    if (impl_->legacy) impl_->legacy->faults = {};
    impl_->store.faults() = {};
    impl_->delay = Duration{0};
    impl_->injected.clear();
    impl_->requests_left = StoreFaults::always;
}

// ---- contents ----

namespace {

Error missing_channel(std::string_view channel) {
    return {ErrorCode::not_found, "There is no channel `" + std::string(channel) + "`."};
}

Error missing_record(std::string_view channel, Key key) {
    return {ErrorCode::not_found, "There is no record " + key_text(key) + " in `" + std::string(channel) + "`."};
}

Error refused_put(const Channel& channel, Key key, std::size_t bytes) {
    return {ErrorCode::full, "The store refuses " + std::to_string(bytes) + " bytes for record " + key_text(key) +
                                 " in `" + channel.name() + "`: one of its limits (FakeNodeOptions::store)."};
}

}  // namespace

Result<void> FakeNode::put(std::string_view channel, Key key, std::string_view value) {
    const auto named = Channel::parse(channel);
    if (!named) return named.error();
    Outcome outcome;
    impl_->store.set_honest(true);
    // An honest store completes the write at once, or the next turn does.
    outcome.wrote = impl_->records.put(*named, key, value, {&outcome, 0, 0});
    impl_->node.records_changed();
    impl_->store.set_honest(false);
    impl_->records.forget(outcome);
    impl_->arm();
    if (outcome.wrote == Wrote::done) return {};
    return refused_put(*named, key, value.size());
}

Result<bool> FakeNode::remove(std::string_view channel, Key key) {
    const auto named = Channel::parse(channel);
    if (!named) return named.error();
    impl_->store.set_honest(true);
    const bool was_there = impl_->store.exists(*named, key).value_or(false);
    if (was_there) {
        impl_->records.remove(*named, key, {});
        impl_->node.records_changed();
    }
    impl_->store.set_honest(false);
    impl_->arm();
    return was_there;
}

Result<std::string> FakeNode::get(std::string_view channel, Key key) const {
    const auto named = Channel::parse(channel);
    if (!named || !impl_->store.has_channel(*named)) return missing_channel(channel);
    std::string value;
    impl_->store.set_honest(true);
    const bool found = impl_->store.get(*named, key, value).value_or(false);
    impl_->store.set_honest(false);
    if (!found) return missing_record(channel, key);
    return value;
}

std::optional<Missing> FakeNode::missing(std::string_view channel, Key key) const {
    const auto named = Channel::parse(channel);
    if (!named || !impl_->store.has_channel(*named)) return Missing::channel;
    impl_->store.set_honest(true);
    const bool there = impl_->store.exists(*named, key).value_or(false);
    impl_->store.set_honest(false);
    return there ? std::nullopt : std::optional{Missing::record};
}

Result<std::vector<std::pair<Key, std::string>>> FakeNode::all(std::string_view channel) const {
    const auto named = Channel::parse(channel);
    if (!named || !impl_->store.has_channel(*named)) return missing_channel(channel);
    std::vector<std::pair<Key, std::string>> records;
    impl_->store.set_honest(true);
    const auto scan = impl_->store.scan(*named, std::nullopt, [&](Key key, std::string_view value) {
        records.emplace_back(key, value);
        return true;
    });
    impl_->store.set_honest(false);
    if (!scan) return scan.error();
    return records;
}

Result<std::vector<Key>> FakeNode::keys(std::string_view channel) const {
    const auto records = all(channel);
    if (!records) return records.error();
    std::vector<Key> keys;
    for (const auto& record : *records) keys.push_back(record.first);
    return keys;
}

RecordCount FakeNode::size(std::string_view channel) const {
    const auto named = Channel::parse(channel);
    return named ? impl_->store.count(*named) : RecordCount{};
}

std::vector<std::string> FakeNode::channels() const {
    std::vector<std::string> names;
    for (const Channel& channel : impl_->store.channels(std::nullopt, impl_->store.channel_count()))
        names.push_back(channel.name());
    return names;
}

std::size_t FakeNode::listeners(std::string_view channel) const {
    const auto named = Channel::parse(channel);
    return named ? impl_->records.listener_count(*named) : 0;
}

void FakeNode::clear() {
    for (const Channel& channel : impl_->store.channels(std::nullopt, impl_->store.channel_count()))
        impl_->store.empty_channel(channel);
}

std::size_t FakeNode::sending_listeners(std::string_view channel) const {
    const auto name = Channel::parse(channel);
    return name ? impl_->records.listeners_sending(*name) : 0;
}

void FakeNode::drop_listeners() { impl_->records.drop_listeners(); }

void FakeNode::reset() {
    impl_->store.set_honest(true);
    // Who listens to a channel without a record is told, too.
    std::vector<Channel> channels = impl_->store.channels(std::nullopt, impl_->store.channel_count());
    for (Channel& listened : impl_->records.listened_channels()) channels.push_back(std::move(listened));
    for (const Channel& channel : channels) impl_->records.remove_channel(channel, {});
    impl_->node.records_changed();
    impl_->store.set_honest(false);
    impl_->arm();
}

// ---- expectations ----

namespace {

bool poll(WorldRunner& world, const std::function<bool()>& done, const Patience& patience) {
    if (patience.interval <= Duration{0}) return world.run_until(done, patience.timeout);
    Duration left = patience.timeout;
    do {
        const Duration pause = std::min(left, patience.interval);
        static_cast<void>(world.run_until([] { return false; }, pause));  // only the time matters
        left -= pause;
        if (done()) return true;
    } while (left > Duration{0});
    return false;
}

}  // namespace

Result<void> FakeNode::expect_record(WorldRunner& world, std::string_view channel, Key key,
                                     const Condition& condition, const Patience& patience) const {
    std::optional<std::string> value;
    const auto met = [&] {
        const auto found = get(channel, key);
        value = found ? std::optional{*found} : std::nullopt;
        return condition(value);
    };
    if (poll(world, met, patience)) return {};
    const std::string there = value ? "it is `" + *value + "`" : "there is none";
    return Error{ErrorCode::timed_out, "Record " + key_text(key) + " in `" + std::string(channel) +
                                           "` did not become what was expected in time: " + there + "."};
}

Result<void> FakeNode::expect_change(WorldRunner& world, std::string_view channel, Key key,
                                     const Patience& patience) const {
    const auto before = get(channel, key);
    const std::optional<std::string> old = before ? std::optional{*before} : std::nullopt;
    return expect_record(
        world, channel, key, [&](const auto& value) { return value != old; }, patience);
}

Result<void> FakeNode::wait_until_sent(WorldRunner& world, std::string_view channel,
                                       const Patience& patience) const {
    if (poll(world, [&] { return sending_listeners(channel) == 0; }, {patience.timeout, Duration{0}})) return {};
    return Error{ErrorCode::timed_out, std::to_string(sending_listeners(channel)) + " listeners of `" +
                                           std::string(channel) + "` have not sent the change."};
}

Result<void> FakeNode::put_and_wait(WorldRunner& world, std::string_view channel, Key key, std::string_view value,
                                    const Patience& patience) {
    if (auto stored = put(channel, key, value); !stored) return stored;
    return wait_until_sent(world, channel, patience);
}

Result<bool> FakeNode::remove_and_wait(WorldRunner& world, std::string_view channel, Key key,
                                       const Patience& patience) {
    const auto removed = remove(channel, key);
    if (!removed) return removed;
    if (auto sent = wait_until_sent(world, channel, patience); !sent) return sent.error();
    return removed;
}

Result<void> FakeNode::expect_listeners(WorldRunner& world, const std::vector<std::string>& channels,
                                        std::size_t count, const Patience& patience) const {
    const auto other = [&] {
        return std::ranges::find_if(channels, [&](const auto& channel) { return listeners(channel) != count; });
    };
    if (poll(
            world, [&] { return other() == channels.end(); }, patience))
        return {};
    return Error{ErrorCode::timed_out, "`" + *other() + "` has " + std::to_string(listeners(*other())) +
                                           " listeners instead of " + std::to_string(count) + "."};
}

}  // namespace halp
