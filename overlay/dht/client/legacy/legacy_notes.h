// What a LegacyDhtClient tells about a request. Every request has one notifier. It hears of Queued, Started, then
// of the results, and once for each node of Finished; a request to all nodes ends with GroupFinished. Bytes are
// views, valid during the call only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/dht/client/range_cover.h"
#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"

namespace halp::legacy {

using RequestId = std::uint64_t;

// Why a request ended without an answer, or could not begin. A status other than 200 is an answer.
enum class Trouble : std::uint8_t {
    none,
    no_version,           // the node has not yet told its version: the handshake comes first
    wrong_version,        // it speaks another version
    no_responsible_node,  // no known range contains the key
    range_overlap,        // the node answers for keys of another node (GetResponsibleRange)
    unknown_node,         // the request is for one node, and this client does not know it
    bad_channel_name,
    empty_value,
    null_filter,
    queue_full,      // LegacyDhtClientOptions::queue_bytes
    scheduler_full,  // LegacyDhtClientOptions::scheduled_max
    node_disabled,   // LegacyDhtClient::disable_node, or DeactivationSettings
    connection_failed,
    connection_timed_out,
    timed_out,     // a read or a write took longer than the time-out for each step
    disconnected,  // it is unknown whether a write has happened
    malformed,     // the answer breaks the protocol
    fatal,         // status 500, or one that does not exist
};
[[nodiscard]] std::string_view name(Trouble trouble);
[[nodiscard]] std::string_view status_name(std::uint32_t status);

// Which request a note is about.
struct About {
    RequestId id = 0;
    Command command = Command::get_version;
    std::uint64_t context = 0;       // the caller's number; of a request about one key without one, the key
    const Endpoint* node = nullptr;  // none in Scheduled, GroupFinished, and where no node was chosen
};

// ---- stages ----
struct Scheduled {};  // begins later (CallOptions::after)
struct Queued {};     // every connection to the node is busy
struct Started {};
struct Finished {              // on one node
    std::uint32_t status = 0;  // 0: none has come
    Trouble trouble = Trouble::none;
    std::string_view why;  // of a trouble: more about it, or nothing
    [[nodiscard]] bool succeeded() const {
        return trouble == Trouble::none && status == static_cast<std::uint32_t>(Status::ok);
    }
    [[nodiscard]] bool connection_timed_out() const { return trouble == Trouble::connection_timed_out; }
    [[nodiscard]] bool io_timed_out() const { return trouble == Trouble::timed_out; }
    [[nodiscard]] bool timed_out() const { return connection_timed_out() || io_timed_out(); }
};
struct GroupFinished {  // on all nodes
    // For which keys nobody has answered, and for which more than one node has. A node has answered for the keys
    // that were in its range from the beginning to the end of the request.
    dht::RangeCover cover;
    std::size_t failed = 0;  // on so many nodes
};

// ---- results ----
struct GotValue {  // Get; empty: there is no record
    Bytes value;
};
struct GotFlag {  // Exists
    bool exists = false;
};
struct GotRecord {  // GetAll, GetAllFilter, Listen
    Key key{};
    Bytes value;
};
struct GotKey {  // GetAllKeys
    Key key{};
};
struct GotChannel {  // GetChannels: from each node that has it
    Bytes name;
};
struct GotRange {  // GetResponsibleRange
    HashRange range;
};
struct GotSize {  // GetSize, GetChannelSize: of one node
    std::uint64_t records = 0, bytes = 0;
};
struct GotConnections {
    std::uint64_t connections = 0;
};
struct GotVersion {
    Bytes version;
};

using Note = std::variant<Scheduled, Queued, Started, Finished, GroupFinished, GotValue, GotFlag, GotRecord, GotKey,
                          GotChannel, GotRange, GotSize, GotConnections, GotVersion>;
using Notifier = std::function<void(const About&, const Note&)>;

// One line, for logs and tools: "Get at 10.0.0.1:10000: finished, 404 (wrong node)".
[[nodiscard]] std::string describe(const About& about, const Note& note);
// "404 (wrong node)", "timed out", "disconnected: the node ended the connection".
[[nodiscard]] std::string describe(const Finished& finished);

}  // namespace halp::legacy
