// A thin wrapper around LMDB, and the only code that includes it: one file with three tables, one read transaction
// that is renewed for each slice of reading, and one write transaction. It describes errors as text.
//
// After some failures LMDB is unusable until its environment is opened again: when the map cannot be made larger,
// and when writing a meta page fails. The file is then broken(), and every request returns an error until reopen()
// succeeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "store/records/lmdb_ahead.h"
#include "store/records/lmdb_redo_log.h"
#include "store/result.h"

struct MDB_cursor;
struct MDB_env;
struct MDB_txn;

namespace halp {

enum class LmdbStatus : std::uint8_t {
    ok,
    absent,  // no such entry, or the end of the table
    full,    // the map is full and nothing was changed: grow it and start the transaction again
    failed,  // any other error, described by LmdbFile::error()
};

class LmdbFile {
public:
    enum class Table : std::uint8_t { state, channels, records };
    enum class Access : std::uint8_t { synced, unsynced, read_only };

    // Opens a plain file (with `-lock` beside it) in an existing directory. Creates it unless read_only. With
    // `unsynced` a commit survives the end of the process but not a crash of the machine.
    [[nodiscard]] static Result<std::unique_ptr<LmdbFile>> open(const std::string& path, Access access);
    ~LmdbFile();
    LmdbFile(const LmdbFile&) = delete;
    LmdbFile& operator=(const LmdbFile&) = delete;

    [[nodiscard]] std::uint64_t map_bytes() const;
    // The length of the used part of the file, holes included; the map cannot be smaller.
    [[nodiscard]] std::uint64_t used_bytes() const;
    // Only while no transaction is open. The map never becomes smaller than used_bytes(). After a failure the map
    // has its old size or the file is broken().
    [[nodiscard]] Result<void> set_map_bytes(std::uint64_t bytes);
    // Writes all committed data to the disk, also with `unsynced`.
    [[nodiscard]] Result<void> sync();
    // Writes a copy without holes. Others may read and write meanwhile. The new file must not exist.
    [[nodiscard]] Result<void> copy_to(const std::string& path) const;

    // No request works until reopen() has succeeded.
    [[nodiscard]] bool broken() const { return env_ == nullptr || panicked_; }
    // The path names another file by now, or none: what is written here is lost at the next start.
    [[nodiscard]] bool replaced() const;
    // Closes the file and opens the file at the path. Only while no transaction is open.
    [[nodiscard]] Result<void> reopen();

    // ---- the redo log (lmdb_redo_log.h); not for `unsynced` ----

    // What an entry must have as its value to hold the log, and the use of such an entry. Without the log, or when
    // an entry is no such value, commits take two flushes.
    [[nodiscard]] static std::string room_for_log() { return std::string(LmdbRedoLog::value_bytes, '\0'); }
    void use_log(Table table, std::string_view key);
    // Whether a transaction that writes this many bytes takes one flush.
    [[nodiscard]] bool logs(std::size_t bytes) const { return log_.takes(bytes); }
    // The disk is full: gives it the room of the log, so that records can be removed. The next start takes it
    // again.
    void give_log_room();
    // Writes that the first transaction has to repeat, and what to call when it has.
    [[nodiscard]] const std::string& redo() const { return repair_.redo; }
    [[nodiscard]] Result<void> redone();
    // The last use of the file did not end orderly, and its last transaction was not whole.
    [[nodiscard]] bool dropped_last() const { return repair_.dropped; }

    // The last error of a write transaction. Read errors are returned by the calls.
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
    [[nodiscard]] int commit(MDB_txn* txn, std::string_view writes);
    [[nodiscard]] unsigned table(Table which) const { return tables_[static_cast<std::size_t>(which)]; }
    [[nodiscard]] Error failure(std::string_view what, int code) const;

