#include "overlay/gossip/contacts.h"

#include <gtest/gtest.h>

#include <chrono>

#include "overlay/gossip/self/standing.h"
#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

constexpr EndpointId there{7}, elsewhere{8};

TEST(Contacts, TwoNodesAtOneEndpointShowWhenANumberComesBack) {
    Contacts contacts;
    EXPECT_FALSE(contacts.heard(there, 1, start).contested);
    EXPECT_FALSE(contacts.heard(there, 2, start + 1s).contested) << "a restart";
    EXPECT_FALSE(contacts.notice_for(there, start + 1s).contested);
    EXPECT_TRUE(contacts.heard(there, 1, start + 2s).contested);
    EXPECT_FALSE(contacts.heard(there, 2, start + 3s).contested) << "said once";
    EXPECT_TRUE(contacts.notice_for(there, start + 3s).contested);
    EXPECT_EQ(contacts.contested(start + 3s), 1u);
    EXPECT_FALSE(contacts.notice_for(there, start + 10min).contested) << "one of them has moved";
}

TEST(Contacts, NameTheFormerEndpointOfANodeThatHasMoved) {
    Contacts contacts;
    EXPECT_EQ(contacts.heard(there, 1, start).former, no_endpoint);
    EXPECT_EQ(contacts.heard(elsewhere, 1, start + 1s).former, there);
    EXPECT_EQ(contacts.heard(elsewhere, 1, start + 2s).former, no_endpoint);
}

TEST(Contacts, ACallerThatCannotBeCalledIsTold) {
    Contacts contacts;
    contacts.call_failed(there, ConnectFailure::refused, start);
    EXPECT_EQ(contacts.notice_for(there, start), gossip::Notice{}) << "it never called";
    (void)contacts.heard(there, 1, start);
    for (int i = 1; i <= 4; ++i) contacts.call_failed(there, ConnectFailure::refused, start + i * 1s);
    (void)contacts.heard(there, 1, start + 10s);
    EXPECT_EQ(contacts.notice_for(there, start + 10s), gossip::Notice{}) << "both may have been cut off";
    contacts.call_failed(there, ConnectFailure::timed_out, start + 12s);
    (void)contacts.heard(there, 1, start + 15s);
    const gossip::Notice notice = contacts.notice_for(there, start + 15s);
    EXPECT_EQ(notice.failures, 2u);
    EXPECT_EQ(notice.why, ConnectFailure::timed_out);
    EXPECT_EQ(notice.failing_s, 14u);
    contacts.call_worked(there);
    EXPECT_EQ(contacts.notice_for(there, start + 15s), gossip::Notice{});
}

TEST(Contacts, ARestartedNodeBeginsAnew) {
    Contacts contacts;
    (void)contacts.heard(there, 1, start);
    for (int i = 0; i < 3; ++i) {
        contacts.call_failed(there, ConnectFailure::refused, start + 1s);
        (void)contacts.heard(there, 1, start + 1s);
    }
    EXPECT_EQ(contacts.notice_for(there, start + 1s).failures, 3u);
    (void)contacts.heard(there, 2, start + 2s);
    EXPECT_EQ(contacts.notice_for(there, start + 2s), gossip::Notice{});
}

TEST(Standing, SaysOnceThatMostOthersDoNotReachTheNodeAndOnceThatTheyDo) {
    EventLog events;
    Standing standing{events};
    const Endpoint self{"10.0.0.2", 3451};
    const gossip::Notice good, bad{.failures = 3, .why = ConnectFailure::timed_out, .failing_s = 9};
    standing.answered("10.0.0.1", self, good, start);
    standing.answered("10.0.0.3", self, bad, start);
    EXPECT_EQ(events.count<SelfUnreachable>(), 0u) << "one of two may be behind a filter";
    standing.answered("10.0.0.4", self, bad, start);
    standing.answered("10.0.0.4", self, bad, start + 1s);
    EXPECT_EQ(events.count<SelfUnreachable>(), 1u);
    EXPECT_EQ(standing.reachability().unreached, 2u);
    EXPECT_EQ(standing.reachability().asked, 3u);
    EXPECT_EQ(standing.reachability().why, ConnectFailure::timed_out);
    standing.answered("10.0.0.4", self, good, start + 2s);
    EXPECT_EQ(events.count<SelfReachable>(), 1u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
