// What a DhtClient reports about requests and connections. Each request has one notifier, and each notifier one
// variant of notes: the alternatives of the variant are everything that can happen. Bytes are views, valid during
// the call only.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "overlay/dht/client/range_cover.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"

namespace halp::dht {

// ---- notes that end a request on one node or on all ----
struct NoNode {                    // nothing was sent
    std::optional<Endpoint> away;  // covers the key, and is not connected; none: no known node covers it
};
struct WrongNode {  // the node's range has changed and the client does not know it yet; try again later
    Endpoint node;
};
struct NodeError {  // the node failed, or the channel name is invalid
    Endpoint node;
};
struct NodeDisconnected {  // it is unknown whether a write has happened
    Endpoint node;
    std::string why;
};
struct Unsupported {
    Endpoint node;
    neo::Support why = neo::Support::code_unknown;
};
struct TimedOut {        // it is unknown whether a write has happened or will
    RangeCover cover{};  // of a request to all nodes: what had been answered by then
};
struct ValueTooBig {  // longer than neo::value_bytes_max: nothing was written
    std::size_t bytes = 0;
};

// ---- outcomes ----
struct Succeeded {};
struct Received {
    Bytes value;
};
struct NoRecord {};
struct Exists {};
struct Removed {};
struct Conflict {};  // the record was changed between reading and writing
// Ended on all nodes, and together they answer for every key. Where two nodes answer for the same keys, because
// records move or by mistake, both answers were delivered, unmerged.
struct Finished {
    std::vector<HashRange> overlapping{};
};
// Ended on all nodes that are known, but nobody has answered for some keys: no node with them is known, their node
// has answered with an error, or they moved to another node meanwhile. What was delivered is not all there is.
struct Incomplete {
    RangeCover cover{};
};
struct NotPermitted {
    Endpoint node;
};

// ---- notes of streams ----
struct Started {};  // once, when every connected node has answered
struct RecordReceived {
    Key key{};
    Bytes value;
};
struct KeyReceived {  // from a GetAll of keys only
    Key key{};
};
struct ChannelName {  // each name once, even if several nodes have the channel
    Bytes name;
};
struct Updated {
    Key key{};
    Bytes value;
};
struct Refreshed {
    Key key{};
    Bytes value;
};
struct Deleted {
    Key key{};
};
struct UpdatesLost {  // the node's queue overflowed: only the next refresh repairs it
    Endpoint node;
};
struct ChannelRemoved {
    Endpoint node;
};
// The nodes of a Mirror answer for other keys than before: at its start if keys are missing, and whenever that
// changes. A lost connection is not such a change, because it is made again (NodeDisconnected).
struct CoverChanged {
    RangeCover cover{};
};
struct Suspended {};
struct Resumed {};
struct Stopped {};  // the last note of its request

// These requests give exactly one note.
using PutNote =
    std::variant<Succeeded, ValueTooBig, NoNode, WrongNode, NodeError, NodeDisconnected, Unsupported, TimedOut>;
using GetNote =
    std::variant<Received, NoRecord, NoNode, WrongNode, NodeError, NodeDisconnected, Unsupported, TimedOut>;
using ExistsNote =
    std::variant<Exists, NoRecord, NoNode, WrongNode, NodeError, NodeDisconnected, Unsupported, TimedOut>;
using RemoveNote =
    std::variant<Removed, NoRecord, NoNode, WrongNode, NodeError, NodeDisconnected, Unsupported, TimedOut>;
using UpdateNote = std::variant<Succeeded, NoRecord, Conflict, ValueTooBig, NoNode, WrongNode, NodeError,
                                NodeDisconnected, Unsupported, TimedOut>;
// These give any number. The last is Finished, Incomplete, Stopped, NotPermitted or TimedOut.
using GetAllNote = std::variant<RecordReceived, KeyReceived, Started, Suspended, Resumed, NodeDisconnected,
                                NodeError, Unsupported, Finished, Incomplete, Stopped, TimedOut>;
using MirrorNote =
    std::variant<Updated, Refreshed, Deleted, UpdatesLost, ChannelRemoved, CoverChanged, Started, Suspended,
                 Resumed, NodeDisconnected, NodeError, Unsupported, Finished, Incomplete, Stopped, TimedOut>;
using GetChannelsNote =
    std::variant<ChannelName, NodeDisconnected, NodeError, Unsupported, Finished, Incomplete, TimedOut>;
using RemoveChannelNote =
    std::variant<NodeDisconnected, NodeError, Unsupported, Finished, Incomplete, NotPermitted, TimedOut>;

using PutNotifier = std::function<void(const PutNote&)>;
using GetNotifier = std::function<void(const GetNote&)>;
using ExistsNotifier = std::function<void(const ExistsNote&)>;
using RemoveNotifier = std::function<void(const RemoveNote&)>;
using UpdateNotifier = std::function<void(const UpdateNote&)>;
using GetAllNotifier = std::function<void(const GetAllNote&)>;
using MirrorNotifier = std::function<void(const MirrorNote&)>;
using GetChannelsNotifier = std::function<void(const GetChannelsNote&)>;
using RemoveChannelNotifier = std::function<void(const RemoveChannelNote&)>;

// What to do with the record that an Update has read.
struct UpdateChoice {
    enum class What : std::uint8_t { leave, replace, remove };
    What what = What::leave;
    std::string value;  // only for replace

    [[nodiscard]] static UpdateChoice leave() { return {}; }
    [[nodiscard]] static UpdateChoice replace(std::string with) { return {What::replace, std::move(with)}; }
    [[nodiscard]] static UpdateChoice remove() { return {What::remove, {}}; }
};
using UpdateChooser = std::function<UpdateChoice(Bytes value)>;

// ---- connections ----
struct Connected {
    Endpoint node;
};
struct RangeKnown {  // the first range of this node has arrived
    Endpoint node;
    HashRange range;
};
struct ConnectionError {  // an attempt failed, a rejection, or a loss; the client tries again
    Endpoint node;
    std::string why;
};
using ConnectionNote = std::variant<Connected, RangeKnown, ConnectionError>;
using ConnectionNotifier = std::function<void(const ConnectionNote&)>;

// One line about a note, for logs and tools.
[[nodiscard]] std::string describe(const PutNote& note);
[[nodiscard]] std::string describe(const GetNote& note);
[[nodiscard]] std::string describe(const ExistsNote& note);
[[nodiscard]] std::string describe(const RemoveNote& note);
[[nodiscard]] std::string describe(const UpdateNote& note);
[[nodiscard]] std::string describe(const GetAllNote& note);
[[nodiscard]] std::string describe(const MirrorNote& note);
[[nodiscard]] std::string describe(const GetChannelsNote& note);
[[nodiscard]] std::string describe(const RemoveChannelNote& note);
[[nodiscard]] std::string describe(const ConnectionNote& note);

// A notifier that writes one line for each note to `sink`. The client itself logs nothing.
using LineSink = std::function<void(std::string_view line)>;
[[nodiscard]] ConnectionNotifier log_connections(LineSink line);

}  // namespace halp::dht
