// What two of these nodes say to each other while one takes over a part of the other's range. The messages are
// PutBatch requests of the legacy protocol whose channel is no channel: originals answer such a name with 409
// (BadChannelName), store nothing and go on, so a sender finds out at once whom it talks to (README.md, "Handing
// over").
//
//     "halp handover 1 begin TOKEN MIN MAX"   batch empty      202, 208, 303, 503
//     "halp handover 1 put TOKEN CHANNEL"     keys and values  202, 500
//     "halp handover 1 drop TOKEN CHANNEL"    keys             202, 500
//     "halp handover 1 clear TOKEN CHANNEL"   batch empty      202, 500
//     "halp handover 1 adopt TOKEN"           batch empty      202, 208, 500
//     "halp handover 1 ask"                   batch empty      202
//     "halp handover 1 fill CHANNEL"          keys and values  202, 208, 303, 500
//     "halp handover 1 auto TOKEN"            batch empty      202, 208, 500, 503
//     "halp handover 1 share MIN MAX HOST PORT" batch empty    202, 500, 503
//
// Numbers are 16 hexadecimal digits, PORT is decimal; keys in batches are 8 bytes. `fill` comes from a node that
// has given up keys of this node's range (auto_range.h, overlaps): a record that is here already stays as it is.
// `share` asks a node of the range MIN to MAX to hand over its upper half to HOST:PORT. The TOKEN of `auto` is the
// sender's own.
//
// A Get with the channel "halp handover 1 heir" asks which node has been handed a key: 200 and "MIN MAX HOST PORT",
// the part that it was handed and its legacy address; 409 if this node answers for the key or does not know.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/environment.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"

namespace halp::handover {

enum class Verb : std::uint8_t { begin, put, drop, clear, adopt, ask, fill, automatic, share };

enum Answer : std::uint32_t {
    taken = 202,    // done; auto: the range of this node is `auto`
    adopted = 208,  // this node has the part already, by this token; fill: it has another value of one of the keys;
                    // auto: this node is the sender
    owned = 303,    // this node answers for keys of the part and has records of them; fill: a key is not its own
    later = 503,    // busy: with another part, or with the remains of an earlier attempt; auto: this node ends
    failed = 500,   // the part cannot be taken over by this attempt
};

struct Message {
    Verb verb = Verb::ask;
    std::uint64_t token = 0;
    HashRange part;      // begin, share
    Bytes channel = {};  // put, drop, clear, fill
    Bytes host = {};     // share
    std::uint16_t port = 0;
};

// Whether a PutBatch with this channel is such a message, well formed or not.
[[nodiscard]] bool is_message(Bytes channel);
[[nodiscard]] std::optional<Message> parse_message(Bytes channel);
[[nodiscard]] std::string format_message(const Message& message);

inline constexpr std::string_view heir_channel = "halp handover 1 heir";
struct Heir {
    HashRange range;
    Endpoint node;
};
[[nodiscard]] std::string format_heir(const Heir& heir);
[[nodiscard]] std::optional<Heir> parse_heir(std::string_view text);

// Of the plain bytes of one batch, but for a single longer record.
inline constexpr std::size_t batch_bytes = std::size_t{128} << 10;

}  // namespace halp::handover
