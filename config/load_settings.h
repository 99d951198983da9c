// Merges the sources of settings: built-in < profile < files < environment < flags. A later source wins; a list
// replaces a list. One run reports every mistake with its place.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/directories.h"
#include "config/service_settings.h"
#include "config/settings.h"
#include "config/typed_value.h"

namespace halp::config {

inline constexpr int exit_bad_configuration = 78;  // EX_CONFIG

struct FlagValue {
    std::string flag;  // as typed, for messages: "--listen"
    std::string key;
    ValueText text;
};

struct SettingSources {
    std::optional<std::string> only_file;  // --config: the only file that is read
    std::string system_dir = "/etc/halp";
    bool root = false;  // false: the user's own file is read as well
    Environ environ;
    std::vector<FlagValue> flags;
};

struct LoadedSettings {
    Settings settings;                           // meaningful when there are no problems
    std::map<std::string, std::string> origins;  // by key: where it was set; absent: built in
    std::vector<std::string> files;              // the files read, in order
    std::vector<std::string> problems;           // one sentence each, which begins with "FILE:LINE:COLUMN: "
    std::vector<std::string> warnings;
    std::vector<ServiceSettings> services{};
};

LoadedSettings load_settings(const SettingSources& sources);

// Parses the argument of --set: "gossip.period=5s".
Result<FlagValue> parse_set_flag(const std::string& text);

}  // namespace halp::config
