#include "config/load_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "config/print_settings.h"
#include "tests/as_nobody.h"

namespace halp::config {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

// A temporary directory with stand-ins for /etc/halp and the home directory.
class LoadSettings : public ::testing::Test {
protected:
    LoadSettings() {
        std::string name = (std::filesystem::temp_directory_path() / "halp-config-XXXXXX").string();
        root_ = mkdtemp(name.data());
        sources_.system_dir = root_ + "/etc";
        sources_.environ["HOME"] = root_ + "/home";
    }
    ~LoadSettings() override { std::filesystem::remove_all(root_); }

    std::string write(const std::string& name, const std::string& content) {
        const std::filesystem::path path = root_ + "/" + name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream{path} << content;
        return path.string();
    }
    LoadedSettings load_file(const std::string& content) {
        sources_.only_file = write("one.yaml", content);
        return load_settings(sources_);
    }
    LoadedSettings load_flag(const std::string& key_and_value) {
        sources_.flags = {*parse_set_flag(key_and_value)};
        return load_settings(sources_);
    }

    std::string root_;
    SettingSources sources_;
};

TEST_F(LoadSettings, GivesTheDefaultsWhenThereIsNothing) {
    const LoadedSettings loaded = load_settings(sources_);

    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_THAT(loaded.files, IsEmpty());
    EXPECT_EQ(loaded.settings.listen.text(), "[::]:3451");
    EXPECT_EQ(loaded.settings.node.gossip.period, 1s);
    EXPECT_EQ(loaded.settings.profile, Profile::lan);
}

TEST_F(LoadSettings, NamesAFlagOnceAndWhatToDoAboutASection) {
    EXPECT_THAT(load_flag("gossip.period=x").problems,
                ElementsAre(StartsWith("--set gossip.period: \"x\" is not")));
    EXPECT_THAT(
        load_flag("gossip=3").problems,
        ElementsAre(StartsWith("--set gossip: gossip is a section: give one of its settings, such as gossip.")));
    sources_.flags.clear();
    sources_.only_file = root_ + "/none.yaml";
    EXPECT_THAT(load_settings(sources_).problems,
                ElementsAre("cannot read " + root_ + "/none.yaml: No such file or directory"));
}

TEST_F(LoadSettings, LetsEachLaterSourceWin) {
    write("etc/halpd.yaml", "swarm: one\ngossip: {period: 1s, ttl: 10m, news_fanout: 1}\nlog: {level: warn}\n");
    write("etc/conf.d/20-b.yaml", "swarm: three\ngossip.ttl: 11m\n");
    write("etc/conf.d/10-a.yaml", "swarm: two\ngossip.news_fanout: 2\ngossip.ttl: 10500ms\n");
    write("etc/conf.d/ignored.yml", "nonsense: 1\n");
    write("home/.config/halp/halpd.yaml", "swarm: four\nsave: {learned: 12s}\n");
    sources_.environ["HALP_SAVE_LEARNED"] = "13s";
    sources_.environ["HALP_TEXT_SETTLE"] = "20ms";
    sources_.flags = {*parse_set_flag("text.settle=30ms")};

    const LoadedSettings loaded = load_settings(sources_);

    ASSERT_THAT(loaded.problems, IsEmpty());
    EXPECT_THAT(loaded.files, SizeIs(4));
    EXPECT_EQ(loaded.settings.node.swarm, "four");
    EXPECT_EQ(loaded.settings.node.gossip.ttl, 11min);
    EXPECT_EQ(loaded.settings.node.gossip.news_fanout, 2u);
    EXPECT_EQ(loaded.settings.log.level, LogLevel::warn);
    EXPECT_EQ(loaded.settings.node.save_learned, 13s);
    EXPECT_EQ(loaded.settings.node.text.pause_max, 30ms);
    EXPECT_EQ(loaded.origins.at("text.settle"), "--set text.settle");
    EXPECT_EQ(loaded.origins.at("save.learned"), "HALP_SAVE_LEARNED");
    EXPECT_EQ(loaded.origins.at("gossip.ttl"), root_ + "/etc/conf.d/20-b.yaml:2");
}

TEST_F(LoadSettings, ReadsNoUserFileAsRoot) {
    write("home/.config/halp/halpd.yaml", "swarm: mine\n");
    sources_.root = true;
    EXPECT_EQ(load_settings(sources_).settings.node.swarm, "halp");
}

TEST_F(LoadSettings, ReadsOnlyTheFileThatConfigNames) {
    write("etc/halpd.yaml", "swarm: system\n");
    const LoadedSettings loaded = load_file("gossip:\n  period: 2s\n");
    EXPECT_EQ(loaded.settings.node.swarm, "halp");
    EXPECT_EQ(loaded.settings.node.gossip.period, 2s);
    EXPECT_THAT(loaded.files, ElementsAre(root_ + "/one.yaml"));
}

TEST_F(LoadSettings, PutsTheProfileBelowEverythingElseWhereverItIsSet) {
    write("etc/halpd.yaml", "gossip: {ttl: 7m}\n");
    sources_.flags = {*parse_set_flag("profile=wan")};
    const LoadedSettings loaded = load_settings(sources_);
    ASSERT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.settings.node.gossip.period, 10s);
    EXPECT_EQ(loaded.settings.node.gossip.ttl, 7min);
    EXPECT_EQ(loaded.origins.at("gossip.period"), "profile wan");
}

