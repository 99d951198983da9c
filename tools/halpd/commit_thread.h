// A record store whose commits run on a thread of their own, so that the disk keeps no reader waiting, nor the
// gossip of the same daemon. Everything else happens on the loop's thread; the two never touch the store at the
// same time but as lmdb_store.h allows it (prepare and finish on the loop, run on the thread).
//
// How long writes gather before a commit depends on what the last one took: a quarter of that, in whole
// milliseconds, and at most what the store was opened with; or until as many wait as did during the last one. So a
// fast disk is never waited for, and on a slow one those who were just answered come back in time for the next
// commit.
//
// What waits is bounded by the caller: WriteLog asks for a commit when too much does, and while one is under way
// that call waits for the disk.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "overlay/environment.h"
#include "store/records/lmdb_store.h"
#include "store/records/record_store.h"

struct event;
struct event_base;

namespace halp {

class CommitThread final : public RecordStore {
public:
    // `finished` is told from the loop when a commit is over and its completions can be taken.
    using Finished = std::function<void(const Result<void>&)>;
    CommitThread(std::unique_ptr<LmdbStore> store, event_base* base, const Clock& clock, Finished finished);
    ~CommitThread() override;

    // Until everything handed in is completed. Blocks.
    [[nodiscard]] Result<void> commit_all();
    [[nodiscard]] LmdbStore& store() { return *store_; }

    // RecordStore
    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override {
        return store_->get(channel, key, value);
    }
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override {
        return store_->exists(channel, key);
    }
    [[nodiscard]] Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                    const Visit& visit) const override {
        return store_->scan(channel, after, visit);
    }
    void rest() override { store_->rest(); }
    [[nodiscard]] bool has_channel(const Channel& channel) const override { return store_->has_channel(channel); }
    [[nodiscard]] std::vector<Channel> channels(const std::optional<Channel>& after,
                                                std::size_t count) const override {
        return store_->channels(after, count);
    }
    [[nodiscard]] std::size_t channel_count() const override { return store_->channel_count(); }
    [[nodiscard]] RecordCount count(const Channel& channel) const override { return store_->count(channel); }
    [[nodiscard]] RecordCount total() const override { return store_->total(); }
    void put(const Channel& channel, Key key, std::string_view value, WriteToken token) override {
        store_->put(channel, key, value, token);
    }
    void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                WriteToken token) override {
        store_->update(channel, key, original_hash, value, token);
    }
    void remove(const Channel& channel, Key key, WriteToken token) override { store_->remove(channel, key, token); }
    void create_channel(const Channel& channel, WriteToken token) override {
        store_->create_channel(channel, token);
    }
    void remove_channel(const Channel& channel, WriteToken token) override {
        store_->remove_channel(channel, token);
    }
    void take_completions(std::vector<Completion>& completions) override { store_->take_completions(completions); }
    [[nodiscard]] bool commit_due(Instant now) override { return !running_ && store_->commit_due(now); }
    [[nodiscard]] Instant next_deadline() const override { return store_->next_deadline(); }
    // Returns when a commit has begun; waits for the one under way if there is one.
    Result<void> commit() override;
    [[nodiscard]] std::size_t waiting_bytes() const override { return store_->waiting_bytes(); }

private:
    void work();     // the thread
    void on_done();  // the loop
    void start();
    // One run is over: an answer when the commit is, else it runs again.
    std::optional<Result<void>> step();
    void learn(std::size_t written);
    Result<void> wait();

    std::unique_ptr<LmdbStore> store_;
    const Clock& clock_;
    Finished finished_;
    const Duration gather_max_;
    const std::size_t writes_max_;
    Instant began_ = never;
    bool running_ = false;
    bool stop_ = false;  // written before go_, read behind it
    std::binary_semaphore go_{0}, done_{0};
    int wake_fd_;
    event* wake_event_;
    std::thread thread_;
};

}  // namespace halp
