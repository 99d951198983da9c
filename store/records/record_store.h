// Records by channel, as the handlers of the DHT need them. A write is handed in with a token and answered later by
// a Completion: an answer to a peer may leave only then, because only then is the record where the engine promises
// to keep it. Reads see what has been completed and nothing that could still be lost, so read, answered write, read
// is always in order. Writes take effect in the order in which they were handed in.
//
// One thread. Nothing here keeps a transaction, a lock or a pointer between two calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel.h"
#include "store/records/key.h"
#include "store/result.h"
#include "store/time.h"

namespace halp {

// Chosen by the caller, handed back in the completion; the store never looks at it.
enum class WriteToken : std::uint64_t {};

enum class Wrote : std::uint8_t {
    done,
    absent,    // remove, remove_channel: there was nothing to remove
    conflict,  // update: the record is no longer the one that was read
    refused,   // a limit of the store: value too long, too many channels, no room; nothing changed
    failed,    // the disk would not take it; nothing changed
};

struct Completion {
    WriteToken token{};
    Wrote wrote = Wrote::done;
    bool operator==(const Completion&) const = default;
};

struct RecordCount {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;  // of the values
    bool operator==(const RecordCount&) const = default;
};

enum class Scan : std::uint8_t { stopped, ended };  // by the visitor; by the end of the channel

class RecordStore {
public:
    // Answers false to stop. Must not call the store.
    using Visit = std::function<bool(Key, std::string_view value)>;

    RecordStore() = default;
    RecordStore(const RecordStore&) = delete;
    RecordStore& operator=(const RecordStore&) = delete;
    virtual ~RecordStore() = default;

    // ---- reading ----

    // False when there is no such record; `value` is then empty. An empty value is a value.
    [[nodiscard]] virtual Result<bool> get(const Channel& channel, Key key, std::string& value) const = 0;
    [[nodiscard]] virtual Result<bool> exists(const Channel& channel, Key key) const = 0;
    // A slice of the channel in the order of the keys as numbers, strictly behind `after` (whether or not there is
    // such a record). The caller remembers the last key it took, and may write, remove and wait between slices:
    // what stays in the channel all the while is seen exactly once.
    [[nodiscard]] virtual Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                            const Visit& visit) const = 0;

    // The turn of the event loop is over: what reads of one turn share is given back.
    virtual void rest() {}

    [[nodiscard]] virtual bool has_channel(const Channel& channel) const = 0;
    // At most `count`, in the order of their names, behind `after`.
    [[nodiscard]] virtual std::vector<Channel> channels(const std::optional<Channel>& after,
                                                        std::size_t count) const = 0;
    [[nodiscard]] virtual std::size_t channel_count() const = 0;
    [[nodiscard]] virtual RecordCount count(const Channel& channel) const = 0;  // zeros when there is none
    [[nodiscard]] virtual RecordCount total() const = 0;

    // ---- writing ----

    // Creates the channel when it is new.
    virtual void put(const Channel& channel, Key key, std::string_view value, WriteToken token) = 0;
    // Like put if there is no such record, or if the hash (fnv1a) of its value is `original_hash`; else conflict.
    virtual void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                        WriteToken token) = 0;
    virtual void remove(const Channel& channel, Key key, WriteToken token) = 0;
    virtual void create_channel(const Channel& channel, WriteToken token) = 0;
    // With all its records, at once however many they are.
    virtual void remove_channel(const Channel& channel, WriteToken token) = 0;

    // Moves what has been completed to the end of `completions`, in the order of the writes. A refused write may be
    // answered before those that wait.
    virtual void take_completions(std::vector<Completion>& completions) = 0;
    // Every write is completed when the call that hands it in returns.
    [[nodiscard]] virtual bool completes_at_once() const { return false; }

    // ---- committing: nothing to do for an engine that completes at once ----

    // To be asked at the end of every turn that wrote, and at the deadline. The first time that writes are seen
    // waiting their clock starts.
    [[nodiscard]] virtual bool commit_due(Instant) { return false; }
    [[nodiscard]] virtual Instant next_deadline() const { return no_deadline; }
    // The error is for the operator; the completions already say to whom it happened.
    virtual Result<void> commit() { return {}; }
    // Bytes of the writes not yet completed: who writes faster than the disk must be made to wait by this.
    [[nodiscard]] virtual std::size_t waiting_bytes() const { return 0; }
};

}  // namespace halp