TEST_F(LoadSettings, SaysWhereAnUnknownKeyIsAndWhatWasMeant) {
    const LoadedSettings loaded = load_file("gossip:\n  perod: 1s\n");
    EXPECT_THAT(loaded.problems,
                ElementsAre(root_ + "/one.yaml:2:3: gossip.perod is not a setting; did you mean gossip.period?"));
}

TEST_F(LoadSettings, GuessesTheSectionThatWasForgotten) {
    EXPECT_THAT(load_file("period: 1s\n").problems, ElementsAre(HasSubstr("did you mean gossip.period?")));
}

TEST_F(LoadSettings, GuessesNothingForAKeyLikeNoOther) {
    EXPECT_THAT(load_file("zzzzzzzz: 1\n").problems,
                ElementsAre(HasSubstr("halpd --print-config lists all settings")));
}

TEST_F(LoadSettings, TellsSeveralMistakesAtOnce) {
    const LoadedSettings loaded = load_file(
        "listen: nowhere\n"
        "gossip: {period: 5, ttl: 1ms}\n"
        "view: {partner: best, healer: -1}\n"
        "limits: {bytes_max: 12XB}\n"
        "labels: {default: {persist: perhaps}}\n"
        "text: 5\n"
        "swarm: [a, b]\n");
    const std::string file = root_ + "/one.yaml";
    EXPECT_THAT(
        loaded.problems,
        ::testing::UnorderedElementsAre(
            HasSubstr(file + ":1:9: listen: \"nowhere\" is not allowed; allowed: HOST:PORT"),
            HasSubstr(file + ":2:18: gossip.period: \"5\" is not allowed; allowed: 20ms to 1h (a time needs"),
            HasSubstr(file + ":2:26: gossip.ttl: \"1ms\" is not allowed; allowed: 1s to 3d"),
            HasSubstr(
                ":3:17: view.partner: \"best\" is not allowed; allowed: random, oldest, head, hybrid or ranked"),
            HasSubstr(":3:31: view.healer: \"-1\" is not allowed; allowed: 0 to 512"),
            HasSubstr(":4:21: limits.bytes_max: \"12XB\" is not allowed; allowed: 1MiB to 64GiB"),
            HasSubstr(":5:29: labels.default.persist: \"perhaps\" is not allowed; allowed: true or false"),
            HasSubstr(":6:7: text is a section"), HasSubstr(":7:8: swarm: takes one value, not a list")));
}

TEST_F(LoadSettings, RefusesAKeyThatIsSetTwice) {
    EXPECT_THAT(load_file("swarm: a\nswarm: b\n").problems,
                ElementsAre(HasSubstr("one.yaml:2:1: swarm is set twice in this file")));
    EXPECT_THAT(load_file("gossip: {period: 1s}\ngossip.period: 2s\n").problems,
                ElementsAre(HasSubstr("one.yaml:2:1: gossip.period is set twice in this file, first in line 1")));
}

