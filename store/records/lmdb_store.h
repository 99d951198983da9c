// Records on disk. Writes gather for at most 5 ms or until there are 4096, go into one transaction, and are
// completed when it is on the disk. A completed write survives kill -9, and with Durability::power also a crash of
// the machine. Reads are synchronous; a scan sees one snapshot per slice. Opening reads the channels only, so its
// time does not depend on the number of records.
//
// The world runs the commits. Either on the event loop: `if (store.commit_due(now)) store.commit()`. Or on a
// thread, so that reads continue meanwhile: prepare_commit() on the loop, run_commit() on the thread, and
// finish_commit() on the loop after that. The thread does nothing else, so no lock is needed.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records/channel_row.h"
#include "store/records/lmdb_file.h"
#include "store/records/lmdb_run.h"
#include "store/records/lmdb_sweep.h"
#include "store/records/record_cache.h"
#include "store/records/record_store.h"
#include "store/records/served_range.h"
#include "store/records/write_batch.h"

namespace halp {

enum class Durability : std::uint8_t {
    power,    // completed means on the disk
    process,  // completed means handed to the operating system: a crash of the machine may damage the file
};

struct LmdbOptions {
    Durability durability = Durability::power;
    Duration gather = std::chrono::milliseconds{5};
    std::size_t writes_per_commit = 4096;                  // as many make a commit due
    std::size_t bytes_per_commit = 16 * 1024 * 1024;       // the same in bytes
    std::uint64_t map_bytes = 64 * 1024 * 1024;            // initial address space; doubled when needed
    std::uint64_t map_bytes_max = std::uint64_t{1} << 40;  // limit of the file's size
    std::size_t channels_max = 65536;
    std::size_t value_bytes_max = 64 * 1024 * 1024;
    std::size_t purged_per_commit = 4096;  // how many records of removed channels
};

// The result of a walk over the whole file.
struct StoreCheck {
    std::size_t channels = 0;
    RecordCount found;                 // in existing channels
    RecordCount aside;                 // set aside when the range of the node changed
    std::uint64_t to_purge = 0;        // records of removed channels
    std::vector<std::string> defects;  // sentences, at most 100
};

class LmdbStore final : public RecordStore {
public:
    // `path` is a file in an existing directory. Only one process at a time may write to it.
    [[nodiscard]] static Result<std::unique_ptr<LmdbStore>> open(const std::string& path,
                                                                 const LmdbOptions& options);

    // Keeps values that were read in memory from now on. To be called before the first read.
    void use_cache(std::unique_ptr<RecordCache> cache) { cache_ = std::move(cache); }
    // Nothing without a cache.
    [[nodiscard]] std::optional<RecordCache::Counts> cache_counts() const {
        return cache_ ? std::optional{cache_->counts()} : std::nullopt;
    }

    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override;
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override;
    void expect(const Channel& channel, Key key, Expected when) const override;
    [[nodiscard]] Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                    const Visit& visit) const override;
    void rest() override;
    [[nodiscard]] bool has_channel(const Channel& channel) const override { return rows_.count(channel) != 0; }
    [[nodiscard]] std::vector<Channel> channels(const std::optional<Channel>& after,
                                                std::size_t count) const override;
    [[nodiscard]] std::size_t channel_count() const override { return rows_.size(); }
    [[nodiscard]] RecordCount count(const Channel& channel) const override;
    [[nodiscard]] RecordCount total() const override { return total_; }
    [[nodiscard]] RecordCount removed() const override { return removed_; }

    void put(const Channel& channel, Key key, std::string_view value, WriteToken token) override;
    void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                WriteToken token) override;
    void remove(const Channel& channel, Key key, WriteToken token) override;
    void create_channel(const Channel& channel, WriteToken token) override;
    void remove_channel(const Channel& channel, WriteToken token) override;
    void take_completions(std::vector<Completion>& completions) override;

    [[nodiscard]] HashRange range() const override { return served_.now; }
    [[nodiscard]] Result<void> set_range(const HashRange& wanted) override;
    [[nodiscard]] bool sweeping() const override { return served_.stale; }
    [[nodiscard]] RecordCount set_aside() const override;
    [[nodiscard]] std::vector<Channel> channels_aside() const override;
    [[nodiscard]] Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after,
                                          const Visit& visit) const override;
    [[nodiscard]] Result<void> drop_aside() override;
    // For a tool that is about to write records of any key: the node takes them all, and its next start looks which
    // of them are in its range. Not while sweeping().
    [[nodiscard]] Result<void> forget_range();

    [[nodiscard]] bool commit_due(Instant now) override;
    [[nodiscard]] Instant next_deadline() const override { return deadline_; }
    Result<void> commit() override;
    [[nodiscard]] std::size_t waiting_bytes() const override { return waiting_.bytes() + running_.bytes(); }

    // The three parts of commit(). Returns false when there is nothing to commit or a commit is running.
    [[nodiscard]] bool prepare_commit();
    void run_commit();
    // True: run again, because the map has grown or only removals are left to try. An error: writes have failed,
    // and the commit is over.
    [[nodiscard]] Result<bool> finish_commit();
    // A sentence about the end of the last use when it was a crash in the middle of a commit; else empty.
    [[nodiscard]] const std::string& repaired() const { return repaired_; }
    // How often the file was opened again after a failure that had made it unusable.
    [[nodiscard]] std::uint64_t recoveries() const { return recoveries_; }

    // For Durability::process: writes everything that is completed to the disk.
    [[nodiscard]] Result<void> sync() { return file_->sync(); }
    // Writes a copy without holes. The new file must not exist.
    [[nodiscard]] Result<void> copy_to(const std::string& path) const { return file_->copy_to(path); }
    // Reads all records; for tools, not for a running node. `progress` is called from time to time with the number
    // of records read.
    using Progress = std::function<void(std::uint64_t records)>;
    [[nodiscard]] Result<StoreCheck> check(const Progress& progress = {}) const;
    [[nodiscard]] std::uint64_t map_bytes() const { return file_->map_bytes(); }
    [[nodiscard]] std::uint64_t used_bytes() const { return file_->used_bytes(); }
    [[nodiscard]] bool purging() const { return purge_pending_; }
    // Why the file cannot be used or written at present, as a sentence; nothing when the last commit has succeeded.
    [[nodiscard]] const std::optional<std::string>& trouble() const { return standing_trouble_; }
    // The number of writes in the running commit, and of those that wait for the next.
    [[nodiscard]] std::size_t writes_committing() const { return running_.size(); }
    [[nodiscard]] std::size_t writes_waiting() const { return waiting_.size(); }
    [[nodiscard]] const LmdbOptions& options() const { return options_; }
    // Sets when a commit is due: after `gather`, or when `writes` are waiting.
    void set_gather(Duration gather, std::size_t writes) {
        options_.gather = gather;
        options_.writes_per_commit = writes;
    }

