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
//
// Numbers are 16 hexadecimal digits; keys in batches are 8 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "overlay/environment.h"
#include "store/records/hash_range.h"

namespace halp::handover {

enum class Verb : std::uint8_t { begin, put, drop, clear, adopt, ask };

enum Answer : std::uint32_t {
    taken = 202,    // done
    adopted = 208,  // this node has the part already, by this token
    owned = 303,    // this node answers for keys of the part and has records of them
    later = 503,    // busy: with another part, or with the remains of an earlier attempt
    failed = 500,   // the part cannot be taken over by this attempt
};

struct Message {
    Verb verb = Verb::ask;
    std::uint64_t token = 0;
    HashRange part;      // begin
    Bytes channel = {};  // put, drop, clear
};

// Whether a PutBatch with this channel is such a message, well formed or not.
[[nodiscard]] bool is_message(Bytes channel);
[[nodiscard]] std::optional<Message> parse_message(Bytes channel);
[[nodiscard]] std::string format_message(const Message& message);

// Of the plain bytes of one batch, but for a single longer record.
inline constexpr std::size_t batch_bytes = std::size_t{128} << 10;

}  // namespace halp::handover
