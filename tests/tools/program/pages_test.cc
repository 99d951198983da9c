// Manual pages and completions: what the tables of verbs and settings have is in them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "config/setting_table.h"
#include "tools/halp-sim/command_line.h"
#include "tools/halp-sim/sim_pages.h"
#include "tools/halp/command_line.h"
#include "tools/halp/halp_pages.h"
#include "tools/halp/verb_help.h"
#include "tools/halpd/activation.h"
#include "tools/halpd/command_line.h"
#include "tools/halpd/halpd_pages.h"
#include "tools/program/completion.h"
#include "tools/program/manual_page.h"

namespace halp {
namespace HALP_TEST_FILE {

using ::testing::HasSubstr;

std::string page_of(const std::vector<Page>& pages, const std::string& path) {
    for (const Page& page : pages)
        if (page.path == path) return page.text;
    ADD_FAILURE() << path << " is missing";
    return "";
}

// As it stands in a page.
std::string as_roff(const std::string& words) {
    std::string text = roff_text(words, true);
    if (!text.empty()) text.pop_back();  // the end of the line
    return text;
}

void expect_all_of(const ArgumentsText& program, const std::string& manual, const std::string& bash) {
    for (const VerbPlace& place : places_of(program)) {
        EXPECT_THAT(manual, HasSubstr(as_roff(place.words))) << place.words;
        EXPECT_THAT(bash, HasSubstr(place.text->name)) << place.words;
        for (const ArgumentText& argument : place.text->arguments) {
            EXPECT_THAT(manual, HasSubstr("\\fB" + as_roff(term_of(argument)) + "\\fR")) << place.words;
            if (argument.positional) continue;
            for (const std::string& name : argument.names) EXPECT_THAT(bash, HasSubstr(name)) << place.words;
        }
    }
}

TEST(ManualPages, HaveEveryVerbAndOptionOfHalp) {
    const auto pages = cli::halp_pages("1.2.3");
    expect_all_of(cli::command_line_text(), page_of(pages, "man1/halp.1"), page_of(pages, "bash/halp"));
}

TEST(ManualPages, HaveEveryVerbAndOptionOfHalpSim) {
    const auto pages = sim::sim_pages();
    expect_all_of(sim::command_line_text(), page_of(pages, "man1/halp-sim.1"), page_of(pages, "bash/halp-sim"));
}

TEST(ManualPages, HaveEveryOptionAndSocketOfHalpd) {
    const auto pages = halpd_pages("1.2.3");
    expect_all_of(command_line_text(), page_of(pages, "man8/halpd.8"), page_of(pages, "bash/halpd"));
    for (const SocketName& socket : socket_names())
        EXPECT_THAT(page_of(pages, "man8/halpd.8"), HasSubstr(as_roff(socket.help)));
}

TEST(ManualPages, HaveEverySettingWithItsHelpAndItsVariable) {
    const std::string page = page_of(halpd_pages("1.2.3"), "man5/halpd.yaml.5");
    for (const config::Setting& setting : config::setting_table()) {
        EXPECT_THAT(page, HasSubstr("\\fB" + as_roff(std::string{setting.key}) + "\\fR"));
        EXPECT_THAT(page, HasSubstr(as_roff(std::string{setting.help})));
        EXPECT_THAT(page, HasSubstr(config::environment_name(setting.key)));
    }
    for (const config::AllocationSetting& row : config::allocation_table())
        EXPECT_THAT(page, HasSubstr("labels.rows.LABEL." + std::string{row.key}));
}

TEST(ManualPages, AgreeWithTheOverviewAboutOptionsForEveryVerb) {
    for (const ArgumentText& argument : cli::command_line_text().arguments)
        EXPECT_THAT(cli::overview(),
                    HasSubstr(argument.names.back() == "--colour" ? "--color" : argument.names.back()));
}

TEST(ManualPages, AreTheSameEachTime) {
    const auto one = cli::halp_pages("1"), other = cli::halp_pages("1");
    for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].text, other[i].text);
}

TEST(ManualPage, EscapesWhatRoffWouldTakeForItself) {
    EXPECT_EQ(roff_text(".halp --seed a\\b 'x'", true), "\\&.halp \\-\\-seed a\\eb \\(aqx\\(aq\n");
    EXPECT_EQ(roff_text("say `halp get` or `", true), "say \\fBhalp get\\fR or \\(ga\n");
}

TEST(Completions, KnowWhatStandsWhere) {
    ArgumentText argument{{"LABEL"}, "TEXT", "", "", "", {}, true, true, false};
    EXPECT_EQ(kind_of(argument), "labels");
    argument.names = {"--color", "--colour"};
    argument.choices = {"auto", "never"};
    EXPECT_EQ(kind_of(argument), "words auto never");
    EXPECT_EQ(kind_of({{"--listen"}, "HOST:PORT", "", "", "", {}, false, false, false}), "any");
    EXPECT_EQ(kind_of({{"--join"}, "HOST:PORT", "", "", "", {}, false, false, false}), "peers");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp
