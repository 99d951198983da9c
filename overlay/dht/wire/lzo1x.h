// LZO1X, the compression inside record batches (neo.md, "Batches"): bytes that follow each other and copies of bytes
// before them, drawn in lzo1x.md. The encoder's output is for any LZO1X decoder; the decoder
// takes any well-formed stream and is safe with every other: it reads nothing outside the stream, writes nothing
// outside the output, and allocates only what the caller allows and a stream of this length could possibly fill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace halp {

enum class LzoFault : std::uint8_t {
    none,
    truncated,     // the stream ends before its end marker
    bad_distance,  // a copy from before the beginning
    too_long,      // more comes out than should
    too_short,     // less comes out than should
    left_over,     // bytes behind the end marker
};

// The longest that lzo1x_encode makes of so many bytes.
constexpr std::size_t lzo1x_encoded_max(std::size_t size) { return size + size / 255 + 32; }

// Appends the stream.
void lzo1x_encode(std::string_view bytes, std::string& out);

// Appends exactly `size` bytes or, after a fault, nothing. The caller has bounded the size.
[[nodiscard]] LzoFault lzo1x_decode(std::string_view stream, std::size_t size, std::string& out);

}  // namespace halp
