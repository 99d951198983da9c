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
// removed channels. lmdb_sweep.cc has the key of the range.
inline constexpr std::string_view format_key = "format";
inline constexpr std::string_view format_text = "halp records 1";
// A file with a redo log, under this key. A program that knows only the first must not write to it.
inline constexpr std::string_view logged_format_text = "halp records 2";
inline constexpr std::string_view log_key = "log";
inline constexpr std::string_view next_number_key = "next";
inline constexpr std::string_view dropped_prefix = "dropped ";
// With a channel's name behind it: the number and the counts of the records that were set aside of it.
inline constexpr std::string_view aside_prefix = "aside ";

struct LmdbRun {
    LmdbStatus status = LmdbStatus::ok;  // ok: everything is committed; otherwise nothing is
    std::vector<Completion> completions;
    std::map<Channel, std::optional<ChannelRow>> rows;   // the changed rows; without a value: removed
    std::map<Channel, std::optional<ChannelRow>> aside;  // the same of what is set aside
    RecordCount removed;                                 // by remove and remove_channel
    bool more_to_purge = false;
    // Of run_sweep (lmdb_sweep.h): the last key looked at, whether it was the channel's last, whether all is done.
    std::optional<Key> swept_to;
    bool channel_swept = false;
    bool all_swept = false;
};

[[nodiscard]] LmdbRun run_batch(LmdbFile& file, const WriteBatch& batch);
[[nodiscard]] LmdbRun run_purge(LmdbFile& file, std::size_t records_max);
// Gives a number that no channel has had before.
[[nodiscard]] LmdbStatus new_channel_number(LmdbWrite& txn, ChannelNumber& number);
// Leaves what was set aside of the channel to later purges; `any`: there was something.
[[nodiscard]] LmdbStatus drop_aside_of(LmdbWrite& txn, const Channel& channel, bool& any);

}  // namespace halp
