#include "tools/halpd/command_line.h"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "tools/program/arguments.h"
#include "tools/program/harmless.h"

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
    NamedFlag{"--dht-port", "dht.port", "PORT", "keep records; legacy is served on this port and neo 100 above it"},
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

// The named flags that were given, as settings.
struct NamedValues {
    std::array<std::string, named_flags.size()> words;

    void add_to(Arguments& arguments) {
        for (std::size_t i = 0; i < named_flags.size(); ++i)
            arguments.option(named_flags[i].flag, &words[i], named_flags[i].help).called(named_flags[i].value);
    }
    void move_to(std::vector<config::FlagValue>& flags) const {
        for (std::size_t i = 0; i < named_flags.size(); ++i)  // a word that was given is not empty
            if (!words[i].empty()) flags.push_back({named_flags[i].flag, named_flags[i].key, {{words[i]}, false}});
    }
};

// What the parser fills in.
struct Typed {
    std::string config_file, file;
    NamedValues named;
    std::vector<std::string> join, set;
    bool check = false, print = false, test_client = false;
};

void add_options(Arguments& arguments, Typed& typed, const char* version) {
    arguments.footer(examples);
    arguments.version_flag(std::string{"halpd "} + version, "print the version and exit");
    arguments.option("--config", &typed.config_file, "read only this file, not the usual ones").called("FILE");
    typed.named.add_to(arguments);
    arguments.option("--join", &typed.join, "a node to contact first; may be given several times")
        .called("HOST:PORT")
        .repeated();
    arguments.option("--set", &typed.set, "any setting, as in --set gossip.period=5s; several times")
        .called("KEY=VALUE")
        .repeated();
    arguments.flag(
        "--dht-test-client", typed.test_client,
        "keep records; admin with 128 zero bytes may do everything (dht.listen is 127.0.0.1 unless set)");
    arguments.option("FILE", &typed.file, "with --check-config or --print-config: as --config FILE");
    arguments.either_flag("--check-config", typed.check, "say what is wrong with the configuration; exit 0 or 78",
                          "--print-config", typed.print, "print what is in force, and where it comes from");
}

// `halpd --check-config FILE` means that file. Without --check-config a bare word is a mistake: nobody shall take
// `halpd FILE` for a daemon that has read it.
Result<void> check_file(const Typed& typed) {
    if (typed.file.empty()) return {};
    const Error twice{ErrorCode::invalid, "`" + typed.file + "` and --config name two files. Give one of them."};
    if ((typed.check || typed.print) && !typed.config_file.empty()) return twice;
    if (typed.check || typed.print) return {};
    return Error{ErrorCode::invalid, "`" + typed.file +
                                         "` was not expected. A configuration file stands behind --config; " +
                                         "`halpd --check-config FILE` says what is wrong with one."};
}

Result<config::SettingSources> sources_of(const Typed& typed) {
    config::SettingSources sources;
    if (auto right = check_file(typed); !right) return right.error();
    const std::string& file = typed.config_file.empty() ? typed.file : typed.config_file;
    if (!file.empty()) sources.only_file = file;
    for (const std::string& one : typed.set) {
        Result<config::FlagValue> flag = config::parse_set_flag(one);
        if (!flag) return flag.error();
        sources.flags.push_back(std::move(*flag));
    }
    typed.named.move_to(sources.flags);
    if (typed.test_client) sources.flags.push_back({"--dht-test-client", "dht.test_client", {{"true"}, false}});
    if (!typed.join.empty()) sources.flags.push_back({"--join", "join", {typed.join, true}});
    return sources;
}

CommandLine ended(int code) {
    CommandLine out;
    out.exit_code = code;
    return out;
}

}  // namespace

ArgumentsText command_line_text() {
    Typed typed;
    Arguments arguments("halpd", description);
    add_options(arguments, typed, "");
    return arguments.text();
}

CommandLine read_command_line(int argc, char** argv, const char* version) {
    Typed typed;
    Arguments arguments("halpd", description);
    add_options(arguments, typed, version);
    if (const auto end = arguments.parse(argc, argv)) {
        if (end->mistake)
            std::fprintf(stderr, "halpd: %s\n", harmless_lines(end->text).c_str());
        else
            std::fputs(end->text.c_str(), stdout);
        return ended(end->mistake ? exit_usage : 0);
    }
    Result<config::SettingSources> sources = sources_of(typed);
    if (!sources) {
        std::fprintf(stderr, "halpd: %s\nTry `halpd --help`.\n", harmless_lines(sources.error().message).c_str());
        return ended(exit_usage);
    }
    CommandLine out;
    out.sources = std::move(*sources);
    out.action = typed.check   ? CommandLine::Action::check_config
                 : typed.print ? CommandLine::Action::print_config
                               : CommandLine::Action::run;
    return out;
}

}  // namespace halp
