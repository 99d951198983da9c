#include "overlay/gossip/interests.h"

#include <gtest/gtest.h>

#include "tests/overlay/gossip/gossip_parts.h"

namespace halp::test {
namespace HALP_TEST_FILE {

// Each speaker is in the view for a moment, and the view forgets it for the next ones.
TEST(Interests, OfNodesThatTheViewHasForgottenAreForgotten) {
    GossipParts parts;
    gossip::Hello hello;
    hello.interests = {1, 2, 3};
    std::size_t most = 0;
    for (int i = 0; i < 5000; ++i) {
        const EndpointId speaker = parts.endpoints.intern({"10.1.1.1", static_cast<std::uint16_t>(1000 + i)});
        parts.view.prove(speaker, 1, start + i * std::chrono::milliseconds{1});
        parts.view.merge_arrivals();
        parts.interests.note(speaker, hello);
        most = std::max(most, parts.interests.size());
    }
    EXPECT_LE(parts.view.all().size(), 400u);
    EXPECT_LE(most, 2 * 400u + 64);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::test
