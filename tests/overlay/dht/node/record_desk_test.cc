#include "overlay/dht/node/record_desk.h"

#include <gtest/gtest.h>

#include <string>

#include "store/records/memory_store.h"
#include "tests/overlay/dht/slow_store.h"

namespace halp {
namespace {

Channel chan(std::string_view name = "chan") { return Channel::parse(name).value(); }

struct Ear : RecordListener {
    void on_changed(Key key) override { heard += "+" + std::to_string(value_of(key)) + " "; }
    void on_removed(Key key) override { heard += "-" + std::to_string(value_of(key)) + " "; }
    void on_channel_removed() override { heard += "x "; }
    std::string heard;
};

struct Sink : WriteSink {
    void on_written(std::uint64_t stream, std::uint64_t request, Wrote wrote) override {
        heard +=
            std::to_string(stream) + "." + std::to_string(request) + (wrote == Wrote::done ? "=done " : "=no ");
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

TEST(RecordDesk, AnswersAtOnceWhenTheEngineDoesAndTellsListenersFirst) {
    MemoryStore store;
    RecordDesk desk(store);
    Ear ear;
    Sink sink;
    desk.listen(chan(), ear);
    EXPECT_EQ(desk.put(chan(), Key{1}, "v", {&sink, 7, 8}), Wrote::done);
    EXPECT_EQ(ear.heard, "+1 ");
    EXPECT_EQ(desk.update(chan(), Key{1}, 0, "w", {&sink, 7, 8}), Wrote::conflict);
    EXPECT_EQ(desk.remove(chan(), Key{1}, {&sink, 7, 9}), Wrote::done);
    EXPECT_EQ(desk.remove(chan(), Key{1}, {&sink, 7, 10}), Wrote::absent);
    EXPECT_EQ(ear.heard, "+1 -1 ");
    desk.collect();
    EXPECT_EQ(ear.heard, "+1 -1 ");
    EXPECT_EQ(sink.heard, "") << "who has the answer is not called";
}

TEST(RecordDesk, AWriteBehindOneThatIsNotYetToldWaitsForItsTurn) {
    MemoryStore store;
    RecordDesk desk(store);
    Ear ear;
    Sink sink;
    desk.listen(chan(), ear);
    desk.create_channel(chan(), {&sink, 7, 8});
    EXPECT_EQ(desk.put(chan(), Key{2}, "v", {&sink, 7, 9}), std::nullopt);
    EXPECT_EQ(desk.remove(chan(), Key{3}, {&sink, 7, 10}), std::nullopt);
    EXPECT_EQ(ear.heard + sink.heard, "");
    desk.collect();
    EXPECT_EQ(ear.heard, "+2 ");
    EXPECT_EQ(sink.heard, "7.8=done 7.9=done 7.10=no ");
    EXPECT_EQ(desk.put(chan(), Key{4}, "v", {&sink, 7, 11}), Wrote::done);
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
    EXPECT_EQ(desk.update(chan(), Key{1}, 5, "w", {&sink, 1, 1}), Wrote::conflict);
    desk.collect();
    EXPECT_EQ(ear.heard + sink.heard, "");
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
