// Programs end with a sentence and exit code 1, never by a signal of their own making.
#include "tools/program/program_start.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::ExitedWithCode;

// A death test runs its statement in a process of its own.
class ProgramStartDeathTest : public ::testing::Test {
protected:
    void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
        GTEST_SKIP() << "the sanitizer has its own operator new";
#endif
        GTEST_FLAG_SET(death_test_style, "threadsafe");
    }
};

void take_all_memory() {
    const rlimit little{std::size_t{256} << 20, std::size_t{256} << 20};
    ::setrlimit(RLIMIT_AS, &little);
    std::vector<std::string> blocks;
    for (;;) blocks.emplace_back(std::size_t{1} << 20, 'x');
}

TEST_F(ProgramStartDeathTest, OutOfMemoryIsASentence) {
    EXPECT_EXIT(
        {
            begin_program("prog");
            take_all_memory();
        },
        ExitedWithCode(1), "prog: out of memory");
}

TEST_F(ProgramStartDeathTest, OutOfMemoryInAThreadIsASentence) {
    EXPECT_EXIT(
        {
            begin_program("prog");
            std::thread{take_all_memory}.join();
        },
        ExitedWithCode(1), "prog: out of memory");
}

TEST_F(ProgramStartDeathTest, AnExceptionThatNobodyCatchesIsASentence) {
    EXPECT_EXIT(
        {
            begin_program("prog");
            std::thread{[] { throw std::runtime_error("no more threads"); }}.join();
        },
        ExitedWithCode(1), "prog: it cannot go on: no more threads");
}

TEST_F(ProgramStartDeathTest, AClosedReaderAndClosedDescriptorsAreNoSignal) {
    EXPECT_EXIT(
        {
            ::close(0);
            begin_program("prog");
            int ends[2];
            if (::pipe(ends) != 0 || ends[0] == 0) std::_Exit(2);
            ::close(ends[0]);
            std::_Exit(::write(ends[1], "x", 1) < 0 ? 0 : 3);
        },
        ExitedWithCode(0), "");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