private:
    LmdbStore(std::unique_ptr<LmdbFile> file, const LmdbOptions& options);
    [[nodiscard]] Result<void> load_all();
    [[nodiscard]] Result<void> redo();
    [[nodiscard]] Result<void> set_up_format();
    [[nodiscard]] Result<void> set_up_log();
    [[nodiscard]] bool has_log();
    [[nodiscard]] Result<void> load_channels(LmdbRead& read);
    [[nodiscard]] Result<void> load_aside(LmdbRead& read);
    [[nodiscard]] Result<void> load_range(LmdbRead& read);
    [[nodiscard]] Result<void> recover();
    [[nodiscard]] bool file_was_replaced();

    [[nodiscard]] LmdbRead& reading() const { return reading_ ? *reading_ : reading_.emplace(*file_); }
    [[nodiscard]] std::optional<ChannelNumber> number_of(const Channel& channel) const;
    void expect_cached(ChannelNumber number, Key key, bool next) const;
    void forget_written();
    void forget_cached() {
        if (cache_) cache_->clear();
    }
    void submit(const BatchedWrite& write, const Channel& channel, std::string_view value = {});
    [[nodiscard]] bool admits(const BatchedWrite& write, const Channel& channel, std::string_view value) const;
    [[nodiscard]] bool has_room_for(const Channel& channel) const;
    [[nodiscard]] Result<Scan> scan_number(ChannelNumber number, std::optional<Key> after,
                                           const Visit& visit) const;
    enum class Work : std::uint8_t { batch, purge, sweep };
    [[nodiscard]] bool has_chores() const { return purge_pending_ || (served_.stale && !sweep_failed_); }
    [[nodiscard]] Work next_work() const;
    [[nodiscard]] SweepStep next_sweep() const;
    void accept_sweep();
    [[nodiscard]] Result<void> adopt_range(const HashRange& wanted);
    [[nodiscard]] bool retry_later(Instant now);
    [[nodiscard]] Result<void> store_range(const ServedRange& range);

    [[nodiscard]] bool grow();
    void accept();
    [[nodiscard]] bool give_up();
    Result<bool> end_commit();

    std::unique_ptr<LmdbFile> file_;
    LmdbOptions options_;
    // The snapshot of this turn. It is renewed after every commit, so a client that was told of a write can read
    // it. During a commit it stays, because nobody may read a write that is not on the disk yet.
    mutable std::optional<LmdbRead> reading_;
    // Of the same values as that snapshot; null: none. Those of a removed channel are never found again, because
    // channels have numbers.
    std::unique_ptr<RecordCache> cache_;
    // Keys that are to be looked for in the cache, when their buckets have come.
    struct Awaited {
        ChannelNumber channel{};
        Key key{};
    };
    mutable std::array<Awaited, 2> awaited_{};
    std::map<Channel, ChannelRow> rows_;  // of completed writes
    RecordCount total_, removed_;
    ServedRange served_;
    bool range_known_ = false;             // the file names it
    std::optional<HashRange> wanted_;      // as set_range was told; a tool tells nothing
    std::map<Channel, ChannelRow> aside_;  // set aside
    // Where the sweep stands: in this channel, behind this key. Without a channel it begins.
    std::optional<Channel> sweeping_in_;
    std::optional<Key> swept_to_;
    bool channels_swept_ = false;
    bool sweep_failed_ = false;  // until sweep_again_
    Instant sweep_again_ = no_deadline;

    WriteBatch waiting_;
    Instant deadline_ = no_deadline;
    std::vector<Completion> completions_;

    // The running commit. run_commit() reads these members and writes only run_.
    bool committing_ = false;
    WriteBatch running_;
    LmdbRun run_;
    Work work_ = Work::batch;
    SweepStep sweep_;
    bool reduced_ = false;  // only removals are tried
    std::optional<Error> trouble_;

    std::optional<std::string> standing_trouble_;
    bool healed_ = false;  // what trouble_ reports is over
    std::uint64_t recoveries_ = 0;
    std::string repaired_;
    bool recovered_ = false;  // in this commit

    bool purge_pending_ = false;
    std::size_t commits_since_chore_ = 0;
};

}  // namespace halp
