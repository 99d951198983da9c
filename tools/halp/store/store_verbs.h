// The verbs behind `halp store`. They work on the record file of a halpd that is not running
// (store/records/README.md).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "overlay/libevent/file_storage.h"
#include "store/records/lmdb_store.h"
#include "tools/halp/command_line.h"
#include "tools/halp/output/console.h"

namespace halp::cli {

[[nodiscard]] ExitCode run_store(const CommandLine& command, Console& console);

// The open records of one directory. It holds the directory's lock, so that no halpd can start there.
class OpenStore {
public:
    // `create`: the directory and the file, when they are missing.
    [[nodiscard]] static Result<OpenStore> open(const std::string& directory, bool create,
                                                std::uint64_t bytes_max = std::uint64_t{1} << 40);

    [[nodiscard]] static std::string file_in(const std::string& directory) { return directory + "/records.lmdb"; }

    LmdbStore& records() { return *records_; }
    [[nodiscard]] const std::string& file() const { return file_; }
    void close_records() { records_.reset(); }  // the lock stays

private:
    OpenStore(StateLock lock, std::unique_ptr<LmdbStore> records, std::string file)
        : lock_(std::move(lock)), records_(std::move(records)), file_(std::move(file)) {}

    StateLock lock_;
    std::unique_ptr<LmdbStore> records_;
    std::string file_;
};

// The progress of a long operation, as a line on a terminal. The destructor erases it.
class Progress {
public:
    Progress(Console& console, std::string doing) : console_(console), doing_(std::move(doing)) {}
    ~Progress() { console_.erase_progress(); }
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void at(std::uint64_t records);
    [[nodiscard]] std::function<void(std::uint64_t)> follow() {
        return [this](std::uint64_t records) { at(records); };
    }

private:
    Console& console_;
    const std::string doing_;
    std::uint64_t next_ = 0;
};

// The result of importing one file.
struct Imported {
    std::string file;
    std::uint64_t records = 0;  // on the disk
    std::uint64_t kept = 0;     // were there, with --keep-existing
    std::uint64_t skipped = 0;  // no key, no value or too long a value, as the originals' loader skips them
    std::string trouble;        // why it did not go on; empty: it was read to its end
    ErrorCode code = ErrorCode::io;
};

// store_export.cc, store_import.cc
[[nodiscard]] ExitCode run_store_export(const StoreCommand& typed, OpenStore& store, Console& console);
[[nodiscard]] Imported import_file(const std::string& path, const StoreCommand& typed, LmdbStore& store,
                                   const std::function<void(std::uint64_t)>& progress);

}  // namespace halp::cli
