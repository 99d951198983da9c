// A memory engine with faults on demand, for the fake node: what a disk may do to a node, and what a broken node
// would do to its clients.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/records/memory_store.h"
#include "store/records/record_store.h"

namespace halp {

// Each count is the number of next operations that are affected. `always` never runs out.
struct StoreFaults {
    static constexpr std::uint64_t always = ~std::uint64_t{0};

    std::uint64_t reads_failing = 0;   // get, exists and scan return an error
    std::uint64_t writes_failing = 0;  // end with Wrote::failed and change nothing
    std::uint64_t writes_lost = 0;     // end with Wrote::done and change nothing, as no honest engine does
    std::uint64_t values_altered = 0;  // get returns another value than was put
    std::uint64_t scans_short = 0;     // scan skips the first record it would return
    Duration write_delay{};            // writes are completed this much later
};

class FakeStore final : public RecordStore {
public:
    explicit FakeStore(const MemoryStore::Limits& limits = {}) : inner_(limits) {}

    StoreFaults& faults() { return faults_; }
    // While honest, no operation is affected and no count used up. For what a test itself does to the contents.
    void set_honest(bool honest) { honest_ = honest; }

    [[nodiscard]] Result<bool> get(const Channel& channel, Key key, std::string& value) const override;
    [[nodiscard]] Result<bool> exists(const Channel& channel, Key key) const override;
    [[nodiscard]] Result<Scan> scan(const Channel& channel, std::optional<Key> after,
                                    const Visit& visit) const override;
    void expect(const Channel& channel, Key key, Expected when) const override {
        inner_.expect(channel, key, when);
    }
    [[nodiscard]] bool has_channel(const Channel& channel) const override { return inner_.has_channel(channel); }
    [[nodiscard]] std::vector<Channel> channels(const std::optional<Channel>& after,
                                                std::size_t count) const override {
        return inner_.channels(after, count);
    }
    [[nodiscard]] std::size_t channel_count() const override { return inner_.channel_count(); }
    [[nodiscard]] RecordCount count(const Channel& channel) const override { return inner_.count(channel); }
    [[nodiscard]] RecordCount total() const override { return inner_.total(); }
    [[nodiscard]] RecordCount removed() const override { return inner_.removed(); }

    void put(const Channel& channel, Key key, std::string_view value, WriteToken token) override;
    void update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                WriteToken token) override;
    void remove(const Channel& channel, Key key, WriteToken token) override;
    void create_channel(const Channel& channel, WriteToken token) override;
    void remove_channel(const Channel& channel, WriteToken token) override;
    void take_completions(std::vector<Completion>& completions) override;

    [[nodiscard]] HashRange range() const override { return inner_.range(); }
    [[nodiscard]] Result<void> set_range(const HashRange& wanted) override {
        const Result<void> before = commit();
        return before ? inner_.set_range(wanted) : before;
    }
    [[nodiscard]] bool sweeping() const override { return inner_.sweeping(); }
    [[nodiscard]] RecordCount set_aside() const override { return inner_.set_aside(); }
    [[nodiscard]] std::vector<Channel> channels_aside() const override { return inner_.channels_aside(); }
    [[nodiscard]] Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after,
                                          const Visit& visit) const override {
        return inner_.scan_aside(channel, after, visit);
    }
    [[nodiscard]] Result<void> drop_aside() override { return inner_.drop_aside(); }

    [[nodiscard]] bool commit_due(Instant now) override;
    [[nodiscard]] Instant next_deadline() const override { return sweeping() ? never : deadline_; }
    Result<void> commit() override;
    [[nodiscard]] std::size_t waiting_bytes() const override { return waiting_bytes_; }

    // Not through the network; nobody is told.
    void empty_channel(const Channel& channel);

private:
    [[nodiscard]] bool suffer(std::uint64_t& count) const;
    void write(WriteToken token, std::size_t bytes, std::function<void()> write);

    MemoryStore inner_;
    mutable StoreFaults faults_;  // mutable, because const reads count down
    bool honest_ = false;
    std::vector<std::function<void()>> waiting_;
    std::size_t waiting_bytes_ = 0;
    Instant deadline_ = no_deadline;
    std::vector<Completion> own_;  // of the writes that did not reach the engine
};

}  // namespace halp
