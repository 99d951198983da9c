#include "overlay/cache/line_origins.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "overlay/cache/cache_keeper.h"
#include "overlay/event.h"
#include "simulations/world/memory_storage.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

const Label chat = *Label::parse("chat");
constexpr Instant start{1h};

CacheLine line(const std::string& host, std::int64_t seen, bool own_swarm = true, std::int64_t proved = -1) {
    return {UnixSeconds{seen}, {host, 80}, UnixSeconds{proved}, own_swarm};
}

TEST(LineOrigins, SurvivesItsFile) {
    LineOrigins origins;
    origins.note("halp", {line("a", 100, true, 90)});
    origins.note("an other%\n", {line("b", 200)});
    const std::string text = origins.format(chat);
    EXPECT_EQ(text,
              "halp-origins-1 chat\n"
              "swarm an%20other%25%0a\n200 - b 80\n"
              "swarm halp\n100 90 a 80\n");
    const LineOrigins read = LineOrigins::parse(chat, text);
    EXPECT_EQ(read.format(chat), text);
    EXPECT_EQ(read.of(line("a", 100), "halp"), LineOrigin::own_swarm);
    EXPECT_EQ(read.of(line("b", 200), "halp"), LineOrigin::other_swarm);
    EXPECT_EQ(read.of(line("b", 200), "an other%\n"), LineOrigin::own_swarm);
    EXPECT_EQ(read.of(line("c", 200), "halp"), LineOrigin::unknown);
    EXPECT_EQ(read.proved({"a", 80}, "halp"), UnixSeconds{90});
    EXPECT_EQ(read.proved({"a", 80}, "other"), CacheLine::not_proved);
}

CacheLine acquaintance(const std::string& host, std::int64_t seen, std::int64_t since) {
    CacheLine known = line(host, seen, true, seen);
    known.known = UnixSeconds{since};
    known.worth = 2;
    return known;
}

TEST(LineOrigins, KnowsSinceWhenAHostIsAnAcquaintance) {
    LineOrigins origins;
    origins.note("halp", {acquaintance("a", 100, 40)});
    origins.note("halp", {line("b", 100, true, 90)});
    const std::string text = origins.format(chat);
    EXPECT_EQ(text, "halp-origins-1 chat\nswarm halp\n100 90 b 80\n100 100 a 80 40\n") << "in the order of hashes";
    LineOrigins read = LineOrigins::parse(chat, text);
    EXPECT_EQ(read.format(chat), text);
    EXPECT_EQ(read.known({"a", 80}, "halp"), UnixSeconds{40});
    EXPECT_EQ(read.known({"b", 80}, "halp"), CacheLine::not_proved);
    EXPECT_EQ(read.known({"a", 80}, "other"), CacheLine::not_proved);

    read.note("halp", {acquaintance("a", 101, 41)});
    EXPECT_EQ(read.known({"a", 80}, "halp"), UnixSeconds{40}) << "a second more or less is no change";
    CacheFile file;
    file.lines = {acquaintance("a", 100, 40), line("b", 100)};
    read.keep_known("halp", file);
    EXPECT_EQ(read.known({"a", 80}, "halp"), UnixSeconds{40});
    file.lines.front().known = CacheLine::not_proved;
    read.keep_known("halp", file);
    EXPECT_EQ(read.known({"a", 80}, "halp"), CacheLine::not_proved);
    EXPECT_EQ(read.proved({"a", 80}, "halp"), UnixSeconds{100});
    EXPECT_EQ(LineOrigins::parse(chat, "halp-origins-1 chat\nswarm halp\n1 - a 80 x\n").size(), 0U);
}

TEST(LineOrigins, ALineThatSomebodyElseRenewedIsOfUnknownSwarm) {
    LineOrigins origins;
    origins.note("test", {line("a", 1000)});
    EXPECT_EQ(origins.of(line("a", 1000 + LineOrigins::foreign_after_s), "prod"), LineOrigin::other_swarm);
    EXPECT_EQ(origins.of(line("a", 1001 + LineOrigins::foreign_after_s), "prod"), LineOrigin::unknown);
    EXPECT_EQ(origins.of(line("a", 1001 + LineOrigins::foreign_after_s), "test"), LineOrigin::own_swarm);
}

