// A DHT for the tests of a program that uses one: a fake node (overlay/dht/fake_node.h) on a real socket, in the
// test's own process and event loop. The program's clients find it by address or by the files it writes; the test
// looks into its records and waits for changes, and while it waits everything on the loop goes on.
//
//     DhtEnvironment dht(base);                       // or DhtEnvironment::initialize(base), once, and dht()
//     auto started = dht.start();                     // Result<void>, as all that can fail
//     auto written = dht.gen_config_files("etc");     // etc/dht.neo.nodes for the program
//     ... start the program's part on `base` ...
//     auto put = dht.put("users", Key{7}, "Ann");
//     auto seen = dht.expect_record("copies", Key{7}, [](const auto& value) { return value == "Ann"; });
//
// The client `admin` with 128 zero bytes is let in, everybody may remove channels. One thread: a BlockingDhtClient
// in it runs a loop of its own and would wait for this node in vain; a DhtClient on a LibeventWorld of base() is
// what goes on. What waits is not called from a callback of the loop.
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
#include "overlay/unused_doors.h"
#include "store/endpoint.h"
#include "store/records/key.h"
#include "store/result.h"

struct event_base;

namespace halp {

struct DhtEnvironmentOptions {
    FakeNodeOptions node;
    DhtObserver* observer = nullptr;  // of clients and errors; outlives the environment
    std::size_t connections_max = 5000;
};

class DhtEnvironment {
public:
    // As in the originals the neo port is this much above the legacy one, always.
    static constexpr std::uint16_t neo_above_legacy = 100;

    // Without an event base of the caller it has one of its own. The caller frees his after this object.
    explicit DhtEnvironment(event_base* borrowed = nullptr, DhtEnvironmentOptions options = {});
    ~DhtEnvironment();
    DhtEnvironment(const DhtEnvironment&) = delete;
    DhtEnvironment& operator=(const DhtEnvironment&) = delete;

    // ---- the one of a process, for tests that do not hand it around ----

    // busy: there is one already.
    [[nodiscard]] static Result<void> initialize(event_base* borrowed = nullptr,
                                                 DhtEnvironmentOptions options = {});
    // Before initialize() the process ends with a message: there is no way to go on.
    [[nodiscard]] static DhtEnvironment& dht();
    // Ends it, before a borrowed event base is freed. Another one may be initialized.
    static void release();

    // ---- life: the records survive stop() ----

    // Once. `port` is the legacy one: neo listens 100 above it; 0 takes any free port for neo. The legacy protocol
    // is not spoken and nobody listens on its port. invalid: a port above 65435; else as the listener has it.
    [[nodiscard]] Result<void> start(const std::string& address = "127.0.0.1", std::uint16_t port = 0);
    // Only while running. Connections are refused from now on, listeners forgotten, and connections that stand end,
    // so that clients see what they see of a node that goes (the originals leave them open).
    [[nodiscard]] Result<void> stop();
    // Only when stopped: the same address and ports.
    [[nodiscard]] Result<void> restart();
    [[nodiscard]] bool running() const { return running_; }
    void log_errors(bool on) { node_.log_errors(on); }
    void unregister() { log_errors(false); }  // at the end of a test: what fails now is no news

    // Since start(), whether running or not; before it the host is empty.
    [[nodiscard]] const Endpoint& neo_address() const { return neo_; }
    [[nodiscard]] Endpoint node_addrport() const;  // legacy: neo_address() less 100
    // Makes the directory, with its parents, and in it `dht.nodes` and `dht.neo.nodes`, each with its one
    // address:port. After start().
    [[nodiscard]] Result<void> gen_config_files(const std::string& directory) const;

    // ---- contents (fake_node.h) ----

    [[nodiscard]] Result<void> put(std::string_view channel, Key key, std::string_view value) {
        return node_.put(channel, key, value);
    }
    [[nodiscard]] Result<bool> remove(std::string_view channel, Key key) { return node_.remove(channel, key); }
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

    // ---- expectations: the loop runs meanwhile ----

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
    // Anything else a test waits for. Asked first and after whatever happens; false after `span`.
    bool run_until(const std::function<bool()>& done, Duration span) { return runner_.run_until(done, span); }

    [[nodiscard]] FakeNode& node() { return node_; }  // for faults, ranges and what else there is
    [[nodiscard]] LibeventWorld& world() { return world_; }
    [[nodiscard]] event_base* base() { return world_.base(); }

private:
    LibeventWorld world_;
    LibeventRunner runner_;
    UnusedDoors unused_;
    FakeNode node_;
    Endpoint neo_;
    bool running_ = false;
};

}  // namespace halp
