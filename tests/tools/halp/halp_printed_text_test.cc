#include "tools/halp/output/printed_text.h"

#include <gtest/gtest.h>

#include "tests/tools/halp/halp_support.h"
#include "tools/program/durations.h"

namespace halp::cli {
namespace HALP_TEST_FILE {

TEST(PrintedText, EscapesWhatDrivesATerminal) {
    EXPECT_EQ(harmless("plain-host.example"), "plain-host.example");
    EXPECT_EQ(harmless("\x1b[31m"), "\\x1b[31m");
    EXPECT_EQ(harmless(std::string_view{"a\0b", 3}), "a\\x00b");
    EXPECT_EQ(harmless("a\x7f"), "a\\x7f");
    EXPECT_EQ(harmless("\xc2\x9b"
                       "31m"),
              "\\xc2\\x9b31m");
    EXPECT_EQ(harmless("\xe2\x80\xae"
                       "moc"),
              "\\xe2\\x80\\xaemoc");
    EXPECT_EQ(harmless("\xd8\x9c"), "\\xd8\\x9c");
}

TEST(PrintedText, KeepsUtf8AndEscapesWhatIsNone) {
    EXPECT_EQ(harmless("caf\xc3\xa9"), "caf\xc3\xa9");
    EXPECT_EQ(harmless("\xf0\x9f\x90\x9d"), "\xf0\x9f\x90\x9d");
    EXPECT_EQ(harmless("\xff\xfe"), "\\xff\\xfe");
    EXPECT_EQ(harmless("\xc3"), "\\xc3");
    EXPECT_EQ(harmless("\xc0\xaf"), "\\xc0\\xaf");
    EXPECT_EQ(harmless("\xed\xa0\x80"), "\\xed\\xa0\\x80");
    EXPECT_EQ(harmless("\x9b"
                       "1m"),
              "\\x9b1m");
}

TEST(PrintedText, SaysAgesInTheUnitThatFits) {
    EXPECT_EQ(human_age(0.25), "0.25 s ago");
    EXPECT_EQ(human_age(12), "12 s ago");
    EXPECT_EQ(human_age(-12), "in 12 s");
    EXPECT_EQ(human_age(UnixSeconds{100}, UnixSeconds{103}), "3 s ago");
    EXPECT_EQ(human_age(UnixSeconds{103}, UnixSeconds{100}), "in 3 s");
    EXPECT_EQ(human_span(200), "3 min 20 s");
    EXPECT_EQ(human_span(7200), "2 h");
    EXPECT_EQ(human_span(90000), "25 h");
    EXPECT_EQ(human_span(86400.0 * 3 + 3600 * 5), "3 d 5 h");
}

TEST(PrintedText, SaysSizesInBinaryUnits) {
    EXPECT_EQ(human_bytes(0), "0 B");
    EXPECT_EQ(human_bytes(1023), "1023 B");
    EXPECT_EQ(human_bytes(18022), "17.6 KiB");
    EXPECT_EQ(human_bytes(~std::uint64_t{0}), "16.0 EiB");
}

TEST(PrintedText, AlignsColumnsByWhatIsSeen) {
    EXPECT_EQ(table({{"A", "B"}, {"caf\xc3\xa9", "x"}, {"long cell", ""}}),
              "A          B\ncaf\xc3\xa9       x\nlong cell\n");
    EXPECT_EQ(table({{"a"}}, "  "), "  a\n");
    EXPECT_EQ(table({}), "");
}

TEST(PrintedText, SaysUntilWhenSomethingLasts) {
    EXPECT_EQ(until_words("announced", std::nullopt), "announced until Ctrl-C.");
    EXPECT_EQ(until_words("mirroring", 60), "mirroring for 60 s, or until Ctrl-C.");
}

TEST(Console, KeepsDataAndMessagesApart) {
    testing::RecordedConsole recorded;
    recorded.console.line("1 a 2");
    recorded.console.say("hello");
    EXPECT_EQ(recorded.console.fail(ExitCode::timed_out, "too late"), ExitCode::timed_out);
    EXPECT_EQ(recorded.data.str(), "1 a 2\n");
    EXPECT_EQ(recorded.messages.str(), "halp: hello\nhalp: too late\n");
}

TEST(Console, QuietStillSaysErrors) {
    testing::RecordedConsole recorded{{.quiet = true}};
    recorded.console.say("hello");
    recorded.console.detail("way");
    recorded.console.fail(ExitCode::failed, "broken");
    EXPECT_EQ(recorded.messages.str(), "halp: broken\n");
}

TEST(Console, EscapesOnlyForTerminals) {
    testing::RecordedConsole piped, terminal{{.terminal = true}};
    piped.console.line("\x1b[31m");
    terminal.console.block("a\n\x1b[31m\n");
    EXPECT_EQ(piped.data.str(), "\x1b[31m\n");
    EXPECT_EQ(terminal.data.str(), "a\n\\x1b[31m\n");
}

TEST(Console, ShowsProgressInPassingWhereATerminalCanEraseIt) {
    testing::RecordedConsole terminal{{.messages_terminal = true}};
    EXPECT_TRUE(terminal.console.progress("1 of 2"));
    EXPECT_TRUE(terminal.console.progress("2 of 2"));
    terminal.console.line("data");
    terminal.console.line("more");
    EXPECT_EQ(terminal.messages.str(), "1 of 2\r\x1b[K2 of 2\r\x1b[K");
    EXPECT_EQ(terminal.data.str(), "data\nmore\n");
    testing::RecordedConsole piped, quiet{{.quiet = true, .messages_terminal = true}};
    EXPECT_FALSE(piped.console.progress("1 of 2"));
    EXPECT_FALSE(quiet.console.progress("1 of 2"));
    EXPECT_EQ(piped.messages.str() + quiet.messages.str(), "");
}

TEST(Console, ColoursWhereItIsWanted) {
    EXPECT_TRUE(wants_colour(ColourWhen::automatic, true, nullptr, "xterm"));
    EXPECT_TRUE(wants_colour(ColourWhen::automatic, true, "", "xterm"));
    EXPECT_FALSE(wants_colour(ColourWhen::automatic, true, "1", "xterm"));
    EXPECT_FALSE(wants_colour(ColourWhen::automatic, true, nullptr, "dumb"));
    EXPECT_FALSE(wants_colour(ColourWhen::automatic, true, nullptr, nullptr));
    EXPECT_FALSE(wants_colour(ColourWhen::automatic, false, nullptr, "xterm"));
    EXPECT_TRUE(wants_colour(ColourWhen::always, false, "1", "dumb"));
    EXPECT_FALSE(wants_colour(ColourWhen::never, true, nullptr, "xterm"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
