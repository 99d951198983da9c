// The command line of `halpd`.
#include "tools/halpd/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

struct Read {
    CommandLine command;
    std::string error;
};

Read read(std::vector<std::string> words) {
    words.insert(words.begin(), "halpd");
    std::vector<char*> pointers;
    for (std::string& word : words) pointers.push_back(word.data());
    ::testing::internal::CaptureStderr();
    CommandLine command = read_command_line(static_cast<int>(pointers.size()), pointers.data(), "1.2.3");
    return {std::move(command), ::testing::internal::GetCapturedStderr()};
}

TEST(HalpdCommandLine, RefusesAnEmptyWordByItsName) {
    for (const char* flag :
         {"--config", "--listen", "--advertise", "--swarm", "--profile", "--state-dir", "--cache-dir", "--admin",
          "--dht-port", "--dht-listen", "--dht-data-dir", "--dht-credentials", "--dht-flush-interval",
          "--log-level", "--log-format", "--join", "--set"}) {
        const Read parted = read({flag, ""});
        EXPECT_EQ(parted.command.exit_code, 2) << flag;
        EXPECT_THAT(parted.error, HasSubstr(std::string{flag} + ": it is empty. Write a value, or leave"));
        const Read joined = read({std::string{flag} + "=", "--print-config"});
        EXPECT_EQ(joined.command.exit_code, 2) << flag;
        EXPECT_THAT(joined.error, HasSubstr(std::string{flag} + ": it is empty."));
    }
}

TEST(HalpdCommandLine, TakesAnEmptySettingThatIsNamed) {
    const Read set = read({"--set", "advertise="});
    EXPECT_EQ(set.command.exit_code, std::nullopt) << set.error;
    ASSERT_EQ(set.command.sources.flags.size(), 1U);
}

TEST(HalpdCommandLine, ChecksTheFileThatStandsBehindCheckConfig) {
    const Read checked = read({"--check-config", "mine.yaml"});
    EXPECT_EQ(checked.command.exit_code, std::nullopt) << checked.error;
    EXPECT_EQ(checked.command.sources.only_file, "mine.yaml");
    EXPECT_EQ(checked.command.action, CommandLine::Action::check_config);
    const Read started = read({"mine.yaml"});
    EXPECT_EQ(started.command.exit_code, 2);
    EXPECT_THAT(started.error,
                HasSubstr("`mine.yaml` was not expected. A configuration file stands behind --config;"));
    EXPECT_EQ(read({"--check-config", "--config", "a.yaml", "b.yaml"}).command.exit_code, 2);
}

TEST(HalpdCommandLine, SuggestsTheFlagThatWasMeant) {
    EXPECT_THAT(read({"--lisen", "x"}).error, HasSubstr("`--lisen` was not expected; did you mean `--listen`?"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
