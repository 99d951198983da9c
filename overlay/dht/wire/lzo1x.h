// LZO1X, the compression inside record batches (neo.md, 7). A stream is a sequence of literal bytes and of copies
// of earlier bytes; lzo1x.md draws it. Any LZO1X decoder reads the encoder's output. The decoder reads any
// well-formed stream and is safe with all others: it reads nothing outside the stream, writes nothing outside the
// output, and allocates at most what the caller allows and what a stream of this length could fill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace halp {

enum class LzoFault : std::uint8_t {
    none,
    truncated,     // the stream ends before its end marker
    bad_distance,  // a copy from before the beginning of the output
    too_long,      // the output exceeds its announced size
    too_short,     // the output falls short of its announced size
    left_over,     // bytes after the end marker
};

// The maximum length of the stream that lzo1x_encode makes of `size` bytes.
constexpr std::size_t lzo1x_encoded_max(std::size_t size) { return size + size / 255 + 32; }

// Appends the stream to `out`.
void lzo1x_encode(std::string_view bytes, std::string& out);

// Appends exactly `size` bytes or, after a fault, nothing. The caller must have limited `size`.
[[nodiscard]] LzoFault lzo1x_decode(std::string_view stream, std::size_t size, std::string& out);

}  // namespace halp
