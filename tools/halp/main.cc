// The command-line client: reads the command line, finds a daemon or the cache directory, runs the verb.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <system_error>

#include "overlay/libevent/file_storage.h"
#include "overlay/libevent/text_query.h"
#include "overlay/text/text_client.h"
#include "tools/halp/command_line.h"
#include "tools/halp/daemon/doctor.h"
#include "tools/halp/demo.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/halp_pages.h"
#include "tools/halp/interrupt.h"
#include "tools/halp/store/store_verbs.h"
#include "tools/halp/verbs.h"
#include "tools/program/pages.h"
#include "tools/program/program_start.h"
#include "tools/program/standard_output.h"

namespace halp::cli {
namespace {

constexpr Duration writers_patience = std::chrono::seconds{2};

class SystemClock final : public Clock {
public:
    [[nodiscard]] Instant now() const override {
        const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
        return Instant{std::chrono::duration_cast<Duration>(since_start)};
    }
    [[nodiscard]] UnixSeconds wall() const override {
        const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
        return UnixSeconds{std::chrono::duration_cast<std::chrono::seconds>(since_epoch).count()};
    }
};

class NetworkAsker final : public TextAsker {
public:
    Result<std::string> ask(const Endpoint& server, const std::string& query, Duration timeout) override {
        return halp::ask(server, query, timeout, TextAnswer::bytes_max);
    }
};

std::string from_environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

bool needs_daemon(Verb verb) {
    switch (verb) {
        case Verb::get:
        case Verb::insert:
        case Verb::bcast:
        case Verb::clear:
        case Verb::nuke:
        case Verb::labels:
        case Verb::dht:
            return false;
        default:
            return true;
    }
}

// The socket to use. Nothing if no daemon was found and none was required.
Result<std::optional<std::string>> find_daemon(const CommandLine& command, Console& console) {
    if (command.socket) {
        if (auto there = probe_socket(*command.socket); !there) return there.error();
        return std::optional{*command.socket};
    }
    if (command.cache_dir && !needs_daemon(command.verb)) return std::optional<std::string>{};
    const auto usual = usual_sockets(from_environment("HOME"), from_environment("XDG_RUNTIME_DIR"),
                                     from_environment("XDG_STATE_HOME"));
    std::optional<Error> refused;  // it would be wrong to say that there is no daemon
    for (const std::string& path : usual) {
        const auto there = probe_socket(path);
        if (there) return std::optional{path};
        console.detail(there.error().message);
        if (!refused && there.error().code == ErrorCode::refused) refused = there.error();
    }
    if (refused && needs_daemon(command.verb)) return *refused;
    return std::optional<std::string>{};
}

Result<std::string> cache_directory(const CommandLine& command) {
    if (command.cache_dir) return *command.cache_dir;
    const std::string home = from_environment("HOME");
    if (home.empty())
        return Error{ErrorCode::io, "HOME is not set, so there is no ~/.halp: name a directory with --cache-dir."};
    return home + "/.halp";
}

ExitCode run_on_cache(const CommandLine& command, Console& console, TextAsker& asker, const Clock& clock) {
    const auto directory = cache_directory(command);
    if (!directory) return console.fail(directory.error());
    console.detail("no daemon; working on the cache directory " + *directory);
    const auto storage = FileStorage::open(*directory, IfMissing::create);
    if (!storage) return console.fail(ExitCode::failed, storage.error().message);
    (*storage)->wait_for_writers(writers_patience);
    LocalCache cache{**storage, [&](const std::string& text) { console.say(*directory + "/" + text); }};
    return run_standalone({command, console, cache, asker, clock});
}

Duration timeout_of(const CommandLine& command) {
    return std::chrono::milliseconds{static_cast<std::int64_t>(command.timeout_s.value_or(10) * 1000)};
}

std::vector<Endpoint> hosts_of(const Listing& listing) {
    std::vector<Endpoint> hosts;
    for (const ListedAt& host : listing.hosts) hosts.push_back(host.endpoint);
    return hosts;
}

// Where a DHT client looks for nodes by default: the same places as `halp get`.
Result<UsualPlaces> usual_places(const CommandLine& command, Console& console, const Label& label) {
    const auto socket = find_daemon(command, console);
    if (!socket) return socket.error();
    UsualPlaces places;
    if (*socket) {
        places.source = "the daemon at " + **socket;
        const auto listing = AdminApi{**socket, timeout_of(command)}.list(label);
        if (!listing) return listing.error();
        places.nodes = hosts_of(*listing);
        // It is announced only when others can reach it.
        const auto own = AdminApi{**socket, timeout_of(command)}.dht_node();
        if (!own) return own.error();
        if (*own && label == *Label::parse("dht") && std::ranges::find(places.nodes, **own) == places.nodes.end())
            places.nodes.push_back(**own);
        return places;
    }
    const auto directory = cache_directory(command);
    if (!directory) return directory.error();
    places.source = "the cache directory " + *directory;
    const auto storage = FileStorage::open(*directory, IfMissing::fail);
    if (!storage) return places;
    LocalCache cache{**storage, [&](const std::string& text) { console.say(*directory + "/" + text); }};
    const auto load = [&](const Label& list, std::vector<Endpoint>& into) -> Result<void> {
        const auto file = cache.load(list);
        if (!file) return file.error();
        into = hosts_of(listing_of(list, *file, SystemClock{}.wall()));
        return {};
    };
    if (auto loaded = load(label, places.nodes); !loaded) return loaded.error();
    if (auto loaded = load(Label::halp(), places.halp_hosts); !loaded) return loaded.error();
    return places;
}

ExitCode run(const CommandLine& command, Console& console) {
    const SystemClock clock;
    NetworkAsker asker;
    if (command.verb == Verb::demo) {
        std::error_code none;
        const std::string own_program = std::filesystem::read_symlink("/proc/self/exe", none);
        return run_demo({command, console, clock, own_program, from_environment("PATH")});
    }
    if (command.verb == Verb::store) return run_store(command, console);
    if (command.verb == Verb::dht)
        return run_dht({command, console, [&](const Label& label) { return usual_places(command, console, label); },
                        from_environment, [&] { return find_daemon(command, console); }});
    const auto socket = find_daemon(command, console);
    if (command.verb == Verb::doctor)
        return socket ? run_doctor(command, console, clock, *socket, std::nullopt)
                      : run_doctor(command, console, clock, std::nullopt, socket.error());
    if (!socket) return console.fail(socket.error());
    if (*socket) {
        console.detail("through the daemon at " + **socket);
        const AdminApi daemon{**socket, timeout_of(command)};
        return run_with_daemon({command, console, daemon, asker, clock});
    }
    if (needs_daemon(command.verb))
        return console.fail(ExitCode::no_daemon,
                            "this needs a running halpd, and none was found. Start one with `halpd &`, or name its "
                            "socket with --socket PATH.");
    return run_on_cache(command, console, asker, clock);
}

}  // namespace
}  // namespace halp::cli

