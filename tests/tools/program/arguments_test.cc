#include "tools/program/arguments.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace halp {
namespace HALP_TEST_FILE {

struct Typed {
    std::string name = "unset", colour;
    std::optional<std::string> value;
    std::vector<std::string> many;
    double seconds = 0;
    int number = 3;
    std::uint16_t port = 0;
    std::uint64_t bytes = 0;
    bool loud = false, quiet = false, chosen = false;
};

// A program with one verb that has an option of every kind.
struct Program {
    Typed typed;
    Arguments arguments{"prog", "does something"};

    Program() {
        arguments.needs_a_verb();
        Arguments& verb = arguments.verb("do", "do it", [this] { typed.chosen = true; });
        ArgumentOption name = verb.option("NAME", &typed.name, "what");
        name.required();
        verb.option("--value", &typed.value, "may be empty").may_be_empty();
        verb.option("--many", &typed.many, "several").repeated();
        verb.option("--seconds", &typed.seconds, "long").between(0.5, 10);
        verb.option("-n,--number", &typed.number, "of things").whole_between(1, 9).shows_default();
        verb.option("--port", &typed.port, "of TCP");
        verb.option("--colour", &typed.colour, "").one_of({"red", "blue"});
        verb.option("--bytes", ByteCount{&typed.bytes}, "size").called("SIZE");
        verb.option("--other", &typed.value, "not with NAME").excludes(name);
        verb.either_flag("--loud", typed.loud, "", "--quiet", typed.quiet, "");
    }
    std::optional<Arguments::End> parse(std::vector<const char*> words) {
        words.insert(words.begin(), "prog");
        return arguments.parse(static_cast<int>(words.size()), words.data());
    }
};

std::string mistake(const std::vector<const char*>& words) {
    Program program;
    const auto end = program.parse(words);
    if (!end || !end->mistake) return "no mistake";
    return end->text.substr(0, end->text.find('\n'));
}

Typed typed(const std::vector<const char*>& words) {
    Program program;
    const auto end = program.parse(words);
    EXPECT_FALSE(end) << end->text;
    return program.typed;
}

TEST(Arguments, GoToTheirTargets) {
    const Typed all = typed({"do", "x", "--value", "", "--many", "a", "--many", "b", "--seconds", "2.5", "-n",
                             "0x4", "--port", "80", "--colour", "blue", "--bytes", "2mb", "--loud"});
    EXPECT_EQ(all.name, "x");
    EXPECT_EQ(all.value, "");
    EXPECT_EQ(all.many, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(all.seconds, 2.5);
    EXPECT_EQ(all.number, 4);
    EXPECT_EQ(all.port, 80);
    EXPECT_EQ(all.bytes, std::uint64_t{2} << 20);
    EXPECT_TRUE(all.loud && all.chosen && !all.quiet);
    EXPECT_EQ(typed({"do", "x"}).value, std::nullopt);
    EXPECT_EQ(typed({"do", "x"}).number, 3);
}

TEST(Arguments, TakeBytesWithAUnit) {
    const std::uint64_t kib = 1024;
    EXPECT_EQ(typed({"do", "x", "--bytes", "17"}).bytes, 17u);
    EXPECT_EQ(typed({"do", "x", "--bytes", "17b"}).bytes, 17u);
    for (const char* text : {"3k", "3kb", "3 KiB", "3072"})
        EXPECT_EQ(typed({"do", "x", "--bytes", text}).bytes, 3 * kib) << text;
    EXPECT_EQ(typed({"do", "x", "--bytes", "1TiB"}).bytes, kib * kib * kib * kib);
    for (const char* text : {"", "kb", "1.5kb", "-1", "3q", "3kbit", "99999999e"})
        EXPECT_TRUE(mistake({"do", "x", "--bytes", text}).starts_with("--bytes: ")) << text;
}

TEST(Arguments, AreRefusedByTheirNameAndWithARemedy) {
    EXPECT_EQ(mistake({}), "A verb is missing.");
    EXPECT_EQ(mistake({"frobnicate"}), "`frobnicate` is not a verb of prog.");
    EXPECT_EQ(mistake({"do"}), "NAME is required.");
    EXPECT_EQ(mistake({"do", "x", "y"}), "`y` was not expected.");
    EXPECT_EQ(mistake({"do", "x", "--frob"}), "`--frob` was not expected.");
    EXPECT_EQ(mistake({"do", "x", "--seconds"}), "--seconds: its value is missing. Write one behind it.");
    EXPECT_EQ(mistake({"do", "x", "--port", "1", "--port", "2"}), "--port: it is given 2 times. Give it once.");
    EXPECT_EQ(mistake({"do", "x", "--port", "65536"}), "--port: `65536` is not a whole number from 0 to 65535.");
    EXPECT_EQ(mistake({"do", "x", "--port", "-1"}), "--port: `-1` is not a whole number from 0 to 65535.");
    EXPECT_EQ(mistake({"do", "x", "-n", "10"}), "--number: `10` is not a whole number from 1 to 9.");
    EXPECT_EQ(mistake({"do", "x", "--seconds", "nan"}), "--seconds: `nan` is not a number from 0.5 to 10.");
    EXPECT_EQ(mistake({"do", "x", "--colour", "pink"}), "--colour: `pink` is not one of red, blue.");
    EXPECT_EQ(mistake({"do", "x", "--loud=maybe"}), "--loud: it takes no value.");
    EXPECT_TRUE(mistake({"do", "x", "--loud", "--quiet"}).ends_with(": give one of the two."));
    EXPECT_EQ(mistake({"do", ""}), "NAME: it is empty. Write it out; perhaps a variable of the shell was not set.");
    EXPECT_EQ(
        mistake({"do", "x", "--colour="}),
        "--colour: it is empty. Write a value, or leave --colour out; perhaps a variable of the shell was not "
        "set.");
}

TEST(Arguments, PointToTheHelpOfTheVerb) {
    Program program;
    const auto end = program.parse({"do"});
    ASSERT_TRUE(end);
    EXPECT_EQ(end->text, "NAME is required.\nTry `prog do --help`.");
}

TEST(Arguments, ExplainThemselves) {
    Program program;
    const auto end = program.parse({"do", "--help"});
    ASSERT_TRUE(end);
    EXPECT_FALSE(end->mistake);
    for (const char* part : {"Usage: prog do [OPTIONS] NAME", "-n,--number INT:1 to 9=3", "--bytes SIZE",
                             "--colour TEXT:{red,blue}", "--many TEXT ...", "--seconds FLOAT:0.5 to 10"})
        EXPECT_NE(end->text.find(part), std::string::npos) << part << " in " << end->text;
}

TEST(Arguments, SuggestTheVerbOrTheOptionThatWasMeant) {
    EXPECT_EQ(mistake({"od"}), "`od` is not a verb of prog; did you mean `prog do`?");
    EXPECT_EQ(mistake({"do", "x", "--secnods", "3"}), "`--secnods` was not expected; did you mean `--seconds`?");
    EXPECT_EQ(mistake({"do", "x", "--colours=red"}), "`--colours=red` was not expected; did you mean `--colour`?");
    EXPECT_EQ(mistake({"undo", "--help"}), "`undo` is not a verb of prog; did you mean `prog do`?")
        << "and not the help of the program";
}

TEST(Arguments, UnderstandHelpAsAVerb) {
    const auto told = [](const std::vector<const char*>& words) {
        Program program;
        const auto end = program.parse(words);
        return end ? end->text : "no end";
    };
    EXPECT_EQ(told({"help"}), told({"--help"}));
    EXPECT_EQ(told({"help", "do"}), told({"do", "--help"}));
    EXPECT_EQ(mistake({"help", "od"}), "`od` is not a verb of prog; did you mean `prog do`?");
    EXPECT_EQ(typed({"do", "help"}).name, "help") << "behind a verb without verbs it is a word as any other";
}

TEST(Arguments, ShowWhatIsRequiredAlsoWhenHelpNeedsNothing) {
    Program program;
    program.arguments.requires_nothing();
    EXPECT_FALSE(program.parse({"do"})) << "nothing is required";
    EXPECT_NE(program.arguments.chosen()->help("prog").find("Usage: prog do [OPTIONS] NAME\n"), std::string::npos);
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
