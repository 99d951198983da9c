#include "overlay/gossip/self_check.h"

#include <gtest/gtest.h>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;

// A node that calls an address which leads to itself: its own call comes in, and is answered with its number.
struct OwnCalls : testing::Test {
    void meets_itself_at(EndpointId there, CallPurpose purpose, Instant now) {
        const Call& call = node.calls.ping(there, purpose, now);
        const ConversationId conversation = call.id;
        check.own_number_called(no_endpoint, true, {"192.0.2.1", 40000}, now + 1ms);
        check.own_number_answered(*node.calls.finish(conversation), now + 2ms);
    }
    GossipParts node;
    SelfCheck check{{node.endpoints, node.events, node.view, node.identity, node.calls}};
};

TEST_F(OwnCalls, ANodeThatFoundItselfBehindANatDoesNotTakeALaterNodeThereForItsCopy) {
    const EndpointId outside = node.endpoints.intern({"198.51.100.7", 3451});
    meets_itself_at(outside, CallPurpose::round, start);
    ASSERT_NE(check.next_deadline(), no_deadline) << "it calls once more, alone";
    const Instant then = check.next_deadline();
    check.on_deadline(then);
    const std::vector<GossipCall> calls = node.take_calls();
    ASSERT_FALSE(calls.empty());
    meets_itself_at(outside, CallPurpose::self_check, then);

    const Call later{.to = outside, .purpose = CallPurpose::round, .started = start + 1h};
    check.answered_by_another(later, {"198.51.100.7", 3451}, start + 1h);

    EXPECT_EQ(node.events.count<NumberShared>(), 0u);
    EXPECT_FALSE(node.identity.is_self(outside));
}

// The copy learns it from the refusal and takes another number. This node had a call on the way to somebody else.
TEST_F(OwnCalls, ACopyThatCalledWhileThisNodeCalledOthersIsLookedAt) {
    const EndpointId copy = node.endpoints.intern({"198.51.100.7", 3451});
    node.calls.ping(node.endpoints.intern({"198.51.100.8", 3451}), CallPurpose::round, start);
    check.own_number_called(copy, true, {"198.51.100.7", 40000}, start);
    EXPECT_EQ(node.events.count<NumberShared>(), 0u) << "it may have been its own call";
    ASSERT_NE(check.next_deadline(), no_deadline);

    const Call later{.to = copy, .purpose = CallPurpose::self_check, .started = start + 1s};
    check.answered_by_another(later, {"198.51.100.7", 3451}, start + 1s);

    EXPECT_EQ(node.events.count<NumberShared>(), 1u);
}

TEST_F(OwnCalls, ACopyThatHasAnotherNumberByNowIsTold) {
    const EndpointId copy = node.endpoints.intern({"198.51.100.7", 3451});
    meets_itself_at(copy, CallPurpose::round, start);

    const Call later{.to = copy, .purpose = CallPurpose::self_check, .started = start + 1s};
    check.answered_by_another(later, {"198.51.100.7", 3451}, start + 1s);

    EXPECT_EQ(node.events.count<NumberShared>(), 1u);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
