#include "overlay/dht/records/write_log.h"

#include <gtest/gtest.h>

#include <string>

#include "store/records/memory_store.h"
#include "tests/overlay/dht/slow_store.h"

namespace halp {
namespace HALP_TEST_FILE {

Channel chan(std::string_view name = "chan") { return Channel::parse(name).value(); }

struct Ear : RecordListener {
    void on_changed(Key key) override { heard += "+" + std::to_string(value_of(key)) + " "; }
    void on_removed(Key key) override { heard += "-" + std::to_string(value_of(key)) + " "; }
    void on_channel_removed() override { heard += "x "; }
    [[nodiscard]] bool sending() const override { return false; }
    std::string heard;
};

struct Sink : CompletionHandler {
    void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) override {
        heard +=
            std::to_string(stream) + "." + std::to_string(request) + (wrote == Wrote::done ? "=done " : "=no ");
    }
    std::string heard;
};

TEST(WriteLog, TellsListenersAndRequestersWhenAWriteIsCompletedAndNotBefore) {
    SlowStore store;
    WriteLog records(store);
    Ear ear;
    Sink sink;
    records.listen(chan(), ear);
    records.put(chan(), Key{1}, "v", {&sink, 7, 8});
    records.remove(chan(), Key{2}, {&sink, 7, 9});
    records.collect();
    EXPECT_EQ(ear.heard + sink.heard, "");
    ASSERT_TRUE(store.commit());
    records.collect();
    EXPECT_EQ(ear.heard, "+1 ");  // there was nothing to remove
    EXPECT_EQ(sink.heard, "7.8=done 7.9=no ");
}

TEST(WriteLog, TellsOnlyThoseOfTheChannel) {
    MemoryStore store;
    WriteLog records(store);
    Ear a, b;
    records.listen(chan("a"), a);
    records.listen(chan("b"), b);
    records.put(chan("a"), Key{1}, "v", {});
    records.remove(chan("a"), Key{1}, {});
    records.put(chan("b"), Key{2}, "v", {});
    records.collect();
    EXPECT_EQ(a.heard, "+1 -1 ");
    EXPECT_EQ(b.heard, "+2 ");
}

TEST(WriteLog, AnswersAtOnceWhenTheEngineDoesAndTellsListenersFirst) {
    MemoryStore store;
    WriteLog records(store);
    Ear ear;
    Sink sink;
    records.listen(chan(), ear);
    EXPECT_EQ(records.put(chan(), Key{1}, "v", {&sink, 7, 8}), Wrote::done);
    EXPECT_EQ(ear.heard, "+1 ");
    EXPECT_EQ(records.update(chan(), Key{1}, 0, "w", {&sink, 7, 8}), Wrote::conflict);
    EXPECT_EQ(records.remove(chan(), Key{1}, {&sink, 7, 9}), Wrote::done);
    EXPECT_EQ(records.remove(chan(), Key{1}, {&sink, 7, 10}), Wrote::absent);
    EXPECT_EQ(ear.heard, "+1 -1 ");
    records.collect();
    EXPECT_EQ(ear.heard, "+1 -1 ");
    EXPECT_EQ(sink.heard, "") << "who has the answer is not called";
}

TEST(WriteLog, AWriteBehindOneThatIsNotYetToldWaitsForItsTurn) {
    MemoryStore store;
    WriteLog records(store);
    Ear ear;
    Sink sink;
    records.listen(chan(), ear);
    records.remove_channel(chan(), {&sink, 7, 8});
    EXPECT_EQ(records.put(chan(), Key{2}, "v", {&sink, 7, 9}), std::nullopt);
    EXPECT_EQ(records.remove(chan(), Key{3}, {&sink, 7, 10}), std::nullopt);
    EXPECT_EQ(ear.heard + sink.heard, "");
    records.collect();
    EXPECT_EQ(ear.heard, "x ") << "there was no such channel, and listeners end";
    EXPECT_EQ(sink.heard, "7.8=no 7.9=done 7.10=no ");
    EXPECT_EQ(records.put(chan(), Key{4}, "v", {&sink, 7, 11}), Wrote::done);
}

TEST(WriteLog, ARemovedChannelForgetsItsListeners) {
    MemoryStore store;
    WriteLog records(store);
    Ear ear;
    records.put(chan(), Key{1}, "v", {});
    records.collect();
    records.listen(chan(), ear);
    records.remove_channel(chan(), {});
    records.put(chan(), Key{2}, "v", {});
    records.collect();
    EXPECT_EQ(ear.heard, "x ");
    EXPECT_EQ(records.listener_count(chan()), 0U);
}

TEST(WriteLog, AnUpdateThatConflictsIsNoNews) {
    MemoryStore store;
    WriteLog records(store);
    Ear ear;
    Sink sink;
    records.put(chan(), Key{1}, "v", {});
    records.collect();
    records.listen(chan(), ear);
    EXPECT_EQ(records.update(chan(), Key{1}, 5, "w", {&sink, 1, 1}), Wrote::conflict);
    records.collect();
    EXPECT_EQ(ear.heard + sink.heard, "");
    records.unlisten(chan(), ear);
    records.put(chan(), Key{1}, "x", {});
    records.collect();
    EXPECT_EQ(ear.heard, "");
}

TEST(WriteLog, ASinkThatIsGoneHearsNothing) {
    SlowStore store;
    WriteLog records(store);
    Ear ear;
    records.listen(chan(), ear);
    {
        Sink sink;
        records.put(chan(), Key{1}, "v", {&sink, 1, 1});
        records.forget(sink);
    }
    ASSERT_TRUE(store.commit());
    records.collect();
    EXPECT_EQ(ear.heard, "+1 ");
}

TEST(WriteLog, CommitsWhenItIsDueOrTooMuchWaits) {
    SlowStore store;
    WriteLog records(store);
    const auto turn = [&] { ASSERT_TRUE(records.commit_if_due(Instant{}, 250)); };
    turn();
    EXPECT_EQ(store.commits, 0);  // there were no writes
    records.put(chan(), Key{1}, "v", {});
    turn();
    EXPECT_EQ(store.commits, 0);
    records.put(chan(), Key{2}, "v", {});
    records.put(chan(), Key{3}, "v", {});
    turn();
    EXPECT_EQ(store.commits, 1);
    store.due = true;
    records.put(chan(), Key{4}, "v", {});
    turn();
    EXPECT_EQ(store.commits, 2);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
