// What was typed behind `halp store`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace halp::cli {

enum class StoreVerb { none, check, compact, export_records, import_records, drop_aside };
enum class DumpFormat { tcm, json };

struct StoreCommand {
    StoreVerb verb = StoreVerb::none;
    std::string directory;  // the data directory of a halpd
    DumpFormat format = DumpFormat::tcm;
    std::string to;                                    // export: a directory for .tcm; a file for JSON, "-": stdout
    std::vector<std::string> channels;                 // export: only these; import of one .tcm: into this one
    std::vector<std::string> files;                    // import
    bool set_aside = false;                            // export: what was set aside, not what is served
    bool keep_existing = false;                        // import
    std::uint64_t bytes_max = std::uint64_t{1} << 40;  // import: how large the record file may become
};

}  // namespace halp::cli
