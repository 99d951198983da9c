#include "overlay/dht/ranges/range_journal.h"

#include <gtest/gtest.h>

#include <string>

#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/ranges/range_parts.h"
#include "overlay/dht/ranges/range_plan.h"
#include "simulations/world/memory_storage.h"

namespace halp {
namespace HALP_TEST_FILE {

HashRange range(std::uint64_t min, std::uint64_t max) { return HashRange::make(min, max).value(); }

RangeState busy_state() {
    RangeState state;
    state.configured = HashRange::full();
    state.own = range(0, 9);
    state.held = range(0, 99);
    state.task = RangeTask{range(0, 99), range(0, 9), {{"10.0.0.2", 10000, 10, 49}, {"10.0.0.3", 10000, 50, 99}}};
    state.passing = RangePassing{77, false, range(50, 99), {"10.0.0.3", 10000, 50, 99}};
    state.handed = {range(10, 49)};
    state.given = {{"10.0.0.2", 10000, 10, 49}};
    state.adopted = {5, 6};
    return state;
}

TEST(RangeJournal, ReadsWhatItHasWritten) {
    const std::string text = format_range_state(busy_state());

    const Result<RangeState> read = parse_range_state(text);

    ASSERT_TRUE(read);
    EXPECT_EQ(format_range_state(*read), text);
    EXPECT_EQ(read->own, range(0, 9));
    EXPECT_EQ(read->passing->token, 77U);
    EXPECT_EQ(read->task->takers.size(), 2U);
    EXPECT_EQ(read->given, busy_state().given);
    EXPECT_EQ(read->adopted.back(), 6U);
}

TEST(RangeJournal, KeepsWhyARangeChanges) {
    RangeState state = busy_state();
    state.task->why = RangeTask::Why::leaving;
    state.passing->plain = state.passing->fill = true;

    const std::string text = format_range_state(state);
    const Result<RangeState> read = parse_range_state(text);

    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->task->why, RangeTask::Why::leaving);
    EXPECT_TRUE(read->passing->plain && read->passing->fill);
    EXPECT_EQ(format_range_state(*read), text);
}

TEST(RangeJournal, ANodeThatFindsItsRangeKeepsWhatItHadWithAFixedOne) {
    MemoryStorage storage;
    const auto fresh = RangeJournal::open_automatic(&storage, range(0, 9));
    EXPECT_EQ(fresh->state().own, range(0, 9));
    const auto again = RangeJournal::open_automatic(&storage, {});
    EXPECT_EQ(again->state().own, range(0, 9)) << "the file counts from now on";
    const auto fixed = RangeJournal::open(&storage, range(0, 19));
    EXPECT_EQ(fixed->state().own, range(0, 19));
}

TEST(RangeJournal, RefusesAnyPieceOfAFile) {
    const std::string text = format_range_state(busy_state());
    for (std::size_t length = 0; length < text.size(); ++length)
        EXPECT_FALSE(parse_range_state(text.substr(0, length))) << length;
    EXPECT_FALSE(parse_range_state(text + "more\n"));
}

TEST(RangeJournal, ARangeIsKeptUntilTheSettingsHaveAnother) {
    MemoryStorage storage;
    auto journal = RangeJournal::open(&storage, HashRange::full());
    RangeState next = journal->state();
    next.own = next.held = range(0, 9);
    ASSERT_TRUE(journal->save(next));

    const auto again = RangeJournal::open(&storage, HashRange::full());
    EXPECT_EQ(again->state().own, range(0, 9));
    EXPECT_FALSE(again->settings_changed());

    const auto edited = RangeJournal::open(&storage, range(0, 19));
    EXPECT_EQ(edited->state().own, range(0, 19));
    EXPECT_TRUE(edited->settings_changed());
    EXPECT_EQ(RangeJournal::open(&storage, range(0, 19))->state().own, range(0, 19));
}

TEST(RangeParts, WhatLeavesARangeGoesToTheFirstThatWantsIt) {
    const std::vector<legacy::Takeover> takers{{"b", 1, 20, 59}, {"c", 1, 40, 99}};
    const auto parts = leaving_parts(range(0, 99), range(30, 39), takers);
    const std::vector<LeavingPart> expected{
        {range(0, 19), std::nullopt}, {range(20, 29), 0}, {range(40, 59), 0}, {range(60, 99), 1}};
    EXPECT_EQ(parts, expected);
    EXPECT_TRUE(leaving_parts(range(0, 9), range(0, 99), takers).empty());
    EXPECT_EQ(leaving_parts(range(0, 9), HashRange{}, {}).size(), 1U);
}

TEST(RangeParts, OnlyAnEndOfARangeIsTakenFromIt) {
    EXPECT_EQ(without(range(0, 99), range(0, 9)), range(10, 99));
    EXPECT_EQ(without(range(0, 99), range(90, 99)), range(0, 89));
    EXPECT_EQ(without(range(0, 99), range(0, 99)), HashRange{});
    EXPECT_FALSE(without(range(0, 99), range(10, 19)));
    EXPECT_FALSE(without(range(0, 99), range(90, 100)));
    EXPECT_EQ(joined(range(0, 9), range(10, 19)), range(0, 19));
    EXPECT_FALSE(joined(range(0, 9), range(11, 19)));
    EXPECT_EQ(joined(HashRange{}, range(11, 19)), range(11, 19));
}

TEST(RangePlan, EachNodeThatLosesKeysIsToldWhoTakesThem) {
    std::vector<PlannedNode> nodes{{{"a", 1}, HashRange::full(), {}}, {{"b", 1}, {}, {}}};
    plan_even(nodes);
    const auto steps = steps_of(nodes);
    ASSERT_EQ(steps.size(), 1U);
    EXPECT_EQ(steps[0].own, nodes[0].then);
    ASSERT_EQ(steps[0].takers.size(), 1U);
    EXPECT_EQ(steps[0].takers[0].address, "b");
    EXPECT_EQ(steps[0].takers[0].min, nodes[1].then.min());
}

TEST(RangePlan, WithinAHostTheNodesShareWhatTheHostHas) {
    std::vector<PlannedNode> nodes{
        {{"a", 1}, range(0, 99), {}}, {{"b", 1}, range(100, 199), {}}, {{"a", 2}, {}, {}}};
    ASSERT_TRUE(plan_within_hosts(nodes));
    EXPECT_EQ(nodes[0].then, range(0, 49));
    EXPECT_EQ(nodes[1].then, range(100, 199));
    EXPECT_EQ(nodes[2].then, range(50, 99));
    nodes[2].now = range(500, 599);
    EXPECT_FALSE(plan_within_hosts(nodes));
}

TEST(HandoverWire, MessagesAreNoChannels) {
    using handover::Verb;
    const std::string begin = handover::format_message({Verb::begin, 0xabc, range(16, 31), {}});
    EXPECT_EQ(begin, "halp handover 1 begin 0000000000000abc 0000000000000010 000000000000001f");
    EXPECT_FALSE(legacy::valid_channel(begin));
    const auto read = handover::parse_message(begin);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->part, range(16, 31));
    const std::string put = handover::format_message({Verb::put, 1, {}, "a b"});
    EXPECT_EQ(handover::parse_message(put)->channel, "a b");
    EXPECT_EQ(handover::format_message({Verb::fill, 1, {}, "a b"}), "halp handover 1 fill a b");
    EXPECT_EQ(handover::format_message({Verb::automatic, 9, {}, {}}), "halp handover 1 auto 0000000000000009");
    const std::string share = handover::format_message({Verb::share, 0, range(16, 31), {}, "10.0.0.1", 10000});
    EXPECT_EQ(share, "halp handover 1 share 0000000000000010 000000000000001f 10.0.0.1 10000");
    EXPECT_EQ(handover::parse_message(share)->host, "10.0.0.1");
    EXPECT_EQ(handover::parse_message(share)->port, 10000);
    for (const char* bad : {"halp handover 1 auto", "halp handover 1 fill ",
                            "halp handover 1 share 0000000000000010 000000000000001f 10.0.0.1",
                            "halp handover 1 share 0000000000000010 000000000000001f 10.0.0.1 0",
                            "halp handover 1 share 0000000000000010 000000000000001f 10.0.0.1 70000",
                            "halp handover 1 share 0000000000000010 000000000000001f 10.0.0.1 1 more"})
        EXPECT_FALSE(handover::parse_message(bad)) << bad;
    for (const char* bad :
         {"halp handover 1 ", "halp handover 1 begin 1 2 3", "halp handover 1 put 0000000000000001 ",
          "halp handover 1 ask more", "halp handover 1 fly 0000000000000001"})
        EXPECT_FALSE(handover::parse_message(bad)) << bad;
}

TEST(HandoverWire, AnHeirIsAPartAndANode) {
    const std::string text = handover::format_heir({range(16, 31), {"10.0.0.1", 10000}});
    EXPECT_EQ(text, "0000000000000010 000000000000001f 10.0.0.1 10000");
    const auto read = handover::parse_heir(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->range, range(16, 31));
    EXPECT_EQ(read->node, (Endpoint{"10.0.0.1", 10000}));
    EXPECT_FALSE(legacy::valid_channel(handover::heir_channel));
    for (const std::string& bad : {std::string{}, text + " more", text.substr(1), text.substr(17), text + "0"})
        EXPECT_FALSE(handover::parse_heir(bad)) << bad;
}

TEST(RangeParts, MissingOnesAreThoseOfNoRange) {
    EXPECT_EQ(missing_parts({}), std::vector{HashRange::full()});
    EXPECT_TRUE(missing_parts({HashRange::full(), range(5, 9)}).empty());
    const auto missing = missing_parts({range(20, ~std::uint64_t{0} - 1), range(5, 9), {}, range(7, 14)});
    EXPECT_EQ(missing, (std::vector{range(0, 4), range(15, 19), range(~std::uint64_t{0}, ~std::uint64_t{0})}));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
