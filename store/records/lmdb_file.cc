#include "store/records/lmdb_file.h"

#include <lmdb.h>
#include <sys/stat.h>

#include <cassert>
#include <cerrno>
#include <cstring>
#include <utility>

#include "store/records/big_endian.h"
#include "store/records/channel_row.h"
#include "store/records/lmdb_lock_file.h"
#include "store/records/lmdb_pages.h"

namespace halp {
namespace {

constexpr const char* table_names[] = {"state", "channels", "records"};

MDB_val to_val(std::string_view bytes) {
    return {bytes.size(), const_cast<char*>(bytes.data())};  // LMDB does not write to its arguments
}

std::string_view to_view(const MDB_val& value) { return {static_cast<const char*>(value.mv_data), value.mv_size}; }

// The same order as LMDB's default, so that other tools can read the file. A search compares about two dozen keys
// of equal length: comparing two words is faster than calling memcmp.
int compare_record_keys(const MDB_val* one, const MDB_val* other) {
    constexpr std::size_t length = record_key_length, word = sizeof(std::uint64_t);
    static_assert(length > word && length <= 2 * word);
    if (one->mv_size != length || other->mv_size != length) return to_view(*one).compare(to_view(*other));
    const auto* a = static_cast<const char*>(one->mv_data);
    const auto* b = static_cast<const char*>(other->mv_data);
    std::uint64_t x = load_big_endian(a), y = load_big_endian(b);
    if (x == y) x = load_big_endian(a + length - word), y = load_big_endian(b + length - word);
    return static_cast<int>(x > y) - static_cast<int>(x < y);
}

}  // namespace

Result<std::unique_ptr<LmdbFile>> LmdbFile::open(const std::string& path, Access access) {
    std::unique_ptr<LmdbFile> file{new LmdbFile{path, access}};
    if (auto opened = file->open_env(0); !opened) return opened.error();
    return file;
}

LmdbFile::~LmdbFile() {
    assert(!reading_);
    close_env();
}

// `map_bytes`: 0 keeps the size of the file.
Result<void> LmdbFile::open_env(std::uint64_t map_bytes) {
    // MDB_NOTLS ties a read transaction to its object instead of a thread.
    unsigned flags = MDB_NOSUBDIR | MDB_NOTLS;
    repair_ = {};
    if (access_ != Access::read_only) {
        auto repaired = repair_lmdb_file(path_, failed_commit_);
        if (!repaired) return repaired.error();
        repair_ = std::move(*repaired);
        failed_commit_ = 0;
    }
    if (access_ == Access::unsynced) flags |= MDB_NOSYNC;
    if (access_ == Access::read_only) flags |= MDB_RDONLY;
    int code = mdb_env_create(&env_);
    if (code == 0) code = mdb_env_set_maxdbs(env_, tables);
    if (code == 0 && map_bytes > 0) code = mdb_env_set_mapsize(env_, map_bytes);
    if (code == 0 && access_ != Access::read_only) code = take_room_of_lock_file(path_ + "-lock");
    if (code == 0) code = mdb_env_open(env_, path_.c_str(), flags, 0640);
    int stale = 0;  // removes the reader of a killed process, which would keep all later pages from being reused
    if (code == 0) code = mdb_reader_check(env_, &stale);
    Result<void> opened;
    if (code != 0) opened = failure("open", code);
    if (opened) opened = expect_all_pages();
    if (opened) opened = open_tables();
    if (!opened) close_env();
    return opened;
}

Result<void> LmdbFile::open_tables() {
    const bool create = access_ != Access::read_only;
    MDB_txn* txn = nullptr;
    int code = mdb_txn_begin(env_, nullptr, create ? 0 : MDB_RDONLY, &txn);
    for (std::size_t i = 0; code == 0 && i < tables; ++i)
        code = mdb_dbi_open(txn, table_names[i], create ? MDB_CREATE : 0, &tables_[i]);
    if (code == 0) code = mdb_dbi_open(txn, nullptr, 0, &roots_);
    if (code == 0) code = mdb_set_compare(txn, table(Table::records), compare_record_keys);
    if (code == 0) {
        code = mdb_txn_commit(txn);
    } else if (txn != nullptr) {
        mdb_txn_abort(txn);
    }
    if (code == 0) code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &reader_);
    if (code != 0) return failure("open the tables of", code);
    mdb_txn_reset(reader_);
    return {};
}

