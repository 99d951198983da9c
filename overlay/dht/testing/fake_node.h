// A DHT node for the tests of programs that use one: the real request handlers on a memory engine with the whole
// hash range, in the caller's world. The test reads and changes its records and injects faults. One fake node per
// host of a world.
//
// The handlers know nothing of the faults. Faults of the disk are in the store (fake_store.h). Faults of the
// network and the protocol are between the world and the node: a message is delayed, or answered before the node
// gets it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "overlay/dht/node/dht_node.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/dht/testing/fake_store.h"
#include "overlay/dht/wire/contiguous.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"
#include "overlay/world_runner.h"

namespace halp {

// The defaults are those of the original's fake node: full range, `admin` with 128 zero bytes, any client may
// remove channels.
struct FakeNodeOptions {
    DhtNodeOptions node;
    DhtNodeOptions legacy;  // of the legacy door, if there is one
    MemoryStore::Limits store;

    FakeNodeOptions() {
        node.permissions.anyone_removes_channels = true;
        legacy.protocol = DhtProtocol::legacy;
        legacy.legacy.value_bytes_max = std::size_t{128} << 10;
        legacy.legacy.flush_interval = Duration{0};
    }
};

// How long an expectation waits. Its condition is checked after every interval and once at the end. With an
// interval of 0 it is checked at once and after every event.
struct Patience {
    Duration timeout = std::chrono::seconds{1};
    Duration interval = std::chrono::milliseconds{50};
};

// Why there is no value. The originals make the same distinction.
enum class Missing : std::uint8_t { channel, record };

class FakeNode final : public EventHandler {
public:
    explicit FakeNode(Environment environment, FakeNodeOptions options = {}, DhtObserver* observer = nullptr);
    ~FakeNode() override;

    // The legacy protocol over the same records, in a world (or on a simulated host) of its own, to which the
    // result is attached. To be called once. Of the faults below it has those of the store, disconnect_all() and
    // its own.
    [[nodiscard]] EventHandler& open_legacy(Environment environment);
    [[nodiscard]] DhtNode* legacy();  // null: not opened

    [[nodiscard]] DhtNode& node();
    [[nodiscard]] WriteLog& records();  // for what the calls below do not offer

    // ---- contents, without the network; Mirrors are told of these writes as of any others ----

    // ErrorCode::full: a limit of FakeNodeOptions::store is reached, and the record is unchanged.
    [[nodiscard]] Result<void> put(std::string_view channel, Key key, std::string_view value);
    [[nodiscard]] Result<bool> remove(std::string_view channel, Key key);  // whether there was a record
    // The same, and then the world runs until every listener of the channel has sent what it was told. A suspended
    // Mirror and one that is lost meanwhile are not waited for.
    [[nodiscard]] Result<void> put_and_wait(WorldRunner& world, std::string_view channel, Key key,
                                            std::string_view value, const Patience& patience = {});
    [[nodiscard]] Result<bool> remove_and_wait(WorldRunner& world, std::string_view channel, Key key,
                                               const Patience& patience = {});
    // ErrorCode::not_found: the channel or the record is missing; missing() tells which.
    [[nodiscard]] Result<std::string> get(std::string_view channel, Key key) const;
    [[nodiscard]] std::optional<Missing> missing(std::string_view channel, Key key) const;  // none: it exists
    // Structs as D programs store them (contiguous.h).
    template <ContiguousStruct T>
    [[nodiscard]] Result<void> put(std::string_view channel, Key key, const T& value) {
        return put(channel, key, std::string_view{to_contiguous(value)});
    }
    template <ContiguousStruct T>
    [[nodiscard]] Result<T> get(std::string_view channel, Key key) const {
        const auto value = get(channel, key);
        if (!value) return value.error();
        return from_contiguous<T>(*value);
    }
    // ErrorCode::not_found: the channel is missing.
    [[nodiscard]] Result<std::vector<Key>> keys(std::string_view channel) const;
    [[nodiscard]] Result<std::vector<std::pair<Key, std::string>>> all(std::string_view channel) const;
    template <ContiguousStruct T>
    [[nodiscard]] Result<std::vector<std::pair<Key, T>>> all(std::string_view channel) const {
        const auto values = all(channel);
        if (!values) return values.error();
        std::vector<std::pair<Key, T>> structs;
        for (const auto& [key, value] : *values) {
            auto one = from_contiguous<T>(value);
            if (!one) return Error{one.error().code, "Record " + key_text(key) + ": " + one.error().message};
            structs.emplace_back(key, *std::move(one));
        }
        return structs;
    }
    [[nodiscard]] RecordCount size(std::string_view channel) const;  // zeros when the channel is missing
    [[nodiscard]] std::vector<std::string> channels() const;
    [[nodiscard]] std::size_t listeners(std::string_view channel) const;          // running Mirrors and Listens
    [[nodiscard]] std::size_t sending_listeners(std::string_view channel) const;  // with changes still to be sent
    void clear();                                                                 // empties every channel, untold
    void reset();           // removes every channel; Mirrors end
    void drop_listeners();  // Mirrors are told of no more changes, and not of this either

