// Translates gossip::Message to bytes and back (overlay/gossip/gossip-v2.md). Pure functions. Every message has one
// encoding. A frame is checked before anything of it is stored, and its endpoints enter the table only when the
// whole frame is good.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "overlay/environment.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"

namespace halp::gossip {

inline constexpr std::uint8_t frame_magic = 0xB5;  // no HALP text query begins with it
inline constexpr std::uint8_t wire_version = 2;
inline constexpr std::size_t header_bytes = 8;
inline constexpr std::size_t payload_bytes_max = 65'536;
inline constexpr std::size_t frame_bytes_max = header_bytes + payload_bytes_max;

enum class DecodeError : std::uint8_t {
    need_more,          // good so far, but not complete
    bad_magic,          // not gossip at all
    unknown_version,    // a frame of another version (its refuse frames are understood)
    unknown_flag,       // a header flag that must not be ignored is set
    unknown_kind,       // a kind of this version that this reader does not know
    too_long,           // more than payload_bytes_max announced
    truncated_section,  // the payload or a section ends in the middle of a field
    bad_section,        // unknown critical section, one twice, or a field with an impossible value
    bad_endpoint,       // it cannot be dialled, or is not in its only encoding
    bad_label,
    too_many,        // more items than gossip_message.h allows
    trailing_bytes,  // bytes behind the last field of a section, or behind the frame
};
[[nodiscard]] std::string_view name(DecodeError error);

// The reason to send to a speaker whose frame could not be read. `none` for need_more (wait) and for bad_magic (the
// peer does not speak gossip). A refuse frame is never answered.
[[nodiscard]] Refusal refusal_for(DecodeError error);

// The frame, header included. Items beyond the limits of gossip_message.h are left out, and so are entries of
// labels that do not fit into a frame, the last ones first. The next digest of the other side asks for them again.
[[nodiscard]] std::string encode(const Message& message, const EndpointTable& endpoints);
void encode_to(std::string& out, const Message& message, const EndpointTable& endpoints);  // appends

// Size of the frame that begins with these bytes, header included. The magic is checked from the first byte on and
// the rest of the header once its 8 bytes are there, so nothing is buffered for a frame that would be refused.
[[nodiscard]] std::variant<std::size_t, DecodeError> frame_size(Bytes so_far);

// `frame` is exactly one frame. A refuse frame of any version is understood; only its reason when the version is
// another.
[[nodiscard]] std::variant<Message, DecodeError> decode(Bytes frame, EndpointTable& endpoints);

}  // namespace halp::gossip
