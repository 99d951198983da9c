// What the verbs ask of DHT nodes, by either protocol.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/client/range_cover.h"
#include "overlay/dht/libevent/blocking_dht_client.h"
#include "overlay/dht/libevent/blocking_legacy_client.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "store/result.h"

namespace halp::cli {

struct ReachedNode {
    Endpoint node;
    bool connected = false;
    std::optional<HashRange> range;
    std::string trouble;  // why it does not answer; empty: it does
    [[nodiscard]] bool usable() const { return connected && range; }
};

class DhtAccess {
public:
    virtual ~DhtAccess() = default;
    [[nodiscard]] virtual Result<void> put(Bytes channel, Key key, Bytes value) = 0;
    [[nodiscard]] virtual Result<std::optional<std::string>> get(Bytes channel, Key key) = 0;
    [[nodiscard]] virtual Result<bool> exists(Bytes channel, Key key) = 0;
    [[nodiscard]] virtual Result<bool> remove(Bytes channel, Key key) = 0;  // whether there was a record

    // Of all nodes; cover() is that of the last of these. `each` returns false to stop early.
    using Each = std::function<bool(Key key, Bytes value)>;
    [[nodiscard]] virtual Result<void> scan(Bytes channel, const GetAllSettings& settings, const Each& each) = 0;
    // Also of an error: what the other nodes have answered is in `names`, sorted.
    [[nodiscard]] virtual Result<void> channels(std::vector<std::string>& names) = 0;
    [[nodiscard]] virtual Result<void> remove_channel(Bytes channel) = 0;
    struct Size {
        std::uint64_t records = 0, bytes = 0;  // of the values
    };
    [[nodiscard]] virtual Result<Size> size(Bytes channel) = 0;
    [[nodiscard]] virtual const dht::RangeCover& cover() const = 0;

    [[nodiscard]] virtual std::vector<ReachedNode> nodes() = 0;
    [[nodiscard]] virtual dht::RangeCover reached() const = 0;  // of the nodes that answer now
};

// Each client must outlive its result.
[[nodiscard]] std::unique_ptr<DhtAccess> access_by_neo(BlockingDhtClient& client);
[[nodiscard]] std::unique_ptr<DhtAccess> access_by_legacy(BlockingLegacyClient& client);

}  // namespace halp::cli
