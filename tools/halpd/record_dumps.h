// The records of a memory engine across restarts, as the original keeps them: one `NAME.tcm` for each channel, read
// at the start and written at the end (store/records/tcm_dump.h has the format). What is on disk under that name is
// always whole: a dump is written beside it and renamed. Records with an empty value are not in a dump's gift: who
// reads it drops them, as the original does.
#pragma once

#include <cstddef>
#include <string>

#include "store/records/record_store.h"
#include "store/records/tcm_dump.h"
#include "store/result.h"
#include "tools/halpd/log.h"

namespace halp {

// Creates a channel for each dump in `directory` and puts its records. What is not a dump is named in the log and
// passed over: directories but `deleted`, empty files, unknown versions, `*.dumping` of a process that was killed. A
// dump without its end is an error, and so is a disk that cannot be read: better no node than half of its records.
[[nodiscard]] Result<void> load_dumps(const std::string& directory, const TcmRules& rules, RecordStore& store,
                                      Log& log);

// One dump for each channel; the dumps of channels that are gone move to `directory/deleted`. The failure of one
// channel does not stop the others: false when there was any, each is in the log.
bool write_dumps(const std::string& directory, const RecordStore& store, Log& log);

}  // namespace halp
