#include "store/records/channel_row.h"

namespace halp {
namespace {

template <class Unsigned>
void append_big_endian(std::string& out, Unsigned value) {
    for (std::size_t shift = sizeof value * 8; shift > 0; shift -= 8)
        out.push_back(static_cast<char>((value >> (shift - 8)) & 0xff));
}

template <class Unsigned>
Unsigned read_big_endian(std::string_view bytes) {
    Unsigned value = 0;
    for (std::size_t i = 0; i < sizeof value; ++i)
        value = static_cast<Unsigned>((value << 8) | static_cast<std::uint8_t>(bytes[i]));
    return value;
}

}  // namespace

std::string number_text(ChannelNumber number) {
    std::string text;
    append_big_endian(text, static_cast<std::uint32_t>(number));
    return text;
}

std::string record_key(ChannelNumber number, Key key) {
    std::string text;
    append_big_endian(text, static_cast<std::uint32_t>(number));
    append_big_endian(text, value_of(key));
    return text;
}

std::optional<ChannelNumber> parse_number(std::string_view four_bytes) {
    if (four_bytes.size() != 4) return std::nullopt;
    return ChannelNumber{read_big_endian<std::uint32_t>(four_bytes)};
}

std::optional<Key> key_in_channel(ChannelNumber number, std::string_view record_key) {
    if (record_key.size() != record_key_length || parse_number(record_key.substr(0, 4)) != number) return std::nullopt;
    return Key{read_big_endian<std::uint64_t>(record_key.substr(4))};
}

std::string encode_row(const ChannelRow& row) {
    std::string bytes;
    append_big_endian(bytes, static_cast<std::uint32_t>(row.number));
    append_big_endian(bytes, row.count.records);
    append_big_endian(bytes, row.count.bytes);
    return bytes;
}

std::optional<ChannelRow> decode_row(std::string_view bytes) {
    if (bytes.size() != 20) return std::nullopt;
    return ChannelRow{ChannelNumber{read_big_endian<std::uint32_t>(bytes)},
                      {read_big_endian<std::uint64_t>(bytes.substr(4)),
                       read_big_endian<std::uint64_t>(bytes.substr(12))}};
}

}  // namespace halp
