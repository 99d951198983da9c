// Any bytes as a stream: the decoder stays within its buffers, and an accepted output is the same after encoding
// and decoding. Any bytes as plain text: decoding the encoded bytes returns them.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "overlay/dht/wire/lzo1x.h"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void comes_back(std::string_view text) {
    std::string stream, out;
    halp::lzo1x_encode(text, stream);
    check(stream.size() <= halp::lzo1x_encoded_max(text.size()));
    check(halp::lzo1x_decode(stream, text.size(), out) == halp::LzoFault::none);
    check(out == text);
}

}  // namespace

// The first two bytes are the announced size of the output.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    comes_back(bytes);
    if (size < 2) return 0;

    const std::size_t expected = data[0] + 256U * data[1];
    std::string out = "before";
    const halp::LzoFault fault = halp::lzo1x_decode(bytes.substr(2), expected, out);
    check(out.size() == 6 + (fault == halp::LzoFault::none ? expected : 0));
    check(out.starts_with("before"));
    comes_back(std::string_view{out}.substr(6));
    return 0;
}
