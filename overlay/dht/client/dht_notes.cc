#include "overlay/dht/client/dht_notes.h"

#include <utility>

#include "store/overloaded.h"

namespace halp::dht {
namespace {

std::string record(const char* what, Key key, Bytes value) {
    return std::string(what) + " " + key_text(key) + ", " + std::to_string(value.size()) + " bytes";
}

std::string with(const char* what, const RangeCover& cover) {
    const std::string more = describe(cover);
    return more.empty() ? what : what + std::string("; ") + more;
}

// One text for each type, used for every variant that contains it.
const auto texts = overloaded{
    [](const NoNode& n) {
        return n.away ? n.away->text() + " covers the key and is not connected"
                      : std::string("no connected node covers the key");
    },
    [](const WrongNode& n) { return n.node.text() + " is not responsible for the key"; },
    [](const NodeError& n) { return n.node.text() + " answered with an error"; },
    [](const NodeDisconnected& n) { return n.node.text() + " disconnected: " + n.why; },
    [](const Unsupported& n) {
        return n.node.text() + (n.why == neo::Support::version_unknown
                                    ? " does not support this version of the request"
                                    : " does not support the request");
    },
    [](const TimedOut& n) { return with("timed out", n.cover); },
    [](const ValueTooBig& n) {
        return "a value of " + std::to_string(n.bytes) + " bytes is too big, at most " +
               std::to_string(neo::value_bytes_max) + " can be sent";
    },
    [](const Succeeded&) { return std::string("succeeded"); },
    [](const Received& n) { return "received " + std::to_string(n.value.size()) + " bytes"; },
    [](const NoRecord&) { return std::string("no record"); },
    [](const Exists&) { return std::string("the record exists"); },
    [](const Removed&) { return std::string("removed"); },
    [](const Conflict&) { return std::string("the record was changed by somebody else"); },
    [](const Finished& n) {
        return with("finished", {{}, n.overlapping});
    },
    [](const Incomplete& n) { return describe(n.cover); },
    [](const NotPermitted& n) { return n.node.text() + " does not permit this"; },
    [](const Started&) { return std::string("started"); },
    [](const RecordReceived& n) { return record("record", n.key, n.value); },
    [](const KeyReceived& n) { return "key " + key_text(n.key); },
    [](const ChannelName& n) { return "channel " + std::string(n.name); },
    [](const Updated& n) { return record("updated", n.key, n.value); },
    [](const Refreshed& n) { return record("refreshed", n.key, n.value); },
    [](const Deleted& n) { return "deleted " + key_text(n.key); },
    [](const UpdatesLost& n) { return n.node.text() + " lost updates"; },
    [](const ChannelRemoved& n) { return "channel removed on " + n.node.text(); },
    [](const CoverChanged& n) {
        const std::string text = describe(n.cover);
        return text.empty() ? "all keys are answered for again" : text;
    },
    [](const Suspended&) { return std::string("suspended"); },
    [](const Resumed&) { return std::string("resumed"); },
    [](const Stopped&) { return std::string("stopped"); },
    [](const Connected& n) { return "connected to " + n.node.text(); },
    [](const RangeKnown& n) {
        return n.node.text() + " covers " + key_text(Key{n.range.min()}) + " to " + key_text(Key{n.range.max()});
    },
    [](const ConnectionError& n) { return n.node.text() + ": " + n.why; },
};

}  // namespace

std::string describe(const PutNote& note) { return std::visit(texts, note); }
std::string describe(const GetNote& note) { return std::visit(texts, note); }
std::string describe(const ExistsNote& note) { return std::visit(texts, note); }
std::string describe(const RemoveNote& note) { return std::visit(texts, note); }
std::string describe(const UpdateNote& note) { return std::visit(texts, note); }
std::string describe(const GetAllNote& note) { return std::visit(texts, note); }
std::string describe(const MirrorNote& note) { return std::visit(texts, note); }
std::string describe(const GetChannelsNote& note) { return std::visit(texts, note); }
std::string describe(const RemoveChannelNote& note) { return std::visit(texts, note); }
std::string describe(const ConnectionNote& note) { return std::visit(texts, note); }

ConnectionNotifier log_connections(LineSink line) {
    return [line = std::move(line)](const ConnectionNote& note) { line(describe(note)); };
}

}  // namespace halp::dht
