// One of the equal parts into which the records of a node with several threads are split, with a store of its own.
// Every thread reads and writes it, under its lock. What the store completes goes to the inbox of the thread that
// wrote, and what it changes to the inboxes of the threads that follow the channel. Both are posted under the lock,
// so that each thread hears of the changes of a key in the order in which they were made.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records/record_store.h"
#include "store/time.h"
#include "tools/halpd/workers/share_lock.h"
#include "tools/halpd/workers/worker_inbox.h"

namespace halp {

// One inbox for each thread.
using WorkerInboxes = std::vector<WorkerInbox*>;
using WorkerSet = std::uint64_t;  // a bit for each thread
inline constexpr std::size_t dht_threads_max = 64;

class RecordShare {
public:
    enum class Kind : std::uint8_t { put, update, remove, create_channel, remove_channel };
    struct Write {
        Kind kind;
        const Channel& channel;
        Key key{};
        std::string_view value = {};
        std::uint64_t original_hash = 0;
    };
    struct Writer {
        std::size_t worker = 0;
        WriteToken token{};
    };

    // The inboxes outlive the share and are complete before its first write.
    explicit RecordShare(const WorkerInboxes& inboxes) : inboxes_(inboxes) {}
    RecordShare(const RecordShare&) = delete;
    RecordShare& operator=(const RecordShare&) = delete;
    void set_store(std::unique_ptr<RecordStore> store);

    // Of the store, and of what runs commits beside it.
    [[nodiscard]] ShareLock& lock() { return lock_; }
    template <class Call>
    auto with_store(Call&& call) {
        const std::lock_guard guard{lock_};
        return call(*store_);
    }

    // Returns how the write ended if the engine completes at once; otherwise the inbox of the writer gets it.
    [[nodiscard]] std::optional<Wrote> write(const Write& write, const Writer& writer);
    void follow(const Channel& channel, std::size_t worker, bool wanted);
    [[nodiscard]] WorkerSet followers_of(const Channel& channel);

    [[nodiscard]] Result<void> set_range(const HashRange& wanted);
    [[nodiscard]] bool commit_due(Instant now);
    Result<void> commit();
    [[nodiscard]] Instant next_deadline() const { return due_at_.load(std::memory_order_relaxed); }
    // To be called under the lock when the store has completed writes outside of the calls above.
    void distribute();

private:
    struct Pending {
        Writer writer;
        RecordChange change;
        bool silent = false;  // followers are not told
        bool over = false;
    };
    void apply(const Write& write, WriteToken token);
    void tell(const RecordChange& change);

    const WorkerInboxes& inboxes_;
    ShareLock lock_;
    std::unique_ptr<RecordStore> store_;
    bool at_once_ = false;
    std::deque<Pending> pending_;  // its element i has the token first_token_ + i
    std::uint64_t first_token_ = 1;
    std::map<Channel, WorkerSet> followers_;
    std::vector<Completion> completions_;  // reused
    std::atomic<Instant> due_at_{no_deadline};
};

// Which of `shares` has the records of this key. It depends on nothing else, so a change of the node's range moves
// no records, and neighbouring keys spread over all shares.
[[nodiscard]] std::size_t share_of(Key key, std::size_t shares);

}  // namespace halp
