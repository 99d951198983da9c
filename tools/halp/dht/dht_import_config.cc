// `halp dht import-config`: the configuration of an original node as that of a halpd.
#include <string>
#include <vector>

#include "config/yaml_reader.h"
#include "store/files/named_file.h"
#include "store/files/new_file.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/dht/original_config.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

Result<void> write_config(const std::string& path, const std::string& yaml) {
    auto file = NewFile::make(path, ".part");
    if (!file) return file.error();
    if (auto written = file->write(yaml); !written) return written;
    return file->finish(0644, NewFile::Present::kept);
}

void say_what_came(const OperatorCommand& typed, const ImportedConfig& made, Console& console) {
    console.say(std::to_string(made.settings) + " settings have a counterpart, " + std::to_string(made.comments) +
                " have none and are comments." +
                (typed.to.empty() ? "" : " `halpd --config " + typed.to + "` starts with them."));
}

}  // namespace

ExitCode run_dht_import_config(const DhtTool& tool) {
    const OperatorCommand& typed = tool.command.dht.operating;
    const auto file = read_named_file(typed.file, config::yaml_bytes_max, Pipes::awaited);
    if (!file) return tool.console.fail(ExitCode::usage, "`" + typed.file + "` " + file.error().message + ".");
    std::vector<Error> faults;
    const auto made = import_original_config(file->text, typed.skip_unknown, &faults);
    for (const Error& fault : faults) tool.console.fail(ExitCode::usage, typed.file + ", " + fault.message + ".");
    if (!made) return ExitCode::usage;
    if (!typed.to.empty())
        if (const auto written = write_config(typed.to, made->yaml); !written)
            return tool.console.fail(
                written.error().code == ErrorCode::refused ? ExitCode::refused : ExitCode::failed,
                written.error().message + ".");
    if (tool.console.style().json) {
        Json object = Json::object({{"schema_version", 1},
                                    {"file", typed.file},
                                    {"settings", made->settings},
                                    {"comments", made->comments}});
        if (typed.to.empty())
            object.set("yaml", made->yaml);
        else
            object.set("written_to", typed.to);
        tool.console.line(object.line());
    } else if (typed.to.empty() && !tool.console.rows(made->yaml)) {
        return ExitCode::failed;  // main() says that output was lost
    }
    say_what_came(typed, *made, tool.console);
    return ExitCode::ok;
}

}  // namespace halp::cli
