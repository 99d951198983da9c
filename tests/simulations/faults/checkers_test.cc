// Each checker reports its violation in a snapshot of a faulty node, and reports nothing for a correct one.
// fault_run_test.cc has runs of whole swarms.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "simulations/faults/checkers/accounts.h"
#include "simulations/faults/checkers/collisions_told.h"
#include "simulations/faults/checkers/false_burials.h"
#include "simulations/faults/checkers/few_dials.h"
#include "simulations/faults/checkers/freshest_wins.h"
#include "simulations/faults/checkers/lists_follow_events.h"
#include "simulations/faults/checkers/no_reentrance.h"
#include "simulations/faults/checkers/no_resurrection.h"
#include "simulations/faults/checkers/own_kept.h"
#include "simulations/faults/checkers/proved_first.h"
#include "simulations/faults/checkers/quotas.h"
#include "simulations/faults/checkers/swarms_apart.h"
#include "simulations/world/sim_world.h"

namespace halp::sim {
namespace HALP_TEST_FILE {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant noon{std::chrono::hours{1}};
const Label chat = *Label::parse("chat");
const Endpoint a{"a.example", 80}, b{"b.example", 80}, peer{"10.0.0.1", 3451};

UnixSeconds wall_at(Instant at) { return UnixSeconds{1'700'000'000 + at.time_since_epoch() / seconds{1}}; }

ListedHost vouched(const Endpoint& endpoint, Instant at, Duration age) {
    return {endpoint, UnixSeconds{count(wall_at(at)) - age / seconds{1}}, false, false, false};
}
ListedHost claimed(const Endpoint& endpoint, Instant at, Duration age = seconds{0}) {
    ListedHost host = vouched(endpoint, at, age);
    host.claimed = true;
    return host;
}
ListedHost own(const Endpoint& endpoint, Instant at) { return {endpoint, wall_at(at), true, false, false}; }

Snapshot snapshot_of(Instant at, std::vector<ListedHost> chat_list, std::vector<ListedHost> peers = {}) {
    Snapshot snapshot;
    snapshot.node = 4;
    snapshot.at = at;
    snapshot.wall = wall_at(at);
    snapshot.lists = {{Label::halp(), std::move(peers)}, {chat, std::move(chat_list)}};
    snapshot.directories = {{Label::labels(), 2}};
    return snapshot;
}

template <class T>
struct Watched {
    template <class... Args>
    explicit Watched(Args&&... args) : checker(std::forward<Args>(args)...) {
        checker.report_to(&violations);
    }
    std::vector<Violation> violations;
    T checker;
};

CheckerContext context(Duration ttl = seconds{60}) {
    CheckerContext made;
    made.options.gossip.ttl = ttl;
    made.options.table.fallback.ttl = ttl;
    return made;
}

// ---- freshest wins ----

TEST(FreshestWins, ReportsAnEntryThatGrowsOlder) {
    Watched<FreshestWins> w{context()};
    w.checker.on_snapshot(snapshot_of(noon, {vouched(a, noon, seconds{1})}));
    const Instant later = noon + seconds{10};
    w.checker.on_snapshot(snapshot_of(later, {vouched(a, later, seconds{50})}));
    ASSERT_THAT(w.violations, SizeIs(1));
    EXPECT_EQ(w.violations[0].node, 4U);
    EXPECT_EQ(w.violations[0].what, "chat a.example:80 grew older by 39.0 s");
}

TEST(FreshestWins, ReportsAListOutOfOrder) {
    Watched<FreshestWins> w{context()};
    w.checker.on_snapshot(snapshot_of(noon, {vouched(a, noon, seconds{30}), vouched(b, noon, seconds{3})}));
    ASSERT_THAT(w.violations, SizeIs(1));
    EXPECT_THAT(w.violations[0].what, HasSubstr("chat b.example:80 stands below a.example:80"));
}

TEST(FreshestWins, ReportsAHostConfirmedAfterItsDeath) {
    Watched<FreshestWins> w{context()};
    w.checker.on_truth_change({TruthChange::Kind::appeared, 1, noon, {Label::halp(), peer}});
    w.checker.on_truth_change({TruthChange::Kind::vanished, 1, noon + seconds{5}, {Label::halp(), peer}});
    const Instant later = noon + seconds{90};
    w.checker.on_snapshot(snapshot_of(later, {}, {vouched(peer, later, seconds{2})}));
    ASSERT_THAT(w.violations, SizeIs(1));
    EXPECT_EQ(w.violations[0].what, "halp 10.0.0.1:3451 was confirmed 83.0 s after it was gone");
}

TEST(FreshestWins, AcceptsAgeingEntriesAndANewProcess) {
    Watched<FreshestWins> w{context()};
    for (int s = 0; s < 50; ++s) {
        const Instant at = noon + seconds{s};
        w.checker.on_snapshot(snapshot_of(at, {own(b, at), vouched(a, at, seconds{s % 20}), claimed(peer, at)}));
    }
    w.checker.on_truth_change(
        {TruthChange::Kind::vanished, 4, noon + seconds{50}, {Label::halp(), Endpoint{"10.0.0.4", 3451}}});
    const Instant at = noon + seconds{51};
    w.checker.on_snapshot(snapshot_of(at, {vouched(a, at, seconds{59})}));
    EXPECT_THAT(w.violations, IsEmpty());
}

// ---- no resurrection ----

TEST(NoResurrection, ReportsAnEntryShownAfterItsTtl) {
    Watched<NoResurrection> w{context()};
    w.checker.on_truth_change({TruthChange::Kind::appeared, 1, noon, {chat, a}});
    w.checker.on_truth_change({TruthChange::Kind::vanished, 1, noon, {chat, a}});
    const Instant in_time = noon + seconds{64}, late = noon + seconds{80};
    w.checker.on_snapshot(snapshot_of(in_time, {vouched(a, in_time, seconds{59})}));
    EXPECT_THAT(w.violations, IsEmpty());
    w.checker.on_snapshot(snapshot_of(late, {vouched(a, late, seconds{5})}));
    ASSERT_THAT(w.violations, SizeIs(1));
    EXPECT_EQ(w.violations[0].what, "chat a.example:80 is shown 80.0 s after it was gone");
}

TEST(NoResurrection, ReportsAnEntryThatComesBackAfterANotedWithdrawal) {
    Watched<NoResurrection> w{context()};
    w.checker.on_truth_change({TruthChange::Kind::appeared, 1, noon, {chat, a}});
    w.checker.on_truth_change({TruthChange::Kind::withdrawn, 1, noon, {chat, a}});
    const Instant at = noon + seconds{3};
    w.checker.on_snapshot(
        snapshot_of(at, {vouched(a, at, seconds{4})}));  // the node has not noted the withdrawal yet
    EXPECT_THAT(w.violations, IsEmpty());
    w.checker.on_event(4, at, EntryForgotten{chat, a, ForgottenWhy::withdrawn});
    w.checker.on_snapshot(snapshot_of(at + seconds{1}, {vouched(a, at + seconds{1}, seconds{5})}));
    ASSERT_THAT(w.violations, SizeIs(1));
    EXPECT_THAT(w.violations[0].what, HasSubstr("noted its withdrawal"));
}

TEST(NoResurrection, AcceptsANewAnnouncementAndAClaim) {
    Watched<NoResurrection> w{context()};
    w.checker.on_truth_change({TruthChange::Kind::withdrawn, 1, noon, {chat, a}});
    w.checker.on_event(4, noon, EntryForgotten{chat, a, ForgottenWhy::withdrawn});
    const Instant later = noon + seconds{300};
    w.checker.on_snapshot(snapshot_of(later, {claimed(a, later)}));
    w.checker.on_truth_change({TruthChange::Kind::appeared, 2, later, {chat, a}});
    w.checker.on_snapshot(snapshot_of(later, {vouched(a, later, seconds{0})}));
    EXPECT_THAT(w.violations, IsEmpty());
}

// ---- accounts ----

TEST(Accounts, ReportsWhatIsCountedByNobodyOrTwice) {
    Watched<Accounts> w;
    Snapshot exact = snapshot_of(noon, {});
    exact.status.arrived = {.frames = 4, .nodes = 3, .hosts = 2, .lines = 1, .malformed = 1, .nodes_elsewhere = 1};
    exact.status.received.frames.count(FrameFate::taken, 3);
    exact.status.received.nodes.count(NodeFate::kept);
    exact.status.received.nodes.count(NodeFate::too_old);
    exact.status.received.hosts.count(HostFate::not_read, 2);
    exact.status.received.lines.count(LineFate::bad);
    w.checker.on_snapshot(exact);
    EXPECT_THAT(w.violations, IsEmpty());
    Snapshot wrong = exact;
    ++wrong.status.arrived.nodes;
    wrong.status.received.lines.count(LineFate::refused);
    w.checker.on_snapshot(wrong);
    std::vector<std::string> said;
    for (const Violation& v : w.violations) said.push_back(v.what);
    EXPECT_THAT(said, testing::ElementsAre("4 nodes in frames arrived, 3 are accounted for",
                                           "1 lines of inserts arrived, 2 are accounted for"));
}

TEST(Accounts, FollowsWhatHasGoneAfterItWasKept) {
    Watched<Accounts> w;
    Snapshot exact = snapshot_of(noon, {});
    exact.status.received.hosts.count(HostFate::kept, 5);
    exact.status.arrived.hosts = 5;
    exact.status.kept.hosts_listed[static_cast<std::size_t>(LearnedFrom::gossip)] = 5;
    exact.status.kept.hosts_gone[static_cast<std::size_t>(ForgottenWhy::evicted)] = 2;
    exact.status.evicted[static_cast<std::size_t>(EvictionCause::label_full)] = 2;
    exact.status.entries = 3;
    exact.status.kept.nodes_added = 9;
    exact.status.kept.nodes_held = 4;
    exact.status.kept.nodes_expired = 2;
    exact.status.kept.nodes_erased = 1;
    exact.status.pool_short = exact.status.graves_short = 1;
    w.checker.on_snapshot(exact);
    EXPECT_THAT(w.violations, IsEmpty());
    Snapshot wrong = exact;
    --wrong.status.entries;
    ++wrong.status.kept.nodes_added;
    wrong.status.evicted[static_cast<std::size_t>(EvictionCause::label_full)] = 0;
    w.checker.on_snapshot(wrong);
    std::vector<std::string> said;
    for (const Violation& v : w.violations) said.push_back(v.what);
    EXPECT_THAT(said, testing::ElementsAre("5 hosts under labels arrived, 4 are accounted for",
                                           "10 nodes and graves arrived, 9 are accounted for",
                                           "2 hosts were evicted, and no eviction is counted"));
}

// ---- quotas ----

TEST(Quotas, ReportsEachExceededQuotaAndNoFullOne) {
    CheckerContext tight = context();
    tight.options.table.fallback.entries_max = 2;
    tight.options.table.labels_max = 3;
    tight.options.table.bytes_max = 1000;
    tight.options.table.names_per_directory_max = 4;
    tight.options.view.anchors_max = 1;
    Watched<Quotas> w{tight};
    Snapshot full = snapshot_of(noon, {own(a, noon), own(b, noon)});
    full.directories = {{Label::labels(), 3}, {*Label::parse("chat/"), 4}};
    full.peers.resize(1);
    full.peers[0].role = PeerRole::anchor;
    full.status.labels = 3;
    full.status.table_bytes = 1000;
    w.checker.on_snapshot(full);
    EXPECT_THAT(w.violations, IsEmpty());
    Snapshot over = full;
    over.lists[1].second.push_back(own(peer, noon));
    over.directories = {{Label::labels(), 4}, {*Label::parse("chat/"), 5}};
    over.peers.resize(2, over.peers[0]);
    over.status.labels = 4;
    over.status.table_bytes = 1001;
    w.checker.on_snapshot(over);
    std::vector<std::string> said;
    for (const Violation& v : w.violations) said.push_back(v.what);
    EXPECT_THAT(said, testing::ElementsAre("3 hosts in chat, allowed 2", "4 names in labels, allowed 3",
                                           "5 names in chat/, allowed 4", "4 labels, allowed 3",
                                           "1001 bytes of lists, allowed 1000", "2 anchors, allowed 1"));
}

// ---- proved first ----

TEST(ProvedFirst, ReportsAClaimAboveAConfirmedHost) {
    Watched<ProvedFirst> w;
    w.checker.on_snapshot(snapshot_of(noon, {own(peer, noon), claimed(a, noon), vouched(b, noon, seconds{9})}));
    ASSERT_THAT(w.violations, SizeIs(1));
    EXPECT_EQ(w.violations[0].what, "chat a.example:80, a mere claim, stands above b.example:80");
}

TEST(ProvedFirst, AcceptsClaimsBelowAndSuspectsAtTheEnd) {
    Watched<ProvedFirst> w;
    Snapshot snapshot = snapshot_of(noon, {vouched(b, noon, seconds{9}), claimed(a, noon)},
                                    {claimed(a, noon), vouched(peer, noon, seconds{9})});
    snapshot.peers.resize(1);
    snapshot.peers[0].endpoint = peer;
    snapshot.peers[0].suspect = true;
    w.checker.on_snapshot(snapshot);
    EXPECT_THAT(w.violations, IsEmpty());
    snapshot.peers[0].suspect = false;
    w.checker.on_snapshot(snapshot);
    EXPECT_THAT(w.violations, SizeIs(1));
}

// ---- own kept ----

TEST(OwnKept, ReportsAnAnnouncementThatIsEvictedOutrankedOrForgotten) {
    Watched<OwnKept> w;
    w.checker.on_truth_change({TruthChange::Kind::appeared, 4, noon, {chat, a}});
    Snapshot good = snapshot_of(noon, {own(a, noon), vouched(b, noon, seconds{1})});
    good.announcements = {{chat, a}};
    w.checker.on_snapshot(good);
    w.checker.on_event(4, noon, EntryForgotten{chat, b, ForgottenWhy::expired});
    EXPECT_THAT(w.violations, IsEmpty());
    Snapshot outranked = snapshot_of(noon, {vouched(b, noon, seconds{1}), own(a, noon)});
    outranked.announcements = good.announcements;
    w.checker.on_snapshot(outranked);
    Snapshot gone = snapshot_of(noon, {vouched(b, noon, seconds{1})});
    w.checker.on_snapshot(gone);
    w.checker.on_event(4, noon, EntryForgotten{chat, a, ForgottenWhy::expired});
    ASSERT_THAT(w.violations, SizeIs(3));
    EXPECT_THAT(w.violations[0].what, HasSubstr("is not first on the node"));
    EXPECT_THAT(w.violations[1].what, HasSubstr("is no longer announced"));
    EXPECT_THAT(w.violations[2].what, HasSubstr("was forgotten by the node that announces it"));
}

TEST(OwnKept, AcceptsAWithdrawal) {
    Watched<OwnKept> w;
    w.checker.on_truth_change({TruthChange::Kind::appeared, 4, noon, {chat, a}});
    w.checker.on_truth_change({TruthChange::Kind::withdrawn, 4, noon, {chat, a}});
    w.checker.on_event(4, noon, EntryForgotten{chat, a, ForgottenWhy::withdrawn});
    w.checker.on_snapshot(snapshot_of(noon, {}));
    EXPECT_THAT(w.violations, IsEmpty());
}

// ---- no re-entrance ----

// Connects when its alarm fires.
class Caller final : public EventHandler {
public:
    explicit Caller(const OverlayEnvironment& environment) : environment_(environment) {}
    void on_accept(StreamId, const Endpoint&) override {}
    void on_connected(StreamId, const Endpoint&) override { ++connected; }
    void on_connect_failed(StreamId, ConnectFailure) override {}
    void on_bytes(StreamId, Bytes) override {}
    void on_end(StreamId) override {}
    void on_closed(StreamId) override {}
    void on_wakeup() override { environment_.transport.connect(peer); }
    int connected = 0;

private:
    const OverlayEnvironment& environment_;
};

// A transport that calls the handler before connect() has returned.
class HastyTransport final : public Transport {
public:
    StreamId connect(const Endpoint& to) override {
        answered->on_connected(StreamId{2}, to);
        return StreamId{2};
    }
    void write(StreamId, Bytes) override {}
    void close(StreamId) override {}
    void abort(StreamId) override {}
    EventHandler* answered = nullptr;
};

TEST(ReentranceGuard, ReportsAWorldThatCallsBackWithinACall) {
    SimWorld world{1};
    OverlayEnvironment& env = world.env(world.add_host({"10.0.0.9", 3451}));
    HastyTransport hasty;
    Watched<ReentranceGuard> w{
        4U, OverlayEnvironment{{env.clock, env.alarm, env.random, hasty}, env.cache, env.state, env.observer}};
    Caller node{w.checker.environment()};
    w.checker.guard(node);
    hasty.answered = &w.checker;
    w.checker.on_wakeup();
    EXPECT_EQ(node.connected, 1);
    ASSERT_THAT(w.violations, SizeIs(2));
    EXPECT_EQ(w.violations[0].what, "on_connected was called before connect had returned");
    EXPECT_EQ(w.violations[1].what, "on_connected was called within on_wakeup");
}

TEST(ReentranceGuard, AcceptsAWorldThatKeepsTheRule) {
    SimWorld world{1};
    const HostId here = world.add_host({"10.0.0.9", 3451}), there = world.add_host(peer);
    Watched<ReentranceGuard> w{4U, world.env(here)};
    Watched<ReentranceGuard> other{5U, world.env(there)};
    Caller node{w.checker.environment()}, callee{other.checker.environment()};
    w.checker.guard(node);
    other.checker.guard(callee);
    world.attach(here, w.checker);
    world.attach(there, other.checker);
    w.checker.environment().alarm.wake_at(world.now() + seconds{1});
    world.run_for(seconds{2});
    EXPECT_EQ(node.connected, 1);
    EXPECT_THAT(w.violations, IsEmpty());
}

// ---- swarms apart ----

TruthChange appeared(std::size_t node, const OwnAnnouncement& item, std::size_t swarm) {
    return {TruthChange::Kind::appeared, node, noon, item, swarm};
}

TEST(SwarmsApart, ReportsAHostOfTheOtherSwarm) {
    Watched<SwarmsApart> watched;
    watched.checker.on_truth_change(appeared(1, {chat, a}, 1));
    watched.checker.on_truth_change(appeared(2, {chat, b}, 0));
    watched.checker.on_snapshot(snapshot_of(noon, {vouched(b, noon, seconds{1})}));
    EXPECT_THAT(watched.violations, IsEmpty());
    watched.checker.on_snapshot(snapshot_of(noon, {claimed(a, noon)}));
    ASSERT_THAT(watched.violations, SizeIs(1));
    EXPECT_THAT(watched.violations[0].what, HasSubstr("chat a.example:80 is listed, but was only in the other"));
}

TEST(SwarmsApart, AllowsANodeThatMovedToShowItsOldFilesAsClaims) {
    Watched<SwarmsApart> watched;
    watched.checker.on_truth_change(appeared(1, {chat, a}, 1));
    watched.checker.on_truth_change(appeared(4, {Label::halp(), peer}, 1));
    watched.checker.on_snapshot(snapshot_of(noon, {claimed(a, noon)}));
    EXPECT_THAT(watched.violations, IsEmpty());
    watched.checker.on_snapshot(snapshot_of(noon, {vouched(a, noon, seconds{1})}));
    EXPECT_THAT(watched.violations, SizeIs(1));
}

// ---- false burials ----

struct Burials : testing::Test {
    Burials() {
        watched.checker.on_truth_change(appeared(1, {Label::halp(), {"10.0.0.7", 3451}}, 0));
        watched.checker.on_truth_change(appeared(2, {Label::halp(), peer}, 0));
    }
    void bury(Instant at) { watched.checker.on_event(1, at, PeerBuried{peer}); }
    Watched<FalseBurials> watched{context()};
};

TEST_F(Burials, ReportsTheBurialOfALivingNodeInPeace) {
    bury(noon + seconds{300});
    ASSERT_THAT(watched.violations, SizeIs(1));
    EXPECT_THAT(watched.violations[0].what, HasSubstr("buries 10.0.0.1:3451, where node 2 lives"));
}

TEST_F(Burials, AllowsTheBurialOfANodeThatIsGoneOrHadAFault) {
    bury(noon + seconds{20});  // it has just started
    watched.checker.begin_fault(2, noon + seconds{300});
    bury(noon + seconds{310});
    watched.checker.end_fault(2, noon + seconds{320});
    bury(noon + seconds{330});
    watched.checker.begin_fault(FalseBurials::network, noon + seconds{700});
    bury(noon + seconds{710});
    watched.checker.on_truth_change(
        {TruthChange::Kind::vanished, 2, noon + seconds{720}, {Label::halp(), peer}, 0});
    bury(noon + seconds{999});
    EXPECT_THAT(watched.violations, IsEmpty());
}

// ---- collisions told ----

TEST(CollisionsTold, ReportsANodeThatWasNotTold) {
    Watched<CollisionsTold> watched;
    watched.checker.on_event(1, noon, NumberShared{peer});
    watched.checker.expect_told(1, CollisionsTold::What::number, noon - seconds{5}, noon + seconds{60});
    EXPECT_THAT(watched.violations, IsEmpty());
    watched.checker.expect_told(1, CollisionsTold::What::number, noon + seconds{5}, noon + seconds{65});
    watched.checker.expect_told(1, CollisionsTold::What::address, noon, noon + seconds{60});
    ASSERT_THAT(watched.violations, SizeIs(2));
    EXPECT_THAT(watched.violations[0].what, HasSubstr("not told within 60.0 s that another node has its number"));
}

// ---- lists follow events ----

TEST(ListsFollowEvents, ReportsAHostThatComesOrGoesWithoutAnEvent) {
    Watched<ListsFollowEvents> watched;
    watched.checker.on_event(4, noon, EntryLearned{chat, a, LearnedFrom::gossip});
    watched.checker.on_event(4, noon, EntryLearned{chat, b, LearnedFrom::gossip});
    watched.checker.on_event(4, noon, EntryForgotten{chat, b, ForgottenWhy::expired});
    watched.checker.on_snapshot(snapshot_of(noon, {vouched(a, noon, seconds{1})}));
    EXPECT_THAT(watched.violations, IsEmpty());
    watched.checker.on_snapshot(snapshot_of(noon, {vouched(b, noon, seconds{1})}));
    ASSERT_THAT(watched.violations, SizeIs(2));
    EXPECT_THAT(watched.violations[0].what, HasSubstr("b.example:80 is listed, and no event told it"));
    EXPECT_THAT(watched.violations[1].what, HasSubstr("a.example:80 is gone, and no event told it"));
    watched.checker.on_process(4);
    watched.checker.on_snapshot(snapshot_of(noon, {}));
    EXPECT_THAT(watched.violations, SizeIs(2));
}

// ---- few dials ----

TEST(FewDials, ReportsAThirdDialOfOneTargetInTenMinutes) {
    Watched<FewDials> watched{[](const Endpoint& to) { return to != peer; }};
    for (const seconds at : {seconds{0}, seconds{30}, seconds{601}, seconds{631}}) {
        watched.checker.on_dial(4, noon + at, a);
        watched.checker.on_dial(4, noon + at, peer);
        watched.checker.on_dial(5, noon + at, b);
    }
    EXPECT_THAT(watched.violations, IsEmpty());
    watched.checker.on_dial(4, noon + seconds{640}, a);
    ASSERT_THAT(watched.violations, SizeIs(1));
    EXPECT_THAT(watched.violations[0].what, HasSubstr("dialled a.example:80 3 times in ten minutes"));
    watched.checker.on_process(4);
    watched.checker.on_dial(4, noon + seconds{641}, a);
    EXPECT_THAT(watched.violations, SizeIs(1));
}

TEST(FewDials, ReportsManyDialsOfNobodyOnce) {
    Watched<FewDials> watched{[](const Endpoint&) { return true; }};
    for (std::uint16_t port = 1; port <= FewDials::in_all_max; ++port)
        watched.checker.on_dial(4, noon, {"10.200.0.1", port});
    EXPECT_THAT(watched.violations, IsEmpty());
    for (std::uint16_t port = 1000; port < 1010; ++port) watched.checker.on_dial(4, noon, {"10.200.0.1", port});
    ASSERT_THAT(watched.violations, SizeIs(1));
    EXPECT_THAT(watched.violations[0].what, HasSubstr("97 times in ten minutes where nobody ever was"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::sim
