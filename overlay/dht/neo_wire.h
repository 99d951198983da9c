// How the neo protocol writes numbers and arrays (README.md, "Fields"). Everything is little-endian and unaligned.
// Only codecs need it.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>

#include "overlay/dht/neo_codec.h"
#include "overlay/environment.h"

namespace halp::neo {

// Appends.
class FieldWriter {
public:
    explicit FieldWriter(std::string& out) : out_(out) {}

    template <std::unsigned_integral T>
    void number(T value) {
        char bytes[sizeof(T)];
        for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = static_cast<char>(value >> (8 * i) & 0xff);
        out_.append(bytes, sizeof(T));
    }
    void flag(bool value) { number<std::uint8_t>(value ? 1 : 0); }
    void raw(Bytes bytes) { out_.append(bytes); }
    void array(Bytes bytes) {
        number<std::uint64_t>(bytes.size());
        raw(bytes);
    }

private:
    std::string& out_;
};

// Every read judges the size first. After the first failure every read gives zero and nothing is left, so that
// callers ask once, at the end.
class FieldReader {
public:
    explicit FieldReader(Bytes bytes) : left_(bytes) {}

    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] std::size_t left() const { return left_.size(); }

    Bytes raw(std::uint64_t count) {
        if (count > left_.size()) {
            failed_ = true;
            left_ = {};
            return {};
        }
        const Bytes taken = left_.substr(0, static_cast<std::size_t>(count));
        left_.remove_prefix(taken.size());
        return taken;
    }
    template <std::unsigned_integral T>
    T number() {
        const Bytes bytes = raw(sizeof(T));
        std::uint64_t value = 0;
        for (std::size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[i]);
        return static_cast<T>(value);
    }
    bool flag() { return number<std::uint8_t>() != 0; }  // the originals take any non-zero byte for true
    Bytes array() { return raw(number<std::uint64_t>()); }

private:
    Bytes left_;
    bool failed_ = false;
};

// What the reader found, unless it ran short or (strict) something is left.
template <class T>
Decoded<T> finish(const FieldReader& reader, T value, Parsing parsing) {
    if (reader.failed()) return DecodeError::truncated;
    if (parsing == Parsing::strict && !reader.empty()) return DecodeError::surplus;
    return value;
}

}  // namespace halp::neo
