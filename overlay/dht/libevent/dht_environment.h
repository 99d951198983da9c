// A DHT for the tests of a program that uses one: a fake node (overlay/dht/testing/fake_node.h) on a real socket,
// in the process and event loop of the test. The program's clients find it by its address or by the files that it
// writes, by neo or by legacy. The test reads its records and waits for changes; while it waits, everything else on
// the loop runs on.
//
//     DhtEnvironment dht(base);                       // or DhtEnvironment::initialize(base), once, and dht()
//     auto started = dht.start();                     // Result<void>, as all that can fail
//     auto written = dht.gen_config_files("etc");     // etc/dht.neo.nodes for the program
//     ... start the program's part on `base` ...
//     auto put = dht.put("users", Key{7}, "Ann");
//     auto seen = dht.expect_record("copies", Key{7}, [](const auto& value) { return value == "Ann"; });
//
// The client `admin` with 128 zero bytes is accepted, and any client may remove channels. Everything runs on one
// thread. A BlockingDhtClient on that thread runs its own loop, so its requests to this node time out; use a
// DhtClient on a LibeventWorld of base() instead. Calls that wait must not come from a callback of the loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/testing/fake_node.h"
#include "overlay/dht/wire/contiguous.h"
#include "overlay/libevent/runner.h"
#include "overlay/libevent/world.h"
#include "store/endpoint.h"
#include "store/records/key.h"
#include "store/result.h"

struct event_base;

namespace halp {

struct DhtEnvironmentOptions {
    FakeNodeOptions node;
    DhtObserver* observer = nullptr;  // told of clients and errors; must outlive the environment
    std::size_t connections_max = 5000;
};

class DhtEnvironment {
public:
    // The neo port is always this much above the legacy port, as in the originals.
    static constexpr std::uint16_t neo_above_legacy = 100;

    // Without a caller's event base the environment makes its own. A caller's event base must be freed after this
    // object.
    explicit DhtEnvironment(event_base* borrowed = nullptr, DhtEnvironmentOptions options = {});
    ~DhtEnvironment();
    DhtEnvironment(const DhtEnvironment&) = delete;
    DhtEnvironment& operator=(const DhtEnvironment&) = delete;

    // ---- one instance for the process, for tests that do not pass it around ----

    // ErrorCode::busy: there is one already.
    [[nodiscard]] static Result<void> initialize(event_base* borrowed = nullptr,
                                                 DhtEnvironmentOptions options = {});
    // Before initialize() it ends the process with a message, since a test cannot continue without it.
    [[nodiscard]] static DhtEnvironment& dht();
    // Destroys the instance; to be called before a caller's event base is freed. Then initialize() may make
    // another one.
    static void release();

    // ---- life: the records survive stop() ----

    // To be called once. `port` is the legacy port, and neo listens 100 above it; with 0 it is
    // any port that is free with the one 100 above it.
    // ErrorCode::invalid: the port is above 65435. Other errors are those of the listening sockets.
    [[nodiscard]] Result<void> start(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
    // Only while running. Refuses new connections, drops the listeners and closes the open connections, so that
    // clients see what they see when a node ends (the originals leave connections open).
    [[nodiscard]] Result<void> stop();
    // Only when stopped. Uses the same address and ports again.
    [[nodiscard]] Result<void> restart();
    [[nodiscard]] bool running() const { return running_; }
    void log_errors(bool on) { node_.log_errors(on); }
    void unregister() { log_errors(false); }  // at the end of a test, when failures are expected

    // Fixed by start(), also while stopped. Before start() its host is empty.
    [[nodiscard]] const Endpoint& neo_address() const { return neo_; }
    [[nodiscard]] const Endpoint& node_addrport() const { return legacy_; }  // of the legacy protocol
    // Makes the directory with its parents, and in it `dht.nodes` and `dht.neo.nodes` with one address:port each.
    // Only after start().
    [[nodiscard]] Result<void> gen_config_files(const std::string& directory) const;

    // ---- contents (fake_node.h) ----

    [[nodiscard]] Result<void> put(std::string_view channel, Key key, std::string_view value) {
        return node_.put(channel, key, value);
    }
    [[nodiscard]] Result<bool> remove(std::string_view channel, Key key) { return node_.remove(channel, key); }
    [[nodiscard]] Result<void> put_and_wait(std::string_view channel, Key key, std::string_view value,
                                            const Patience& patience = {}) {
        return node_.put_and_wait(runner_, channel, key, value, patience);
    }
    [[nodiscard]] Result<bool> remove_and_wait(std::string_view channel, Key key, const Patience& patience = {}) {
        return node_.remove_and_wait(runner_, channel, key, patience);
    }
    [[nodiscard]] Result<std::string> get(std::string_view channel, Key key) const {
        return node_.get(channel, key);
    }
    template <ContiguousStruct T>
    [[nodiscard]] Result<void> put(std::string_view channel, Key key, const T& value) {
        return node_.put(channel, key, value);
    }
    template <ContiguousStruct T>
    [[nodiscard]] Result<T> get(std::string_view channel, Key key) const {
        return node_.get<T>(channel, key);
    }
    [[nodiscard]] std::optional<Missing> missing(std::string_view channel, Key key) const {
        return node_.missing(channel, key);
    }
    [[nodiscard]] Result<std::vector<Key>> keys(std::string_view channel) const { return node_.keys(channel); }
    [[nodiscard]] Result<std::vector<std::pair<Key, std::string>>> all(std::string_view channel) const {
        return node_.all(channel);
    }
    template <ContiguousStruct T>
    [[nodiscard]] Result<std::vector<std::pair<Key, T>>> all(std::string_view channel) const {
        return node_.all<T>(channel);
    }
    [[nodiscard]] RecordCount size(std::string_view channel) const { return node_.size(channel); }
    [[nodiscard]] std::vector<std::string> channels() const { return node_.channels(); }
    [[nodiscard]] std::size_t listeners(std::string_view channel) const { return node_.listeners(channel); }
    void clear() { node_.clear(); }
    void reset() { node_.reset(); }
    void drop_listeners() { node_.drop_listeners(); }

    // ---- expectations: the loop runs while they wait ----

    [[nodiscard]] Result<void> expect_change(std::string_view channel, Key key, const Patience& patience = {}) {
        return node_.expect_change(runner_, channel, key, patience);
    }
    [[nodiscard]] Result<void> expect_record(std::string_view channel, Key key,
                                             const FakeNode::Condition& condition, const Patience& patience = {}) {
        return node_.expect_record(runner_, channel, key, condition, patience);
    }
    [[nodiscard]] Result<void> expect_listeners(const std::vector<std::string>& channels, std::size_t count,
                                                const Patience& patience = {}) {
        return node_.expect_listeners(runner_, channels, count, patience);
    }
    // For any other condition: calls `done` at once and after every event, and returns false after `span`.
    bool run_until(const std::function<bool()>& done, Duration span) { return runner_.run_until(done, span); }

    [[nodiscard]] FakeNode& node() { return node_; }  // for faults, ranges and everything else
    [[nodiscard]] LibeventWorld& world() { return world_; }
    [[nodiscard]] event_base* base() { return world_.base(); }

private:
    [[nodiscard]] Result<void> listen_at_any_port(const std::string& address);
    [[nodiscard]] Result<void> listen(const Endpoint& legacy);

    LibeventWorld world_;
    LibeventWorld legacy_world_;  // on the same loop
    LibeventRunner runner_;
    FakeNode node_;
    Endpoint neo_, legacy_;
    bool running_ = false;
};

}  // namespace halp
