// Records in memory. Every write is completed within its call. This engine is for tests, for the fake node, and
// for nodes that keep their channels in dumps. A record of 100 bytes takes at most 150.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/channel_records.h"
#include "store/records/record_store.h"
#include "store/records/segment_memory.h"
#include "store/records/served_range.h"

namespace halp {

class MemoryStore final : public RecordStore {
public:
    // The assumed cost of a record besides its value, for bytes_max.
    static constexpr std::uint64_t record_overhead_bytes = 36;

    struct Limits {
        std::uint64_t bytes_max = 0;  // of values and overheads; 0: no limit
        std::size_t channels_max = 65536;
        std::size_t value_bytes_max = 64 * 1024 * 1024;
    };

    MemoryStore() : MemoryStore(Limits{}) {}
    // `memory`: for segments of full size; null: the heap.
    explicit MemoryStore(const Limits& limits, std::unique_ptr<SegmentMemory> memory = nullptr);

    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override;
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override;
    [[nodiscard]] Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                    const Visit& visit) const override;
    [[nodiscard]] bool has_channel(const Channel& channel) const override { return records_of(channel) != nullptr; }
    [[nodiscard]] std::vector<Channel> channels(const std::optional<Channel>& after,
                                                std::size_t count) const override;
    [[nodiscard]] std::size_t channel_count() const override { return channels_.size(); }
    [[nodiscard]] RecordCount count(const Channel& channel) const override;
    [[nodiscard]] RecordCount total() const override { return total_; }
    [[nodiscard]] RecordCount removed() const override { return removed_; }

    void expect(const Channel& channel, Key key, Expected when) const override;
    void put(const Channel& channel, Key key, std::string_view value, WriteToken token) override;
    std::uint64_t load(const Channel& channel, const std::function<void(const PutRecord& put)>& feed) override;
    void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                WriteToken token) override;
    void remove(const Channel& channel, Key key, WriteToken token) override;
    void create_channel(const Channel& channel, WriteToken token) override;
    void remove_channel(const Channel& channel, WriteToken token) override;
    void take_completions(std::vector<Completion>& completions) override;
    [[nodiscard]] bool completes_at_once() const override { return true; }

    [[nodiscard]] HashRange range() const override { return served_.now; }
    [[nodiscard]] Result<void> set_range(const HashRange& wanted) override;
    [[nodiscard]] bool sweeping() const override { return served_.stale; }
    [[nodiscard]] RecordCount set_aside() const override { return aside_total_; }
    [[nodiscard]] std::vector<Channel> channels_aside() const override;
    [[nodiscard]] Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after,
                                          const Visit& visit) const override;
    [[nodiscard]] Result<void> drop_aside() override;
    [[nodiscard]] bool commit_due(Instant) override { return sweeping(); }
    [[nodiscard]] Instant next_deadline() const override { return sweeping() ? never : no_deadline; }
    Result<void> commit() override;  // one slice of the sweep

    // A put with its result, without a token.
    Wrote put_now(const Channel& channel, Key key, std::string_view value);
    [[nodiscard]] std::optional<std::string_view> find(const Channel& channel, Key key) const;

    [[nodiscard]] std::size_t memory_bytes() const;  // allocated bytes; walks the indexes

private:
    using Channels = std::map<Channel, ChannelRecords>;

    // Null when there is no such channel.
    [[nodiscard]] const ChannelRecords* records_of(const Channel& channel) const;
    void erase(Channels::const_iterator channel);
    // Returns null at the limit of channels.
    ChannelRecords* create(const Channel& channel);
    [[nodiscard]] bool has_room_for(const std::optional<std::string_view>& old, std::string_view value) const;
    [[nodiscard]] bool has_room_beside(const RecordCount& more) const;
    void recount(const RecordCount& before, const RecordCount& now);
    void sweep_slice(const Channel& channel);
    void move_aside(const Channel& channel, Key key);
    void complete(WriteToken token, Wrote wrote) { completions_.push_back({token, wrote}); }

    Limits limits_;
    std::unique_ptr<SegmentMemory> memory_;
    Channels channels_;
    mutable const Channels::value_type* last_ = nullptr;  // the channel that was asked for last: most ask for one
    RecordCount total_, removed_;
    ServedRange served_;
    Channels aside_;
    RecordCount aside_total_;
    // Where the sweep stands: in this channel, behind this key.
    std::optional<Channel> sweeping_in_;
    std::optional<Key> swept_to_;
    std::vector<Completion> completions_;
};

}  // namespace halp
