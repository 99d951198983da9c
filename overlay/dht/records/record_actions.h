// What requests have done to records, as the originals count it: records and the bytes of their values.
#pragma once

#include <cstddef>
#include <cstdint>

namespace halp {

struct ActionCount {
    std::uint64_t records = 0, bytes = 0;
    void add(std::size_t value_bytes) {
        ++records;
        bytes += value_bytes;
    }
};

struct RecordActions {
    ActionCount written;    // by any request
    ActionCount read;       // by Get, and by Update of neo
    ActionCount forwarded;  // by Listen of legacy
    ActionCount iterated;   // by GetAll and its kin of legacy
};

}  // namespace halp
