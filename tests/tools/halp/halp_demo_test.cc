// `halp demo` with a daemon that fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/halp/halp_support.h"
#include "tools/halp/demo.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

TEST(Demo, FailsWithTheReasonAndTheLogOfTheNodeThatFailed) {
    const testing::TemporaryDirectory place;
    place.write("halpd", "#!/bin/sh\necho 'halpd: the sky is falling' >&2\nexit 78\n");
    std::filesystem::permissions(place.path() + "/halpd", std::filesystem::perms::owner_all);
    const testing::TestClock clock;
    testing::RecordedConsole recorded{{.json = true}};
    CommandLine command;
    command.verb = Verb::demo;
    command.json = true;
    EXPECT_EQ(run_demo({command, recorded.console, clock, place.path() + "/halp", ""}), ExitCode::failed);
    EXPECT_THAT(recorded.messages.str(), HasSubstr("node 1 ended by itself (exit code 78)"));
    EXPECT_THAT(recorded.messages.str(), HasSubstr("  halpd: the sky is falling\n"));
    EXPECT_THAT(recorded.data.str(), HasSubstr("\"ok\":false"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
