// Where all writes to the records of a node pass, whoever asks for them: it hands them to the store, tells the
// asker how they ended, and tells those who listen to a channel what changed in it. Neo and legacy meet here and
// nowhere else, so a Put of either is heard by the Mirrors and Listens of both.
//
// Listeners hear of a change when the store has completed it, never of one that could still be lost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "store/records/record_store.h"

namespace halp {

class RecordListener {
public:
    virtual ~RecordListener() = default;
    virtual void on_changed(Key key) = 0;
    virtual void on_removed(Key key) = 0;
    // The channel is gone, and with it this registration.
    virtual void on_channel_removed() = 0;
};

class WriteSink {
public:
    virtual ~WriteSink() = default;
    virtual void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) = 0;
};

// Whom to answer. The two words are the sink's own.
struct Asker {
    WriteSink* sink = nullptr;  // null: nobody waits for the answer
    std::uint64_t stream = 0;
    std::uint64_t request = 0;
};

class RecordDesk {
public:
    explicit RecordDesk(RecordStore& store) : store_(store) {}

    [[nodiscard]] const RecordStore& store() const { return store_; }

    // How the write ended, when the engine completes writes at once: listeners have been told then, and the asker
    // is not. Else nothing, and the asker hears of it.
    std::optional<Wrote> put(const Channel& channel, Key key, std::string_view value, Asker asker);
    std::optional<Wrote> remove(const Channel& channel, Key key, Asker asker);
    std::optional<Wrote> update(const Channel& channel, Key key, std::uint64_t original_hash,
                                std::string_view value, Asker asker);
    // The asker is always told.
    void create_channel(const Channel& channel, Asker asker);
    void remove_channel(const Channel& channel, Asker asker);

    // Tells listeners and askers what the store has completed since. They may not write meanwhile.
    void collect();
    // No write of this sink is answered any more.
    void forget(const WriteSink& sink);

    // `listener` stays until removed, or until the channel is.
    void listen(const Channel& channel, RecordListener& listener);
    void unlisten(const Channel& channel, RecordListener& listener);
    void drop_listeners() { listeners_.clear(); }  // without a word to them
    [[nodiscard]] std::size_t listener_count(const Channel& channel) const;

    // At the end of every turn, and at the deadline. A store that falls behind by more than `waiting_bytes_max` is
    // made to write at once, however long that keeps everybody: that is what slows down who writes too fast.
    [[nodiscard]] Result<void> commit_if_due(Instant now, std::size_t waiting_bytes_max);
    [[nodiscard]] Instant next_deadline() const { return store_.next_deadline(); }
    void rest() { store_.rest(); }  // at the very end of every turn

private:
    enum class Kind : std::uint8_t { change, removal, creation, channel_removal };
    struct Pending {
        Kind kind;
        bool over;
        Key key;
        Channel channel;
        Asker asker;
    };
    WriteToken expect(Kind kind, const Channel& channel, Key key, Asker asker);
    [[nodiscard]] bool at_once() const { return pending_.empty() && store_.completes_at_once(); }
    [[nodiscard]] WriteToken next_token() { return WriteToken{first_token_++}; }
    Wrote conclude(Kind kind, const Channel& channel, Key key);
    void tell(Kind kind, const Channel& channel, Key key);

    RecordStore& store_;
    std::deque<Pending> pending_;  // the front one has the token first_token_, the next one more, ...
    std::uint64_t first_token_ = 1;
    std::vector<Completion> completions_;  // reused
    std::map<Channel, std::vector<RecordListener*>> listeners_;
    bool wrote_ = false;  // since the store was last asked whether it must commit
};

}  // namespace halp