    std::string path_;
    Access access_;
    MDB_env* env_ = nullptr;     // null: closed after a failure
    MDB_txn* reader_ = nullptr;  // reset, or in use by the one LmdbRead
    bool reading_ = false;
    // A meta page could not be written, so LMDB refuses all requests; or a transaction that others would see was
    // not flushed.
    bool panicked_ = false;
    LmdbRedoLog log_;
    LmdbRepair repair_;
    std::uint64_t failed_commit_ = 0;  // the last commit since the log is in use, if it failed
    unsigned tables_[tables] = {};
    unsigned roots_ = 0;  // the table of LMDB's own that has the roots of the others
    Error error_;
};

// A snapshot of the file. Keep it short: while it exists, no page that it can see is used again. One at a time.
// Views are valid while it exists.
class LmdbRead {
public:
    explicit LmdbRead(LmdbFile& file);
    ~LmdbRead();
    LmdbRead(const LmdbRead&) = delete;
    LmdbRead& operator=(const LmdbRead&) = delete;

    [[nodiscard]] bool begun() const { return begun_ == 0; }  // false: every call returns the error
    [[nodiscard]] Result<std::optional<std::string_view>> get(LmdbFile::Table table, std::string_view key);
    // The record will be asked for soon, or next (RecordStore::expect).
    void expect_record(std::string_view key, bool next);
    [[nodiscard]] Result<std::optional<std::string_view>> get_record(std::string_view key);
    // Moves to the first entry at or after the key, or to the next entry. Returns false at the end.
    [[nodiscard]] Result<bool> seek(LmdbFile::Table table, std::string_view from);
    [[nodiscard]] Result<bool> next();
    [[nodiscard]] std::string_view key() const { return key_; }
    [[nodiscard]] std::string_view value() const { return value_; }

private:
    [[nodiscard]] Result<bool> move(int operation);
    [[nodiscard]] std::optional<LmdbAhead::Tree> record_tree();

    LmdbFile& file_;
    int begun_;
    std::optional<LmdbAhead> ahead_;
    bool looked_ahead_ = false;
    MDB_cursor* cursor_ = nullptr;
    std::string_view key_, value_;
};

// A write transaction: the destructor discards everything that was not committed. It may live on another thread
// than the readers. After `full` or `failed` only destruction is allowed.
class LmdbWrite {
public:
    explicit LmdbWrite(LmdbFile& file);
    ~LmdbWrite();
    LmdbWrite(const LmdbWrite&) = delete;
    LmdbWrite& operator=(const LmdbWrite&) = delete;

    void abandon();  // what the destructor does

    [[nodiscard]] LmdbStatus get(LmdbFile::Table table, std::string_view key, std::string_view& value);
    [[nodiscard]] LmdbStatus put(LmdbFile::Table table, std::string_view key, std::string_view value);
    [[nodiscard]] LmdbStatus erase(LmdbFile::Table table, std::string_view key);
    // Stores a record with one search. `old_size` gets the size of the replaced value.
    [[nodiscard]] LmdbStatus put_record(std::string_view key, std::string_view value,
                                        std::optional<std::size_t>& old_size);
    [[nodiscard]] LmdbStatus erase_record(std::string_view key, std::size_t& old_size);
    // Visits the records at and after `from` until `visit` returns false. It must not write.
    using VisitRecord = std::function<bool(std::string_view key, std::string_view value)>;
    [[nodiscard]] LmdbStatus walk_records(std::string_view from, const VisitRecord& visit);
    // Erases at most `count` entries whose keys begin with the prefix.
    [[nodiscard]] LmdbStatus erase_prefix(LmdbFile::Table table, std::string_view prefix, std::size_t count,
                                          std::size_t& erased);
    // Finds the first entry whose key begins with the prefix.
    [[nodiscard]] LmdbStatus first(LmdbFile::Table table, std::string_view prefix, std::string_view& key);
    // Does nothing when nothing was changed. With `writes`, which LmdbFile::logs() takes, one flush suffices. Until
    // the call returns, others who begin to read see the transaction although a crash may undo it.
    [[nodiscard]] LmdbStatus commit(std::string_view writes = {});

private:
    [[nodiscard]] LmdbStatus begin();
    [[nodiscard]] LmdbStatus status(int code);
    [[nodiscard]] LmdbStatus records_cursor();

    LmdbFile& file_;
    MDB_txn* txn_ = nullptr;
    MDB_cursor* cursor_ = nullptr;  // in the table of records
    bool changed_ = false;
};

}  // namespace halp
