#include "store/records/lmdb_redo_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "store/hash.h"
#include "store/records/big_endian.h"

namespace halp {
namespace {

// ---- the layout ----

constexpr std::uint64_t log_magic = 0x68616c702d6c6f67;  // "halp-log"
constexpr std::size_t word = sizeof(std::uint64_t);
constexpr off_t mark_at = 2048;  // in page 0, behind the meta page's content
constexpr std::size_t mark_bytes = 6 * word;
enum Kind : std::uint64_t { redo_entry = 1, synced_entry = 2 };

// Of LMDB (lmdb_pages.h draws the meta page).
constexpr std::size_t meta_begin = 16, meta_end = 152, transaction_at = 144;
constexpr std::uint32_t lmdb_magic = 0xBEEFC0DE;
constexpr unsigned overflow_page = 4;

std::uint64_t checksum(std::string_view bytes, std::uint64_t state = fnv_start) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(word, bytes.size()))) {
        std::uint64_t next = 0;
        std::memcpy(&next, bytes.data(), std::min(word, bytes.size()));
        state = (state ^ next) * 0x9e3779b97f4a7c15;
        state ^= state >> 29;
    }
    return mix(state);
}

off_t slot_at(std::uint64_t page, std::uint32_t page_bytes, std::uint64_t transaction) {
    return static_cast<off_t>((page + 1) * page_bytes + transaction % 2 * LmdbRedoLog::slot_bytes);
}

int write_all(int file, std::string_view bytes, off_t at) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(file, bytes.data(), bytes.size(), at);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? errno : ENOSPC;
        bytes.remove_prefix(static_cast<std::size_t>(written));
        at += written;
    }
    return 0;
}

// Shorter than asked for at the end of the file.
int read_all(int file, std::size_t bytes, off_t at, std::string& found) {
    found.assign(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
        const ssize_t got = ::pread(file, found.data() + have, bytes - have, at + static_cast<off_t>(have));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return errno;
        if (got == 0) break;
        have += static_cast<std::size_t>(got);
    }
    found.resize(have);
    return 0;
}

int sync_file(int file) { return ::fdatasync(file) == 0 ? 0 : errno; }

// ---- the mark in page 0: whether the log is in use ----

struct Mark {
    std::uint64_t first = 0;  // the first transaction with an entry
    std::uint64_t page = 0;
    std::uint32_t page_bytes = 0;
    std::uint64_t returning = 0;  // a repair takes this transaction back and repeats its writes
};

int write_mark(int file, const Mark& mark) {
    char bytes[mark_bytes];
    store_big_endian(bytes, log_magic);
    store_big_endian(bytes + word, mark.first);
    store_big_endian(bytes + 2 * word, mark.page);
    store_big_endian(bytes + 3 * word, mark.page_bytes);
    store_big_endian(bytes + 4 * word, mark.returning);
    store_big_endian(bytes + 5 * word, checksum({bytes, 5 * word}));
    const int why = write_all(file, {bytes, mark_bytes}, mark_at);
    return why != 0 ? why : sync_file(file);
}

int read_mark(int file, std::optional<Mark>& mark) {
    std::string bytes;
    if (const int why = read_all(file, mark_bytes, mark_at, bytes); why != 0) return why;
    if (bytes.size() < mark_bytes || load_big_endian(bytes.data()) != log_magic) return 0;
    if (load_big_endian(bytes.data() + 5 * word) != checksum({bytes.data(), 5 * word})) return 0;
    Mark found{load_big_endian(bytes.data() + word), load_big_endian(bytes.data() + 2 * word),
               static_cast<std::uint32_t>(load_big_endian(bytes.data() + 3 * word)),
               load_big_endian(bytes.data() + 4 * word)};
    if (found.first > 0) mark = found;
    return 0;
}

}  // namespace

// ---- while the file is in use ----

int LmdbRedoLog::use(int file, std::uint64_t page, std::uint32_t page_bytes) {
    leave();
    std::string head;
    if (const int why = read_all(file, 2 * word, static_cast<off_t>(page * page_bytes), head); why != 0) return why;
    std::uint64_t number = 0;
    std::uint16_t flags = 0;
    if (head.size() == 2 * word) {
        std::memcpy(&number, head.data(), sizeof number);
        std::memcpy(&flags, head.data() + 10, sizeof flags);
    }
    if (number != page || (flags & overflow_page) == 0) return EINVAL;
    // A smaller page has no room for the mark.
    if (page_bytes < 4096 || page_bytes > page_bytes_max) return EINVAL;
    file_ = file;
    page_ = page;
    page_bytes_ = page_bytes;
    return 0;
}

