// Requests of a DhtClient to all nodes know for which keys they have an answer: with nodes that were never known,
// that die, that overlap and that move keys meanwhile.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "overlay/dht/client/dht_client.h"
#include "overlay/dht/client/node_source.h"
#include "overlay/dht/client/range_cover.h"
#include "tests/overlay/dht/dht_cluster.h"

namespace halp {
namespace HALP_TEST_FILE {

using std::chrono::milliseconds;
using std::chrono::seconds;

HashRange range(std::uint64_t min, std::uint64_t max) { return HashRange::make(min, max).value(); }
constexpr std::uint64_t last = std::numeric_limits<std::uint64_t>::max();

TEST(RangeCover, NamesGapsAndOverlaps) {
    using Ranges = std::vector<HashRange>;
    EXPECT_EQ(dht::cover_of({}).missing, Ranges{HashRange::full()});
    EXPECT_TRUE(dht::cover_of({HashRange()}).nothing());
    EXPECT_EQ(dht::cover_of({HashRange::full()}), dht::RangeCover{});
    EXPECT_EQ(dht::cover_of({range(10, last), range(0, 9), HashRange()}), dht::RangeCover{});
    const dht::RangeCover gaps = dht::cover_of({range(20, 29), range(5, 9), range(10, 12)});
    EXPECT_EQ(gaps.missing, (Ranges{range(0, 4), range(13, 19), range(30, last)}));
    EXPECT_EQ(gaps.overlapping, Ranges{});
    const dht::RangeCover twice = dht::cover_of({range(0, 100), range(10, 20), range(15, 30), range(0, last)});
    EXPECT_EQ(twice.missing, Ranges{});
    EXPECT_EQ(twice.overlapping, Ranges{range(0, 100)});
    EXPECT_EQ(dht::cover_of({range(0, 0), range(0, 0)}).overlapping, Ranges{range(0, 0)});
    EXPECT_EQ(dht::cover_of({range(0, last), range(last, last)}).overlapping, Ranges{range(last, last)});
    EXPECT_EQ(describe(dht::cover_of({range(0, last - 1), range(0, 1)})),
              "no answer for 0xffffffffffffffff to 0xffffffffffffffff; more than one node answers for "
              "0x0000000000000000 to 0x0000000000000001");
}

class DhtClientCover : public Cluster {
protected:
    const std::string no_upper = "no answer for 0x8000000000000000 to 0xffffffffffffffff";

