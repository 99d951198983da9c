#include "tools/halpd/command_line.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/program/arguments.h"

namespace halp {
namespace {

constexpr int exit_usage = 2;

struct NamedFlag {
    const char* flag;
    const char* key;
    const char* value;
    const char* help;
};

constexpr std::array named_flags{
    NamedFlag{"--listen", "listen", "HOST:PORT", "where to serve ([::]:3451: every address; port 0: any free one)"},
    NamedFlag{"--advertise", "advertise", "HOST:PORT",
              "the address others shall use, if they see another one (NAT)"},
    NamedFlag{"--swarm", "swarm", "NAME", "nodes of other swarms are never mixed in (halp)"},
    NamedFlag{"--profile", "profile", "NAME", "local (one machine), lan (a site) or wan (the Internet)"},
    NamedFlag{"--state-dir", "state_dir", "DIR", "this node's own files; one daemon at a time"},
    NamedFlag{"--cache-dir", "cache_dir", "DIR", "host cache shared with other HALP programs (~/.halp)"},
    NamedFlag{"--admin", "admin", "SOCKET", "unix socket for halp; off: none"},
    NamedFlag{"--dht-port", "dht.port", "PORT", "keep records; the neo protocol is served 100 above this port"},
    NamedFlag{"--dht-listen", "dht.listen", "HOST:PORT", "keep records; the neo protocol is served here"},
    NamedFlag{"--dht-data-dir", "dht.data_dir", "DIR", "where the records are (dht in the state directory)"},
    NamedFlag{"--dht-credentials", "dht.credentials", "FILE", "clients' NAME:KEY lines (credentials in that DIR)"},
    NamedFlag{"--dht-flush-interval", "dht.flush_interval", "TIME", "how long a write waits for others: 0s to 1s"},
    NamedFlag{"--log-level", "log.level", "LEVEL", "trace, debug, info, warn or error"},
    NamedFlag{"--log-format", "log.format", "FORMAT", "text or json"},
};

constexpr const char* description =
    "halpd runs one HALP node in the foreground: it keeps lists of hosts by label, heals them by gossip with its\n"
    "peers, and answers HALP text on the same port.\n";

constexpr const char* examples =
    "\n"
    "To begin:\n"
    "  halpd                                     the first node of a swarm\n"
    "  halpd --join first.example:3451           one more; any node of the swarm will do\n"
    "  halp announce chat 192.0.2.7:5222         in another terminal: say where a service is\n"
    "  halp get chat                             and ask, on any node\n"
    "\n"
    "A DHT node for the tests of others, as the original's begins: neo on port 10100, all keys, the client admin\n"
    "with 128 zero bytes:\n"
    "  halpd --dht-port 10000 --dht-test-client --dht-flush-interval 1ms\n"
    "\n"
    "Several on one machine, each with its own state:\n"
    "  halpd --listen 127.0.0.1:0 --state-dir /tmp/a --cache-dir /tmp/a/cache --admin /tmp/a/sock --profile local\n"
    "\n"
    "Settings come from /etc/halp/halpd.yaml, /etc/halp/conf.d/*.yaml, the user's ~/.config/halp/halpd.yaml (not "
    "as\n"
    "root), HALP_* in the environment, and flags; the later wins. --print-config shows them all.\n"
    "\n"
    "Signals: TERM and INT leave the swarm and exit, HUP reads the configuration again, USR1 logs statistics, "
    "USR2\n"
    "turns debug messages on and off. Exit codes: 0 well, 1 failed, 2 usage, 78 bad configuration.\n";

}  // namespace

CommandLine read_command_line(int argc, char** argv, const char* version) {
    CommandLine out;
    CLI::App app{description, "halpd"};
    app.footer(examples);
    app.set_version_flag("--version", std::string{"halpd "} + version, "print the version and exit");
    std::string config_file;
    app.add_option("--config", config_file, "read only this file, not the usual ones")->type_name("FILE");
    std::array<std::string, named_flags.size()> values;
    std::array<CLI::Option*, named_flags.size()> options{};
    for (std::size_t i = 0; i < named_flags.size(); ++i)
        options[i] =
            app.add_option(named_flags[i].flag, values[i], named_flags[i].help)->type_name(named_flags[i].value);
    std::vector<std::string> join, set;
    app.add_option("--join", join, "a node to contact first; may be given several times")
        ->type_name("HOST:PORT")
        ->allow_extra_args(false);
    app.add_option("--set", set, "any setting, as in --set gossip.period=5s; several times")
        ->type_name("KEY=VALUE")
        ->allow_extra_args(false);
    bool check = false, print = false, test_client = false;
    app.add_flag("--dht-test-client", test_client,
                 "keep records; admin with 128 zero bytes may do everything (dht.listen is 127.0.0.1 unless set)");
    CLI::Option* check_flag =
        app.add_flag("--check-config", check, "say what is wrong with the configuration; exit 0 or 78");
    app.add_flag("--print-config", print, "print what is in force, and where it comes from")->excludes(check_flag);

    try {
        arguments::parse(app, argc, argv);
    } catch (const CLI::ParseError& end) {
        out.exit_code = app.exit(end) == 0 ? 0 : exit_usage;
        return out;
    }

    if (!config_file.empty()) out.sources.only_file = config_file;
    for (const std::string& one : set) {
        Result<config::FlagValue> flag = config::parse_set_flag(one);
        if (!flag) {
            std::fprintf(stderr, "halpd: %s\n", flag.error().message.c_str());
            out.exit_code = exit_usage;
            return out;
        }
        out.sources.flags.push_back(std::move(*flag));
    }
    for (std::size_t i = 0; i < named_flags.size(); ++i)
        if (options[i]->count() > 0)
            out.sources.flags.push_back({named_flags[i].flag, named_flags[i].key, {{values[i]}, false}});
    if (test_client) out.sources.flags.push_back({"--dht-test-client", "dht.test_client", {{"true"}, false}});
    if (!join.empty()) out.sources.flags.push_back({"--join", "join", {join, true}});
    out.action = check   ? CommandLine::Action::check_config
                 : print ? CommandLine::Action::print_config
                         : CommandLine::Action::run;
    return out;
}

}  // namespace halp
