#include "tools/halp/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace halp::cli {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "halp");
    return parse_command_line(static_cast<int>(words.size()), words.data(), "1.2.3");
}

TEST(CommandLine, ReadsTheOriginalsFiveVerbs) {
    const Parsed get = parse({"get", "chat"});
    ASSERT_TRUE(get.command);
    EXPECT_EQ(get.command->verb, Verb::get);
    EXPECT_EQ(get.command->label.text(), "chat");

    const Parsed bcast = parse({"bcast", "chat", "a.example", "80", "-s", "7", "--number", "2"});
    ASSERT_TRUE(bcast.command);
    EXPECT_EQ(bcast.command->host, "a.example");
    EXPECT_EQ(bcast.command->port, 80);
    EXPECT_EQ(bcast.command->seconds, 7);
    EXPECT_EQ(bcast.command->number, 2);

    const Parsed insert = parse({"insert", "chat", "::1", "80"});
    ASSERT_TRUE(insert.command);
    EXPECT_EQ(insert.command->host, "::1");
    EXPECT_EQ(insert.command->seconds, 60);
    EXPECT_EQ(parse({"clear", "x/"}).command->label.text(), "x/");
    EXPECT_EQ(parse({"nuke"}).command->verb, Verb::nuke);
}

TEST(CommandLine, TakesHostAndPortInOneWord) {
    const Parsed announce = parse({"announce", "chat", "[2001:db8::7]:5222"});
    ASSERT_TRUE(announce.command);
    EXPECT_EQ(announce.command->host, "2001:db8::7");
    EXPECT_EQ(announce.command->port, 5222);

    const Parsed own_host = parse({"announce", "chat", ":5222"});
    ASSERT_TRUE(own_host.command);
    EXPECT_EQ(own_host.command->host, "");
    EXPECT_EQ(own_host.command->port, 5222);
    EXPECT_FALSE(parse({"insert", "chat", ":5222"}).command);
}

TEST(CommandLine, TakesGlobalOptionsOnBothSidesOfTheVerb) {
    for (const auto& words : {std::vector{"--json", "--timeout", "3", "get", "chat"},
                              std::vector{"get", "chat", "--json", "--timeout", "3"}}) {
        const Parsed parsed = parse(words);
        ASSERT_TRUE(parsed.command) << parsed.text;
        EXPECT_TRUE(parsed.command->json);
        EXPECT_EQ(parsed.command->timeout_s, 3.0);
        EXPECT_FALSE(parsed.command->socket);
    }
    EXPECT_EQ(parse({"peers", "--color=never"}).command->colour, ColourWhen::never);
    EXPECT_FALSE(parse({"peers", "--color=pink"}).command);
}

TEST(CommandLine, ReadsALabelThatIsNamedLikeAVerb) {
    const Parsed parsed = parse({"get", "status"});
    ASSERT_TRUE(parsed.command) << parsed.text;
    EXPECT_EQ(parsed.command->verb, Verb::get);
    EXPECT_EQ(parsed.command->label.text(), "status");
}

TEST(CommandLine, SuggestsTheVerbThatWasMeant) {
    const Parsed parsed = parse({"gte", "chat"});
    EXPECT_FALSE(parsed.command);
    EXPECT_EQ(parsed.code, ExitCode::usage);
    EXPECT_THAT(parsed.text, HasSubstr("did you mean `halp get`?"));
}

TEST(CommandLine, RefusesWhatItCannotUseWithCodeTwo) {
    for (const auto& words : {std::vector<const char*>{"--json"},
                              {"get"},
                              {"get", "a~b"},
                              {"get", "chat", "more"},
                              {"get", "--frobnicate", "chat"},
                              {"insert", "x/", "h", "1"},
                              {"insert", "labels", "h", "1"},
                              {"insert", "chat", "h", "0"},
                              {"insert", "chat", "h", "65536"},
                              {"insert", "chat", "h", "99999999999999999999"},
                              {"insert", "chat", "h", "8x"},
                              {"insert", "chat", "h h", "1"},
                              {"insert", "chat", "h\n1 evil 2", "1"},
                              {"insert", "chat", "h", "1", "-s", "-1"},
                              {"insert", "chat", "h"},
                              {"bcast", "chat", "h", "1", "-n", "0"},
                              {"watch", "x/"},
                              {"demo", "1"},
                              {"demo", "51"},
                              {"join", "nowhere"}}) {
        const Parsed parsed = parse(words);
        EXPECT_FALSE(parsed.command) << ::testing::PrintToString(words);
        EXPECT_EQ(parsed.code, ExitCode::usage);
        EXPECT_THAT(parsed.text, HasSubstr("Try `halp ")) << ::testing::PrintToString(words);
    }
}

