// The records of all channels, as the request handlers use them. A write is passed in with a token and ends with a
// Completion. Only then has the engine stored the record as durably as it promises, and only then may a peer be
// answered. Reads see completed writes only, never a write that could still be lost. Writes take effect in the
// order of the calls.
//
// For one thread. No transaction, lock or pointer outlives a call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel.h"
#include "store/records/hash_range.h"
#include "store/records/key.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// Chosen by the caller and returned in the completion. The store does not interpret it.
enum class WriteToken : std::uint64_t {};

enum class Wrote : std::uint8_t {
    done,
    absent,    // remove, remove_channel: there was nothing to remove
    conflict,  // update: the record has changed since it was read
    refused,   // a limit of the store: value too long, too many channels, no room; nothing changed
    failed,    // the disk did not accept it; nothing changed
};

struct Completion {
    WriteToken token{};
    Wrote wrote = Wrote::done;
    bool operator==(const Completion&) const = default;
};

struct RecordCount {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  // of all values
    bool operator==(const RecordCount&) const = default;
};

// A completed change, told to a node whose records other nodes of the process write as well.
struct RecordChange {
    enum class Kind : std::uint8_t { written, removed, channel_removed };
    Kind kind;
    Channel channel;
    Key key{};  // not of channel_removed
};

constexpr RecordCount operator+(const RecordCount& one, const RecordCount& other) {
    return {one.records + other.records, one.bytes + other.bytes};
}
// `some` is a part of `all`.
constexpr RecordCount operator-(const RecordCount& all, const RecordCount& some) {
    return {all.records - some.records, all.bytes - some.bytes};
}

enum class Scan : std::uint8_t { stopped, ended };  // stopped by the visitor, or ended with the channel

class RecordStore {
public:
    // Returns false to stop. Must not call the store.
    using Visit = std::function<bool(Key, std::string_view value)>;

    RecordStore() = default;
    RecordStore(const RecordStore&) = delete;
    RecordStore& operator=(const RecordStore&) = delete;
    virtual ~RecordStore() = default;

    // ---- reading ----

    // Returns false and an empty `value` when there is no such record. An existing value may be empty.
    [[nodiscard]] virtual Result<bool> get(const Channel& channel, Key key, std::string& value) const = 0;
    [[nodiscard]] virtual Result<bool> exists(const Channel& channel, Key key) const = 0;
    // Requests for the record come soon, or next: it may be fetched into the cache. Or it will be written soon.
    // Every engine has it, so that none that stands before another forgets it.
    enum class Expected : std::uint8_t { soon, next, write };
    virtual void expect(const Channel&, Key, Expected) const = 0;
    // Reads a slice of the channel in the numerical order of the keys, from the first key after `after`, whether
    // or not `after` exists. The caller keeps the last key, and may write, remove and wait between slices. A
    // record that exists all the time is visited exactly once.
    [[nodiscard]] virtual Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                            const Visit& visit) const = 0;

    // The turn of the event loop is over: releases what the reads of the turn have shared.
    virtual void rest() {}

    [[nodiscard]] virtual bool has_channel(const Channel& channel) const = 0;
    // At most `count` channels after `after`, in the order of their names.
    [[nodiscard]] virtual std::vector<Channel> channels(const std::optional<Channel>& after,
                                                        std::size_t count) const = 0;
    [[nodiscard]] virtual std::size_t channel_count() const = 0;
    [[nodiscard]] virtual RecordCount count(const Channel& channel) const = 0;  // zeros when missing
    [[nodiscard]] virtual RecordCount total() const = 0;
    // What remove and remove_channel have taken out since the store was opened.
    [[nodiscard]] virtual RecordCount removed() const { return {}; }

    // ---- writing ----

    // Creates a missing channel.
    virtual void put(const Channel& channel, Key key, std::string_view value, WriteToken token) = 0;
    // Puts the records of a dump, in any order, before the node begins: `feed` gives each to `put`, and meanwhile
    // nothing else is called. Of two with one key the later counts. Returns how many were refused or have failed.
    using PutRecord = std::function<void(Key key, std::string_view value)>;
    virtual std::uint64_t load(const Channel& channel, const std::function<void(const PutRecord& put)>& feed) {
        constexpr std::size_t puts_per_count = 4096;
        std::vector<Completion> ended;
        std::uint64_t refused = 0;
        std::size_t count = 0;
        const auto add_refused = [&] {
            take_completions(ended);
            for (const Completion& one : ended) refused += one.wrote == Wrote::done ? 0U : 1U;
            ended.clear();
        };
        feed([&](Key key, std::string_view value) {
            put(channel, key, value, WriteToken{});
            if (++count % puts_per_count == 0) add_refused();
        });
        add_refused();
        return refused;
    }
    // Puts the value if there is no such record or if the hash (fnv1a) of its value is `original_hash`. Otherwise
    // a conflict.
    virtual void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                        WriteToken token) = 0;
    virtual void remove(const Channel& channel, Key key, WriteToken token) = 0;
    virtual void create_channel(const Channel& channel, WriteToken token) = 0;
    // Removes the channel with all its records. The time does not depend on their number.
    virtual void remove_channel(const Channel& channel, WriteToken token) = 0;

    // Appends the completions since the last call, in the order of the writes. A refused write may come before
    // earlier ones that still wait.
    virtual void take_completions(std::vector<Completion>& completions) = 0;
    // Whether every write is completed when its call returns.
    [[nodiscard]] virtual bool completes_at_once() const { return false; }

    // ---- records that several nodes of one process write ----

    // True: the store itself tells of completed changes, those of its caller included, by take_changes().
    [[nodiscard]] virtual bool tells_changes() const { return false; }
    // Changes of this channel are wanted from now on, or no more.
    virtual void follow(const Channel&, bool) {}
    // Appends the changes of followed channels since the last call, those of one key in their order.
    virtual void take_changes(std::vector<RecordChange>&) {}

    // ---- the range of the node (store/records/README.md, "When the range changes") ----

    // The callers keep requests for other keys away. While sweeping(), scan() still visits records out of the
    // range, and its caller leaves them out.
    [[nodiscard]] virtual HashRange range() const = 0;
    // Changes the range: completes all waiting writes, and stores the new range as durably as a write. Later
    // commits set the stale records aside, slice by slice. Until they have done so, sweeping() is true and
    // range() is what the old and the new range have in common. On failure nothing has changed.
    [[nodiscard]] virtual Result<void> set_range(const HashRange& wanted) = 0;
    [[nodiscard]] virtual bool sweeping() const = 0;
    // The records that were set aside: no request finds them, and they take room until they are dropped or their
    // channel is removed.
    [[nodiscard]] virtual RecordCount set_aside() const = 0;
    [[nodiscard]] virtual std::vector<Channel> channels_aside() const = 0;
    [[nodiscard]] virtual Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after,
                                                  const Visit& visit) const = 0;
    [[nodiscard]] virtual Result<void> drop_aside() = 0;

    // ---- committing: for engines that do not complete at once, and for sweeps of all ----

    // To be called at the end of every turn with writes, and at the deadline. The gathering time begins with the
    // first call that finds waiting writes.
    [[nodiscard]] virtual bool commit_due(Instant) { return false; }
    [[nodiscard]] virtual Instant next_deadline() const { return no_deadline; }
    // The error is for the operator. The completions tell which writes have failed.
    virtual Result<void> commit() { return {}; }
    // Bytes of the waiting writes. The caller limits it to slow down clients that write faster than the disk.
    [[nodiscard]] virtual std::size_t waiting_bytes() const { return 0; }
};

}  // namespace halp