// Reading a page behind the end of the file would end the process by SIGBUS. A file may be shorter than its pages
// in use, because a page that was taken and freed in one transaction is never written. Only for such a file the
// tree is walked.
Result<void> LmdbFile::expect_all_pages() const {
    mdb_filehandle_t handle{};
    struct stat file {};
    if (mdb_env_get_fd(env_, &handle) != 0 || ::fstat(handle, &file) != 0) return failure("look at", errno);
    const auto size = static_cast<std::uint64_t>(file.st_size);
    if (size >= used_bytes()) return {};
    MDB_stat stat{};
    if (const int code = mdb_env_stat(env_, &stat); code != 0) return failure("look at", code);
    if (lmdb_pages_all_there(handle, size, stat.ms_psize)) return {};
    return Error{ErrorCode::invalid,
                 path_ + " is cut short: it has " + std::to_string(size) + " of at least " +
                     std::to_string(used_bytes()) +
                     " bytes, and records are among those missing. Restore a whole copy, or remove the "
                     "file to begin with no records."};
}

void LmdbFile::close_env() {
    // A failure leaves the mark of the log, and the next start looks whether all is whole.
    if (!panicked_ && failed_commit_ == 0) static_cast<void>(log_.stop());
    log_.leave();
    if (reader_ != nullptr) mdb_txn_abort(std::exchange(reader_, nullptr));
    if (env_ != nullptr) mdb_env_close(std::exchange(env_, nullptr));
    panicked_ = false;
}

Result<void> LmdbFile::reopen() {
    assert(!reading_);
    const std::uint64_t before = map_bytes();
    const bool other_file = replaced();
    close_env();
    if (other_file) failed_commit_ = 0;
    return open_env(before);
}

void LmdbFile::use_log(Table table, std::string_view key) {
    log_.leave();
    mdb_filehandle_t handle{};
    MDB_stat stat{};
    if (access_ != Access::synced || mdb_env_get_fd(env_, &handle) != 0 || mdb_env_stat(env_, &stat) != 0) return;
    LmdbRead read{*this};
    const auto found = read.get(table, key);
    if (!found || !*found || (**found).size() != LmdbRedoLog::value_bytes) return;
    // A value of this size has pages of its own, and their head (lmdb_pages.h) lies before it.
    constexpr std::size_t page_head = 16;
    std::uint64_t page = 0;
    std::memcpy(&page, (**found).data() - page_head, sizeof page);
    if (log_.use(handle, page, stat.ms_psize) != 0) log_.leave();
}

// A file system that cannot give it back has no room for the removal either, which reports it.
void LmdbFile::give_log_room() { static_cast<void>(log_.give_room()); }

Result<void> LmdbFile::redone() {
    mdb_filehandle_t handle{};
    int code = env_ == nullptr ? EBADF : mdb_env_get_fd(env_, &handle);
    if (code == 0) code = end_lmdb_repair(handle);
    if (code != 0) return failure("repair", code);
    repair_.redo.clear();
    return {};
}

bool LmdbFile::replaced() const {
    mdb_filehandle_t handle{};
    struct stat open_file {
    }, named{};
    if (env_ == nullptr || mdb_env_get_fd(env_, &handle) != 0 || ::fstat(handle, &open_file) != 0) return false;
    if (::stat(path_.c_str(), &named) != 0) return errno == ENOENT;
    return open_file.st_ino != named.st_ino || open_file.st_dev != named.st_dev;
}

std::uint64_t LmdbFile::map_bytes() const {
    MDB_envinfo info{};
    return env_ != nullptr && mdb_env_info(env_, &info) == 0 ? info.me_mapsize : 0;
}

std::uint64_t LmdbFile::used_bytes() const {
    MDB_envinfo info{};
    MDB_stat stat{};
    if (env_ == nullptr || mdb_env_info(env_, &info) != 0 || mdb_env_stat(env_, &stat) != 0) return 0;
    return (std::uint64_t{info.me_last_pgno} + 1) * stat.ms_psize;
}

