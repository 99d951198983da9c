// One attempt to write a batch, or to purge a slice of the records of removed channels, in one transaction. It
// uses only the file and the batch, so it may run on another thread than the reader's. The result is an LmdbRun.
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

// Keys of the state table: the format of the file, the next channel number, and, with a prefix, the numbers of
// removed channels.
inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view format_text = "halp records 1";
inline constexpr std::string_view next_number_key = "next";
inline constexpr std::string_view dropped_prefix = "dropped ";

struct LmdbRun {
    LmdbStatus status = LmdbStatus::ok;  // ok: everything is committed; otherwise nothing is
    std::vector<Completion> completions;
    std::map<Channel, std::optional<ChannelRow>> rows;  // the changed rows; without a value: removed
    bool more_to_purge = false;
};

[[nodiscard]] LmdbRun run_batch(LmdbFile& file, const WriteBatch& batch);
[[nodiscard]] LmdbRun run_purge(LmdbFile& file, std::size_t records_max);

}  // namespace halp