TEST(CommandLine, NamesTheWordOfAHostThatIsWrong) {
    EXPECT_THAT(parse({"insert", "chat", "h", "99999"}).text,
                HasSubstr("PORT: `99999` is not a whole number from 1 to 65535."));
    EXPECT_THAT(parse({"insert", "chat", "h:1", "2"}).text, HasSubstr("HOST: `h:1` has a port already."));
    EXPECT_THAT(parse({"insert", "chat", "h"}).text, HasSubstr("HOST: `h` is refused. An endpoint is written"));
    EXPECT_THAT(parse({"join", "h"}).text, HasSubstr("HOST:PORT: `h` is refused."));
    EXPECT_TRUE(parse({"insert", "chat", "2001:db8::1", "2"}).command);
}

TEST(CommandLine, UnderstandsHelpAsAVerb) {
    EXPECT_EQ(parse({"help"}).text, parse({"--help"}).text);
    EXPECT_EQ(parse({"help", "get"}).text, parse({"get", "--help"}).text);
    EXPECT_EQ(parse({"help", "dht", "put"}).text, parse({"dht", "put", "--help"}).text);
    EXPECT_EQ(parse({"dht", "help"}).text, parse({"dht", "--help"}).text);
    EXPECT_EQ(parse({"help", "get"}).code, ExitCode::ok);
    EXPECT_THAT(parse({"help", "gte"}).text, HasSubstr("did you mean `halp get`?"));
    ASSERT_TRUE(parse({"get", "help"}).command);
    EXPECT_EQ(parse({"get", "help"}).command->label.text(), "help");
}

TEST(CommandLine, HelpShowsWhatIsRequiredAsRequired) {
    EXPECT_THAT(parse({"get", "--help"}).text, HasSubstr("Usage: halp get [OPTIONS] LABEL\n"));
    EXPECT_THAT(parse({"insert", "--help"}).text, HasSubstr("Usage: halp insert [OPTIONS] LABEL HOST [PORT]\n"));
    EXPECT_THAT(parse({"dht", "get", "--help"}).text, HasSubstr("CHANNEL KEY\n"));
}

TEST(CommandLine, SuggestsTheOptionThatWasMeant) {
    EXPECT_THAT(parse({"get", "--cach-dir", "x", "chat"}).text, HasSubstr("did you mean `--cache-dir`?"));
    EXPECT_THAT(parse({"dht", "status", "--counts"}).text, HasSubstr("did you mean `--count`?"));
}

TEST(CommandLine, RefusesAnEmptyWordByItsName) {
    struct Case {
        std::vector<const char*> words;
        const char* name;
    };
    for (const Case& one : {Case{{"get", ""}, "LABEL"},
                            {{"clear", ""}, "LABEL"},
                            {{"insert", "", "h", "1"}, "LABEL"},
                            {{"insert", "chat", "", "1"}, "HOST"},
                            {{"insert", "chat", "h:1", ""}, "PORT"},
                            {{"insert", "chat", "h", "1", "-s", ""}, "--seconds"},
                            {{"bcast", "chat", "h", "1", "-n", ""}, "--number"},
                            {{"announce", "chat", ""}, "HOST"},
                            {{"announce", "chat", "h:1", "--for", ""}, "--for"},
                            {{"confirm", "chat", "", "1"}, "HOST"},
                            {{"watch", ""}, "LABEL"},
                            {{"watch", "chat", "--count", ""}, "--count"},
                            {{"labels", ""}, "PREFIX"},
                            {{"join", ""}, "HOST:PORT"},
                            {{"demo", ""}, "N"},
                            {{"demo", "--halpd", ""}, "--halpd"},
                            {{"nuke", "--cache-dir", ""}, "--cache-dir"},
                            {{"nuke", "--cache-dir="}, "--cache-dir"},
                            {{"status", "--socket", ""}, "--socket"}}) {
        const Parsed parsed = parse(one.words);
        EXPECT_FALSE(parsed.command) << ::testing::PrintToString(one.words);
        EXPECT_EQ(parsed.code, ExitCode::usage);
        EXPECT_THAT(parsed.text, StartsWith(std::string{one.name} + ": it is empty.")) << parsed.text;
    }
}