Result<void> LmdbFile::set_map_bytes(std::uint64_t bytes) {
    assert(!reading_);
    if (env_ == nullptr) return failure("grow the map of", EBADF);
    constexpr std::uint64_t unit = 64 * 1024;  // a multiple of every page size
    const std::uint64_t before = map_bytes();
    const int code = mdb_env_set_mapsize(env_, bytes / unit * unit);
    if (code == 0) return {};
    const Error why = failure("grow the map of", code);
    // LMDB has unmapped the old map before it asked for the new one. Every later access would touch it.
    close_env();
    if (const auto opened = open_env(before); !opened) error_ = opened.error();
    return why;
}

Result<void> LmdbFile::sync() {
    const int code = env_ == nullptr ? EBADF : mdb_env_sync(env_, 1);
    if (code != 0) return failure("sync", code);
    return {};
}

Result<void> LmdbFile::copy_to(const std::string& path) const {
    const int code = env_ == nullptr ? EBADF : mdb_env_copy2(env_, path.c_str(), MDB_CP_COMPACT);
    if (code != 0) return failure("copy to " + path, code);
    return {};
}

// Another process (a tool) may have grown the file.
int LmdbFile::renew_reader() {
    if (env_ == nullptr) return EBADF;
    if (panicked_) return MDB_PANIC;
    int code = mdb_txn_renew(reader_);
    if (code == MDB_MAP_RESIZED && (code = mdb_env_set_mapsize(env_, 0)) == 0) code = mdb_txn_renew(reader_);
    if (code == MDB_PANIC) panicked_ = true;
    return code;
}

int LmdbFile::begin_write(MDB_txn*& txn) {
    if (env_ == nullptr) return EBADF;
    if (panicked_) return MDB_PANIC;
    const int code = mdb_txn_begin(env_, nullptr, 0, &txn);
    if (code == MDB_PANIC) panicked_ = true;
    return code;
}

// The flag is LMDB's name for "the caller flushes". Only commits look at it, and there is one writer.
int LmdbFile::commit(MDB_txn* txn, std::string_view writes) {
    const std::uint64_t number = mdb_txn_id(txn);
    bool logged = log_.takes(writes.size()) && !log_.noted(number);
    int code = logged ? log_.note_redo(number, writes) : log_.note_synced(number);
    if (code == ENOSPC || code == EDQUOT) {
        logged = false;
        if ((code = log_.stop()) == 0) log_.leave();
    }
    if (code == 0 && access_ == Access::synced) code = mdb_env_set_flags(env_, MDB_NOSYNC, logged ? 1 : 0);
    if (code != 0) {
        mdb_txn_abort(txn);
        return code;
    }
    code = mdb_txn_commit(txn);
    if (code == 0 && logged && (code = log_.flush()) != 0) panicked_ = true;
    if (log_.started()) failed_commit_ = code == 0 ? 0 : number;
    // The next start of the process needs it, not this one. The first failure is told.
    if (failed_commit_ > 0 && code != MDB_MAP_FULL) static_cast<void>(log_.note_failed(number));
    return code;
}

Error LmdbFile::failure(std::string_view what, int code) const {
    const ErrorCode kind =
        code == MDB_MAP_FULL || code == ENOSPC || code == EDQUOT ? ErrorCode::full : ErrorCode::io;
    const char* why = env_ == nullptr && code == EBADF ? "it was closed after a failure" : mdb_strerror(code);
    return {kind, "cannot " + std::string{what} + " " + path_ + ": " + why};
}

// ---- reading ----

LmdbRead::LmdbRead(LmdbFile& file) : file_(file), begun_(file.renew_reader()) {
    assert(!file_.reading_);
    file_.reading_ = begun_ == 0;
}

LmdbRead::~LmdbRead() {
    if (begun_ != 0) return;
    if (cursor_ != nullptr) mdb_cursor_close(cursor_);
    mdb_txn_reset(file_.reader_);
    file_.reading_ = false;
}

Result<std::optional<std::string_view>> LmdbRead::get(LmdbFile::Table table, std::string_view key) {
    if (begun_ != 0) return file_.failure("read", begun_);
    MDB_val name = to_val(key), found{};
    const int code = mdb_get(file_.reader_, file_.table(table), &name, &found);
    if (code == MDB_NOTFOUND) return std::optional<std::string_view>{};
    if (code != 0) return file_.failure("read", code);
    return std::optional{to_view(found)};
}

void LmdbRead::expect_record(std::string_view key, bool next) {
    if (begun_ != 0) return;
    if (!std::exchange(looked_ahead_, true))
        if (const auto tree = record_tree()) ahead_.emplace(*tree);
    if (!ahead_) return;
    if (next)
        ahead_->expect_next(key);
    else
        ahead_->expect_soon(key);
}

