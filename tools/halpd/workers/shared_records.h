// All records of a node, as one of its threads sees them: the shares together, in the numerical order of the keys.
// Reads and writes of one record go to its share; the others ask every share, one after the other. A channel exists
// when any share has it, and is removed when every share has removed it. RemoveChannel beside writes of other
// connections takes away some of them and not others, as with several nodes.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/record_store.h"
#include "tools/halpd/workers/record_share.h"
#include "tools/halpd/workers/worker_inbox.h"

namespace halp {

using RecordShares = std::vector<std::unique_ptr<RecordShare>>;

class SharedRecords final : public RecordStore {
public:
    // The shares, which have their stores, and the inboxes outlive it. Only the thread `worker` uses it.
    SharedRecords(const RecordShares& shares, const WorkerInboxes& inboxes, std::size_t worker);

    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override;
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override;
    [[nodiscard]] Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                    const Visit& visit) const override;
    // Each of these calls would take the lock of a share.
    void expect(const Channel&, Key, Expected) const override {}
    void rest() override;
    [[nodiscard]] bool has_channel(const Channel& channel) const override;
    [[nodiscard]] std::vector<Channel> channels(const std::optional<Channel>& after,
                                                std::size_t count) const override;
    [[nodiscard]] std::size_t channel_count() const override;
    [[nodiscard]] RecordCount count(const Channel& channel) const override;
    [[nodiscard]] RecordCount total() const override;
    [[nodiscard]] RecordCount removed() const override;

    void put(const Channel& channel, Key key, std::string_view value, WriteToken token) override;
    void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                WriteToken token) override;
    void remove(const Channel& channel, Key key, WriteToken token) override;
    void create_channel(const Channel& channel, WriteToken token) override;
    void remove_channel(const Channel& channel, WriteToken token) override;
    void take_completions(std::vector<Completion>& completions) override;
    [[nodiscard]] bool completes_at_once() const override { return at_once_; }

    [[nodiscard]] bool tells_changes() const override { return true; }
    void follow(const Channel& channel, bool wanted) override;
    void take_changes(std::vector<RecordChange>& changes) override { inbox().take(changes); }

    // If one share fails, those before it have the new range; asking again completes it.
    [[nodiscard]] HashRange range() const override;
    [[nodiscard]] Result<void> set_range(const HashRange& wanted) override;
    [[nodiscard]] bool sweeping() const override;
    [[nodiscard]] RecordCount set_aside() const override;
    [[nodiscard]] std::vector<Channel> channels_aside() const override;
    [[nodiscard]] Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after,
                                          const Visit& visit) const override;
    [[nodiscard]] Result<void> drop_aside() override;

    [[nodiscard]] bool commit_due(Instant now) override;
    [[nodiscard]] Instant next_deadline() const override;
    Result<void> commit() override;
    [[nodiscard]] std::size_t waiting_bytes() const override;

private:
    // A channel's removal, until every share has answered.
    struct Removal {
        std::size_t left;
        Wrote wrote;
        Channel channel;
    };
    using Sum = RecordCount (*)(const RecordStore&);

    [[nodiscard]] WorkerInbox& inbox() const { return *inboxes_[worker_]; }
    [[nodiscard]] std::size_t place(Key key) const { return share_of(key, shares_.size()); }
    [[nodiscard]] RecordShare& reading(std::size_t share) const;
    [[nodiscard]] RecordCount sum(Sum of) const;
    void submit(const RecordShare::Write& write, WriteToken token);
    void settle(const Completion& completion, std::vector<Completion>& completions);
    void tell_removed(const Channel& channel);

    const RecordShares& shares_;
    const WorkerInboxes& inboxes_;
    const std::size_t worker_;
    const bool at_once_;
    std::map<WriteToken, Removal> removals_;
    std::vector<Completion> done_;   // of this thread's own calls
    std::vector<Completion> taken_;  // reused
    mutable WorkerSet read_ = 0;     // the shares that were read in this turn
    WorkerSet due_ = 0;              // the shares that commit_due() has found
};

}  // namespace halp
