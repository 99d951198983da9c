// A YAML file as a flat list of dotted keys with their texts and places. It reads what a configuration needs: one
// document, mappings of texts and of lists of texts, and below `services` a list of mappings; no anchors, no
// aliases. yaml_reader.cc is the only file that includes yaml-cpp, and it catches the exceptions of yaml-cpp.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "config/typed_value.h"
#include "store/files/named_file.h"
#include "store/result.h"

namespace halp::config {

struct Place {
    std::size_t line = 0, column = 0;  // from 1
};

struct YamlEntry {
    std::string key;  // "gossip.period"
    ValueText text;
    bool empty = false;  // no value: "period:"
    Place key_place, value_place;
};

struct YamlProblem {
    Place place;
    std::string message;
};

struct YamlDocument {
    std::vector<YamlEntry> entries;     // in file order
    std::vector<YamlProblem> problems;  // at most yaml_problems_max
};

inline constexpr std::size_t yaml_bytes_max = 1 << 20;
inline constexpr std::size_t yaml_depth_max = 8;
inline constexpr std::size_t yaml_entries_max = 20'000;
inline constexpr std::size_t yaml_problems_max = 20;

YamlDocument read_yaml(std::string_view content);

// The content of a file of at most `bytes_max` bytes, or an error message. not_found: the file does not exist.
[[nodiscard]] Result<std::string> read_config_file(const std::string& path, std::size_t bytes_max = yaml_bytes_max,
                                                   Pipes pipes = Pipes::refused);
// The same, with its owner and mode.
[[nodiscard]] Result<NamedText> open_config_file(const std::string& path, std::size_t bytes_max = yaml_bytes_max,
                                                 Pipes pipes = Pipes::refused);

}  // namespace halp::config