    // ---- expectations: the error tells what was found instead ----

    using Condition = std::function<bool(const std::optional<std::string>& value)>;
    // The value becomes another one, or the record appears or disappears.
    [[nodiscard]] Result<void> expect_change(WorldRunner& world, std::string_view channel, Key key,
                                             const Patience& patience = {}) const;
    [[nodiscard]] Result<void> expect_record(WorldRunner& world, std::string_view channel, Key key,
                                             const Condition& condition, const Patience& patience = {}) const;
    // In each of the channels.
    [[nodiscard]] Result<void> expect_listeners(WorldRunner& world, const std::vector<std::string>& channels,
                                                std::size_t count, const Patience& patience = {}) const;

    // ---- stop and restart: the records survive ----

    void stop();     // ends every connection and refuses new ones
    void restart();  // after stop(), or at any time
    [[nodiscard]] bool running() const;
    // Whether the observer is told of rejected clients, broken connections and failed writes. True at first.
    void log_errors(bool on);

    // ---- faults ----

    StoreFaults& store_faults();
    // Everything that arrives from now on reaches the node after this delay.
    void delay_requests(Duration delay);
    // The next `times` requests of this code get this answer and are not carried out: Error, WrongNode (numbers as
    // in neo_codec.h), or a code that no real node sends.
    void answer(neo::RequestCode code, std::uint8_t answer, std::uint64_t times = StoreFaults::always);
    template <class Answer>
    void answer(neo::RequestCode code, Answer what, std::uint64_t times = StoreFaults::always) {
        answer(code, static_cast<std::uint8_t>(what), times);
    }
    // The next `times` requests of this code are answered as unknown or as of an unknown version.
    void refuse(neo::RequestCode code, neo::Support why, std::uint64_t times = StoreFaults::always);
    // The next `times` requests of this code get no answer.
    void ignore(neo::RequestCode code, std::uint64_t times = StoreFaults::always);
    void disconnect_all();
    // This many more requests are served, on any connections. The next one ends its connection.
    void disconnect_after(std::uint64_t requests);
    void set_range(const HashRange& range);
    void announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port, const HashRange& range);
    // The same by legacy, behind open_legacy(): an answer is a status and what follows it.
    void answer(legacy::Command command, std::string answer, std::uint64_t times = StoreFaults::always);
    void answer(legacy::Command command, legacy::Status status, std::uint64_t times = StoreFaults::always);
    void ignore(legacy::Command command, std::uint64_t times = StoreFaults::always);
    void disconnect_legacy_after(std::uint64_t requests);
    // A connection ends when so many more bytes have been sent, on any connections.
    void cut_legacy_after_bytes(std::uint64_t bytes);
    void no_faults();  // the range is not changed

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_writable(StreamId stream) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;

private:
    struct Impl;
    [[nodiscard]] Result<void> wait_until_sent(WorldRunner& world, std::string_view channel,
                                               const Patience& patience) const;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