TEST(LineOrigins, ConfirmationsLeaveTheFileAsItIs) {
    LineOrigins origins;
    origins.note("halp", {line("a", 10000, true, 9000)});
    const std::string before = origins.format(chat);
    origins.note("halp", {line("a", 10900, true, 9500)});
    EXPECT_EQ(origins.format(chat), before);
    origins.note("halp", {line("a", 11900, true, 9900)});
    EXPECT_EQ(origins.format(chat), "halp-origins-1 chat\nswarm halp\n11900 9900 a 80\n");
}

// Against a map, which needs no order of its own.
TEST(LineOrigins, ManyHostsInAnyOrder) {
    std::mt19937_64 random{7};
    LineOrigins origins;
    std::map<std::string, std::int64_t> expected;
    for (int round = 0; round < 200; ++round) {
        std::vector<CacheLine> heard;
        for (std::uint64_t left = random() % 8; left > 0; --left)
            heard.push_back(line("host" + std::to_string(random() % 300), 1000 + round));
        origins.note("halp", heard);
        for (const CacheLine& one : heard) expected.emplace(one.endpoint.host, count(one.seen));
        const std::string gone = "host" + std::to_string(random() % 300);
        origins.forget({gone, 80});
        expected.erase(gone);
        if (round % 10 == 0) origins = LineOrigins::parse(chat, origins.format(chat));
        ASSERT_EQ(origins.size(), expected.size());
    }
    for (const auto& [host, seen] : expected)
        EXPECT_EQ(origins.of(line(host, seen), "halp"), LineOrigin::own_swarm) << host;
    CacheFile few;
    for (const auto& [host, seen] : expected)
        if (few.lines.size() < 20) few.lines.push_back(line(host, seen));
    few.lines.push_back(line("never heard of", 1));
    origins.keep_only(few);
    EXPECT_EQ(origins.size(), 20U);
}

TEST(LineOrigins, ReadsWhatIsWholeOfADamagedFile) {
    const std::string text = "halp-origins-1 chat\nswarm halp\n1 - a 80\nx - b 80\n1 - c\n1 2 d 99999\n5 6 e 8";
    for (std::size_t length = 0; length <= text.size(); ++length) {
        const LineOrigins read = LineOrigins::parse(chat, text.substr(0, length));
        EXPECT_LE(read.size(), 2U);
    }
    EXPECT_EQ(LineOrigins::parse(chat, text).of(line("a", 1), "halp"), LineOrigin::own_swarm);
    EXPECT_EQ(LineOrigins::parse(*Label::parse("other"), text).size(), 0U) << "the file of another label";
}

TEST(LineOrigins, FilesOfLongLabelsFitIntoADirectory) {
    const Label longest = *Label::parse(std::string(255, 'a'));
    EXPECT_LE(LineOrigins::file_name(longest).size(), 255U);
    EXPECT_NE(LineOrigins::file_name(longest), LineOrigins::file_name(*Label::parse(std::string(255, 'b'))));
    EXPECT_FALSE(label_of_cache_file(LineOrigins::file_name(chat))) << "the original reads no such file";
}

// One life of a node: what it finds at its start, and what it then knows.
struct Life final : CacheSource, CacheSink, Observer {
    Life(MemoryStorage& cache, MemoryStorage& state, const std::string& swarm, std::size_t most = 100)
        : keeper(cache, state, *this, {.swarm = swarm}), lines_most(most) {
        keeper.load(*this, start);
    }
    CacheFile lines_of(const Label&) const override { return {known, {}, {}, 0}; }
    std::size_t lines_max(const Label&) const override { return lines_most; }
    void take_host(const Label&, const CacheLine& found) override { loaded.push_back(found); }
    void take_name(const Label&, const CacheNameLine& found) override { names.push_back(found.name); }
    void note(const Event&) override {}
    void save() {
        keeper.changed(chat, Urgency::acknowledged, start);
        EXPECT_TRUE(keeper.flush(start, *this));
    }
    std::string hosts() const {
        std::string text;
        for (const CacheLine& one : loaded) text += (text.empty() ? "" : " ") + one.endpoint.host;
        return text;
    }