// The mark is on the disk before any page of an unfinished transaction can be.
int LmdbRedoLog::start(std::uint64_t transaction) {
    const int why = write_mark(file_, {transaction, page_, page_bytes_, 0});
    started_ = started_ || why == 0;
    mark_in_doubt_ = why != 0;
    return why;
}

int LmdbRedoLog::note(std::uint64_t kind, std::uint64_t transaction, std::string_view writes) {
    char head[head_bytes];
    store_big_endian(head, kind);
    store_big_endian(head + word, transaction);
    store_big_endian(head + 2 * word, writes.size());
    store_big_endian(head + 3 * word, checksum(writes, checksum({head, 3 * word})));
    buffer_.assign(head, head_bytes).append(writes);
    noted_ = transaction;
    return write_all(file_, buffer_, slot_at(page_, page_bytes_, transaction));
}

int LmdbRedoLog::note_redo(std::uint64_t transaction, std::string_view writes) {
    if (!started_ || mark_in_doubt_)
        if (const int why = start(transaction); why != 0) return why;
    return note(redo_entry, transaction, writes);
}

int LmdbRedoLog::note_synced(std::uint64_t transaction) {
    if (!started_) return 0;
    if (mark_in_doubt_)
        if (const int why = start(transaction); why != 0) return why;
    return note(synced_entry, transaction, {});
}

int LmdbRedoLog::flush() const { return sync_file(file_); }

int LmdbRedoLog::stop() {
    if (!started_) return 0;
    const int why = end_lmdb_repair(file_);
    started_ = mark_in_doubt_ = why != 0;
    return why;
}

int LmdbRedoLog::give_room() {
    if (file_ < 0) return 0;
    if (const int why = stop(); why != 0) return why;
    const auto begin = static_cast<off_t>((page_ + 1) * page_bytes_), size = static_cast<off_t>(2 * slot_bytes);
    const int given = ::fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin, size);
    const int why = given == 0 ? 0 : errno;
    leave();
    return why;
}

int end_lmdb_repair(int file) { return write_mark(file, {}); }

// ---- after a crash ----

namespace {

struct Entry {
    std::uint64_t kind = 0;
    std::string writes;
};

// Owns the file descriptor.
class Repair {
public:
    Repair(const std::string& path, std::uint64_t failed)
        : path_(path), failed_(failed), file_(::open(path.c_str(), O_RDWR | O_CLOEXEC)) {}
    ~Repair() {
        if (file_ >= 0) ::close(file_);
    }
    Repair(const Repair&) = delete;
    Repair& operator=(const Repair&) = delete;

    Result<LmdbRepair> run();

private:
    [[nodiscard]] Result<LmdbRepair> repair();
    [[nodiscard]] Result<void> read_metas();
    [[nodiscard]] Result<LmdbRepair> judge(std::uint64_t transaction);
    [[nodiscard]] Result<LmdbRepair> take_back(std::uint64_t transaction);
    [[nodiscard]] Result<void> expect_alone() const;
    [[nodiscard]] int put_meta_back();
    [[nodiscard]] int forget_entry(std::uint64_t transaction) const;
    [[nodiscard]] Result<std::optional<Entry>> entry_of(std::uint64_t transaction) const;
    [[nodiscard]] Result<LmdbRepair> finish(bool dropped) const {
        if (const int why = end_lmdb_repair(file_); why != 0) return failure(why);
        return LmdbRepair{{}, dropped};
    }
    [[nodiscard]] Error failure(int why) const {
        const bool full = why == ENOSPC || why == EDQUOT;
        return {full ? ErrorCode::full : ErrorCode::io,
                "cannot repair " + path_ + " after a crash: " + std::strerror(why)};
    }
    [[nodiscard]] off_t meta_at(std::size_t which) const {
        return static_cast<off_t>(which * mark_.page_bytes + meta_begin);
    }

