// All writes to the records of a node pass through here, whichever protocol asks for them. The write log hands a
// write to the store, tells the requester how it ended, and tells the listeners of the channel what has changed.
// Neo and legacy share it and nothing else, so a Put of either reaches the Mirrors and Listens of both.
//
// Listeners are told of a change when the store has completed it, so no listener is told of a write that a crash
// could still undo.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "overlay/dht/records/record_actions.h"
#include "store/records/record_store.h"

namespace halp {

class RecordListener {
public:
    virtual ~RecordListener() = default;
    virtual void on_changed(Key key) = 0;
    virtual void on_removed(Key key) = 0;
    // The channel was removed, and this registration with it.
    virtual void on_channel_removed() = 0;
    // Has been told of changes that it will send and has not sent yet.
    [[nodiscard]] virtual bool sending() const = 0;
};

// Is told of every completed change of every channel, but not of those made quietly.
class RecordWatcher {
public:
    virtual ~RecordWatcher() = default;
    virtual void on_write(const Channel& channel, Key key) = 0;  // put or removed
    virtual void on_channel_removed(const Channel& channel) = 0;
};

class CompletionHandler {
public:
    virtual ~CompletionHandler() = default;
    virtual void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) = 0;
};

// Who is told how a write ended. The handler chooses the meaning of the two numbers.
struct Requester {
    CompletionHandler* handler = nullptr;  // null: nobody is told
    std::uint64_t stream = 0;
    std::uint64_t request = 0;
};

class WriteLog {
public:
    explicit WriteLog(RecordStore& store) : store_(store), store_tells_(store.tells_changes()) {}

    [[nodiscard]] const RecordStore& store() const { return store_; }
    // Of all protocols. The write log counts what is written, the handlers count the rest.
    [[nodiscard]] RecordActions& actions() { return actions_; }
    [[nodiscard]] const RecordActions& actions() const { return actions_; }

    // When the engine completes writes at once, these return how the write ended; listeners have been told, and the
    // requester is not. Otherwise they return nothing, and collect() tells the requester later.
    std::optional<Wrote> put(const Channel& channel, Key key, std::string_view value, Requester requester);
    std::optional<Wrote> remove(const Channel& channel, Key key, Requester requester);
    std::optional<Wrote> update(const Channel& channel, Key key, std::uint64_t original_hash,
                                std::string_view value, Requester requester);
    // Neither listeners nor watchers are told: the record has not changed, it has come from another node or has
    // gone to one.
    std::optional<Wrote> put_quietly(const Channel& channel, Key key, std::string_view value, Requester requester);
    std::optional<Wrote> remove_quietly(const Channel& channel, Key key, Requester requester);
    // collect() always tells the requester. Listeners end also when there is no such channel.
    void remove_channel(const Channel& channel, Requester requester);
    // No listener is told.
    std::optional<Wrote> create_channel(const Channel& channel, Requester requester);

    // RecordStore::set_range. The caller collects what it has completed.
    [[nodiscard]] Result<void> set_range(const HashRange& range) { return store_.set_range(range); }

    // Tells listeners and requesters what the store has completed since the last call. They must not write
    // meanwhile.
    void collect();
    // From now on `handler` is told of no write, pending ones included.
    void forget(const CompletionHandler& handler);

    // `listener` stays until it or its channel is removed.
    void listen(const Channel& channel, RecordListener& listener);
    void unlisten(const Channel& channel, RecordListener& listener);
    // `watcher` stays until it is removed.
    void watch(RecordWatcher& watcher) { watchers_.push_back(&watcher); }
    void unwatch(RecordWatcher& watcher) { std::erase(watchers_, &watcher); }
    void drop_listeners() { listeners_.clear(); }  // they are not told
    [[nodiscard]] std::size_t listener_count(const Channel& channel) const;
    [[nodiscard]] std::size_t listeners_sending(const Channel& channel) const;
    // Channels that somebody listens to, those that do not exist included.
    [[nodiscard]] std::vector<Channel> listened_channels() const;

    // Writes have numbers in their order: that of the next one, and whether all before a number are completed.
    [[nodiscard]] std::uint64_t next_write() const { return first_token_ + pending_.size(); }
    [[nodiscard]] bool completed_before(std::uint64_t write) const { return first_token_ >= write; }
    [[nodiscard]] bool all_completed() const { return pending_.empty(); }
    [[nodiscard]] std::size_t writes_pending() const { return pending_.size(); }
    // Whose writes are not completed; sorted. For rare use: it looks at all pending writes.
    [[nodiscard]] std::vector<Key> keys_pending(const Channel& channel) const;

    // To be called at the end of every turn and at the deadline. A store with more than `waiting_bytes_max` pending
    // bytes commits at once and blocks the caller, which slows down clients that write faster than the disk.
    [[nodiscard]] Result<void> commit_if_due(Instant now, std::size_t waiting_bytes_max);
    [[nodiscard]] Instant next_deadline() const { return store_.next_deadline(); }
    void rest() { store_.rest(); }  // the very last call of every turn

private:
    enum class Kind : std::uint8_t { change, removal, channel_removal, creation, quiet };
    struct Pending {
        Kind kind;
        bool over;
        Key key;
        Channel channel;
        Requester requester;
        std::size_t value_bytes;  // of a change
    };
    WriteToken expect(Kind kind, const Channel& channel, Key key, Requester requester, std::size_t value_bytes = 0);
    [[nodiscard]] bool at_once() const { return pending_.empty() && store_.completes_at_once(); }
    [[nodiscard]] WriteToken next_token() { return WriteToken{first_token_++}; }
    Wrote complete(Kind kind, const Channel& channel, Key key, std::size_t value_bytes = 0);
    void tell(Kind kind, const Channel& channel, Key key);
    void tell_listeners(Kind kind, const Channel& channel, Key key);
    void tell_changes();
    void tell_watchers(Kind kind, const Channel& channel, Key key);
    std::optional<Wrote> put_as(Kind kind, const Channel& channel, Key key, std::string_view value,
                                Requester requester);
    std::optional<Wrote> remove_as(Kind kind, const Channel& channel, Key key, Requester requester);

    RecordStore& store_;
    const bool store_tells_;       // listeners are told what the store tells, and not when writes are completed
    std::deque<Pending> pending_;  // its element i has the token first_token_ + i
    std::uint64_t first_token_ = 1;
    std::vector<Completion> completions_;  // reused
    std::vector<RecordChange> changes_;    // reused
    std::map<Channel, std::vector<RecordListener*>> listeners_;
    RecordActions actions_;
    std::vector<RecordWatcher*> watchers_;
    bool wrote_ = false;  // since the last commit_if_due
};

}  // namespace halp
