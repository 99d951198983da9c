// The numbers of the format that overlay/gossip/gossip-v2.md draws, and how integers become bytes. Only
// gossip_codec.cc needs them.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include "overlay/environment.h"
#include "overlay/gossip/wire/gossip_codec.h"

namespace halp::gossip::wire {

// In the order in which they are written. Only `label` may repeat; it comes last and takes the room that is left.
enum class Section : std::uint8_t {
    refusal = 1,
    hello = 2,
    observed = 3,
    target = 4,
    reachable = 5,
    peers = 6,
    digests = 7,
    wanted = 8,
    label = 9,
};
// Sections that old readers skip.
inline constexpr std::uint8_t section_notice = 0x81;
inline constexpr std::uint8_t section_wide_label = 0x82;  // may repeat, with section 9 at most 64 times together
inline constexpr std::uint8_t section_tags = 0x83;
inline constexpr std::uint8_t section_skippable = 0x80;
inline constexpr std::size_t section_header_bytes = 3;

enum class AddressCode : std::uint8_t { none = 0, ipv4 = 1, ipv6 = 2, name = 3 };
inline constexpr std::uint8_t address_bits = 0x03;

inline constexpr std::uint8_t entry_withdrawn = 0x04;
inline constexpr std::uint8_t entry_suspect = 0x08;
inline constexpr std::uint8_t entry_claimed = 0x10;
inline constexpr std::uint8_t entry_has_incarnation = 0x20;
inline constexpr std::uint8_t entry_bits = 0x3f;
inline constexpr std::size_t entry_bytes_min = 6;  // a name of one letter

inline constexpr std::uint8_t hello_joining = 0x04;
inline constexpr std::uint8_t hello_leaving = 0x08;
inline constexpr std::uint8_t hello_all_labels = 0x10;
inline constexpr std::uint8_t hello_bits = 0x1f;

inline constexpr std::uint8_t notice_contested = 0x01;
inline constexpr std::uint8_t notice_unreached = 0x02;
inline constexpr std::uint8_t notice_bits = 0x03;
inline constexpr std::size_t notice_bytes_max = section_header_bytes + 2 + 2 * 5;

inline constexpr std::size_t tags_item_bytes_max = 2 + 2;  // the number of an entry and a length, as varints

inline constexpr std::uint8_t flag_critical = 0x80;
inline constexpr std::size_t version_at = 1, kind_at = 2, flags_at = 3, length_at = 4;
// The payload of every refuse frame begins the same in all versions: section 1 of one byte, the reason.
inline constexpr std::size_t refuse_reason_at = header_bytes + section_header_bytes;

// Appends to a string: integers big-endian, varints of seven bits a byte, lowest first.
class ByteWriter {
public:
    explicit ByteWriter(std::string& out) : out_(out) {}

    template <std::unsigned_integral T>
    void fixed(T value) {
        char bytes[sizeof(T)];
        for (std::size_t i = 0; i < sizeof(T); ++i)
            bytes[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)) & 0xff);
        out_.append(bytes, sizeof(T));
    }
    void varint(std::uint32_t value) {
        for (; value >= 0x80; value >>= 7) out_.push_back(static_cast<char>((value & 0x7f) | 0x80));
        out_.push_back(static_cast<char>(value));
    }
    void patch(std::size_t at, std::size_t bytes, std::size_t value) {
        for (std::size_t i = bytes; i-- > 0; value >>= 8) out_[at + i] = static_cast<char>(value & 0xff);
    }

protected:
    std::string& out_;
};

// Every read checks the size first. The first error stays. After it every read returns zero and nothing is left, so
// callers need not check each read.
class ByteReader {
public:
    ByteReader(Bytes bytes, std::optional<DecodeError>& error) : left_(bytes), error_(error) {}

    [[nodiscard]] bool empty() const { return left_.empty(); }
    [[nodiscard]] std::size_t left() const { return left_.size(); }
    [[nodiscard]] bool failed() const { return error_.has_value(); }
    void fail(DecodeError error) {
        if (!error_) error_ = error;
        left_ = {};
    }

    Bytes bytes(std::size_t count) {
        if (count > left_.size()) {
            fail(DecodeError::truncated_section);
            return {};
        }
        const Bytes taken = left_.substr(0, count);
        left_.remove_prefix(count);
        return taken;
    }
    template <std::unsigned_integral T>
    T fixed() {
        std::uint64_t value = 0;
        for (const char byte : bytes(sizeof(T))) value = value << 8 | static_cast<std::uint8_t>(byte);
        return static_cast<T>(value);
    }
    // At most 32 bits, in the fewest bytes that hold them.
    std::uint32_t varint() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            const auto byte = fixed<std::uint8_t>();
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte >= 0x80) continue;
            const bool shortest = byte != 0 || shift == 0;
            if (!shortest || value > std::numeric_limits<std::uint32_t>::max()) break;
            return static_cast<std::uint32_t>(value);
        }
        fail(DecodeError::bad_section);
        return 0;
    }

private:
    Bytes left_;
    std::optional<DecodeError>& error_;
};

}  // namespace halp::gossip::wire
