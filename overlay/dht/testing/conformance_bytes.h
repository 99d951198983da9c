// Bytes as the conformance cases write and print them, and the records of the bulk cases.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>

#include "overlay/environment.h"

namespace halp::neo {

using Records = std::map<std::uint64_t, std::string>;  // value by key

[[nodiscard]] std::string octets(std::initializer_list<int> bytes);
[[nodiscard]] std::string hex_of(Bytes raw, std::size_t most = 40);
[[nodiscard]] std::string array_of(Bytes text);        // u64 length, then the bytes
[[nodiscard]] std::string number_of(std::uint64_t n);  // u64
[[nodiscard]] std::string frame_of(std::uint8_t type, Bytes body);
[[nodiscard]] std::string header_of(std::uint8_t type, std::uint64_t body_bytes);
[[nodiscard]] Records sequential(std::size_t count);  // the original's bulk records
[[nodiscard]] Records spread(std::size_t count);

}  // namespace halp::neo
