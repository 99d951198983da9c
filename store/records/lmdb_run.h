// One attempt to write one batch, or a slice of what removed channels left behind, in one transaction. Touches
// nothing but the file and the batch, so it may run on another thread than the one that reads; the outcome is
// handed over.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "store/records/channel.h"
#include "store/records/channel_row.h"
#include "store/records/lmdb_file.h"
#include "store/records/record_store.h"
#include "store/records/write_batch.h"

namespace halp {

// In the state table: what the file is, the next channel number, and the numbers of removed channels behind a
// prefix.
inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view format_text = "halp records 1";
inline constexpr std::string_view next_number_key = "next";
inline constexpr std::string_view dropped_prefix = "dropped ";

struct LmdbRun {
    LmdbStatus status = LmdbStatus::ok;  // ok: all of it is committed; else nothing of it
    std::vector<Completion> completions;
    std::map<Channel, std::optional<ChannelRow>> rows;  // those that changed, as they are now; none: removed
    bool more_to_purge = false;
};

[[nodiscard]] LmdbRun run_batch(LmdbFile& file, const WriteBatch& batch);
[[nodiscard]] LmdbRun run_purge(LmdbFile& file, std::size_t records_max);

}  // namespace halp
