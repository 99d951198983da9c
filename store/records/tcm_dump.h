// The original's dumps of a channel, `<channel>.tcm` (README.md, "Dumps"): eight zero bytes of version, then key and
// value of each record with their lengths before them, a zero length as the end, zeros up to a multiple of 512.
//
// Bytes in, records out, in pieces of any size: a reader never holds more than one record, and takes no length at
// its word.
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
    // Call begin, then record any number of times, then end; each appends to `out`, which may be written away and
    // emptied in between.
    void begin(std::string& out);
    void record(Key key, std::string_view value, std::string& out);
    void end(std::string& out);

private:
    std::uint64_t written_ = 0;
};

// What to do with a record that is not in the node's range.
enum class OutOfRange : std::uint8_t { load, ignore, fatal };

struct TcmRules {
    std::size_t value_bytes_max = 65536;  // longer ones are skipped (the original's batch_size)
    HashRange range = HashRange::full();
    OutOfRange out_of_range = OutOfRange::load;
    std::uint64_t abort_after_all_out_of_range = 10000;  // 0: never
};

struct TcmCounts {
    std::uint64_t loaded = 0;
    std::uint64_t invalid = 0;       // neither 8 raw bytes nor 16 digits as a key
    std::uint64_t empty = 0;         // no value
    std::uint64_t too_big = 0;       // value longer than the rules allow
    std::uint64_t out_of_range = 0;  // loaded or ignored, as the rules say
    bool operator==(const TcmCounts&) const = default;
};

enum class TcmFault : std::uint8_t {
    none,
    unknown_version,
    truncated,     // no end marker
    out_of_range,  // the rules call it fatal, or nothing at all was in range
};

class TcmReader {
public:
    using Take = std::function<void(Key, std::string_view value)>;

    TcmReader(TcmRules rules, Take take);

    // After a fault, and behind the end marker, everything is ignored.
    TcmFault feed(std::string_view bytes);
    // No more will come.
    [[nodiscard]] TcmFault finish();
    [[nodiscard]] const TcmCounts& counts() const { return counts_; }

private:
    enum class Part : std::uint8_t { version, key_length, key, value_length, value, end };

    // What the next part needs to be whole; what is not kept needs nothing and is skipped.
    void expect(Part part, std::uint64_t length, bool keep);
    void whole_part(std::string_view bytes);
    void key_came(std::string_view bytes);
    void value_length_came(std::uint64_t length);
    void value_came(std::string_view bytes);

    TcmRules rules_;
    Take take_;
    TcmCounts counts_;
    TcmFault fault_ = TcmFault::none;
    Part part_ = Part::version;
    std::uint64_t missing_ = sizeof(std::uint64_t);  // bytes of this part that have not come yet
    bool keep_ = true;
    std::string kept_;  // those that have
    Key key_{};
    bool key_valid_ = false;
    bool any_in_range_ = false;
};

}  // namespace halp
