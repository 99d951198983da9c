// A memory engine that completes writes late and in groups, as a disk engine does.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/records/memory_store.h"

namespace halp {

class SlowStore final : public RecordStore {
public:
    Result<bool> get(const Channel& c, Key k, std::string& v) const override { return inner_.get(c, k, v); }
    Result<bool> exists(const Channel& c, Key k) const override { return inner_.exists(c, k); }
    Result<Scan> scan(const Channel& c, std::optional<Key> a, const Visit& v) const override {
        return inner_.scan(c, a, v);
    }
    void expect(const Channel& c, Key k, Expected when) const override { inner_.expect(c, k, when); }
    bool has_channel(const Channel& c) const override { return inner_.has_channel(c); }
    std::vector<Channel> channels(const std::optional<Channel>& a, std::size_t n) const override {
        return inner_.channels(a, n);
    }
    std::size_t channel_count() const override { return inner_.channel_count(); }
    RecordCount count(const Channel& c) const override { return inner_.count(c); }
    RecordCount total() const override { return inner_.total(); }

    void put(const Channel& c, Key k, std::string_view v, WriteToken t) override {
        later([this, c, k, value = std::string(v), t] { inner_.put(c, k, value, t); });
    }
    void update(const Channel& c, Key k, std::uint64_t h, std::string_view v, WriteToken t) override {
        later([this, c, k, h, value = std::string(v), t] { inner_.update(c, k, h, value, t); });
    }
    void remove(const Channel& c, Key k, WriteToken t) override {
        later([this, c, k, t] { inner_.remove(c, k, t); });
    }
    void create_channel(const Channel& c, WriteToken t) override {
        later([this, c, t] { inner_.create_channel(c, t); });
    }
    void remove_channel(const Channel& c, WriteToken t) override {
        later([this, c, t] { inner_.remove_channel(c, t); });
    }
    void take_completions(std::vector<Completion>& all) override { inner_.take_completions(all); }
    HashRange range() const override { return inner_.range(); }
    Result<void> set_range(const HashRange& wanted) override {
        const Result<void> before = commit();
        return before ? inner_.set_range(wanted) : before;
    }
    bool sweeping() const override { return inner_.sweeping(); }
    RecordCount set_aside() const override { return inner_.set_aside(); }
    std::vector<Channel> channels_aside() const override { return inner_.channels_aside(); }
    Result<Scan> scan_aside(const Channel& channel, std::optional<Key> after, const Visit& visit) const override {
        return inner_.scan_aside(channel, after, visit);
    }
    Result<void> drop_aside() override { return inner_.drop_aside(); }

    bool commit_due(Instant now) override {
        if (sweeping()) return true;
        if (!waiting_.empty() && deadline_ == no_deadline) deadline_ = now + patience;
        return due || now >= deadline_;
    }
    Instant next_deadline() const override { return sweeping() ? never : deadline_; }
    std::size_t waiting_bytes() const override { return waiting_.size() * 100; }
    Result<void> commit() override {
        ++commits;
        deadline_ = no_deadline;
        for (const auto& write : waiting_) write();
        waiting_.clear();
        return inner_.commit();
    }

    // The process is killed: what was not committed is lost.
    void crash() {
        waiting_.clear();
        deadline_ = no_deadline;
        std::vector<Completion> none;
        inner_.take_completions(none);
    }

    Duration patience = std::chrono::milliseconds{5};
    bool due = false;
    int commits = 0;

private:
    void later(std::function<void()> write) { waiting_.push_back(std::move(write)); }
    MemoryStore inner_;
    Instant deadline_ = no_deadline;
    std::vector<std::function<void()>> waiting_;
};

}  // namespace halp