Result<std::optional<std::string_view>> LmdbRead::get_record(std::string_view key) {
    if (ahead_)
        if (const auto value = ahead_->find(key)) return std::optional{*value};
    return get(LmdbFile::Table::records, key);
}

// The root is in a table of LMDB's own, whose value also shows where the file is mapped: the head of its page has
// the number of the page.
std::optional<LmdbAhead::Tree> LmdbRead::record_tree() {
    constexpr std::size_t tree_bytes = 48, depth_at = 6, root_at = 40;
    constexpr const char* name = table_names[static_cast<std::size_t>(LmdbFile::Table::records)];
    MDB_val key = to_val(name), found{};
    MDB_stat stat{};
    if (mdb_get(file_.reader_, file_.roots_, &key, &found) != 0 || found.mv_size != tree_bytes) return std::nullopt;
    if (mdb_env_stat(file_.env_, &stat) != 0) return std::nullopt;
    const char* const bytes = static_cast<const char*>(found.mv_data);
    const char* const page = bytes - reinterpret_cast<std::uintptr_t>(bytes) % stat.ms_psize;
    std::uint64_t number = 0, root = 0;
    std::uint16_t depth = 0;
    std::memcpy(&number, page, sizeof number);
    std::memcpy(&root, bytes + root_at, sizeof root);
    std::memcpy(&depth, bytes + depth_at, sizeof depth);
    if (depth == 0) return std::nullopt;
    return LmdbAhead::Tree{page - number * stat.ms_psize, root, stat.ms_psize, depth};
}

Result<bool> LmdbRead::seek(LmdbFile::Table table, std::string_view from) {
    if (begun_ != 0) return file_.failure("read", begun_);
    if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
    const int code = mdb_cursor_open(file_.reader_, file_.table(table), &cursor_);
    if (code != 0) return file_.failure("read", code);
    key_ = from;
    return move(from.empty() ? MDB_FIRST : MDB_SET_RANGE);
}

Result<bool> LmdbRead::next() { return move(MDB_NEXT); }

Result<bool> LmdbRead::move(int operation) {
    MDB_val name = to_val(key_), found{};
    const int code = mdb_cursor_get(cursor_, &name, &found, static_cast<MDB_cursor_op>(operation));
    if (code == MDB_NOTFOUND) return false;
    if (code != 0) return file_.failure("read", code);
    key_ = to_view(name);
    value_ = to_view(found);
    return true;
}

// ---- writing ----

LmdbWrite::LmdbWrite(LmdbFile& file) : file_(file) {}

LmdbWrite::~LmdbWrite() { abandon(); }

void LmdbWrite::abandon() {
    if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
    if (txn_ != nullptr) mdb_txn_abort(std::exchange(txn_, nullptr));
}

LmdbStatus LmdbWrite::begin() {
    if (txn_ != nullptr) return LmdbStatus::ok;
    return status(file_.begin_write(txn_));
}

LmdbStatus LmdbWrite::status(int code) {
    if (code == 0) return LmdbStatus::ok;
    if (code == MDB_NOTFOUND) return LmdbStatus::absent;
    file_.error_ = file_.failure("write", code);
    // Another process may have grown the map, which LMDB reports as resized.
    return code == MDB_MAP_FULL || code == MDB_MAP_RESIZED ? LmdbStatus::full : LmdbStatus::failed;
}

LmdbStatus LmdbWrite::get(LmdbFile::Table table, std::string_view key, std::string_view& value) {
    if (const LmdbStatus begun = begin(); begun != LmdbStatus::ok) return begun;
    MDB_val name = to_val(key), found{};
    const int code = mdb_get(txn_, file_.table(table), &name, &found);
    if (code == 0) value = to_view(found);
    return status(code);
}

LmdbStatus LmdbWrite::put(LmdbFile::Table table, std::string_view key, std::string_view value) {
    if (const LmdbStatus begun = begin(); begun != LmdbStatus::ok) return begun;
    MDB_val name = to_val(key), content = to_val(value);
    changed_ = true;
    return status(mdb_put(txn_, file_.table(table), &name, &content, 0));
}