    const std::string& path_;
    std::uint64_t failed_;
    int file_;
    Mark mark_;
    std::string metas_[2];
    std::uint64_t numbers_[2] = {};  // of their transactions
    std::size_t newest_ = 0;
};

Result<LmdbRepair> Repair::run() {
    if (file_ < 0) return errno == ENOENT ? Result<LmdbRepair>{LmdbRepair{}} : failure(errno);
    std::optional<Mark> mark;
    if (const int why = read_mark(file_, mark); why != 0) return failure(why);
    if (!mark) return LmdbRepair{};
    mark_ = *mark;
    return repair();
}

Result<LmdbRepair> Repair::repair() {
    if (auto known = read_metas(); !known) return known.error();
    newest_ = numbers_[1] > numbers_[0] ? 1 : 0;
    if (mark_.returning > 0) return take_back(mark_.returning);
    const std::uint64_t transaction = numbers_[newest_];
    // Those before were whole when the mark was written, or when that commit failed.
    return transaction < std::max(mark_.first, failed_) ? finish(false) : judge(transaction);
}

Result<void> Repair::read_metas() {
    for (std::size_t i = 0; i < 2; ++i) {
        if (const int why = read_all(file_, meta_end - meta_begin, meta_at(i), metas_[i]); why != 0)
            return failure(why);
        std::uint32_t magic = 0;
        if (metas_[i].size() == meta_end - meta_begin) {
            std::memcpy(&magic, metas_[i].data(), sizeof magic);
            std::memcpy(&numbers_[i], metas_[i].data() + transaction_at - meta_begin, sizeof numbers_[i]);
        }
        if (magic != lmdb_magic)
            return Error{ErrorCode::invalid, path_ + " is damaged: a meta page is missing. Restore a copy."};
    }
    return {};
}

Result<LmdbRepair> Repair::judge(std::uint64_t transaction) {
    const auto entry = entry_of(transaction);
    if (!entry) return entry.error();
    if (*entry && (*entry)->kind == synced_entry) return finish(false);
    if (numbers_[1 - newest_] + 1 != transaction)
        return Error{ErrorCode::invalid,
                     path_ + " is damaged: its meta pages are not of two successive commits. Restore a copy."};
    if (auto alone = expect_alone(); !alone) return alone.error();
    int why = transaction == failed_ ? forget_entry(transaction) : 0;
    mark_.returning = transaction;
    if (why == 0) why = write_mark(file_, mark_);
    return why == 0 ? take_back(transaction) : failure(why);
}

// Begins anew after a crash in the middle of it.
Result<LmdbRepair> Repair::take_back(std::uint64_t transaction) {
    if (numbers_[newest_] == transaction)
        if (const int why = put_meta_back(); why != 0) return failure(why);
    auto entry = entry_of(transaction);
    if (!entry) return entry.error();
    if (!*entry) return finish(true);
    return LmdbRepair{std::move((*entry)->writes), false};
}

// The newest meta page becomes one that is older than the other and leads to the same pages as that.
int Repair::put_meta_back() {
    std::string meta = metas_[1 - newest_];
    const std::uint64_t older = numbers_[1 - newest_] - 1;
    std::memcpy(meta.data() + transaction_at - meta_begin, &older, sizeof older);
    const int why = write_all(file_, meta, meta_at(newest_));
    return why != 0 ? why : sync_file(file_);
}

int Repair::forget_entry(std::uint64_t transaction) const {
    const off_t slot = slot_at(mark_.page, mark_.page_bytes, transaction);
    const int why = write_all(file_, std::string(LmdbRedoLog::head_bytes, '\0'), slot);
    return why != 0 ? why : sync_file(file_);
}

// Whoever has the file open holds a lock on the first byte of its lock file, and would see it change.
Result<void> Repair::expect_alone() const {
    const int locks = ::open((path_ + "-lock").c_str(), O_RDWR | O_CLOEXEC);
    if (locks < 0) return errno == ENOENT ? Result<void>{} : failure(errno);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_len = 1;
    const int why = ::fcntl(locks, F_GETLK, &lock) == 0 ? 0 : errno;
    ::close(locks);
    if (why != 0) return failure(why);
    if (lock.l_type == F_UNLCK) return {};
    return Error{ErrorCode::io, path_ + " must be repaired after a crash, and another process (" +
                                    std::to_string(lock.l_pid) + ") has it open. End that process."};
}

// Nothing when the slot has another transaction's entry, or is not whole.
Result<std::optional<Entry>> Repair::entry_of(std::uint64_t transaction) const {
    const off_t at = slot_at(mark_.page, mark_.page_bytes, transaction);
    const std::optional<Entry> none;
    std::string head;
    if (const int why = read_all(file_, LmdbRedoLog::head_bytes, at, head); why != 0) return failure(why);
    if (head.size() < LmdbRedoLog::head_bytes || load_big_endian(head.data() + word) != transaction) return none;
    const std::uint64_t length = load_big_endian(head.data() + 2 * word);
    if (length > LmdbRedoLog::slot_bytes - LmdbRedoLog::head_bytes) return none;
    Entry entry{load_big_endian(head.data()), {}};
    if (const int why = read_all(file_, length, at + static_cast<off_t>(LmdbRedoLog::head_bytes), entry.writes);
        why != 0)
        return failure(why);
    const std::uint64_t sum = checksum(entry.writes, checksum({head.data(), 3 * word}));
    if (entry.writes.size() < length || sum != load_big_endian(head.data() + 3 * word)) return none;
    return std::optional{std::move(entry)};
}

}  // namespace

Result<LmdbRepair> repair_lmdb_file(const std::string& path, std::uint64_t failed) {
    return Repair{path, failed}.run();
}

}  // namespace halp