TEST_F(LoadSettings, SaysThatAFileIsMissing) {
    sources_.only_file = root_ + "/none.yaml";
    EXPECT_THAT(load_settings(sources_).problems, ElementsAre(HasSubstr("none.yaml: No such file or directory")));
}

TEST_F(LoadSettings, SaysThatAFileCannotBeRead) {
    const std::string path = write("etc/halpd.yaml", "swarm: a\n");
    chmod(path.c_str(), 0);
    chmod(root_.c_str(), 0755);
    const testing_rights::AsNobody rights;
    EXPECT_THAT(load_settings(sources_).problems, ElementsAre(HasSubstr("Permission denied")));
}

TEST_F(LoadSettings, TakesADirectoryForAFileThatCannotBeRead) {
    sources_.only_file = root_;
    EXPECT_THAT(load_settings(sources_).problems, ElementsAre(root_ + " is a directory: name a file in it"));
}

TEST_F(LoadSettings, DoesNotWaitForAPipeOrADevice) {
    sources_.only_file = root_ + "/pipe";
    ASSERT_EQ(::mkfifo(sources_.only_file->c_str(), 0600), 0);
    EXPECT_THAT(load_settings(sources_).problems, ElementsAre(root_ + "/pipe is a pipe: name a plain file"));
    sources_.only_file = "/dev/zero";
    EXPECT_THAT(load_settings(sources_).problems, ElementsAre("/dev/zero is a device: name a plain file"));
    sources_.only_file = "/dev/null";
    EXPECT_THAT(load_settings(sources_).problems, IsEmpty());
}

TEST_F(LoadSettings, WarnsOfAFileThatEveryUserMayChange) {
    const std::string file = write("etc/halpd.yaml", "swarm: a\n");
    EXPECT_THAT(load_settings(sources_).warnings, IsEmpty());
    ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
    EXPECT_THAT(load_settings(sources_).warnings, ElementsAre(HasSubstr("chmod go-w " + file)));
}

TEST_F(LoadSettings, WarnsOfEnvironmentVariablesItDoesNotKnow) {
    sources_.environ["HALP_GOSIP_PERIOD"] = "1s";
    const LoadedSettings loaded = load_settings(sources_);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_THAT(loaded.warnings, ElementsAre(HasSubstr("HALP_GOSIP_PERIOD")));
}

TEST_F(LoadSettings, NamesTheVariableAndTheFlagThatAreWrong) {
    sources_.environ["HALP_GOSSIP_PERIOD"] = "soon";
    const LoadedSettings loaded = load_flag("gossip.peroid=1s");
    EXPECT_THAT(loaded.problems, Contains(HasSubstr("HALP_GOSSIP_PERIOD: gossip.period: \"soon\" is not allowed")));
    EXPECT_THAT(loaded.problems, Contains(HasSubstr("--set gossip.peroid: gossip.peroid is not a setting")));
}

TEST_F(LoadSettings, TakesJoinAsAListOrSeparatedByCommas) {
    EXPECT_THAT(load_file("join: [a.example:1, '[::1]:2']\n").settings.node.seeds, SizeIs(2));
    EXPECT_THAT(load_file("join:\n  - a.example:1\n").settings.node.seeds, SizeIs(1));
    EXPECT_THAT(load_file("join: []\n").settings.node.seeds, IsEmpty());
    sources_.environ["HALP_JOIN"] = "a.example:1,b.example:2,c.example:3";
    EXPECT_THAT(load_file("join: [a.example:1]\n").settings.node.seeds, SizeIs(3));
    sources_.environ["HALP_JOIN"] = "a.example:1,b";
    EXPECT_THAT(load_settings(sources_).problems, ElementsAre(HasSubstr("HALP_JOIN: join: \"b\" is not allowed")));
}

TEST_F(LoadSettings, GivesALabelRowTheDefaultsItDoesNotName) {
    const LoadedSettings loaded = load_file(
        "labels:\n"
        "  rows:\n"
        "    chat/a: {entries_max: 7}\n"
        "  default: {ttl: 9m}\n");
    ASSERT_THAT(loaded.problems, IsEmpty());
    const Allocation& row = loaded.settings.node.table.rows.at("chat/a");
    EXPECT_EQ(row.entries_max, 7u);
    EXPECT_EQ(row.ttl, 9min);
}

