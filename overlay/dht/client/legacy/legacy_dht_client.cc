#include "overlay/dht/client/legacy/legacy_dht_client.h"

#include <string>
#include <utility>

#include "overlay/connect_failure.h"
#include "overlay/dht/client/legacy/legacy_client_core.h"
#include "overlay/dht/client/nodes_file.h"

namespace halp {

struct LegacyDhtClient::Impl {
    Impl(Environment environment, ReadControl* reading, LegacyDhtClientOptions options)
        : core(environment, reading, std::move(options)) {}

    Id begin(legacy::Command command, Bytes channel, Bytes value, std::optional<Key> key, Notifier notify,
             const CallOptions& options) {
        legacy::Request what;
        what.command = command;
        what.channel = channel;
        what.value = value;
        return core.begin(std::move(what), key, std::move(notify), options);
    }
    // `call` is given the links and the number of a known node.
    template <class Call>
    bool with(const Endpoint& node, Call call) {
        const auto number = core.links().find(node);
        if (!number) return false;
        call(core.links(), *number);
        core.arm();
        return true;
    }

    legacy::ClientCore core;
};

LegacyDhtClient::LegacyDhtClient(Environment environment, ReadControl* reading, LegacyDhtClientOptions options)
    : impl_(std::make_unique<Impl>(environment, reading, std::move(options))) {}

LegacyDhtClient::~LegacyDhtClient() = default;

// ---- nodes ----

Result<void> LegacyDhtClient::add_node(const Endpoint& node) { return impl_->core.add(node); }

Result<std::size_t> LegacyDhtClient::add_nodes(std::string_view nodes_file) {
    const Result<std::vector<Endpoint>> nodes = parse_nodes_file(nodes_file);
    if (!nodes) return nodes.error();
    for (const Endpoint& node : *nodes)
        if (const Result<void> added = add_node(node); !added) return added.error();
    return nodes->size();
}

std::vector<LegacyNodeView> LegacyDhtClient::nodes() const { return impl_->core.nodes(); }
bool LegacyDhtClient::complete() const { return impl_->core.complete(); }
dht::RangeCover LegacyDhtClient::cover() const { return impl_->core.cover(); }

std::optional<Endpoint> LegacyDhtClient::responsible_node(Key key) const {
    const auto node = impl_->core.responsible(key);
    return node ? std::optional(impl_->core.links().endpoint(*node)) : std::nullopt;
}

void LegacyDhtClient::refresh_ranges() { impl_->core.refresh_ranges(); }

// ---- requests ----

auto LegacyDhtClient::put(Bytes channel, Key key, Bytes value, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::put, channel, value, key, std::move(notify), options);
}
auto LegacyDhtClient::get(Bytes channel, Key key, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get, channel, {}, key, std::move(notify), options);
}
auto LegacyDhtClient::exists(Bytes channel, Key key, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::exists, channel, {}, key, std::move(notify), options);
}
auto LegacyDhtClient::remove(Bytes channel, Key key, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::remove, channel, {}, key, std::move(notify), options);
}
auto LegacyDhtClient::get_all(Bytes channel, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_all, channel, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_all_filter(Bytes channel, Bytes filter, Notifier notify, const CallOptions& options)
    -> Id {
    return impl_->begin(legacy::Command::get_all_filter, channel, filter, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_all_keys(Bytes channel, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_all_keys, channel, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::listen(Bytes channel, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::listen, channel, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_channels(Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_channels, {}, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_size(Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_size, {}, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_channel_size(Bytes channel, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_channel_size, channel, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::remove_channel(Bytes channel, Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::remove_channel, channel, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_num_connections(Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_num_connections, {}, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_version(Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_version, {}, {}, std::nullopt, std::move(notify), options);
}
auto LegacyDhtClient::get_responsible_range(Notifier notify, const CallOptions& options) -> Id {
    return impl_->begin(legacy::Command::get_responsible_range, {}, {}, std::nullopt, std::move(notify), options);
}

auto LegacyDhtClient::put_batch(const Endpoint& node, Bytes channel, Bytes batch, Notifier notify,
                                CallOptions options) -> Id {
    options.node = node;
    return impl_->begin(legacy::Command::put_batch, channel, batch, std::nullopt, std::move(notify), options);
}

auto LegacyDhtClient::redistribute(const Endpoint& node, const HashRange& its_range,
                                   std::vector<legacy::Takeover> takeovers, Notifier notify, CallOptions options)
    -> Id {
    options.node = node;
    legacy::Request what;
    what.command = legacy::Command::redistribute;
    what.min = its_range.min();
    what.max = its_range.max();
    what.takeovers = std::move(takeovers);
    return impl_->core.begin(std::move(what), std::nullopt, std::move(notify), options);
}

// ---- control ----

bool LegacyDhtClient::cancel(Id id) { return impl_->core.cancel(id); }
bool LegacyDhtClient::active(Id id) const { return impl_->core.find(id) != nullptr; }
bool LegacyDhtClient::suspend(Id id) { return impl_->core.set_suspended(id, true); }
bool LegacyDhtClient::resume(Id id) { return impl_->core.set_suspended(id, false); }

std::uint64_t LegacyDhtClient::bytes_handled(Id id) const {
    const auto* running = impl_->core.find(id);
    return running ? running->bytes_handled : 0;
}

std::optional<dht::RangeCover> LegacyDhtClient::cover(Id id) const {
    const auto* running = impl_->core.find(id);
    return running && running->on_all_nodes ? std::optional(running->cover()) : std::nullopt;
}

bool LegacyDhtClient::suspend_node(const Endpoint& node) {
    return impl_->with(node, [](auto& links, NodeNumber number) { links.suspend(number, true); });
}
bool LegacyDhtClient::resume_node(const Endpoint& node) {
    return impl_->with(node, [](auto& links, NodeNumber number) { links.suspend(number, false); });
}
bool LegacyDhtClient::disconnect_idle(const Endpoint& node) {
    return impl_->with(node, [](auto& links, NodeNumber number) { links.disconnect_idle(number); });
}

bool LegacyDhtClient::disable_node(const Endpoint& node) {
    return impl_->with(node, [this](auto&, NodeNumber number) { impl_->core.set_disabled(number, true); });
}
bool LegacyDhtClient::enable_node(const Endpoint& node) {
    return impl_->with(node, [this](auto&, NodeNumber number) { impl_->core.set_disabled(number, false); });
}
bool LegacyDhtClient::available(const Endpoint& node) const {
    const auto number = impl_->core.links().find(node);
    return number && impl_->core.available(*number);
}
double LegacyDhtClient::queue_level() const { return impl_->core.links().queue_level(); }
void LegacyDhtClient::flush() { impl_->core.links().write_now(); }

void LegacyDhtClient::disconnect() {
    impl_->core.links().disconnect();
    impl_->core.arm();
}

legacy::LegacyClientStats LegacyDhtClient::stats() const { return impl_->core.stats(); }
void LegacyDhtClient::clear_stats() { impl_->core.clear_stats(); }

// ---- what the world says ----

void LegacyDhtClient::on_accept(StreamId, const Endpoint&) {}  // it does not listen

void LegacyDhtClient::on_connected(StreamId stream, const Endpoint&) {
    impl_->core.begin_turn();
    impl_->core.links().on_connected(stream);
    impl_->core.finish_turn();
}

void LegacyDhtClient::on_connect_failed(StreamId stream, ConnectFailure why) {
    impl_->core.begin_turn();
    impl_->core.links().on_connect_failed(stream, why == ConnectFailure::timed_out, describe(why));
    impl_->core.finish_turn();
}

void LegacyDhtClient::on_bytes(StreamId stream, Bytes bytes) {
    impl_->core.begin_turn();
    impl_->core.links().on_bytes(stream, bytes);
    impl_->core.finish_turn();
}

void LegacyDhtClient::on_end(StreamId stream) {
    impl_->core.begin_turn();
    impl_->core.links().on_gone(stream, true);
    impl_->core.finish_turn();
}

void LegacyDhtClient::on_closed(StreamId stream) {
    impl_->core.begin_turn();
    impl_->core.links().on_gone(stream, false);
    impl_->core.finish_turn();
}

void LegacyDhtClient::on_wakeup() {
    impl_->core.begin_turn();
    impl_->core.woken();
    impl_->core.finish_turn();
}

void LegacyDhtClient::on_writable(StreamId stream) {
    impl_->core.begin_turn();
    impl_->core.links().on_writable(stream);
    impl_->core.finish_turn();
}

}  // namespace halp