    void split_in_two() {
        add_server(lower());
        add_server(upper());
        store(0, "chan", 2, "even");
        store(1, "chan", 1, "odd");
    }
    template <class Note>
    auto hear() {
        return [this](const Note& note) { notes.push_back(describe(note)); };
    }
    // Begins each request that ends by itself.
    std::vector<std::string> last_notes(Duration span = milliseconds{500}) {
        std::vector<std::string> ends;
        const auto run = [&](auto begun) {
            EXPECT_TRUE(client->set_timeout(*begun, seconds{2}));
            run_world(span);
            ends.push_back(notes.empty() ? "" : notes.back());
            notes.clear();
        };
        run(client->get_all("chan", {}, hear<dht::GetAllNote>()));
        run(client->get_channels(hear<dht::GetChannelsNote>()));
        run(client->remove_channel("chan", hear<dht::RemoveChannelNote>()));
        return ends;
    }
    Notes notes;
};

TEST_F(DhtClientCover, ARequestToOneNodeOfTwoIsIncomplete) {
    split_in_two();
    begin_client();
    client->add_node(nodes[0]->address);
    run_world();
    EXPECT_EQ(last_notes(), (Notes{no_upper, no_upper, no_upper}));
    EXPECT_EQ(client->cover().missing, std::vector{upper()});
}

TEST_F(DhtClientCover, ADeadNodeIsMissedAlsoIfNothingWasEverKnownOfIt) {
    split_in_two();
    crash(1);
    begin_client();
    for (const auto& node : nodes) client->add_node(node->address);
    run_world();
    EXPECT_EQ(last_notes(seconds{3}), Notes(3, "timed out; " + no_upper));
}

TEST_F(DhtClientCover, ANodeThatDiesWhileItIsAskedIsMissedAfterTheTimeOut) {
    split_in_two();
    connect();
    const auto id = client->get_all("chan", {}, hear<dht::GetAllNote>()).value();
    crash(1);
    run_world(seconds{1});
    EXPECT_TRUE(client->active(id)) << "it may come back";
    EXPECT_EQ(client->cover(id).value().missing, std::vector{upper()});
    EXPECT_TRUE(client->set_timeout(id, seconds{1}));
    run_world(seconds{2});
    EXPECT_EQ(notes.back(), "timed out; " + no_upper);
}

TEST_F(DhtClientCover, TheOnlyNodeThatIsMissingCompletesARequestWhenItComesBack) {
    split_in_two();
    connect();
    crash(1);
    run_world();
    EXPECT_TRUE(client->get_channels(hear<dht::GetChannelsNote>()));
    run_world(seconds{1});
    restart(1);
    run_world(seconds{5});
    EXPECT_EQ(notes.back(), "finished");
}

TEST_F(DhtClientCover, TwoOwnersOfAKeyAreSaidAndBothAreHeard) {
    split_in_two();
    ASSERT_TRUE(nodes.front()->node->set_range(HashRange::full()));
    store(0, "chan", 1, "also odd");
    connect();
    EXPECT_TRUE(client->get_all("chan", {}, hear<dht::GetAllNote>()));
    run_world();
    EXPECT_EQ(notes.back(), "finished; more than one node answers for 0x8000000000000000 to 0xffffffffffffffff");
    EXPECT_EQ(std::ranges::count_if(notes, [](const std::string& note) { return note.starts_with("record"); }), 3);
}

TEST_F(DhtClientCover, ARequestWaitsForHintsThatAreBeingTriedWhileKeysAreMissing) {
    struct Listed final : NodeSource {
        std::vector<Endpoint> nodes() override { return all; }
        std::vector<Endpoint> all;
    } list;
    split_in_two();
    for (const auto& node : nodes) list.all.push_back(node->address);
    list.all.push_back({"10.9.9.9", 1});
    begin_client();
    EXPECT_TRUE(client->get_channels(hear<dht::GetChannelsNote>()));
    client->add_source(list);
    run_world(seconds{1});
    EXPECT_EQ(notes, (Notes{"channel chan", "finished"}));
    notes.clear();
    crash(1);
    begin_client();
    EXPECT_TRUE(client->get_channels(hear<dht::GetChannelsNote>()));
    client->add_source(list);
    run_world(seconds{30});
    EXPECT_EQ(notes, (Notes{"channel chan", no_upper})) << "a hint that was tried in vain is not waited for";
    client.reset();  // must be destroyed before the source
    earlier.clear();
}

TEST_F(DhtClientCover, KeysThatMoveToANodeThatHasAlreadyAnsweredAreMissing) {
    split_in_two();
    connect();
    crash(1);
    run_world();
    EXPECT_TRUE(client->get_all("chan", {}, hear<dht::GetAllNote>()));
    run_world();
    // The lower node has answered for its half when it takes the other half over; the upper node is empty then.
    ASSERT_TRUE(nodes[0]->node->set_range(HashRange::full()));
    nodes[1]->options.range = HashRange();
    restart(1);
    run_world(seconds{5});
    EXPECT_EQ(notes.back(), no_upper);
}

TEST_F(DhtClientCover, AMirrorSaysWhatItMissesAndWhenThatIsOver) {
    split_in_two();
    begin_client();
    client->add_node(nodes[0]->address);
    const auto id = client->mirror("chan", {false, 0}, hear<dht::MirrorNote>()).value();
    run_world();
    EXPECT_EQ(notes, (Notes{"started", no_upper}));
    client->add_node(nodes[1]->address);
    run_world();
    EXPECT_EQ(notes.back(), "all keys are answered for again");
    EXPECT_EQ(client->cover(id), dht::RangeCover{});
    notes.clear();
    crash(1);
    run_world();
    ASSERT_EQ(notes.size(), 1U) << "a lost connection is told, and nothing else";
    EXPECT_EQ(client->cover(id).value().missing, std::vector{upper()});
    restart(1);
    run_world(seconds{5});
    EXPECT_EQ(notes.size(), 1U);
    EXPECT_EQ(client->cover(id), dht::RangeCover{});
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
