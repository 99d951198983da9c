#include "store/records/channel_row.h"

#include "store/records/big_endian.h"

namespace halp {
namespace {

void append_big_endian(std::string& out, std::uint64_t value, std::size_t length) {
    for (std::size_t shift = length * 8; shift > 0; shift -= 8)
        out.push_back(static_cast<char>((value >> (shift - 8)) & 0xff));
}

std::uint64_t read_big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) value = (value << 8) | static_cast<std::uint8_t>(byte);
    return value;
}

constexpr std::size_t row_length = channel_number_length + 16;

}  // namespace

std::string number_text(ChannelNumber number) {
    std::string text;
    append_big_endian(text, static_cast<std::uint64_t>(number), channel_number_length);
    return text;
}

std::string record_key(ChannelNumber number, Key key) {
    constexpr unsigned unused_bits = 8 * (sizeof number - channel_number_length);
    char bytes[sizeof number + sizeof key];  // the key overwrites the unused upper bytes of the number
    store_big_endian(bytes, static_cast<std::uint64_t>(number) << unused_bits);
    store_big_endian(bytes + channel_number_length, value_of(key));
    return {bytes, record_key_length};  // short enough for std::string to store it without an allocation
}

std::optional<ChannelNumber> parse_number(std::string_view six_bytes) {
    if (six_bytes.size() != channel_number_length) return std::nullopt;
    return ChannelNumber{read_big_endian(six_bytes)};
}

std::optional<Key> key_in_channel(ChannelNumber number, std::string_view record_key) {
    if (record_key.size() != record_key_length) return std::nullopt;
    constexpr unsigned unused_bits = 8 * (sizeof number - channel_number_length);
    if (load_big_endian(record_key.data()) >> unused_bits != static_cast<std::uint64_t>(number))
        return std::nullopt;
    return Key{load_big_endian(record_key.data() + channel_number_length)};
}

std::string encode_row(const ChannelRow& row) {
    std::string bytes = number_text(row.number);
    append_big_endian(bytes, row.count.records, 8);
    append_big_endian(bytes, row.count.bytes, 8);
    return bytes;
}

std::optional<ChannelRow> decode_row(std::string_view bytes) {
    if (bytes.size() != row_length) return std::nullopt;
    return ChannelRow{ChannelNumber{read_big_endian(bytes.substr(0, channel_number_length))},
                      {read_big_endian(bytes.substr(channel_number_length, 8)),
                       read_big_endian(bytes.substr(channel_number_length + 8, 8))}};
}

}  // namespace halp
