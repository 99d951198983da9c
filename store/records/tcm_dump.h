// Dumps of a channel in the format of the originals, `<channel>.tcm` (store/records/README.md, "Dumps"): eight
// zero bytes as the version, each record's key and value with their lengths in front, a zero length as the end,
// and zeros up to a multiple of 512.
//
// Both classes work on pieces of any size. The reader holds at most one record and allocates nothing for a length
// that it has not checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "store/records/hash_range.h"
#include "store/records/key.h"

namespace halp {

class TcmWriter {
public:
    // To be called in this order: begin, record any number of times, end. Each appends to `out`, which the caller
    // may write out and clear between two calls.
    void begin(std::string& out);
    void record(Key key, std::string_view value, std::string& out);
    void end(std::string& out);

private:
    std::uint64_t written_ = 0;
};

// What to do with a record outside of the node's range.
enum class OutOfRange : std::uint8_t { load, ignore, fatal };

// What to do with a record whose value is empty. The originals skip it.
enum class EmptyValues : std::uint8_t { load, skip, fatal };
// What to do with a record without a valid key or with too long a value. The originals skip it.
enum class BadRecords : std::uint8_t { skip, fatal };

struct TcmRules {
    std::size_t value_bytes_max = 65536;  // longer values are too long (batch_size of the originals)
    EmptyValues empty_values = EmptyValues::skip;
    BadRecords bad_records = BadRecords::skip;
    HashRange range = HashRange::full();
    OutOfRange out_of_range = OutOfRange::load;
    std::uint64_t abort_after_all_out_of_range = 10000;  // 0: never
};

struct TcmCounts {
    std::uint64_t loaded = 0;
    std::uint64_t invalid = 0;       // the key is neither 8 raw bytes nor 16 digits
    std::uint64_t empty = 0;         // the value is empty
    std::uint64_t too_big = 0;       // the value is longer than value_bytes_max
    std::uint64_t out_of_range = 0;  // loaded or ignored, depending on the rules
    bool operator==(const TcmCounts&) const = default;
};

enum class TcmFault : std::uint8_t {
    none,
    unknown_version,
    truncated,     // no end marker
    out_of_range,  // fatal by the rules, or no record was in range
    bad_record,    // fatal by the rules
    empty_value,   // fatal by the rules
};

class TcmReader {
public:
    using Take = std::function<void(Key, std::string_view value)>;

    TcmReader(TcmRules rules, Take take);

    // Ignores all bytes after a fault and after the end marker.
    TcmFault feed(std::string_view bytes);
    // To be called after the last piece.
    [[nodiscard]] TcmFault finish();
    [[nodiscard]] const TcmCounts& counts() const { return counts_; }
    // How many records have begun. After a fault of a record it is the number of that record, from 1.
    [[nodiscard]] std::uint64_t records() const { return records_; }

private:
    enum class Part : std::uint8_t { version, key_length, key, value_length, value, end };

    // Starts the next part of the file. The bytes of a part with keep == false are skipped and not stored.
    void expect(Part part, std::uint64_t length, bool keep);
    void whole_part(std::string_view bytes);
    void key_came(std::string_view bytes);
    void value_length_came(std::uint64_t length);
    void value_came(std::string_view bytes);

    TcmRules rules_;
    Take take_;
    TcmCounts counts_;
    std::uint64_t records_ = 0;
    TcmFault fault_ = TcmFault::none;
    Part part_ = Part::version;
    std::uint64_t missing_ = sizeof(std::uint64_t);  // bytes of this part that are still to come
    bool keep_ = true;
    std::string kept_;  // the bytes that have come
    Key key_{};
    bool key_valid_ = false;
    bool any_in_range_ = false;
};

}  // namespace halp
