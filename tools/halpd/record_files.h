// The record files of a node on LMDB: one for each share of its records. With one share it is `records.lmdb` in the
// directory of the records; with N it is `share-K-of-N/records.lmdb` for each K, and the file `record-shares` says
// so. When another number is wanted, the records move to new files before the node starts. The old files stay until
// all is in the new ones and `record-shares` says that these count, so a move can be interrupted at any moment: the
// next start goes on with the old files or with the new ones, and removes the others.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/environment.h"
#include "overlay/libevent/file_storage.h"
#include "store/records/lmdb_store.h"
#include "store/result.h"

namespace halp {

struct RecordFile {
    std::optional<StateLock> lock;  // of its directory, unless that is the directory of the records
    std::unique_ptr<LmdbStore> store;
};

struct RecordFilesWanted {
    std::string directory;  // exists, and belongs to this process
    std::size_t shares = 1;
    LmdbOptions options;  // of all shares together
    std::function<void(const std::string&)> say;
};

// `notes` is the storage of the directory.
[[nodiscard]] Result<std::vector<RecordFile>> open_record_files(const RecordFilesWanted& wanted, Storage& notes);

// ---- for tests ----

// What `record-shares` says. No file: one share.
struct RecordLayout {
    static constexpr std::string_view file_name = "record-shares";
    std::size_t shares = 1;
    std::size_t moving = 0;    // files for so many shares are being written: they are not whole
    std::size_t removing = 0;  // files of so many shares are left from before the last move
    bool operator==(const RecordLayout&) const = default;
};
[[nodiscard]] std::string format_layout(const RecordLayout& layout);
[[nodiscard]] Result<RecordLayout> parse_layout(std::string_view text);

}  // namespace halp