    CacheKeeper keeper;
    std::size_t lines_most;
    std::vector<CacheLine> known, loaded;
    std::vector<std::string> names;
};

TEST(LineOrigins, AFullFileKeepsAcquaintancesAndProvedHostsBeforeNewerOnes) {
    MemoryStorage cache, state;
    Life before{cache, state, "halp", 4};
    before.known = {acquaintance("old", 100, 40), line("proved", 101, true, 101)};
    before.known.back().worth = 1;
    before.save();
    for (int i = 0; i < 6; ++i) before.known.push_back(line("heard" + std::to_string(i), 200 + i));
    before.save();
    EXPECT_EQ(*cache.read("chat"), "205 heard5 80\n204 heard4 80\n101 proved 80\n100 old 80");

    Life after{cache, state, "halp", 4};
    ASSERT_EQ(after.hosts(), "heard5 heard4 proved old");
    EXPECT_EQ(after.loaded.back().known, UnixSeconds{40});
    EXPECT_EQ(after.loaded[2].proved, UnixSeconds{101});
    EXPECT_EQ(after.loaded[1].proved, CacheLine::not_proved);
}

TEST(LineOrigins, ANodeOfAnotherSwarmLeavesTheLinesInTheFile) {
    MemoryStorage cache, state;
    Life test{cache, state, "test"};
    test.known = {line("t1", 100, true, 90), line("t2", 99)};
    test.save();
    ASSERT_TRUE(cache.replace("labels", "100 chat"));

    Life prod{cache, state, "prod", 1};
    EXPECT_EQ(prod.hosts(), "");
    EXPECT_TRUE(prod.names.empty()) << "all its hosts are of the other swarm";
    EXPECT_EQ(prod.keeper.kept_aside(), 2U);
    prod.known = {line("p", 200)};
    prod.save();
    EXPECT_EQ(*cache.read("chat"), "200 p 80\n100 t1 80") << "one line each of this swarm and of the others";

    Life back{cache, state, "test"};
    EXPECT_EQ(back.hosts(), "t1");
    EXPECT_EQ(back.loaded.front().proved, UnixSeconds{90});
    EXPECT_TRUE(back.loaded.front().own_swarm);
}

TEST(LineOrigins, WhatAForeignToolWroteIsLoadedAsOfUnknownSwarm) {
    MemoryStorage cache, state;
    ASSERT_TRUE(cache.replace("chat", "100 foreign 80"));
    Life node{cache, state, "halp"};
    ASSERT_EQ(node.hosts(), "foreign");
    EXPECT_FALSE(node.loaded.front().own_swarm);
    EXPECT_EQ(node.keeper.kept_aside(), 0U);
}

TEST(LineOrigins, LinesOfTheJournalKeepTheirSwarm) {
    MemoryStorage cache, state;
    {
        Life test{cache, state, "te st"};
        for (int i = 0; i < 40; ++i)  // more labels than a turn saves
            test.keeper.inserted(*Label::parse("l" + std::to_string(i)), line("t", 100), start);
        test.keeper.on_deadline(start + 1s, test);  // appends the journal, and the process dies
    }
    Life prod{cache, state, "prod"};
    EXPECT_EQ(prod.hosts(), "");
    EXPECT_GT(prod.keeper.kept_aside(), 0U);
    ASSERT_TRUE(prod.keeper.flush(start, prod));
    Life back{cache, state, "te st"};
    EXPECT_NE(back.hosts(), "");
    EXPECT_TRUE(back.loaded.front().own_swarm);
}

TEST(LineOrigins, AClearTakesThemAlong) {
    MemoryStorage cache, state;
    Life node{cache, state, "halp"};
    node.known = {line("a", 100)};
    node.save();
    ASSERT_TRUE(cache.read(LineOrigins::file_name(chat)));
    node.keeper.clear(chat);
    EXPECT_FALSE(cache.read(LineOrigins::file_name(chat)));
    node.save();
    node.keeper.clear_all();
    EXPECT_TRUE(cache.list()->empty());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
