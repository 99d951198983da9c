// What was typed after `halp`, checked and converted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "store/endpoint.h"
#include "store/label.h"
#include "tools/halp/dht/dht_command.h"
#include "tools/halp/output/console.h"
#include "tools/halp/store/store_command.h"
#include "tools/program/arguments_text.h"

namespace halp::cli {

enum class Verb {
    get,
    insert,
    bcast,
    clear,
    nuke,  // the original's
    announce,
    watch,
    labels,
    peers,
    status,
    join,
    leave,
    confirm,
    demo,
    doctor,
    top,
    dht,
    store
};

struct CommandLine {
    Verb verb = Verb::get;

    bool json = false, quiet = false, verbose = false;
    std::optional<std::string> socket, cache_dir;
    std::optional<double> timeout_s;
    ColourWhen colour = ColourWhen::automatic;

    Label label = Label::labels();  // get insert bcast clear announce watch labels confirm
    std::string host;               // announce: may be empty
    std::uint16_t port = 0;
    std::int64_t seconds = 60;       // insert bcast: how long ago the host was seen
    int number = 5;                  // bcast: servers wanted; demo: nodes
    bool unix_times = false;         // get
    bool undo = false;               // join
    bool failed = false;             // confirm
    bool once = false;               // watch, top
    std::optional<int> changes_max;  // watch --count
    std::optional<double> for_s;     // watch, announce --for
    std::string tags;                // announce: as store/tags.h writes them
    std::string tag;                 // get: only hosts that have it
    std::string halpd;               // demo: the program to run
    DhtCommand dht;
    StoreCommand store;
};

struct Parsed {
    std::optional<CommandLine> command;  // without one: print `text` and end with `code`
    ExitCode code = ExitCode::ok;
    std::string text;  // help or version (data), or what is wrong (a message)
};

// All verbs and options, for pages and completions.
[[nodiscard]] ArgumentsText command_line_text();
[[nodiscard]] Parsed parse_command_line(int argc, const char* const* argv, const std::string& version);

}  // namespace halp::cli
