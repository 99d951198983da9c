// A DHT node for tests of programs that use one: the real handlers on a memory engine with the whole range, in the
// caller's own world, with its contents open to the test and faults on demand. One of these per host of a world.
//
// No handler knows of the faults. Those of the disk are the store's (fake_store.h); those of the network and of the
// protocol stand between the world and the node: what arrives is delayed, or answered before the node hears of it.
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
#include "overlay/dht/node/write_log.h"
#include "overlay/dht/testing/fake_store.h"
#include "overlay/dht/wire/contiguous.h"
#include "overlay/environment.h"
#include "overlay/world_runner.h"

namespace halp {

// As the original's: full range, `admin` with 128 zero bytes, everybody may remove channels.
struct FakeNodeOptions {
    DhtNodeOptions node;
    MemoryStore::Limits store;

    FakeNodeOptions() { node.permissions.anyone_removes_channels = true; }
};

// How long an expectation is waited for. It is looked at once after every interval and once more at the end; with
// an interval of 0 first of all and after whatever happens.
struct Patience {
    Duration timeout = std::chrono::seconds{1};
    Duration interval = std::chrono::milliseconds{50};
};

// Why there is no value to be had: what of the two the originals tell apart as well.
enum class Missing : std::uint8_t { channel, record };

class FakeNode final : public EventHandler, public WritableHandler {
public:
    explicit FakeNode(Environment environment, FakeNodeOptions options = {}, DhtObserver* observer = nullptr,
                      const Backlog* backlog = nullptr);
    ~FakeNode() override;

    [[nodiscard]] DhtNode& node();
    [[nodiscard]] WriteLog& records();  // for what the calls below do not offer

    // ---- contents, not over the network. Mirrors hear of these writes as of any other ----

    // full: a limit of FakeNodeOptions::store; the record is as it was.
    [[nodiscard]] Result<void> put(std::string_view channel, Key key, std::string_view value);
    [[nodiscard]] Result<bool> remove(std::string_view channel, Key key);  // whether it was there
    // not_found: the channel or the record is missing; missing() says which.
    [[nodiscard]] Result<std::string> get(std::string_view channel, Key key) const;
    [[nodiscard]] std::optional<Missing> missing(std::string_view channel, Key key) const;  // nothing: it is there
    // Structs, as D's programs store them (contiguous.h).
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
    // not_found: the channel is missing.
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
    [[nodiscard]] RecordCount size(std::string_view channel) const;  // zeros when it is missing
    [[nodiscard]] std::vector<std::string> channels() const;
    [[nodiscard]] std::size_t listeners(std::string_view channel) const;  // Mirrors at work
    void clear();                                                         // empties every channel, silently
    void reset();                                                         // removes every channel; Mirrors end
    void drop_listeners();  // Mirrors hear of no change any more, and are not told so

    // ---- expectations: the error says what was there instead ----

    using Condition = std::function<bool(const std::optional<std::string>& value)>;
    // Another value than now, or another answer to whether there is one.
    [[nodiscard]] Result<void> expect_change(WorldRunner& world, std::string_view channel, Key key,
                                             const Patience& patience = {}) const;
    [[nodiscard]] Result<void> expect_record(WorldRunner& world, std::string_view channel, Key key,
                                             const Condition& condition, const Patience& patience = {}) const;
    // In each of the channels.
    [[nodiscard]] Result<void> expect_listeners(WorldRunner& world, const std::vector<std::string>& channels,
                                                std::size_t count, const Patience& patience = {}) const;

    // ---- life: the records survive ----

    void stop();     // every connection ends, new ones are refused
    void restart();  // after stop, or at once
    [[nodiscard]] bool running() const;
    // Whether the observer hears of clients turned away, broken connections and failed writes. From the beginning.
    void log_errors(bool on);

    // ---- faults ----

    StoreFaults& store_faults();
    // Whatever arrives from now on is heard so much later.
    void delay_requests(Duration delay);
    // The next `times` requests of this code get this answer without having been done: Error, WrongNode (numbered
    // as neo_codec.h has it), or what no node would say.
    void answer(neo::RequestCode code, std::uint8_t answer, std::uint64_t times = StoreFaults::always);
    template <class Answer>
    void answer(neo::RequestCode code, Answer what, std::uint64_t times = StoreFaults::always) {
        answer(code, static_cast<std::uint8_t>(what), times);
    }
    // The next `times` requests of this code are answered as by a node that does not know them, or this version.
    void refuse(neo::RequestCode code, neo::Support why, std::uint64_t times = StoreFaults::always);
    // The next `times` requests of this code get no answer at all.
    void ignore(neo::RequestCode code, std::uint64_t times = StoreFaults::always);
    void disconnect_all();
    // So many more requests are served, on whichever connections; the next one ends its connection.
    void disconnect_after(std::uint64_t requests);
    void set_range(const HashRange& range);
    void announce_node(const std::array<std::uint8_t, 4>& address, std::uint16_t port, const HashRange& range);
    void no_faults();  // but the range stays

    // EventHandler: called by the world.
    void on_accept(StreamId stream, const Endpoint& source) override;
    void on_connected(StreamId stream, const Endpoint& remote_address) override;
    void on_connect_failed(StreamId stream, ConnectFailure why) override;
    void on_bytes(StreamId stream, Bytes bytes) override;
    void on_end(StreamId stream) override;
    void on_closed(StreamId stream) override;
    void on_wakeup() override;
    // WritableHandler
    void on_writable(StreamId stream) override;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
