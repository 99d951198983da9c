// halp-sim as a researcher starts it: under mpirun, and with little memory. HALP_SIM_BINARY comes from the build.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "tests/tools/daemon_process.h"

namespace halp::testing {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

class RanksProgram : public ::testing::Test {
protected:
    void SetUp() override {
        const std::filesystem::path part = std::filesystem::path{HALP_SIM_BINARY}.parent_path() / "halp-sim-mpi.so";
        if (!std::filesystem::exists(part)) GTEST_SKIP() << "built without MPI";
        if (run(home_, {"/bin/sh", "-c", "command -v mpirun"}).code != 0) GTEST_SKIP() << "there is no mpirun";
    }
    // OpenMPI refuses root and more ranks than cores unless it is told otherwise; MPICH knows neither variable.
    [[nodiscard]] Finished ranks(int count, const std::string& words) const {
        return run(home_, {"/bin/sh", "-c",
                           "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "
                           "OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 exec mpirun -n " +
                               std::to_string(count) + " " HALP_SIM_BINARY " " + words});
    }
    Home home_;
};

std::string digest_in(const std::string& text) {
    const std::size_t at = text.find("digest ");
    return at == std::string::npos ? "none in: " + text : text.substr(at, 23);
}

TEST_F(RanksProgram, PlaysTheSameRunWithAnyNumberOfThem) {
    const std::string words = "views --rule hybrid --nodes 500 --periods 4";
    const Finished alone = run(home_, {"/bin/sh", "-c", HALP_SIM_BINARY " " + words});
    ASSERT_EQ(alone.code, 0) << alone.error;
    for (const int count : {2, 3}) {
        const Finished together = ranks(count, words);
        EXPECT_EQ(together.code, 0) << together.error;
        EXPECT_EQ(digest_in(together.out), digest_in(alone.out));
        EXPECT_EQ(std::ranges::count(together.out, '\n'), std::ranges::count(alone.out, '\n')) << "said once";
    }
}

// Measured where the nodes are, not gathered; the same to the last digit.
TEST_F(RanksProgram, MeasuresTheOverlayAsOneProcessDoes) {
    const std::string words = "views --nodes 400 --view 6 --periods 5 --figures --json";
    const auto overlay_in = [](const std::string& text) { return text.substr(text.find("\"overlay\"")); };
    const Finished alone = run(home_, {"/bin/sh", "-c", HALP_SIM_BINARY " " + words});
    ASSERT_EQ(alone.code, 0) << alone.error;
    for (const int count : {2, 3}) {
        const Finished together = ranks(count, words);
        EXPECT_EQ(together.code, 0) << together.error;
        EXPECT_EQ(overlay_in(together.out), overlay_in(alone.out)) << count << " ranks";
    }
}

TEST_F(RanksProgram, SaysWhichVerbIsPlayedByOneProcess) {
    const Finished refused = ranks(2, "run growth");
    EXPECT_NE(refused.code, 0);
    EXPECT_THAT(refused.error, HasSubstr("only `views` is played by several processes"));
}

TEST(SimProgram, ARunThatWillNotFitIntoMemorySaysSoBeforeItStarts) {
    const Home home;
    for (const std::string words : {"run growth --set nodes=100000", "views --rule hybrid --nodes 1000000"}) {
        const Finished refused =
            run(home, {"/bin/sh", "-c", "ulimit -v 1048576; exec " HALP_SIM_BINARY " " + words});
        EXPECT_EQ(refused.code, 1) << words;
        EXPECT_THAT(refused.error, HasSubstr("halp-sim: it needs about ")) << words;
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::testing
