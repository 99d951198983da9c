// The records of a memory engine across restarts, as the original keeps them: one `NAME.tcm` for each channel, read
// at the start and written at the end (store/records/tcm_dump.h has the format). What is on disk under that name is
// always whole: a dump is written beside it and renamed. Nothing that was not read is written over. Records with an
// empty value are not in a dump's gift: who reads it drops them, as the original does.
#pragma once

#include <set>
#include <string>
#include <utility>

#include "store/records/channel.h"
#include "store/records/record_store.h"
#include "store/records/tcm_dump.h"
#include "store/result.h"
#include "tools/halpd/log.h"

namespace halp {

class RecordDumps {
public:
    // In `directory`, which is there and nobody else's. `log` outlives it.
    RecordDumps(std::string directory, Log& log) : directory_(std::move(directory)), log_(log) {}

    // Creates a channel for each dump and puts its records. What is not a dump is named in the log and passed over:
    // directories but `deleted`, empty files, unknown versions, `*.dumping` of a process that was killed. A dump
    // without its end is an error, and so is a disk that cannot be read: better no node than half of its records.
    [[nodiscard]] Result<void> load(const TcmRules& rules, RecordStore& store);

    // One dump for each channel. The dumps that were read, and whose channels are gone, move to `deleted/`; what
    // was passed over stays, under another name when a channel needs its own. The failure of one channel does not
    // stop the others: false when there was any, each is in the log.
    bool write(const RecordStore& store);

private:
    Result<bool> load_one(const std::string& path, const Channel& channel, const TcmRules& rules,
                          RecordStore& store);
    Result<void> dump(const Channel& channel, const RecordStore& store);
    Result<void> make_way(const std::string& path, const Channel& channel);
    void put_away_deleted(const RecordStore& store);
    [[nodiscard]] std::string path_of(const Channel& channel) const;

    const std::string directory_;
    Log& log_;
    std::set<Channel> own_;  // whose files this has read or written
};

}  // namespace halp