int main(int argc, char** argv) {
    using namespace halp::cli;
    halp::begin_program("halp");
    interrupt::install();
    if (const auto pages = halp::wants_pages(argc, argv))
        return halp::write_pages("halp", *pages, halp_pages(HALP_VERSION));
    const Parsed parsed = parse_command_line(argc, argv, HALP_VERSION);
    if (!parsed.command) {
        if (parsed.code == ExitCode::ok)
            std::cout << parsed.text << std::flush;
        else
            Console{std::cout, std::cerr, {}}.fail(parsed.code, parsed.text);
        return halp::with_output_written(static_cast<int>(parsed.code), "halp");
    }
    CommandLine command = *parsed.command;
    // As libhalp finds its daemon. Who names a directory wants no daemon.
    if (const std::string named = from_environment("HALP_SOCKET");
        !named.empty() && !command.socket && !command.cache_dir)
        command.socket = named;
    const bool terminal = ::isatty(STDOUT_FILENO) == 1;
    const bool colour = wants_colour(command.colour, terminal, std::getenv("NO_COLOR"), std::getenv("TERM"));
    const bool erasable =
        wants_colour(ColourWhen::automatic, ::isatty(STDERR_FILENO) == 1, nullptr, std::getenv("TERM"));
    Console console{
        std::cout, std::cerr, {command.json, command.quiet, command.verbose, terminal, colour, erasable}};
    return halp::with_output_written(static_cast<int>(run(command, console)), "halp");
}