TEST_F(LoadSettings, ChecksTheRowsOfLabels) {
    EXPECT_THAT(load_file("labels: {rows: {a~b: {ttl: 9m}}}\n").problems,
                ElementsAre(HasSubstr("a~b is not a label")));
    EXPECT_THAT(load_file("labels: {rows: {chat: {tll: 9m}}}\n").problems,
                ElementsAre(HasSubstr("did you mean labels.rows.chat.ttl?")));
    EXPECT_THAT(load_file("labels: {rows: {chat: {ttl: 9}}}\n").problems,
                ElementsAre(HasSubstr("a time needs a unit")));
}

TEST_F(LoadSettings, RefusesASampleLargerThanTheView) {
    EXPECT_THAT(load_file("view: {swapper: 9, fresh_max: 8}\n").problems,
                ElementsAre(HasSubstr("view.swapper (9) is above view.fresh_max (8)")));
    EXPECT_THAT(load_file("view: {fresh_max: 8}\n").problems, ElementsAre()) << "the default healer means: all";
}

TEST_F(LoadSettings, RefusesSeveralThreadsOfANodeThatFindsItsRange) {
    EXPECT_THAT(load_file("dht: {threads: 2, range: auto, port: 5000}\n").problems,
                ElementsAre(HasSubstr("dht.range: auto needs dht.threads: 1")));
    EXPECT_THAT(load_file("dht: {threads: 2, leave: hand_over, port: 5000}\n").problems,
                ElementsAre(HasSubstr("dht.leave: hand_over needs dht.threads: 1")));
    EXPECT_THAT(load_file("dht: {threads: 2, port: 5000}\n").problems, IsEmpty());
}

TEST_F(LoadSettings, AcceptsEmptySectionsButNoEmptyValue) {
    EXPECT_THAT(load_file("gossip:\nview: {}\n").problems, IsEmpty());
    EXPECT_THAT(load_file("swarm:\n").problems, ElementsAre(HasSubstr("swarm has no value")));
}

TEST_F(LoadSettings, ListensWhereItIsTold) {
    EXPECT_EQ(load_flag("listen=127.0.0.1:0").settings.listen, (ListenAddress{"127.0.0.1", 0}));
    EXPECT_EQ(load_flag("listen=[::1]:80").settings.listen, (ListenAddress{"::1", 80}));
    EXPECT_FALSE(load_flag("listen=127.0.0.1").problems.empty());
    EXPECT_FALSE(load_flag("listen=127.0.0.1:65536").problems.empty());
}

TEST_F(LoadSettings, StopsAtTwentyProblems) {
    std::string many;
    for (int i = 0; i < 1000; ++i) many += "zzzzzzzz" + std::to_string(i) + ": 1\n";
    EXPECT_THAT(load_file(many).problems, SizeIs(21));
}

TEST_F(LoadSettings, KeepsRecordsOnceTheSectionSaysAnything) {
    EXPECT_FALSE(load_file("dht:\nlog: {level: warn}\n").settings.dht.enabled);
    EXPECT_TRUE(load_file("dht: {data_dir: /srv/dht}\n").settings.dht.enabled);
    EXPECT_TRUE(load_file("dht: {enabled: true}\n").settings.dht.enabled);
    EXPECT_FALSE(load_file("dht: {enabled: false, data_dir: /srv/dht}\n").settings.dht.enabled);
}

TEST_F(LoadSettings, KeepsRecordsWhenOnlyAFlagSaysSo) {
    const LoadedSettings loaded = load_flag("dht.engine=memory");
    EXPECT_TRUE(loaded.settings.dht.enabled);
    EXPECT_EQ(loaded.origins.at("dht.enabled"), "--set dht.engine");
}

