// The verbs. The original's five verbs work in two ways: through the socket of a daemon, or, without one, on the
// cache directory and by HALP text to servers. Both print the original's sentences.
#pragma once

#include "overlay/environment.h"
#include "tools/halp/command_line.h"
#include "tools/halp/daemon/admin_api.h"
#include "tools/halp/local_cache.h"
#include "tools/halp/output/console.h"
#include "tools/halp/server_round.h"

namespace halp::cli {

struct Standalone {
    const CommandLine& command;
    Console& console;
    LocalCache& cache;
    TextAsker& asker;
    const Clock& clock;
};
[[nodiscard]] ExitCode run_standalone(const Standalone& world);  // get insert bcast clear nuke labels

struct WithDaemon {
    const CommandLine& command;
    Console& console;
    const AdminApi& daemon;
    TextAsker& asker;
    const Clock& clock;
};
[[nodiscard]] ExitCode run_with_daemon(const WithDaemon& world);  // everything but demo

// These two run until something ends them (stream_verbs.cc).
[[nodiscard]] ExitCode run_watch(const WithDaemon& world);
[[nodiscard]] ExitCode run_announce(const WithDaemon& world);

[[nodiscard]] RoundLimits round_limits(const CommandLine& command);
[[nodiscard]] UnixSeconds stated_time(const CommandLine& command, UnixSeconds now);

// The original's sentences, for the cache directory.
[[nodiscard]] std::string inserted_words(const CommandLine& command, UnixSeconds seen);
[[nodiscard]] std::string cleared_words(const Label& label);
[[nodiscard]] std::string nuked_words();
// A pipe gets the original's lines, a terminal a table with ages; nothing is printed of an empty label.
void show_listing(const CommandLine& command, Console& console, const Listing& listing, const std::string& source,
                  UnixSeconds now);
// A time as people read it on a terminal, and raw in a pipe: Unix seconds, or the seconds since.
[[nodiscard]] std::string seen_words(const Console& console, UnixSeconds seen, UnixSeconds now);
[[nodiscard]] std::string age_words(const Console& console, double age_s);
// For `labels`: a table with times.
void show_names(Console& console, const Listing& listing, const std::string& source, UnixSeconds now);
// Sends the insert to servers in order until enough took it; prints as the original did.
[[nodiscard]] ExitCode send_insert(const CommandLine& command, Console& console, TimedAsker& asker,
                                   const std::vector<Endpoint>& servers, UnixSeconds seen, bool daemon_too);

}  // namespace halp::cli
