#include "config/yaml_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace halp::config {
namespace HALP_TEST_FILE {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

std::string first_problem(const std::string& yaml) {
    const YamlDocument document = read_yaml(yaml);
    if (document.problems.empty()) return "none";
    const YamlProblem& first = document.problems.front();
    return std::to_string(first.place.line) + ":" + std::to_string(first.place.column) + " " + first.message;
}

TEST(YamlReader, FlattensMappingsToDottedKeys) {
    const YamlDocument document = read_yaml("a: 1\nb:\n  c: two words\n  d: {e: \"x\\ty\"}\n");
    ASSERT_THAT(document.problems, IsEmpty());
    ASSERT_THAT(document.entries, SizeIs(3));
    EXPECT_EQ(document.entries[1].key, "b.c");
    EXPECT_EQ(document.entries[1].text.items.front(), "two words");
    EXPECT_EQ(document.entries[1].key_place.line, 3u);
    EXPECT_EQ(document.entries[1].key_place.column, 3u);
    EXPECT_EQ(document.entries[1].value_place.column, 6u);
    EXPECT_EQ(document.entries[2].key, "b.d.e");
    EXPECT_EQ(document.entries[2].text.items.front(), "x\ty");
}

TEST(YamlReader, KeepsListsWhole) {
    const YamlDocument document = read_yaml("a: [x, y]\nb:\n- z\nc: 1\n");
    ASSERT_THAT(document.entries, SizeIs(3));
    EXPECT_TRUE(document.entries[0].text.is_list);
    EXPECT_THAT(document.entries[0].text.items, ElementsAre("x", "y"));
    EXPECT_THAT(document.entries[1].text.items, ElementsAre("z"));
    EXPECT_FALSE(document.entries[2].text.is_list);
}

TEST(YamlReader, TellsAnEmptyValueFromAnEmptyText) {
    const YamlDocument document = read_yaml("a:\nb: \"\"\nc: ~\n");
    ASSERT_THAT(document.entries, SizeIs(3));
    EXPECT_TRUE(document.entries[0].empty);
    EXPECT_FALSE(document.entries[1].empty);
    EXPECT_TRUE(document.entries[2].empty);
}

TEST(YamlReader, AcceptsAFileOfNothing) {
    EXPECT_EQ(first_problem(""), "none");
    EXPECT_EQ(first_problem("# only a comment\n"), "none");
    EXPECT_EQ(first_problem("---\n"), "none");
}

TEST(YamlReader, SaysWhereTheSyntaxBreaks) {
    EXPECT_THAT(first_problem("a: 1\nb: [1, 2\nc: 3\n"), HasSubstr("not YAML"));
    EXPECT_THAT(first_problem("a: 1\n\tb: 2\n"), HasSubstr("2:1 not YAML"));
}

TEST(YamlReader, RefusesWhatAConfigurationDoesNotNeed) {
    EXPECT_EQ(first_problem("just text\n"), "1:1 the file must be a mapping of lines \"setting: value\"");
    EXPECT_EQ(first_problem("[a, b]\n"), "1:1 a list is not expected here");
    EXPECT_EQ(first_problem("a: [[1]]\n"), "1:5 a list is not expected here");
    EXPECT_THAT(first_problem("a: [{b: 1}]\n"), HasSubstr("1:5 a list holds values, no mappings"));
    EXPECT_EQ(first_problem("? [x]\n: 1\n"), "1:3 a list is not expected here");
    EXPECT_EQ(first_problem("a: &x 1\n"), "1:4 anchors and aliases are not supported");
    EXPECT_THAT(first_problem("a: *x\n"), Not(HasSubstr("none")));
    EXPECT_THAT(first_problem("a: 1\n---\nb: 2\n"), HasSubstr("more than one document"));
    EXPECT_EQ(first_problem("a: 1\na: 2\n"), "2:1 a is set twice in this file");
}

TEST(YamlReader, GoesOnAfterAMistake) {
    const YamlDocument document = read_yaml("a: [[1], x]\nb: {c: [{d: 1}]}\ne: 5\n");
    EXPECT_THAT(document.problems, SizeIs(2));
    ASSERT_THAT(document.entries, Not(IsEmpty()));
    EXPECT_EQ(document.entries.back().key, "e");
}

TEST(YamlReader, NamesAMissingName) { EXPECT_EQ(first_problem(": 1\n"), "1:1 the name before the colon is missing"); }

// Found by fuzzing: twenty mistakes, and then the text ends in the middle.
TEST(YamlReader, TellsWhatEndsItAmongNoMoreThanTwentyMistakes) {
    std::string text = "a: 1\n";
    for (int i = 0; i < 30; ++i) text += "a: 1\n";
    const YamlDocument document = read_yaml(text + "b: {c: 1\n");
    ASSERT_THAT(document.problems, SizeIs(20));
    EXPECT_EQ(document.problems.front().message, "a is set twice in this file");
    EXPECT_THAT(document.problems.back().message, HasSubstr("not YAML: "));
}

TEST(YamlReader, IsNotExhaustedByNestingAliasesOrSize) {
    std::string deep;
    for (int i = 0; i < 20; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    EXPECT_THAT(first_problem(deep), HasSubstr("nested too deeply"));
    // Deeper than the library descends, which then says only "bad file".
    const YamlDocument abyss = read_yaml("a:\n" + std::string(600, '['));
    ASSERT_FALSE(abyss.problems.empty());
    EXPECT_THAT(abyss.problems.back().message, HasSubstr("nested too deeply"));
    EXPECT_EQ(abyss.problems.back().place.line, 2u);
    EXPECT_THAT(first_problem("a: " + std::string(100'000, '[')), Not(HasSubstr("none")));
    EXPECT_THAT(first_problem(std::string(100'000, '{')), Not(HasSubstr("none")));
    EXPECT_THAT(first_problem(std::string(yaml_bytes_max + 1, '\n')), HasSubstr("larger than 1 MiB"));
    EXPECT_THAT(first_problem("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"), Not(HasSubstr("none")));
}

TEST(YamlReader, SurvivesArbitraryBytes) {
    std::string sample = "gossip:\n  period: 1s\njoin: [a, \"b\"]\n# x\nlabels: {rows: {c: {ttl: 5m}}}\n";
    for (std::size_t at = 0; at < sample.size(); ++at) {
        for (const char byte : {'\0', '\xff', '[', '{', ':', '&', '\t', '%'}) {
            std::string broken = sample;
            broken[at] = byte;
            (void)read_yaml(broken);
        }
        (void)read_yaml(sample.substr(0, at));
    }
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::config