TEST_F(LoadSettings, ARangeThatIsFoundNeedsThePortsOfTheOriginal) {
    const LoadedSettings found = load_file("dht: {range: auto, port: 10000, legacy_listen: \"0.0.0.0:10000\"}\n");
    EXPECT_TRUE(found.problems.empty());
    EXPECT_TRUE(found.warnings.empty());
    EXPECT_EQ(found.settings.dht.range, DhtRange::automatic);
    EXPECT_THAT(load_file("dht: {range: auto}\n").problems,
                ElementsAre(HasSubstr("dht.range: auto needs dht.port")));
    EXPECT_THAT(load_file("dht: {leave: hand_over}\n").problems,
                ElementsAre(HasSubstr("dht.leave: hand_over needs dht.port")));
    EXPECT_THAT(load_file("dht: {range: auto, port: 10000, range_min: 8000000000000000}\n").problems,
                ElementsAre(HasSubstr("exclude each other")));
    EXPECT_THAT(load_file("dht: {range: auto, port: 10000}\n").warnings,
                ElementsAre(HasSubstr("dht.legacy_listen is on loopback")));
}

TEST_F(LoadSettings, ReadsARangeOfSixteenDigitsOnly) {
    const LoadedSettings loaded = load_file("dht: {range_min: 8000000000000000, range_max: 0xBfffffffffffffff}\n");
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_EQ(loaded.settings.dht.range_min, 0x8000000000000000U);
    EXPECT_EQ(loaded.settings.dht.range_max, 0xbfffffffffffffffU);

    EXPECT_THAT(load_file("dht: {range_min: 800000000000000}\n").problems,
                ElementsAre(HasSubstr("16 hexadecimal digits")));
    EXPECT_THAT(load_file("dht: {range_min: 8000000000000000, range_max: 7fffffffffffffff}\n").problems,
                ElementsAre(HasSubstr("dht.range_min is above dht.range_max")));
}

TEST_F(LoadSettings, WarnsOfTheEmptyRange) {
    const LoadedSettings empty = load_file("dht: {range_min: ffffffffffffffff, range_max: 0x0000000000000000}\n");
    EXPECT_THAT(empty.problems, IsEmpty());
    EXPECT_THAT(empty.warnings, ElementsAre(HasSubstr("no key is served")));
    EXPECT_THAT(load_file("dht: {range_max: 7fffffffffffffff}\n").warnings, IsEmpty());
}

TEST_F(LoadSettings, PutsNeoAHundredAboveThePortOfTheOriginals) {
    const LoadedSettings alone = load_file("dht: {port: 10000}\n");
    EXPECT_THAT(alone.problems, IsEmpty());
    EXPECT_EQ(alone.settings.dht.listen, (ListenAddress{"::", 10100}));
    EXPECT_EQ(load_file("dht: {port: 7}\n").settings.dht.listen.port, 107);
    EXPECT_EQ(load_file("dht: {port: 7, listen: \"127.0.0.1:0\"}\n").settings.dht.listen,
              (ListenAddress{"127.0.0.1", 107}));
    EXPECT_THAT(load_file("dht: {port: 7, listen: \"127.0.0.1:107\"}\n").problems, IsEmpty());
    EXPECT_THAT(load_file("dht: {port: 7, listen: \"127.0.0.1:108\"}\n").problems,
                ElementsAre(HasSubstr("dht.port sets the neo port to 107, dht.listen on 108")));
    EXPECT_FALSE(load_file("dht: {port: 65436}\n").problems.empty());
}

TEST_F(LoadSettings, ServesLegacyAtThePortOfTheOriginalsToThisMachineUnlessTold) {
    EXPECT_FALSE(load_file("dht: {enabled: true}\n").settings.dht.legacy);
    const LoadedSettings loaded = load_file("dht: {port: 7}\n");
    EXPECT_TRUE(loaded.settings.dht.legacy);
    EXPECT_EQ(loaded.settings.dht.legacy_listen, (ListenAddress{"127.0.0.1", 7}));
    EXPECT_FALSE(load_file("dht: {port: 7, legacy: false}\n").settings.dht.legacy);
    const LoadedSettings open = load_file("dht: {legacy_listen: \"[::]:9\"}\n");
    EXPECT_TRUE(open.settings.dht.legacy);
    EXPECT_EQ(open.settings.dht.legacy_listen, (ListenAddress{"::", 9}));
    EXPECT_EQ(load_file("dht: {port: 7, legacy_listen: \"[::]:0\"}\n").settings.dht.legacy_listen,
              (ListenAddress{"::", 7}));
    EXPECT_THAT(load_file("dht: {port: 7, legacy_listen: \"[::]:9\"}\n").problems,
                ElementsAre(HasSubstr("dht.port sets the legacy port to 7, dht.legacy_listen to 9")));
}

