// What a DhtClient tells about requests and connections. Each request has one notifier, and each notifier one
// variant: the types that may come are the whole of what can happen. Bytes are views, valid during the call only.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"

namespace halp::dht {

// ---- what ends a request on one node, or the whole of it ----
struct NoNode {};   // no node covers the key, or the one to ask first is not connected: nothing was sent
struct WrongNode {  // the node's range has changed and we do not know it yet; asking again later helps
    Endpoint node;
};
struct NodeError {  // the node could not, or the channel name is bad
    Endpoint node;
};
struct NodeDisconnected {  // whether a write has happened is unknown
    Endpoint node;
    std::string why;
};
struct Unsupported {
    Endpoint node;
    neo::Support why = neo::Support::code_unknown;
};
struct TimedOut {};   // whether a write has happened, or will, is unknown
struct ValueTooBig {  // more than neo::value_bytes_max: nothing was written
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
struct Conflict {};  // somebody else changed the record between reading and writing
struct Finished {};  // over on all nodes
struct NotPermitted {
    Endpoint node;
};

// ---- what streams deliver ----
struct Started {};  // once, when every connected node has answered
struct RecordReceived {
    Key key{};
    Bytes value;
};
struct KeyReceived {  // of a GetAll of keys only
    Key key{};
};
struct ChannelName {  // each name once, whichever nodes have it
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
struct UpdatesLost {  // the node's queue ran over: only a refresh repairs it
    Endpoint node;
};
struct ChannelRemoved {
    Endpoint node;
};
struct Suspended {};
struct Resumed {};
struct Stopped {};  // the last one of its request

// Exactly one of these for each request.
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
// Any number; the last one is Finished, Stopped, NotPermitted or TimedOut.
using GetAllNote = std::variant<RecordReceived, KeyReceived, Started, Suspended, Resumed, NodeDisconnected, NodeError,
                                Unsupported, Finished, Stopped, TimedOut>;
using MirrorNote = std::variant<Updated, Refreshed, Deleted, UpdatesLost, ChannelRemoved, Started, Suspended,
                                Resumed, NodeDisconnected, NodeError, Unsupported, Finished, Stopped, TimedOut>;
using GetChannelsNote = std::variant<ChannelName, NodeDisconnected, NodeError, Unsupported, Finished, TimedOut>;
using RemoveChannelNote = std::variant<NodeDisconnected, NodeError, Unsupported, Finished, NotPermitted, TimedOut>;

using PutNotifier = std::function<void(const PutNote&)>;
using GetNotifier = std::function<void(const GetNote&)>;
using ExistsNotifier = std::function<void(const ExistsNote&)>;
using RemoveNotifier = std::function<void(const RemoveNote&)>;
using UpdateNotifier = std::function<void(const UpdateNote&)>;
using GetAllNotifier = std::function<void(const GetAllNote&)>;
using MirrorNotifier = std::function<void(const MirrorNote&)>;
using GetChannelsNotifier = std::function<void(const GetChannelsNote&)>;
using RemoveChannelNotifier = std::function<void(const RemoveChannelNote&)>;

// What becomes of the record that an Update has read.
struct UpdateChoice {
    enum class What : std::uint8_t { leave, replace, remove };
    What what = What::leave;
    std::string value;  // of replace

    [[nodiscard]] static UpdateChoice leave() { return {}; }
    [[nodiscard]] static UpdateChoice replace(std::string with) { return {What::replace, std::move(with)}; }
    [[nodiscard]] static UpdateChoice remove() { return {What::remove, {}}; }
};
using UpdateChooser = std::function<UpdateChoice(Bytes value)>;

// ---- connections ----
struct Connected {
    Endpoint node;
};
struct RangeKnown {  // the first time a range of this node is heard of
    Endpoint node;
    HashRange range;
};
struct ConnectionError {  // could not connect, was turned away, or was disconnected; it is tried again
    Endpoint node;
    std::string why;
};
using ConnectionNote = std::variant<Connected, RangeKnown, ConnectionError>;
using ConnectionNotifier = std::function<void(const ConnectionNote&)>;

// One line about any of the above, for logs and tools.
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

// A notifier for who only wants to read about it: one line for each note. The core itself logs nothing.
using LineSink = std::function<void(std::string_view line)>;
[[nodiscard]] ConnectionNotifier log_connections(LineSink line);

}  // namespace halp::dht