LmdbStatus LmdbWrite::erase(LmdbFile::Table table, std::string_view key) {
    if (const LmdbStatus begun = begin(); begun != LmdbStatus::ok) return begun;
    MDB_val name = to_val(key);
    const int code = mdb_del(txn_, file_.table(table), &name, nullptr);
    changed_ = changed_ || code == 0;
    return status(code);
}

LmdbStatus LmdbWrite::records_cursor() {
    if (const LmdbStatus begun = begin(); begun != LmdbStatus::ok) return begun;
    if (cursor_ != nullptr) return LmdbStatus::ok;
    return status(mdb_cursor_open(txn_, file_.table(LmdbFile::Table::records), &cursor_));
}

LmdbStatus LmdbWrite::put_record(std::string_view key, std::string_view value,
                                 std::optional<std::size_t>& old_size) {
    if (const LmdbStatus begun = records_cursor(); begun != LmdbStatus::ok) return begun;
    MDB_val name = to_val(key), content = to_val(value);
    old_size.reset();
    changed_ = true;
    const int code = mdb_cursor_put(cursor_, &name, &content, MDB_NOOVERWRITE);
    if (code != MDB_KEYEXIST) return status(code);
    old_size = content.mv_size;  // the cursor returns the existing value
    content = to_val(value);
    return status(mdb_cursor_put(cursor_, &name, &content, 0));
}

LmdbStatus LmdbWrite::erase_record(std::string_view key, std::size_t& old_size) {
    if (const LmdbStatus begun = records_cursor(); begun != LmdbStatus::ok) return begun;
    MDB_val name = to_val(key), content{};
    const int code = mdb_cursor_get(cursor_, &name, &content, MDB_SET_KEY);
    if (code != 0) return status(code);
    old_size = content.mv_size;
    changed_ = true;
    return status(mdb_cursor_del(cursor_, 0));
}

LmdbStatus LmdbWrite::walk_records(std::string_view from, const VisitRecord& visit) {
    if (const LmdbStatus begun = records_cursor(); begun != LmdbStatus::ok) return begun;
    MDB_val name = to_val(from), content{};
    int code = mdb_cursor_get(cursor_, &name, &content, MDB_SET_RANGE);
    while (code == 0 && visit(to_view(name), to_view(content)))
        code = mdb_cursor_get(cursor_, &name, &content, MDB_NEXT);
    return code == MDB_NOTFOUND ? LmdbStatus::ok : status(code);
}

LmdbStatus LmdbWrite::erase_prefix(LmdbFile::Table table, std::string_view prefix, std::size_t count,
                                   std::size_t& erased) {
    if (const LmdbStatus begun = begin(); begun != LmdbStatus::ok) return begun;
    MDB_cursor* cursor = nullptr;
    int code = mdb_cursor_open(txn_, file_.table(table), &cursor);
    for (erased = 0; code == 0 && erased < count; ++erased) {
        // Searches anew for each entry. That is cheap compared with the removal, and needs no cursor to survive
        // it.
        MDB_val name = to_val(prefix), content{};
        code = mdb_cursor_get(cursor, &name, &content, MDB_SET_RANGE);
        if (code != 0 || !to_view(name).starts_with(prefix)) break;
        changed_ = true;
        code = mdb_cursor_del(cursor, 0);
    }
    if (cursor != nullptr) mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? LmdbStatus::ok : status(code);
}

LmdbStatus LmdbWrite::first(LmdbFile::Table table, std::string_view prefix, std::string_view& key) {
    if (const LmdbStatus begun = begin(); begun != LmdbStatus::ok) return begun;
    MDB_cursor* cursor = nullptr;
    int code = mdb_cursor_open(txn_, file_.table(table), &cursor);
    MDB_val name = to_val(prefix), content{};
    if (code == 0) code = mdb_cursor_get(cursor, &name, &content, MDB_SET_RANGE);
    if (code == 0) key = to_view(name);
    if (cursor != nullptr) mdb_cursor_close(cursor);
    return code == 0 && !key.starts_with(prefix) ? LmdbStatus::absent : status(code);
}

LmdbStatus LmdbWrite::commit(std::string_view writes) {
    if (!changed_) abandon();
    if (cursor_ != nullptr) mdb_cursor_close(std::exchange(cursor_, nullptr));
    if (txn_ == nullptr) return LmdbStatus::ok;
    return status(file_.commit(std::exchange(txn_, nullptr), writes));  // frees the transaction in any case
}

}  // namespace halp