TEST_F(LoadSettings, LetsTheTestClientInFromThisMachineOnlyUnlessTold) {
    const LoadedSettings loaded = load_file("dht: {test_client: true}\n");
    EXPECT_TRUE(loaded.settings.dht.enabled);
    EXPECT_EQ(loaded.settings.dht.listen, (ListenAddress{"127.0.0.1", 10100}));
    EXPECT_EQ(load_file("dht: {test_client: true, listen: \"[::]:1\"}\n").settings.dht.listen,
              (ListenAddress{"::", 1}));
    EXPECT_EQ(load_file("dht: {test_client: false}\n").settings.dht.listen, (ListenAddress{"::", 10100}));
}

TEST_F(LoadSettings, LeavesTheClientsVariablesToTheClient) {
    for (const char* name : {"HALP_SOCKET", "HALP_DHT_NODES", "HALP_DHT_CLIENT"}) sources_.environ[name] = "x";
    EXPECT_THAT(load_settings(sources_).warnings, IsEmpty());
    EXPECT_FALSE(load_settings(sources_).settings.dht.enabled);
}

TEST(SetFlag, WantsAKeyAndAValue) {
    EXPECT_EQ(parse_set_flag("a.b=c=d")->text.items.front(), "c=d");
    EXPECT_FALSE(parse_set_flag("a.b"));
    EXPECT_FALSE(parse_set_flag("=x"));
}

TEST(OverlayOptions, CarryTheSettingsOfTheNode) {
    Settings settings;
    settings.listen = {"127.0.0.1", 4000};
    settings.node.swarm = "mine";
    EXPECT_EQ(overlay_options(settings).listen_port, 4000);
    EXPECT_EQ(overlay_options(settings).swarm, "mine");
}

TEST_F(LoadSettings, ReadsServicesAsAListOfMappings) {
    const LoadedSettings loaded = load_file(
        "swarm: x\n"
        "services:\n"
        "  - label: my-chat\n"
        "    host: 192.0.2.7\n"
        "    port: 5222\n"
        "    tags: [v=2, blue]\n"
        "    check: {tcp: yes, interval: 3s, timeout: 500ms}\n"
        "  - label: web\n"
        "    port: 80\n"
        "    check:\n"
        "      http: http://localhost:8080/health\n"
        "  - {label: plain, port: 1, tags: []}\n"
        "  - {label: asked, port: 2, check: {command: \"exit 0\"}}\n"
        "log: {level: warn}\n");
    EXPECT_THAT(loaded.problems, IsEmpty());
    ASSERT_THAT(loaded.services, SizeIs(4));
    const ServiceSettings& chat = loaded.services[0];
    EXPECT_EQ(chat.label + chat.host, "my-chat192.0.2.7");
    EXPECT_EQ(chat.tags, "blue,v=2");
    EXPECT_EQ(chat.check(), ServiceSettings::Check::tcp);
    EXPECT_EQ(checked_endpoint(chat)->text(), "192.0.2.7:5222");
    EXPECT_EQ(chat.interval, 3s);
    EXPECT_EQ(parse_checked_url(loaded.services[1].check_http)->endpoint.text(), "127.0.0.1:8080");
    EXPECT_EQ(loaded.services[2].check(), ServiceSettings::Check::none);
    EXPECT_EQ(loaded.services[3].target(), "exit 0");
    EXPECT_EQ(loaded.settings.log.level, LogLevel::warn) << "what follows the list is read";
    EXPECT_THAT(print_effective(loaded, {}), HasSubstr("  - label: \"my-chat\"\n    host: \"192.0.2.7\"\n"));
}

