// The redo log of an LMDB file: with it a commit needs one flush instead of two. LMDB flushes the pages of a
// transaction and then, by a second flush, the meta page that leads to them, so that no crash leaves a meta page
// without its pages. With the log all of it is flushed at once, and the writes of the transaction with it. After a
// crash nobody knows which pages of the last transaction have arrived. So the file goes back to the transaction
// before, whose pages LMDB has not touched since, and repeats the writes if their entry in the log is whole. If it
// is not, the flush had not ended and nobody was answered.
//
// The log lies in the file, for only then does one flush cover both. It is the value of an entry that is never
// changed by LMDB, and has two slots: transaction n uses slot n % 2, so that the entry of the last transaction
// stands until the next one is whole. Layout: store/records/README.md, "The redo log".
//
// For Linux: a page that is written with pwrite is seen in a shared map of the file at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "store/result.h"

namespace halp {

class LmdbRedoLog {
public:
    static constexpr std::size_t slot_bytes = std::size_t{512} << 10;
    static constexpr std::size_t head_bytes = 32;
    static constexpr std::size_t page_bytes_max = std::size_t{64} << 10;
    // Of the value: the slots begin with its second page.
    static constexpr std::size_t value_bytes = 2 * slot_bytes + page_bytes_max;

    // All that return an int return 0 or errno.

    // The value begins in this page of the open file, which stays open as long as the log is used.
    [[nodiscard]] int use(int file, std::uint64_t page, std::uint32_t page_bytes);
    // Ends the use of a file that is about to be closed.
    void leave() { *this = LmdbRedoLog{}; }

    [[nodiscard]] bool takes(std::size_t bytes) const {
        return file_ >= 0 && bytes > 0 && bytes <= slot_bytes - head_bytes;
    }
    // An attempt at this transaction has left an entry. The entry of another attempt might not replace it on the
    // disk, so it must be flushed in the usual way.
    [[nodiscard]] bool noted(std::uint64_t transaction) const { return transaction == noted_; }
    // To be called before the transaction is committed: by one flush for all, or in the usual way.
    [[nodiscard]] int note_redo(std::uint64_t transaction, std::string_view writes);
    [[nodiscard]] int note_synced(std::uint64_t transaction);
    [[nodiscard]] int flush() const;
    [[nodiscard]] bool started() const { return started_; }
    // A commit has failed. LMDB may have left its own meta page half changed, so a repair must not go back behind
    // the transaction before this one.
    [[nodiscard]] int note_failed(std::uint64_t transaction) { return start(transaction); }
    // All is flushed: another program may use the file now, which knows nothing of the log.
    [[nodiscard]] int stop();
    // Ends the use and gives the room of the slots back to a disk that is full.
    [[nodiscard]] int give_room();

private:
    [[nodiscard]] int start(std::uint64_t transaction);
    [[nodiscard]] int note(std::uint64_t kind, std::uint64_t transaction, std::string_view writes);

    int file_ = -1;
    std::uint64_t page_ = 0;
    std::uint32_t page_bytes_ = 0;
    bool started_ = false;
    bool mark_in_doubt_ = false;  // it could not be written or flushed
    std::uint64_t noted_ = 0;
    std::string buffer_;  // reused
};

// What was found and done about a file whose last use did not end orderly.
struct LmdbRepair {
    std::string redo;      // writes to be repeated by the first transaction; end_lmdb_repair() after that
    bool dropped = false;  // the last transaction was not whole, and nobody was answered
};

// To be called before LMDB opens the file; nobody else may use it. `failed`: the last transaction of this process
// if it was answered as failed, else 0. It is not repeated, and those before it are whole.
[[nodiscard]] Result<LmdbRepair> repair_lmdb_file(const std::string& path, std::uint64_t failed);
[[nodiscard]] int end_lmdb_repair(int file);

}  // namespace halp
