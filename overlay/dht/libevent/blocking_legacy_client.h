// A client of the legacy protocol for straight-line code: every call runs the event loop until its answer has
// arrived. For command-line tools, scripts and tests; programs with an event loop use LegacyDhtClient. One client
// belongs to one thread.
//
//     BlockingLegacyClient dht;
//     if (const HandshakeOutcome how = dht.connect({{"192.0.2.1", 10000}}); !how.complete) return how.text();
//     auto stored = dht.put("users", Key{7}, "Ann");   // Result<void>
//     auto value = dht.get("users", Key{7});           // Result<std::optional<std::string>>
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/client/legacy/legacy_dht_client.h"
#include "overlay/dht/client/legacy/legacy_handshake.h"
#include "overlay/dht/client/range_cover.h"
#include "overlay/libevent/world.h"
#include "store/endpoint.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp {

struct BlockingLegacyOptions {
    // Its step_timeout is replaced by `timeout`.
    LegacyDhtClientOptions client;
    // For each step of a request: connecting, each read, each write.
    Duration timeout = std::chrono::seconds{10};
    // How long nodes are asked again that cannot be reached: they may be just starting.
    Duration refusal_patience = std::chrono::milliseconds{400};
    // Requests to all nodes succeed although nobody has answered for some keys; cover() names them. It is an error
    // nevertheless when no node has answered.
    bool partial = false;
};

struct LegacyScan {
    bool keys_only = false;  // the values are empty then
    std::string filter;      // only records whose value contains these bytes; empty: all records
};

class BlockingLegacyClient {
public:
    explicit BlockingLegacyClient(BlockingLegacyOptions options = {});
    ~BlockingLegacyClient();
    BlockingLegacyClient(const BlockingLegacyClient&) = delete;
    BlockingLegacyClient& operator=(const BlockingLegacyClient&) = delete;

    // Adds nodes and asks all for their versions and ranges. Requests work for what is known then, also if the
    // outcome is not complete. It is repeated while nodes cannot be reached, for refusal_patience.
    [[nodiscard]] HandshakeOutcome connect(const std::vector<Endpoint>& nodes);
    [[nodiscard]] HandshakeOutcome handshake();  // once more, once

    // A node that is not responsible any more is asked for its range, as are all others, and the request goes to
    // the right one. A missing record is no error.
    [[nodiscard]] Result<void> put(Bytes channel, Key key, Bytes value);
    [[nodiscard]] Result<std::optional<std::string>> get(Bytes channel, Key key);
    [[nodiscard]] Result<bool> exists(Bytes channel, Key key);
    [[nodiscard]] Result<void> remove(Bytes channel, Key key);  // the protocol does not say whether there was one

    // Requests to all nodes. If at the end nobody has answered for some keys, the result is an error that names
    // them, after the answers of the other nodes; cover() has them as ranges. `each` returns false to stop early.
    using Each = std::function<bool(Key key, Bytes value)>;
    [[nodiscard]] Result<void> get_all(Bytes channel, const LegacyScan& settings, const Each& each);
    [[nodiscard]] Result<std::vector<std::string>> get_channels();  // sorted, each once
    // As they come: one that several nodes have, several times.
    [[nodiscard]] Result<void> each_channel(const std::function<void(Bytes name)>& each);
    struct Sizes {
        std::uint64_t records = 0, bytes = 0;
        std::map<Endpoint, legacy::GotSize> by_node;
    };
    [[nodiscard]] Result<Sizes> get_channel_size(Bytes channel);
    [[nodiscard]] Result<Sizes> get_size();
    [[nodiscard]] Result<void> remove_channel(Bytes channel);
    [[nodiscard]] Result<std::map<Endpoint, std::uint64_t>> get_num_connections();
    // Until `each` returns false, the channel is removed on all nodes, or `span` is over. A node that is lost is an
    // error.
    [[nodiscard]] Result<void> listen(Bytes channel, std::optional<Duration> span, const Each& each);

    // Runs until everything that `begin` has begun with the notifier it is given has ended, and returns the first
    // failure. Notes go on to `notify`.
    using Begin = std::function<void(LegacyDhtClient& client, const legacy::Notifier& notify)>;
    [[nodiscard]] Result<void> perform(const Begin& begin, const legacy::Notifier& notify = {});

    // Of the last request to all nodes: for which keys nobody has answered, and for which more than one node has.
    [[nodiscard]] const dht::RangeCover& cover() const { return cover_; }
    [[nodiscard]] LegacyDhtClient& client() { return client_; }
    [[nodiscard]] LibeventWorld& world() { return world_; }
    bool run_until(const std::function<bool()>& done, Duration span);
    // Why the node did not answer the last handshake; nullptr when it did.
    [[nodiscard]] const std::string* trouble(const Endpoint& node) const;

private:
    static constexpr Duration for_ever = std::chrono::hours{24 * 365};  // requests end by their own time-outs
    [[nodiscard]] HandshakeOutcome attempt();
    using BeginOne = std::function<legacy::RequestId(legacy::Notifier notify)>;
    [[nodiscard]] Result<void> run_on_key(const BeginOne& begin, const legacy::Notifier& notify);
    [[nodiscard]] Result<void> run_on_all(const BeginOne& begin, const legacy::Notifier& notify,
                                          const bool* stop = nullptr, Duration span = for_ever);
    [[nodiscard]] Result<Sizes> sizes(const BeginOne& begin);

    const Duration timeout_, refusal_patience_;
    const bool partial_;
    dht::RangeCover cover_;
    std::map<Endpoint, std::string> troubles_;
    LibeventWorld world_;
    LegacyDhtClient client_;
};

}  // namespace halp
