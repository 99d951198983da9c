// One slice of setting records aside: those of one channel whose keys are out of the range move under another
// number, which belongs to no channel (store/records/README.md, "When the range changes"). One transaction; it uses
// only the file, as lmdb_run.h does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "store/records/channel.h"
#include "store/records/key.h"
#include "store/records/lmdb_file.h"
#include "store/records/lmdb_run.h"
#include "store/records/served_range.h"

namespace halp {

// What the next slice does. Without a channel all are swept, and the slice notes in the file that the sweep is
// over.
struct SweepStep {
    ServedRange range;
    std::optional<Channel> channel;
    std::optional<Key> after;
    std::size_t keys_max = 65536;     // looked at
    std::size_t moves_max = 4096;     // moved
    std::size_t bytes_max = 1 << 20;  // moved, but for the last record
};

[[nodiscard]] LmdbRun run_sweep(LmdbFile& file, const SweepStep& step);

// The range as it is kept in the table of states. Reading gives nothing for a file that has none.
[[nodiscard]] LmdbStatus put_range(LmdbWrite& txn, const ServedRange& range);
[[nodiscard]] LmdbStatus erase_range(LmdbWrite& txn);
[[nodiscard]] Result<std::optional<ServedRange>> read_range(LmdbRead& read);
// The number and the counts of what is set aside of a channel.
[[nodiscard]] std::string aside_key(const Channel& channel);

}  // namespace halp
