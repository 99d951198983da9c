// Keeps the records of a memory engine over restarts, as the originals do: one `NAME.tcm` per channel, read at the
// start and written at the end (format: store/records/tcm_dump.h; names: channel_file.h). A file with that name is
// always complete: a dump is written under a temporary name and renamed. A file that was not read is never
// overwritten.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <utility>

#include "store/records/channel.h"
#include "store/records/hash_range.h"
#include "store/records/record_store.h"
#include "store/records/tcm_dump.h"
#include "store/result.h"
#include "tools/halpd/log/log.h"

namespace halp {

class RecordDumps {
public:
    // `directory` must exist and belong to this process alone. `log` must outlive the object.
    RecordDumps(std::string directory, Log& log) : directory_(std::move(directory)), log_(log) {}

    // Makes a channel of each dump and puts its records. Other files are logged and skipped: directories other
    // than `deleted`, empty files, unknown versions, `*.dumping` of killed processes. A dump without its end is an
    // error, and so is a read error: the node must not start with half of its records.
    [[nodiscard]] Result<void> load(const TcmRules& rules, RecordStore& store);

    // The records of the dumps that lie in this range are current. Others have left the range of the node since the
    // dumps were written (store/records/README.md, "When the range changes").
    [[nodiscard]] Result<HashRange> range() const;
    // To be called before the node has another range: notes on the disk that the dumps are current in what the
    // noted range and this one have in common.
    [[nodiscard]] Result<void> narrow_to(const HashRange& range);

    // Writes one dump per channel. A dump whose channel is gone moves to `deleted/`. A skipped file stays, and is
    // renamed if a channel needs its name. What is set aside goes to `set-aside/`. Failures are logged and do not
    // stop the other channels; the error says how many there were and which was the first. The last good dump of
    // a channel that failed stays. The store must not be sweeping().
    [[nodiscard]] Result<void> write(const RecordStore& store);

private:
    Result<void> load_from(const std::filesystem::path& parts, const TcmRules& rules, RecordStore& store);
    Result<void> load_entry(const std::filesystem::directory_entry& entry, const std::filesystem::path& name,
                            const TcmRules& rules, RecordStore& store);
    Result<bool> load_one(const std::string& path, const Channel& channel, const TcmRules& rules,
                          RecordStore& store);
    Result<void> dump(const Channel& channel, const RecordStore& store);
    Result<void> dump_aside(const Channel& channel, const RecordStore& store);
    Result<void> write_range(const HashRange& range) const;
    void failed(const Error& error);
    Result<void> make_way(const std::string& path, const Channel& channel);
    Result<void> put_away_deleted(const RecordStore& store);
    [[nodiscard]] std::string path_of(const Channel& channel) const;

    const std::string directory_;
    Log& log_;
    std::set<Channel> own_;  // the channels whose files were read or written
    std::uint64_t failures_ = 0;
    std::string first_failure_;
};

}  // namespace halp
