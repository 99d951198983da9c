// How `halp demo` finds the daemon, and the line in which the daemon says where it listens.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/tools/halp/halp_support.h"
#include "tools/halp/demo.h"
#include "tools/halp/demo_swarm.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

TEST(ListeningLine, IsFoundInALog) {
    EXPECT_EQ(listening_endpoint("[info] listening on 127.0.0.1:4711\n")->port, 4711);
    EXPECT_EQ(listening_endpoint("admin listening on /run/x.sock\nlistening on [::1]:9, ready\n")->text(),
              "[::1]:9");
    EXPECT_FALSE(listening_endpoint("listening on 127.0.0.1:47"));  // perhaps half a line
    EXPECT_FALSE(listening_endpoint(""));
}

TEST(FindHalpd, LooksBesideTheProgramThenInThePath) {
    const testing::TemporaryDirectory place;
    std::filesystem::create_directories(place.path() + "/a");
    place.write("halpd", "#!/bin/sh\n");
    EXPECT_FALSE(find_halpd("", "/nowhere/halp", place.path()));  // not executable
    std::filesystem::permissions(place.path() + "/halpd", std::filesystem::perms::owner_all);
    EXPECT_EQ(find_halpd("", place.path() + "/halp", "").value(), place.path() + "/halpd");
    EXPECT_EQ(find_halpd("", "/nowhere/halp", "/none::" + place.path()).value(), place.path() + "/halpd");
    EXPECT_FALSE(find_halpd("/nowhere/halpd", place.path() + "/halp", place.path()));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
