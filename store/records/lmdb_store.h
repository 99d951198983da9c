// Records on disk. Writes gather, at most 5 ms or 4096 of them, go into one transaction, and are completed when
// that is on the disk: what was answered survives kill -9, and with Durability::power the machine's end. Reads are
// done when they return; a scan sees one moment per slice. Opening costs a look at the channels, however many
// records there are.
//
// The world runs the commits. On the loop: `if (store.commit_due(now)) store.commit()`. Or with a thread of its
// own, so that reads go on meanwhile: prepare_commit() on the loop, run_commit() on the thread, and when that has
// returned finish_commit() on the loop. Nothing else is done on the thread, so nothing needs a lock.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel_row.h"
#include "store/records/lmdb_file.h"
#include "store/records/lmdb_run.h"
#include "store/records/record_store.h"
#include "store/records/write_batch.h"

namespace halp {

enum class Durability : std::uint8_t {
    power,    // completed = on the disk
    process,  // completed = with the operating system: a crash of the machine may lose it, and damage the file
};

struct LmdbOptions {
    Durability durability = Durability::power;
    Duration gather = std::chrono::milliseconds{5};
    std::size_t writes_per_commit = 4096;                  // commit is due at once; a late world commits more
    std::size_t bytes_per_commit = 16 * 1024 * 1024;       // the same
    std::uint64_t map_bytes = 64 * 1024 * 1024;            // address space to begin with; doubles as needed
    std::uint64_t map_bytes_max = std::uint64_t{1} << 40;  // how large the file may become
    std::size_t channels_max = 65536;
    std::size_t value_bytes_max = 64 * 1024 * 1024;
    std::size_t purged_per_commit = 4096;  // records of removed channels
};

// What a walk over everything has found.
struct StoreCheck {
    std::size_t channels = 0;
    RecordCount found;                 // in channels that exist
    std::uint64_t to_purge = 0;        // records of removed channels
    std::vector<std::string> defects;  // in words, at most 100
};

class LmdbStore final : public RecordStore {
public:
    // `path` is a file in a directory that exists. One process writes to it at a time.
    [[nodiscard]] static Result<std::unique_ptr<LmdbStore>> open(const std::string& path,
                                                                 const LmdbOptions& options);

    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override;
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override;
    [[nodiscard]] Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                    const Visit& visit) const override;
    void rest() override;
    [[nodiscard]] bool has_channel(const Channel& channel) const override { return rows_.count(channel) != 0; }
    [[nodiscard]] std::vector<Channel> channels(const std::optional<Channel>& after,
                                                std::size_t count) const override;
    [[nodiscard]] std::size_t channel_count() const override { return rows_.size(); }
    [[nodiscard]] RecordCount count(const Channel& channel) const override;
    [[nodiscard]] RecordCount total() const override { return total_; }

    void put(const Channel& channel, Key key, std::string_view value, WriteToken token) override;
    void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                WriteToken token) override;
    void remove(const Channel& channel, Key key, WriteToken token) override;
    void create_channel(const Channel& channel, WriteToken token) override;
    void remove_channel(const Channel& channel, WriteToken token) override;
    void take_completions(std::vector<Completion>& completions) override;

    [[nodiscard]] bool commit_due(Instant now) override;
    [[nodiscard]] Instant next_deadline() const override { return deadline_; }
    Result<void> commit() override;
    [[nodiscard]] std::size_t waiting_bytes() const override { return waiting_.bytes() + running_.bytes(); }

    // The three parts of commit(). False when there is nothing to commit, or a commit is under way.
    [[nodiscard]] bool prepare_commit();
    void run_commit();
    // True: run it once more (the map has grown, or only what removes is left). An error: writes have failed, and
    // the commit is over.
    [[nodiscard]] Result<bool> finish_commit();
    // How often the file was opened again after a failure that had made it unusable.
    [[nodiscard]] std::uint64_t recoveries() const { return recoveries_; }

    // For Durability::process: everything completed so far to the disk.
    [[nodiscard]] Result<void> sync() { return file_->sync(); }
    // A copy without holes; the new file must not exist.
    [[nodiscard]] Result<void> copy_to(const std::string& path) const { return file_->copy_to(path); }
    // Walks over all records: for tools, not for a node at work. `progress` hears now and then how many were read.
    using Progress = std::function<void(std::uint64_t records)>;
    [[nodiscard]] Result<StoreCheck> check(const Progress& progress = {}) const;
    [[nodiscard]] std::uint64_t map_bytes() const { return file_->map_bytes(); }
    [[nodiscard]] std::uint64_t used_bytes() const { return file_->used_bytes(); }
    [[nodiscard]] bool purging() const { return purge_pending_; }
    // Writes of the commit under way, and those that wait for the next.
    [[nodiscard]] std::size_t writes_committing() const { return running_.size(); }
    [[nodiscard]] std::size_t writes_waiting() const { return waiting_.size(); }
    [[nodiscard]] const LmdbOptions& options() const { return options_; }
    // When the next commit is due: after `gather`, or when `writes` wait.
    void set_gather(Duration gather, std::size_t writes) {
        options_.gather = gather;
        options_.writes_per_commit = writes;
    }

private:
    LmdbStore(std::unique_ptr<LmdbFile> file, const LmdbOptions& options);
    [[nodiscard]] Result<void> load();
    [[nodiscard]] Result<void> set_up_format();
    [[nodiscard]] Result<void> recover();
    [[nodiscard]] bool file_was_replaced();

    [[nodiscard]] LmdbRead& reading() const { return reading_ ? *reading_ : reading_.emplace(*file_); }
    [[nodiscard]] std::optional<ChannelNumber> number_of(const Channel& channel) const;
    void submit(const BatchedWrite& write, const Channel& channel, std::string_view value = {});
    [[nodiscard]] bool admits(const BatchedWrite& write, const Channel& channel, std::string_view value) const;
    [[nodiscard]] bool has_room_for(const Channel& channel) const;
    [[nodiscard]] bool purge_turn() const;

    [[nodiscard]] bool grow();
    void accept();
    [[nodiscard]] bool give_up();
    Result<bool> end_commit();

    std::unique_ptr<LmdbFile> file_;
    LmdbOptions options_;
    // Of this turn, and of no commit that has ended since it began: who was told that a write is done can read it.
    mutable std::optional<LmdbRead> reading_;
    std::map<Channel, ChannelRow> rows_;  // completed
    RecordCount total_;

    WriteBatch waiting_;
    Instant deadline_ = no_deadline;
    std::vector<Completion> completions_;

    // The commit under way. run_commit() reads what is here, and writes only run_.
    bool committing_ = false;
    WriteBatch running_;
    LmdbRun run_;
    bool purge_run_ = false;
    bool reduced_ = false;  // to what removes
    std::optional<Error> trouble_;

    std::uint64_t recoveries_ = 0;
    bool recovered_ = false;  // in this commit

    bool purge_pending_ = false;
    std::size_t commits_since_purge_ = 0;
};

}  // namespace halp
