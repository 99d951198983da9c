// A thin cover over LMDB, and the only place that knows it: one file with three tables, one reader that is renewed
// for each slice of reading, one writer. Says in words what went wrong.
//
// Some failures leave LMDB unusable until its environment is opened again: a map that cannot be made larger, and a
// failed write of a meta page. The file is then broken(): every request gets an error until reopen() has worked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/result.h"

struct MDB_cursor;
struct MDB_env;
struct MDB_txn;

namespace halp {

enum class LmdbStatus : std::uint8_t {
    ok,
    absent,  // no such entry; end of the table
    full,    // the map is at its end: nothing was changed, grow it and begin the transaction again
    failed,  // anything else; LmdbFile::error() has the words
};

class LmdbFile {
public:
    enum class Table : std::uint8_t { state, channels, records };
    enum class Access : std::uint8_t { synced, unsynced, read_only };

    // A plain file (with `-lock` beside it) in a directory that exists; created unless read_only. With `unsynced` a
    // commit survives the end of the process but not that of the machine.
    [[nodiscard]] static Result<std::unique_ptr<LmdbFile>> open(const std::string& path, Access access);
    ~LmdbFile();
    LmdbFile(const LmdbFile&) = delete;
    LmdbFile& operator=(const LmdbFile&) = delete;

    [[nodiscard]] std::uint64_t map_bytes() const;
    // Up to where the file is in use, holes included: what the map cannot be smaller than.
    [[nodiscard]] std::uint64_t used_bytes() const;
    // Only while nobody reads or writes. Never smaller than what is in use. After a failure the file has the size it
    // had, or is broken().
    [[nodiscard]] Result<void> set_map_bytes(std::uint64_t bytes);
    // Everything committed so far to the disk, whatever the access.
    [[nodiscard]] Result<void> sync();
    // A copy without holes, readable at once, while others go on reading and writing. The new file must not exist.
    [[nodiscard]] Result<void> copy_to(const std::string& path) const;

    // No request works until reopen() has.
    [[nodiscard]] bool broken() const { return env_ == nullptr || panicked_; }
    // Another file has the path now, or none: what is written here is lost at the next start.
    [[nodiscard]] bool replaced() const;
    // Closes the file and opens what the path names. Only while nobody reads or writes.
    [[nodiscard]] Result<void> reopen();

    // Of the writer's last failed; the reader's are returned to it.
    [[nodiscard]] const Error& error() const { return error_; }

private:
    friend class LmdbRead;
    friend class LmdbWrite;
    static constexpr std::size_t tables = 3;

    LmdbFile(std::string path, Access access) : path_(std::move(path)), access_(access) {}
    [[nodiscard]] Result<void> open_env(std::uint64_t map_bytes);
    [[nodiscard]] Result<void> open_tables();
    void close_env();
    [[nodiscard]] Result<void> expect_all_pages() const;
    [[nodiscard]] int renew_reader();
    [[nodiscard]] int begin_write(MDB_txn*& txn);
    [[nodiscard]] unsigned table(Table which) const { return tables_[static_cast<std::size_t>(which)]; }
    [[nodiscard]] Error failure(std::string_view what, int code) const;

    std::string path_;
    Access access_;
    MDB_env* env_ = nullptr;     // null: closed after a failure
    MDB_txn* reader_ = nullptr;  // reset, or renewed by the LmdbRead there is
    bool reading_ = false;
    bool panicked_ = false;  // LMDB refuses everything since a meta page could not be written
    unsigned tables_[tables] = {};
    Error error_;
};

// What stands in the file at one moment. Short-lived: as long as it exists no page it could see is used again. One
// at a time. Views hold as long as it exists.
class LmdbRead {
public:
    explicit LmdbRead(LmdbFile& file);
    ~LmdbRead();
    LmdbRead(const LmdbRead&) = delete;
    LmdbRead& operator=(const LmdbRead&) = delete;

    [[nodiscard]] Result<std::optional<std::string_view>> get(LmdbFile::Table table, std::string_view key);
    // To the first entry at or behind the key, to the next one; false at the end.
    [[nodiscard]] Result<bool> seek(LmdbFile::Table table, std::string_view from);
    [[nodiscard]] Result<bool> next();
    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view value() const { return value_; }

private:
    [[nodiscard]] Result<bool> move(int operation);

    LmdbFile& file_;
    int begun_;
    MDB_cursor* cursor_ = nullptr;
    std::string_view key_, value_;
};

// All or nothing: what was not committed when it goes was never there. May live on another thread than the readers.
// After full or failed only its end is allowed.
class LmdbWrite {
public:
    explicit LmdbWrite(LmdbFile& file);
    ~LmdbWrite();
    LmdbWrite(const LmdbWrite&) = delete;
    LmdbWrite& operator=(const LmdbWrite&) = delete;

    [[nodiscard]] LmdbStatus get(LmdbFile::Table table, std::string_view key, std::string_view& value);
    [[nodiscard]] LmdbStatus put(LmdbFile::Table table, std::string_view key, std::string_view value);
    [[nodiscard]] LmdbStatus erase(LmdbFile::Table table, std::string_view key);
    // The record, in one search: `old_size` is that of the value which it replaces.
    [[nodiscard]] LmdbStatus put_record(std::string_view key, std::string_view value,
                                        std::optional<std::size_t>& old_size);
    [[nodiscard]] LmdbStatus erase_record(std::string_view key, std::size_t& old_size);
    // Erases at most `count` entries that begin with the prefix.
    [[nodiscard]] LmdbStatus erase_prefix(LmdbFile::Table table, std::string_view prefix, std::size_t count,
                                          std::size_t& erased);
    // The first entry that begins with the prefix.
    [[nodiscard]] LmdbStatus first(LmdbFile::Table table, std::string_view prefix, std::string_view& key);
    [[nodiscard]] LmdbStatus commit();

private:
    [[nodiscard]] LmdbStatus begin();
    [[nodiscard]] LmdbStatus status(int code);
    [[nodiscard]] LmdbStatus records_cursor();

    LmdbFile& file_;
    MDB_txn* txn_ = nullptr;
    MDB_cursor* cursor_ = nullptr;  // of the records
};

}  // namespace halp
