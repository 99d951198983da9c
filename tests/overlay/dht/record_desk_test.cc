#include "overlay/dht/record_desk.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "store/records/memory_store.h"

namespace halp {
namespace {

Channel chan(std::string_view name = "chan") { return Channel::parse(name).value(); }

// A memory engine that completes nothing before it is told to, as one on a disk does.
class SlowStore final : public RecordStore {
public:
    Result<bool> get(const Channel& c, Key k, std::string& v) const override { return inner_.get(c, k, v); }
    Result<bool> exists(const Channel& c, Key k) const override { return inner_.exists(c, k); }
    Result<Scan> scan(const Channel& c, std::optional<Key> a, const Visit& v) const override {
        return inner_.scan(c, a, v);
    }
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
    bool commit_due(Instant) override { return due; }
    std::size_t waiting_bytes() const override { return waiting_.size() * 100; }
    Result<void> commit() override {
        ++commits;
        for (const auto& write : waiting_) write();
        waiting_.clear();
        return {};
    }

    bool due = false;
    int commits = 0;

private:
    void later(std::function<void()> write) { waiting_.push_back(std::move(write)); }
    MemoryStore inner_;
    std::vector<std::function<void()>> waiting_;
};

struct Ear : RecordListener {
    void on_changed(Key key) override { heard += "+" + std::to_string(value_of(key)) + " "; }
    void on_removed(Key key) override { heard += "-" + std::to_string(value_of(key)) + " "; }
    void on_channel_removed() override { heard += "x "; }
    std::string heard;
};

struct Sink : WriteSink {
    void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) override {
        heard += std::to_string(stream) + "." + std::to_string(request) + (wrote == Wrote::done ? "=done " : "=no ");
    }
    std::string heard;
};

TEST(RecordDesk, TellsListenersAndAskersWhenAWriteIsCompletedAndNotBefore) {
    SlowStore store;
    RecordDesk desk(store);
    Ear ear;
    Sink sink;
    desk.listen(chan(), ear);
    desk.put(chan(), Key{1}, "v", {&sink, 7, 8});
    desk.remove(chan(), Key{2}, {&sink, 7, 9});
    desk.collect();
    EXPECT_EQ(ear.heard + sink.heard, "");
    ASSERT_TRUE(store.commit());
    desk.collect();
    EXPECT_EQ(ear.heard, "+1 ");  // nothing was removed
    EXPECT_EQ(sink.heard, "7.8=done 7.9=no ");
}

TEST(RecordDesk, TellsOnlyThoseOfTheChannel) {
    MemoryStore store;
    RecordDesk desk(store);
    Ear a, b;
    desk.listen(chan("a"), a);
    desk.listen(chan("b"), b);
    desk.put(chan("a"), Key{1}, "v", {});
    desk.remove(chan("a"), Key{1}, {});
    desk.put(chan("b"), Key{2}, "v", {});
    desk.collect();
    EXPECT_EQ(a.heard, "+1 -1 ");
    EXPECT_EQ(b.heard, "+2 ");
}

TEST(RecordDesk, ARemovedChannelForgetsItsListeners) {
    MemoryStore store;
    RecordDesk desk(store);
    Ear ear;
    desk.put(chan(), Key{1}, "v", {});
    desk.collect();
    desk.listen(chan(), ear);
    desk.remove_channel(chan(), {});
    desk.put(chan(), Key{2}, "v", {});
    desk.collect();
    EXPECT_EQ(ear.heard, "x ");
    EXPECT_EQ(desk.listener_count(chan()), 0U);
}

TEST(RecordDesk, AnUpdateThatConflictsIsNoNews) {
    MemoryStore store;
    RecordDesk desk(store);
    Ear ear;
    Sink sink;
    desk.put(chan(), Key{1}, "v", {});
    desk.collect();
    desk.listen(chan(), ear);
    desk.update(chan(), Key{1}, 5, "w", {&sink, 1, 1});
    desk.collect();
    EXPECT_EQ(ear.heard, "");
    EXPECT_EQ(sink.heard, "1.1=no ");
    desk.unlisten(chan(), ear);
    desk.put(chan(), Key{1}, "x", {});
    desk.collect();
    EXPECT_EQ(ear.heard, "");
}

TEST(RecordDesk, ASinkThatIsGoneHearsNothing) {
    SlowStore store;
    RecordDesk desk(store);
    Ear ear;
    desk.listen(chan(), ear);
    {
        Sink sink;
        desk.put(chan(), Key{1}, "v", {&sink, 1, 1});
        desk.forget(sink);
    }
    ASSERT_TRUE(store.commit());
    desk.collect();
    EXPECT_EQ(ear.heard, "+1 ");
}

TEST(RecordDesk, CommitsWhenItIsDueOrTooMuchWaits) {
    SlowStore store;
    RecordDesk desk(store);
    const auto turn = [&] { ASSERT_TRUE(desk.commit_if_due(Instant{}, 250)); };
    turn();
    EXPECT_EQ(store.commits, 0);  // nobody wrote
    desk.put(chan(), Key{1}, "v", {});
    turn();
    EXPECT_EQ(store.commits, 0);
    desk.put(chan(), Key{2}, "v", {});
    desk.put(chan(), Key{3}, "v", {});
    turn();
    EXPECT_EQ(store.commits, 1);
    store.due = true;
    desk.put(chan(), Key{4}, "v", {});
    turn();
    EXPECT_EQ(store.commits, 2);
}

}  // namespace
}  // namespace halp
