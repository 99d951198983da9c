// What the DHT needs of LZO1X: raw streams with their end marker, no header, no checksum.
#pragma once

#include <cstddef>
#include <string>

#include "overlay/environment.h"

namespace halp {

class Compressor {
public:
    virtual ~Compressor() = default;
    // Appends one stream.
    virtual void compress(Bytes plain, std::string& out) = 0;
    // Appends exactly `plain_bytes`, or gives false when the stream is malformed or says something else. Never
    // reads or writes beyond either, whatever it is given.
    [[nodiscard]] virtual bool decompress(Bytes stream, std::size_t plain_bytes, std::string& out) = 0;
};

}  // namespace halp
