#include "tools/halpd/start_pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace halp {
namespace HALP_TEST_FILE {

std::size_t resident_file_kib() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("RssFile:")) return std::stoul(line.substr(8));
    return 0;
}

std::size_t kept_for_writing = 41;
const std::string made_at_the_start = "constant, but made at the start";

TEST(StartPages, CodeAndConstantsOfTheStartAreUnmappedAndNothingElseChanges) {
    ++kept_for_writing;
    const std::size_t before = resident_file_kib();
    const std::size_t dropped = drop_start_pages();
    const std::size_t after = resident_file_kib();
    if (dropped == 0) GTEST_SKIP() << "somebody traces this process";
    EXPECT_LT(after, before * 3 / 4);
    EXPECT_EQ(kept_for_writing, 42U);
    EXPECT_EQ(made_at_the_start, "constant, but made at the start");
    EXPECT_THROW(static_cast<void>(std::stoul("no number")), std::exception) << "code is mapped again";
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
