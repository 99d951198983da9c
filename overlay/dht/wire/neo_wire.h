// Numbers and arrays as the neo protocol writes them (neo.md): little-endian and unaligned. Only codecs include
// this.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"

namespace halp::neo {

// Compiles to one instruction on little-endian machines.
template <std::unsigned_integral T>
void store_number(char* at, T value) {
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(at, &value, sizeof value);
    else
        for (std::size_t i = 0; i < sizeof(T); ++i) at[i] = static_cast<char>(value >> (8 * i) & 0xff);
}
template <std::unsigned_integral T>
[[nodiscard]] T load_number(const char* at) {
    T value = 0;
    if constexpr (std::endian::native == std::endian::little)
        std::memcpy(&value, at, sizeof value);
    else
        for (std::size_t i = sizeof(T); i-- > 0;)
            value = static_cast<T>(std::uint64_t{value} << 8 | static_cast<std::uint8_t>(at[i]));
    return value;
}

// Appends fields to a string.
class FieldWriter {
public:
    explicit FieldWriter(std::string& out) : out_(out) {}

    template <std::unsigned_integral T>
    void number(T value) {
        char bytes[sizeof(T)];
        store_number(bytes, value);
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

// Every read checks the size first. After the first failure every read returns zero and the reader is empty, so a
// decoder asks once, after its last field.
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
        return bytes.empty() ? T{0} : load_number<T>(bytes.data());
    }
    bool flag() { return number<std::uint8_t>() != 0; }  // any non-zero byte is true, as in the originals
    Bytes array() { return raw(number<std::uint64_t>()); }

private:
    Bytes left_;
    bool failed_ = false;
};

// The decoded message, or an error when the reader ran short or, if strict, when bytes are left.
template <class T>
Decoded<T> finish(const FieldReader& reader, T value, Parsing parsing) {
    if (reader.failed()) return DecodeError::truncated;
    if (parsing == Parsing::strict && !reader.empty()) return DecodeError::surplus;
    return value;
}

}  // namespace halp::neo
