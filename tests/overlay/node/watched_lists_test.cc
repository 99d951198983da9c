// Whoever follows the events of a node ends with the list that it shows, whatever happened to the list.
#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "simulations/world/sim_random.h"
#include "tests/simulations/swarm/swarm.h"

namespace halp {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

Label label(const char* text) { return *Label::parse(text); }

// What somebody believes who saw the list once and every event of the label since then.
class Watcher {
public:
    Watcher(Swarm& swarm, std::size_t node, const Label& where) : swarm_(swarm), node_(node), where_(where) {
        swarm_.node(node_).watch(where_, true);
        next_ = swarm_.world.noted().size();
        believed_ = shown();
    }

    std::set<Endpoint> shown() const {
        std::set<Endpoint> out;
        for (const ListedHost& host : swarm_.node(node_).hosts(where_, 0, 10'000)) out.insert(host.endpoint);
        return out;
    }
    const std::set<Endpoint>& believed() {
        const std::vector<SimWorld::Noted>& noted = swarm_.world.noted();
        for (; next_ < noted.size(); ++next_)
            if (noted[next_].host == swarm_.host(node_)) take(noted[next_].event);
        return believed_;
    }
    int moved = 0;

private:
    // As the event stream of the daemon shows them (tools/halpd/admin/admin_streams.cc).
    void take(const Event& event) {
        const bool nodes = where_ == Label::halp();
        const auto add = [&](const Label& of, const Endpoint& host) {
            if (of == where_) believed_.insert(host);
        };
        const auto remove = [&](const Endpoint& host) {
            if (nodes) believed_.erase(host);
        };
        match(
            event, [&](const EntryLearned& e) { add(e.label, e.endpoint); },
            [&](const EntryForgotten& e) {
                if (e.label == where_) believed_.erase(e.endpoint);
            },
            [&](const EntryMoved& e) { moved += e.label == where_; },
            [&](const PeerJoined& e) { add(Label::halp(), e.peer); },
            [&](const NodeListed& e) { add(Label::halp(), e.peer); }, [&](const PeerBuried& e) { remove(e.peer); },
            [&](const PeerLeft& e) { remove(e.peer); }, [&](const PeerExpired& e) { remove(e.peer); },
            [&](const NodeUnlisted& e) { remove(e.peer); }, [](const auto&) {});
    }

    Swarm& swarm_;
    std::size_t node_;
    Label where_;
    std::size_t next_ = 0;
    std::set<Endpoint> believed_;
};

OverlayOptions tight() {
    OverlayOptions options = OverlayOptions::for_profile(Profile::local);
    options.table.fallback.entries_max = 8;
    options.table.fallback.ttl = 20s;
    options.table.labels_max = 10;
    options.view.pool_max = 1;
    options.view.fresh_max = 2;
    options.view.anchors_max = 1;
    return options;
}

void step(Swarm& swarm, Random& random) {
    const auto host = [&] { return Endpoint{"10.9.9." + std::to_string(random.below(20)), 80}; };
    OverlayNode& node = swarm.node(0);
    OverlayNode& other = swarm.node(1);
    const Label chat = label("chat");
    const UnixSeconds seen{1'700'000'000 + static_cast<std::int64_t>(random.below(1000))};
    switch (random.below(14)) {
        case 0:
            node.clear(random.below(3) == 0 ? Label::halp() : chat);
            break;
        case 1:
            if (random.below(4) == 0) node.clear_all();
            break;
        case 2:
            static_cast<void>(node.announce(chat, host()));
            break;
        case 3:
            if (!node.announcements().empty()) {
                EXPECT_TRUE(node.withdraw(chat, node.announcements().front().endpoint));
            }
            break;
        case 4: {
            const Endpoint failing = host();
            for (int i = 0; i < 3; ++i) static_cast<void>(node.confirm(chat, failing, false));
            break;
        }
        case 5:
            static_cast<void>(node.confirm(chat, host(), true));
            break;
        case 6:
            static_cast<void>(other.announce(chat, host()));
            break;
        case 7:
            if (!other.announcements().empty()) {
                EXPECT_TRUE(other.withdraw(chat, other.announcements().front().endpoint));
            }
            break;
        case 8:
            static_cast<void>(node.insert(label(("l" + std::to_string(random.below(20))).c_str()), host(), seen));
            break;
        case 9:
            static_cast<void>(
                node.insert(Label::halp(), {"10.200.0." + std::to_string(random.below(9)), 3451}, seen));
            break;
        case 10:
            swarm.world.run_for(Duration{static_cast<std::int64_t>(random.below(25'000'000))});
            break;
        case 11:
            if (swarm.up(3))
                swarm.crash(3);
            else
                swarm.restart(3);
            break;
        default:
            static_cast<void>(node.insert(chat, host(), seen));
    }
}

TEST(EventsFollowState, AWatcherEndsWithTheListThatIsShown) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Swarm swarm{seed, tight()};
        swarm.add(6, 0);
        swarm.world.run_for(2s);
        Watcher chat{swarm, 0, label("chat")}, nodes{swarm, 0, Label::halp()};
        SimRandom random{seed, 77};
        for (int i = 0; i < 120; ++i) {
            step(swarm, random);
            ASSERT_EQ(chat.believed(), chat.shown()) << "after step " << i;
            // The list of nodes is compared every 100 ms, and here it changes all the time.
            ASSERT_TRUE(swarm.within(1s, [&] { return nodes.believed() == nodes.shown(); })) << "after step " << i;
        }
    }
}

TEST(EventsFollowState, AHostThatIsConfirmedAgainMoves) {
    Swarm swarm{1};
    swarm.add(1, 0);
    ASSERT_TRUE(swarm.node(0).insert(label("chat"), {"10.9.9.9", 80}, UnixSeconds{1'700'000'000}));
    Watcher chat{swarm, 0, label("chat")};
    ASSERT_TRUE(swarm.node(0).confirm(label("chat"), {"10.9.9.9", 80}, true));
    chat.believed();
    EXPECT_EQ(chat.moved, 1);
    swarm.world.run_for(6min);  // the proof ends, the claim stays
    chat.believed();
    EXPECT_EQ(chat.moved, 2);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
