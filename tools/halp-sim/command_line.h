// The command line of `halp-sim` as values. The verbs see nothing else of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "simulations/world/ranks.h"
#include "tools/program/arguments_text.h"

namespace halp::sim {

enum class Verb : std::uint8_t { list, show, run, sweep, compare, faults, replay, check, goals, views };

// `halp-sim views`: a swarm of peer views and nothing else.
struct ViewsCommand {
    std::string rule = "newscast";  // or hybrid
    std::uint32_t view = 20;        // c, of Newscast
    std::uint32_t periods = 30;
    std::uint32_t threads = 1;
    bool heap = false, wire = false, figures = false;
};

struct CommandLine {
    Verb verb = Verb::list;
    std::string scenario;  // a file or a built-in name; of sweep: or a sweep file; of replay: a record
    std::string other;     // of compare: the second
    std::optional<std::uint64_t> seed, nodes;
    std::optional<std::size_t> seeds;   // how many, counted from `seed`
    std::size_t jobs = 0;               // threads; 0: as many as cores
    double minutes = 10;                // of faults, virtual
    bool hostile = false;               // faults: draw hostile nodes, too
    std::string kinds;                  // of faults that may be drawn, with commas between; empty: all
    double heal = 240;                  // seconds, virtual, by which the swarm has converged then
    std::vector<std::string> settings;  // key=value
    std::vector<std::string> varied;    // key=value,value
    bool resume = false;                // of sweep: goes on where the directory's journal ends
    bool force = false;                 // results of an earlier run in the directory of -o are replaced
    std::string shard;                  // of sweep: "2/5", the second of five parts; empty: everything
    std::vector<std::string> merged;    // of sweep: directories of parts that are put together; nothing is played
    std::string directory;              // empty: no files are written
    bool quick = false;
    bool json = false;
    std::string only;  // of check: a section; of goals: one group
    ViewsCommand views;
    Ranks* ranks = nullptr;  // the processes of mpirun; null: this one is alone
};

struct Parsed {
    std::optional<CommandLine> command;
    std::string text;  // help, the version or what is wrong, when there is no command
    int code = 0;
};

Parsed parse_command_line(int argc, const char* const* argv);
// All verbs and options, for pages and completions.
[[nodiscard]] ArgumentsText command_line_text();

// Exit codes, as those of halp.
inline constexpr int exit_done = 0, exit_failed = 1, exit_usage = 2, exit_bad_scenario = 78, exit_interrupted = 130;

}  // namespace halp::sim
