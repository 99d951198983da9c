// Records and keys in the batches that two nodes send each other while a part changes hands (handover_wire.h), and
// how long the giver waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "overlay/dht/wire/legacy_codec.h"
#include "overlay/dht/wire/neo_wire.h"
#include "store/records/key.h"
#include "store/time.h"

namespace halp::handover {

inline constexpr Duration pause_after_failure = std::chrono::seconds{2};  // the original's
inline constexpr Duration patience = std::chrono::seconds{30};
inline constexpr Duration poll = std::chrono::milliseconds{1};

inline constexpr std::size_t record_overhead = 3 * sizeof(std::uint64_t);
// Of one record in a message: the other node takes arrays of this length.
inline constexpr std::size_t record_bytes_max = legacy::array_bytes_max - record_overhead - 4096;

inline void append_key(std::string& plain, Key key) {
    neo::FieldWriter write(plain);
    write.number<std::uint64_t>(sizeof(std::uint64_t));
    write.number(value_of(key));
}
inline void append_record(std::string& plain, Key key, std::string_view value) {
    append_key(plain, key);
    neo::FieldWriter(plain).array(value);
}

}  // namespace halp::handover
