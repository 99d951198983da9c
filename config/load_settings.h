// Puts the sources together: built-in < profile < files < environment < flags. A later one wins; a list replaces
// a list. Every mistake is found in one run and told with its place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/directories.h"
#include "config/setting_value.h"
#include "config/settings.h"

namespace halp::config {

inline constexpr int exit_bad_configuration = 78;  // EX_CONFIG

struct FlagValue {
    std::string flag;  // as typed, for messages: "--listen"
    std::string key;
    SettingText text;
};

struct SettingSources {
    std::optional<std::string> only_file;  // --config: no other file is read
    std::string system_dir = "/etc/halp";
    bool root = false;  // not root: the user's own file is read, too
    Environ environ;
    std::vector<FlagValue> flags;
};

struct LoadedSettings {
    Settings settings;                           // meaningful when there are no problems
    std::map<std::string, std::string> origins;  // by key, where it was set; absent: built in
    std::vector<std::string> files;              // those read, in order
    std::vector<std::string> problems;           // one sentence each, "FILE:LINE:COLUMN: ..." first
    std::vector<std::string> warnings;
};

LoadedSettings load_settings(const SettingSources& sources);

// "gossip.period=5s", as --set takes it.
Result<FlagValue> parse_set_flag(const std::string& text);

}  // namespace halp::config
