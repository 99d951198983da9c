// The row of a channel in the file, and the keys of the tables (store/records/README.md, "The LMDB engine").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/records/key.h"
#include "store/records/record_store.h"

namespace halp {

// Identifies a channel in the file. A channel that is removed and made again gets another number. Numbers have 48
// bits, so that they cannot be used up.
enum class ChannelNumber : std::uint64_t {};

struct ChannelRow {
    ChannelNumber number{};
    RecordCount count;
};

inline constexpr std::size_t channel_number_length = 6;
inline constexpr std::size_t record_key_length = channel_number_length + sizeof(Key);

// Big-endian, so that the bytes sort as the numbers do.
[[nodiscard]] std::string number_text(ChannelNumber number);
[[nodiscard]] std::string record_key(ChannelNumber number, Key key);
[[nodiscard]] std::optional<ChannelNumber> parse_number(std::string_view six_bytes);
// The key of a record if it belongs to the channel, else nothing.
[[nodiscard]] std::optional<Key> key_in_channel(ChannelNumber number, std::string_view record_key);

[[nodiscard]] std::string encode_row(const ChannelRow& row);
[[nodiscard]] std::optional<ChannelRow> decode_row(std::string_view bytes);

}  // namespace halp
