// The configuration of an original dhtnode (or dhtdump) as ours: INI text in, YAML of halpd out. What has no
// counterpart becomes a comment that says why.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"

namespace halp::cli {

struct IniEntry {
    std::string section, key, value;
    std::size_t line = 0;  // from 1
};

// Sections in brackets, `key = value`, comments behind `#`, `;` and `//` at the beginning of a line. A line of
// another form continues the value above it. An error names the line.
[[nodiscard]] Result<std::vector<IniEntry>> read_ini(std::string_view text);

struct ImportedConfig {
    std::string yaml;
    std::size_t settings = 0;  // that have a counterpart
    std::size_t comments = 0;  // that have none
};

// `skip_unknown`: unknown sections and settings become comments. Else they are errors, and so are wrong values and
// missing settings that the original requires. An error names the line and the remedy. The result has the first;
// `faults` gets all of them.
[[nodiscard]] Result<ImportedConfig> import_original_config(std::string_view text, bool skip_unknown,
                                                            std::vector<Error>* faults = nullptr);

}  // namespace halp::cli
