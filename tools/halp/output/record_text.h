// Keys and values of records as text, as pure functions. Every form that is written can be read back.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "store/records/key.h"
#include "store/result.h"
#include "tools/program/escaped_text.h"

namespace halp::cli {

enum class ValueForm : std::uint8_t { automatic, raw, hex, escape, base64 };

// "0x" and 16 lower-case digits.
[[nodiscard]] std::string shown_key(Key key);
// Decimal, or hexadecimal behind 0x.
[[nodiscard]] Result<Key> parse_shown_key(std::string_view text);

using halp::escaped;
using halp::unescaped;

// Base64 of RFC 4648. Written with padding; read with or without.
[[nodiscard]] std::string base64_of(std::string_view bytes);
[[nodiscard]] std::optional<std::string> bytes_of_base64(std::string_view text);

// `automatic` and `raw`: the bytes as they are.
[[nodiscard]] std::string written_value(std::string_view bytes, ValueForm form);
// White space at both ends is ignored, except in raw values.
[[nodiscard]] Result<std::string> read_value(std::string_view text, ValueForm form);

}  // namespace halp::cli
