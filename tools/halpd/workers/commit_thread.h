// A record store that commits on a thread of its own, so that readers and the daemon's gossip do not wait for the
// disk. Everything else runs on the loop's thread. The two threads use the store at the same time only as
// lmdb_store.h allows: prepare and finish on the loop, run on the thread.
//
// The gathering time before a commit depends on the last commit: a quarter of its duration, in whole milliseconds,
// and at most the store's option. A commit also starts when as many writes wait as arrived during the last one. So
// a fast disk causes no wait, and on a slow disk the clients that were just answered come in time for the next
// commit. When nothing has been under way for as long as the last commit took, nobody is about to come, and a write
// starts its commit at once.
//
// With a lock, several threads use the store, each under it, and the loop takes it for finish and `finished`.
//
// The caller limits the waiting writes: WriteLog calls commit() above a limit, and during a commit that call waits
// for the disk.
#pragma once

#include <algorithm>
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
#include "tools/halpd/workers/share_lock.h"

struct event;
struct event_base;

namespace halp {

class CommitThread final : public RecordStore {
public:
    // `finished` is called on the loop when a commit is over and its completions can be taken.
    using Finished = std::function<void(const Result<void>&)>;
    CommitThread(std::unique_ptr<LmdbStore> store, event_base* base, const Clock& clock, Finished finished,
                 ShareLock* lock = nullptr);
    ~CommitThread() override;

    // Blocks until all writes are completed.
    [[nodiscard]] Result<void> commit_all();
    [[nodiscard]] LmdbStore& store() { return *store_; }

    // RecordStore
    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override {
        return store_->get(channel, key, value);
    }
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override {
        return store_->exists(channel, key);
    }
    void expect(const Channel& channel, Key key, Expected when) const override {
        store_->expect(channel, key, when);
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
    [[nodiscard]] RecordCount removed() const override { return store_->removed(); }
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
    [[nodiscard]] HashRange range() const override { return store_->range(); }
    [[nodiscard]] Result<void> set_range(const HashRange& wanted) override;
    [[nodiscard]] bool sweeping() const override { return store_->sweeping(); }
    [[nodiscard]] RecordCount set_aside() const override { return store_->set_aside(); }
    [[nodiscard]] std::vector<Channel> channels_aside() const override { return store_->channels_aside(); }
    [[nodiscard]] Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after,
                                          const Visit& visit) const override {
        return store_->scan_aside(channel, after, visit);
    }
    [[nodiscard]] Result<void> drop_aside() override;
    [[nodiscard]] bool commit_due(Instant now) override {
        return !running_ && (store_->commit_due(now) || (store_->writes_waiting() > 0 && now >= company_until_));
    }
    [[nodiscard]] Instant next_deadline() const override {
        const Instant deadline = store_->next_deadline();
        return running_ || store_->writes_waiting() == 0 ? deadline : std::min(deadline, company_until_);
    }
    // Starts a commit; waits first if one is running.
    Result<void> commit() override;
    [[nodiscard]] std::size_t waiting_bytes() const override { return store_->waiting_bytes(); }

private:
    void work();     // on the thread
    void on_done();  // on the loop
    void finish();
    void start();
    // To be called after each run: the result when the commit is over, or nothing after it has been started again.
    std::optional<Result<void>> step();
    void learn(std::size_t written);
    Result<void> wait();

    std::unique_ptr<LmdbStore> store_;
    const Clock& clock_;
    Finished finished_;
    ShareLock* const lock_;
    const Duration gather_max_;
    const std::size_t writes_max_;
    Instant began_ = never;
    Instant company_until_ = never;  // until then the clients of the last commit may come again
    bool running_ = false;
    bool stop_ = false;  // written before go_ is released, read after it is acquired
    std::binary_semaphore go_{0}, done_{0};
    int wake_fd_;
    event* wake_event_;
    std::thread thread_;
};

}  // namespace halp
