#include "config/setting_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "config/load_settings.h"
#include "config/print_settings.h"
#include "config/units.h"
#include "config/yaml_reader.h"

namespace halp::config {
namespace HALP_TEST_FILE {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string sample_on_disk() {
    std::ifstream file{std::string{HALP_SOURCE_DIR} + "/config/halpd.yaml"};
    std::stringstream content;
    content << file.rdbuf();
    return content.str();
}

// Removes the "#" before every setting. Comments, which have a blank behind the "#", stay comments.
std::string uncommented(const std::string& sample) {
    std::istringstream lines{sample};
    std::string out;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t mark = line.find_first_not_of(' ');
        const bool setting = mark != std::string::npos && line[mark] == '#' && line[mark + 1] != ' ';
        out += (setting ? line.erase(mark, 1) : line) + "\n";
    }
    return out;
}

TEST(SettingTable, HasEveryKeyOnceWithHelp) {
    std::set<std::string_view> keys;
    for (const Setting& setting : setting_table()) {
        EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
        EXPECT_FALSE(setting.help.empty()) << setting.key;
        EXPECT_EQ(setting.help.find('\n'), std::string_view::npos) << setting.key;
    }
}

TEST(SettingTable, HasDistinctEnvironmentNames) {
    std::set<std::string> names;
    for (const Setting& setting : setting_table()) EXPECT_TRUE(names.insert(environment_name(setting.key)).second);
    EXPECT_EQ(environment_name("gossip.exchange_timeout"), "HALP_GOSSIP_EXCHANGE_TIMEOUT");
}

TEST(SettingTable, PrintsWhatItReadsForEveryProfile) {
    for (const Profile profile : {Profile::local, Profile::lan, Profile::wan}) {
        Settings settings;
        settings.node = OverlayOptions::for_profile(profile);
        for (const Setting& setting : setting_table()) {
            const std::string printed = yaml_text(setting.value(settings));
            const YamlDocument parsed = read_yaml(std::string{setting.key} + ": " + printed + "\n");
            ASSERT_EQ(parsed.entries.size(), 1u) << setting.key;
            const Result<void> again = assign(setting, settings, parsed.entries[0].text);
            EXPECT_TRUE(again) << setting.key << ": its default is refused: " << printed;
            EXPECT_EQ(yaml_text(setting.value(settings)), printed) << setting.key;
        }
    }
}

TEST(SettingTable, KeepsTheOldValueWhenTheNewOneIsRefused) {
    Settings settings;
    for (const Setting& setting : setting_table()) {
        const std::string before = plain_text(setting.value(settings));
        const Result<void> done = assign(setting, settings, {{"\x01 no"}, false});
        EXPECT_FALSE(done) << setting.key;
        EXPECT_EQ(plain_text(setting.value(settings)), before) << setting.key;
    }
}

TEST(SettingTable, NamesWhatNeedsARestart) {
    Settings before, after;
    after.node.swarm = "other";
    after.node.gossip.period = 3s;
    EXPECT_THAT(needing_restart(before, after), ElementsAre("swarm"));
    EXPECT_THAT(needing_restart(before, before), IsEmpty());
}

TEST(SettingTable, FindsTheNearestKey) {
    EXPECT_EQ(nearest_key("gosip.period"), "gossip.period");
    EXPECT_EQ(nearest_key("swram"), "swarm");
    EXPECT_EQ(nearest_key("state-dir"), "state_dir");
    EXPECT_EQ(nearest_key("level"), "log.level");
    EXPECT_EQ(nearest_key("qqqqqqqqqqqq"), "");
    EXPECT_EQ(nearest_key(std::string(100'000, 'a')), "");
}

TEST(Units, ReadDurationsWithUnitsOnly) {
    EXPECT_EQ(parse_duration("200ms"), 200ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("1.5s"), 1500ms);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("7d"), 168h);
    for (const char* bad : {"", "s", "5", "-5s", "5 minutes", "1e3s", "5s ", "nan", "inf", "99999999999999999999d"})
        EXPECT_EQ(parse_duration(bad), std::nullopt) << bad;
    EXPECT_EQ(print_duration(250s), "250s");
    EXPECT_EQ(print_duration(2h), "2h");
    EXPECT_EQ(print_duration(0s), "0s");
}

TEST(Units, ReadSizes) {
    EXPECT_EQ(parse_size("64MiB"), std::size_t{64} << 20);
    EXPECT_EQ(parse_size("1kB"), 1000u);
    EXPECT_EQ(parse_size("4096"), 4096u);
    for (const char* bad : {"", "MiB", "-1", "1 M", "1mib"}) EXPECT_EQ(parse_size(bad), std::nullopt) << bad;
    EXPECT_EQ(print_size(std::size_t{64} << 20), "64MiB");
    EXPECT_EQ(print_size(1000), "1000B");
}

TEST(SampleConfig, IsTheFileInTheTree) {
    EXPECT_EQ(sample_on_disk(), sample_config())
        << "the table has changed: write sample_config() to config/halpd.yaml";
}

TEST(SampleConfig, SetsNothingAsItStands) {
    const YamlDocument document = read_yaml(sample_config());
    EXPECT_THAT(document.problems, IsEmpty());
    for (const YamlEntry& entry : document.entries) EXPECT_TRUE(entry.empty) << entry.key;
}

TEST(SampleConfig, HoldsEverySettingWithItsDefault) {
    const YamlDocument document = read_yaml(uncommented(sample_config()));
    ASSERT_THAT(document.problems, IsEmpty());
    Settings settings;
    for (const Setting& setting : setting_table()) {
        const std::string before = plain_text(setting.value(settings));
        const YamlEntry* found = nullptr;
        for (const YamlEntry& entry : document.entries)
            if (entry.key == setting.key) found = &entry;
        ASSERT_NE(found, nullptr) << setting.key;
        EXPECT_TRUE(assign(setting, settings, found->text)) << setting.key;
        EXPECT_EQ(plain_text(setting.value(settings)), before) << setting.key;
    }
}

TEST(PrintEffective, IsItselfAConfigurationThatMeansTheSame) {
    const std::string path = ::testing::TempDir() + "halp-effective.yaml";
    SettingSources sources;
    sources.root = true;
    sources.system_dir = "/nonexistent";
    for (const char* flag :
         {"profile=wan", "swarm=a \"b\" \\c", "join=a.example:1,[::1]:2", "advertise=x.example:9",
          "labels.rows.chat/room.ttl=7m", "labels.rows.chat/room.persist=no", "view.partner=oldest"})
        sources.flags.push_back(*parse_set_flag(flag));
    LoadedSettings first = load_settings(sources);
    ASSERT_THAT(first.problems, IsEmpty());
    const std::string printed =
        print_effective(first, {"/state", "/cache", "/sock", "", "/state/dht", "/state/dht/c"});
    std::ofstream{path} << printed;

    SettingSources again;
    again.only_file = path;
    LoadedSettings second = load_settings(again);

    ASSERT_THAT(second.problems, IsEmpty()) << printed;
    for (const Setting& setting : setting_table())
        EXPECT_EQ(plain_text(setting.value(first.settings)), plain_text(setting.value(second.settings))) << setting.key;
    EXPECT_EQ(second.settings.node.table.rows.at("chat/room").ttl, 7min);
    EXPECT_FALSE(second.settings.node.table.rows.at("chat/room").persist);
    EXPECT_THAT(printed, HasSubstr("# profile wan"));
    EXPECT_THAT(printed, HasSubstr("# --set swarm"));
    EXPECT_THAT(printed, HasSubstr("# built-in, here: /state"));
}

TEST(Directories, FollowTheUserTheSystemAndSystemd) {
    const Environ user{{"HOME", "/home/u"}, {"XDG_RUNTIME_DIR", "/run/user/1"}};
    EXPECT_EQ(resolve_directories({}, user, false).state, "/home/u/.local/state/halp");
    EXPECT_EQ(resolve_directories({}, user, false).cache, "/home/u/.halp");
    EXPECT_EQ(resolve_directories({}, user, false).admin_socket, "/run/user/1/halp/halpd.sock");
    EXPECT_EQ(resolve_directories({}, {{"HOME", "/h"}, {"XDG_STATE_HOME", "/s"}}, false).admin_socket,
              "/s/halp/halpd.sock");
    EXPECT_EQ(resolve_directories({}, {}, true).state, "/var/lib/halp");
    EXPECT_EQ(resolve_directories({}, {}, true).cache, "/var/lib/halp/cache");
    EXPECT_EQ(resolve_directories({}, {}, true).admin_socket, "/run/halp/halpd.sock");
    const Environ systemd{
        {"STATE_DIRECTORY", "/var/lib/halp:/x"}, {"RUNTIME_DIRECTORY", "/run/halp"}, {"HOME", "/"}};
    EXPECT_EQ(resolve_directories({}, systemd, false).state, "/var/lib/halp");
    EXPECT_EQ(resolve_directories({}, systemd, false).admin_socket, "/run/halp/halpd.sock");
    EXPECT_EQ(resolve_directories({}, systemd, false).cache, "/var/lib/halp/cache");
    Settings settings;
    settings.cache_dir = "~/c";
    settings.admin = "off";
    EXPECT_EQ(resolve_directories(settings, user, false).cache, "/home/u/c");
    EXPECT_EQ(resolve_directories(settings, user, false).admin_socket, "");
    EXPECT_EQ(resolve_directories({}, user, false).dht_data, "/home/u/.local/state/halp/dht");
    EXPECT_EQ(resolve_directories({}, user, false).dht_credentials, "/home/u/.local/state/halp/dht/credentials");
    settings.dht.data_dir = "~/d";
    EXPECT_EQ(resolve_directories(settings, user, false).dht_credentials, "/home/u/d/credentials");
}

}  // namespace HALP_TEST_FILE
}  // namespace halp::config