TEST(CommandLine, RefusesTimesThatAreNone) {
    for (const char* time : {"nan", "NaN", "-nan", "inf", "infinity", "1e400", "0", "-1", ""}) {
        EXPECT_EQ(parse({"get", "chat", "--timeout", time}).code, ExitCode::usage) << time;
        EXPECT_EQ(parse({"watch", "chat", "--for", time}).code, ExitCode::usage) << time;
        EXPECT_EQ(parse({"announce", "chat", "h:1", "--for", time}).code, ExitCode::usage) << time;
    }
    EXPECT_THAT(parse({"get", "chat", "--timeout", "nan"}).text,
                StartsWith("--timeout: `nan` is not a number from 0.001 to 1000000."));
}

TEST(CommandLine, LabelsTakesAPrefixWithOrWithoutItsSlash) {
    EXPECT_EQ(parse({"labels"}).command->label.text(), "labels");
    EXPECT_EQ(parse({"labels", "x/"}).command->label.text(), "x/");
    EXPECT_EQ(parse({"labels", "x"}).command->label.text(), "x/");
}

TEST(CommandLine, ReadsTheEndsOfAWatch) {
    const Parsed parsed = parse({"watch", "chat", "--count", "3", "--for", "1.5"});
    ASSERT_TRUE(parsed.command);
    EXPECT_EQ(parsed.command->changes_max, 3);
    EXPECT_EQ(parsed.command->for_s, 1.5);
    EXPECT_FALSE(parsed.command->once);
    EXPECT_TRUE(parse({"watch", "chat", "--once"}).command->once);
}

TEST(CommandLine, DemoTakesTwoToFiftyNodesAndFiveUnasked) {
    EXPECT_EQ(parse({"demo"}).command->number, 5);
    EXPECT_EQ(parse({"demo", "50"}).command->number, 50);
}

TEST(CommandLine, HelpTeachesByExamples) {
    const Parsed top = parse({"--help"});
    EXPECT_EQ(top.code, ExitCode::ok);
    EXPECT_THAT(top.text, HasSubstr("halp get chat"));
    EXPECT_THAT(top.text, HasSubstr("halp announce chat my.example.org:5222"));
    EXPECT_THAT(top.text, HasSubstr("halp demo 5"));
    for (const char* verb : {"get", "insert", "bcast", "clear", "nuke", "announce", "watch", "labels", "peers",
                             "status", "join", "leave", "confirm", "demo"}) {
        const Parsed help = parse({verb, "--help"});
        EXPECT_EQ(help.code, ExitCode::ok) << verb;
        EXPECT_THAT(help.text, HasSubstr("Examples:\n  halp " + std::string{verb}));
        EXPECT_THAT(top.text, HasSubstr(verb));
    }
    EXPECT_EQ(parse({"--version"}).text, "halp 1.2.3\n");
    EXPECT_EQ(parse({}).code, ExitCode::ok);
    EXPECT_THAT(parse({}).text, HasSubstr("halp demo"));
    EXPECT_LE(std::ranges::count(parse({}).text, '\n'), 8) << "short";
    EXPECT_EQ(parse({"--json"}).code, ExitCode::usage);
}

TEST(CommandLine, TakesTagsInAnyOrder) {
    EXPECT_EQ(parse({"announce", "my-chat", "h:1", "--tag", "v=2", "--tag", "blue"}).command->tags, "blue,v=2");
    EXPECT_EQ(parse({"get", "v1.2", "--tag", "v=2"}).command->tag, "v=2");
    EXPECT_THAT(parse({"announce", "chat", "h:1", "--tag", "a b"}).text, HasSubstr("--tag: A tag has"));
    EXPECT_THAT(parse({"announce", "chat", "h:1", "--tag", std::string(257, 'a').c_str()}).text,
                HasSubstr("256 bytes"));
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::cli