TEST_F(LoadSettings, SaysWhatIsWrongWithAServiceAndWhere) {
    const auto problem = [&](const std::string& item) {
        const LoadedSettings loaded = load_file("services:\n  - " + item + "\n");
        return loaded.problems.empty() ? "" : loaded.problems.front();
    };
    EXPECT_THAT(problem("{label: a, prot: 1}"),
                HasSubstr("one.yaml:2:16: prot is no field of a service; did you mean port?"));
    EXPECT_THAT(problem("{label: a, port: 70000}"),
                HasSubstr("port: \"70000\" is not allowed; allowed: 1 to 65535"));
    EXPECT_THAT(problem("{port: 1}"), HasSubstr("one.yaml:2:6: label is missing"));
    EXPECT_THAT(problem("{label: a}"), HasSubstr("port is missing"));
    EXPECT_THAT(problem("{label: halp, port: 1}"), HasSubstr("choose another label"));
    EXPECT_THAT(problem("{label: a/, port: 1}"), HasSubstr("choose another label"));
    EXPECT_THAT(problem("{label: a, port: 1, tags: [a b]}"), HasSubstr("tags: A tag has"));
    EXPECT_THAT(problem("{label: a, port: 1, check: {tcp: yes, command: x}}"),
                HasSubstr("choose one of tcp, http and command"));
    EXPECT_THAT(problem("{label: a, port: 1, check: {tcp: example.org:80}}"),
                HasSubstr("check.tcp: a numeric HOST:PORT"));
    EXPECT_THAT(problem("{label: a, port: 1, check: {http: \"https://x/\"}}"),
                HasSubstr("check.http: an address such as"));
    EXPECT_THAT(problem("{label: a, port: 1}\n  - {label: a, port: 1}"), HasSubstr("stand in an earlier service"));
    EXPECT_THAT(problem("word"), HasSubstr("services"));
    EXPECT_THAT(problem("{label: a, port: 1}\n  - word"), HasSubstr("is a mapping"));
    EXPECT_THAT(load_file("join:\n  - {a: b}\n").problems.front(), HasSubstr("no mappings"));
}

TEST_F(LoadSettings, SaysThatServicesMustBeAListAndHowOneLooks) {
    const std::string line =
        "services must be a list, with lines below it such as \"  - {label: chat, port: 5222}\"";
    for (const char* wrong : {" chat\n", " [chat, web]\n", "\n  - chat\n", "\n  label: chat\n  port: 5222\n",
                              "\n  chat: {label: chat, port: 5222}\n", "\n  chat:\n    check: {tcp: yes}\n"})
        EXPECT_THAT(load_file("services:" + std::string{wrong}).problems,
                    ElementsAre(AllOf(HasSubstr("one.yaml:"), HasSubstr(line))))
            << wrong;
    EXPECT_THAT(load_file("services:\n  - {label: chat, port: 5222}\n").problems, IsEmpty()) << "as the line says";
    EXPECT_THAT(load_flag("services=chat").problems, ElementsAre(HasSubstr(line)));
}

TEST_F(LoadSettings, TakesAListOfNoServicesAsNone) {
    write("etc/halpd.yaml", "services: [{label: one, port: 1}]\n");
    write("etc/conf.d/10-a.yaml", "services: []\n");
    const LoadedSettings loaded = load_settings(sources_);
    EXPECT_THAT(loaded.problems, IsEmpty());
    EXPECT_THAT(loaded.services, IsEmpty());
    EXPECT_THAT(load_file("services:\n").problems, IsEmpty());
}

TEST_F(LoadSettings, TakesTheServicesOfTheLastFileThatHasAny) {
    write("etc/halpd.yaml", "services: [{label: one, port: 1}, {label: two, port: 2}]\n");
    write("etc/conf.d/10-a.yaml", "services: [{label: three, port: 3}]\n");
    const LoadedSettings loaded = load_settings(sources_);
    EXPECT_THAT(loaded.problems, IsEmpty());
    ASSERT_THAT(loaded.services, SizeIs(1));
    EXPECT_EQ(loaded.services[0].label, "three");
}

TEST_F(LoadSettings, KnowsWhetherSomebodyChoseWhereDnsIsAnswered) {
    EXPECT_FALSE(load_settings(sources_).settings.dns.listen_stated);
    EXPECT_TRUE(load_flag("dns.listen=127.0.0.1:53").settings.dns.listen_stated);
    for (const char* bad : {"a..b", ".a", "a b", "-\xc3\xa4"})
        EXPECT_THAT(load_flag(std::string{"dns.zone="} + bad).problems.front(), HasSubstr("is no domain")) << bad;
    EXPECT_THAT(load_flag("dns.zone=halp.example").problems, IsEmpty());
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::config
