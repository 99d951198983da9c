#include "tools/halp/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <utility>
#include <vector>

#include "tools/halp/nested_verbs.h"
#include "tools/halp/printed_text.h"
#include "tools/program/arguments.h"

namespace halp::cli {
namespace {

constexpr const char* overview = R"(halp: find and announce hosts with HALP, the Host Address List Protocol

Most useful:
  halp get chat                           list the hosts of the label `chat`, freshest first
  halp announce chat my.example.org:5222  keep this host listed there until Ctrl-C
  halp demo 5                             watch a swarm of five nodes work on this machine

With or without a daemon (without: the cache directory, and HALP text to known servers):
  get LABEL                 load a list of addresses from a label
  insert LABEL HOST PORT    manually add an address to the cache
  bcast LABEL HOST PORT     send an insertion to HALP servers
  clear LABEL               delete cached data of a label
  nuke                      delete all cached data
  labels [PREFIX/]          list the labels that are known

With a running halpd:
  announce LABEL HOST:PORT  list a host as long as this command runs
  watch LABEL               print a label's hosts, then every change
  confirm LABEL HOST PORT   report that you reached a host (or --failed to)
  peers, status             what the daemon knows of other nodes and of itself
  join HOST:PORT, leave     contact one more node; leave the swarm and end the daemon

On its own:
  demo [N]                  start N nodes, announce, kill one, show what happens, clean up

Records (halp dht --help, halp store --help):
  dht put get exists remove update    one record of a channel, by its key
  dht scan keys mirror                all of a channel; and its changes
  dht channels rm-channel             the channels
  dht ranges status                   the nodes
  dht fake, dht conformance HOST:PORT a node for tests; what a node does right and wrong
  store check compact export import   the record file of a halpd that does not run

Options for every verb:
  --json               one JSON object, or one per line for streams
  -q, --quiet          no messages but errors
  -v, --verbose        say on stderr which way was taken
  --socket PATH        the daemon's admin socket (else the usual places are tried)
  --cache-dir DIR      work on this cache directory, not through a daemon (else ~/.halp)
  --timeout SECONDS    give up after this long
  --color WHEN         auto, always or never
  --version, --help    `halp VERB --help` explains a verb, with examples

Exit codes: 0 ok, 1 failed, 2 usage, 3 nothing found, 4 no daemon, 5 time-out, 6 refused, 130 interrupted.
)";

struct Entry {
    Verb verb;
    const char* name;
    const char* about;
    const char* examples;
};

const std::vector<Entry>& verbs() {
    static const std::vector<Entry> all = {
        {Verb::get, "get", "Load a list of addresses from a label",
         "  halp get chat            hosts of `chat`: <unix time last seen> <host> <port>, freshest first\n"
         "  halp get labels          names of all labels; `halp get chat/` those below `chat`\n"
         "  halp get --json chat | jq -r '.entries[].host'"},
        {Verb::insert, "insert", "Manually add an address to cache",
         "  halp insert halp seed.example.org 3451   tell this machine of a first server\n"
         "  halp insert chat 192.0.2.7 5222 -s 0     seen just now"},
        {Verb::bcast, "bcast", "Send an insertion to HALP servers",
         "  halp bcast chat 192.0.2.7 5222           tell 5 servers, seen 60 s ago\n"
         "  halp bcast chat 192.0.2.7 5222 -n 2 -s 0"},
        {Verb::clear, "clear", "Delete cached data", "  halp clear chat"},
        {Verb::nuke, "nuke", "Delete all cached data", "  halp nuke"},
        {Verb::announce, "announce", "List a host as long as this command runs (needs halpd)",
         "  halp announce chat my.example.org 5222\n"
         "  halp announce chat [2001:db8::7]:5222\n"
         "  halp announce chat :5222     at the address other nodes see the daemon at"},
        {Verb::watch, "watch", "Print a label's hosts, then every change (needs halpd)",
         "  halp watch chat              until Ctrl-C\n"
         "  halp watch chat --once       the present list only\n"
         "  halp watch chat --json --for 60 --count 10"},
        {Verb::labels, "labels", "List the labels that are known",
         "  halp labels\n  halp labels chat/            those below `chat`"},
        {Verb::peers, "peers", "List the nodes the daemon knows", "  halp peers"},
        {Verb::status, "status", "Show what the daemon does", "  halp status\n  halp status --json | jq .peers"},
        {Verb::join, "join", "Have the daemon contact one more node", "  halp join seed.example.org:3451"},
        {Verb::leave, "leave", "Leave the swarm and end the daemon", "  halp leave"},
        {Verb::confirm, "confirm", "Report that you reached a host, or could not (needs halpd)",
         "  halp confirm chat 192.0.2.7 5222\n"
         "  halp confirm chat 192.0.2.7 5222 --failed   the third failure in a row forgets it"},
        {Verb::demo, "demo", "Run a swarm of N real nodes on this machine, and clean up",
         "  halp demo\n  halp demo 20 --json"},
        {Verb::dht, "dht", "Records of DHT nodes, nodes for tests, and their judge", ""},
        {Verb::store, "store", "Check, compact, export and import the records of a halpd", ""},
    };
    return all;
}

// What CLI11 fills in, before it is checked.
struct Typed {
    CommandLine command;
    std::string label, directory, host, port, colour = "auto";
    double timeout_s = 0, for_s = 0;
    int changes_max = 0;
    bool version = false, help = false;
    NestedVerbs nested{command, for_s};
};

void add_globals(CLI::App& app, Typed& typed) {
    app.set_help_flag();
    app.add_flag("-h,--help", typed.help);
    app.add_flag("--version", typed.version);
    app.add_flag("--json", typed.command.json);
    app.add_flag("-q,--quiet", typed.command.quiet);
    app.add_flag("-v,--verbose", typed.command.verbose);
    app.add_option("--socket", typed.command.socket);
    app.add_option("--cache-dir", typed.command.cache_dir);
    app.add_option("--timeout", typed.timeout_s)->check(arguments::number(0.001, 1e6));
    app.add_option("--color,--colour", typed.colour)->check(CLI::IsMember({"auto", "always", "never"}));
}

void add_host(CLI::App& sub, Typed& typed) {
    sub.add_option("LABEL", typed.label, "letters and digits; `chat/room1` is below `chat`")->required();
    sub.add_option("HOST", typed.host, "a name or an address; or HOST:PORT in one")->required();
    sub.add_option("PORT", typed.port, "1 to 65535");
}

void add_seconds(CLI::App& sub, Typed& typed) {
    sub.add_option("-s,--seconds", typed.command.seconds, "how long ago the host was seen")
        ->check(CLI::Range(std::int64_t{0}, count(unix_seconds_max)))
        ->capture_default_str();
}

void add_for(CLI::App& sub, Typed& typed) {
    sub.add_option("--for", typed.for_s, "end after so many seconds")->check(arguments::number(0.001, 1e9));
}

void add_own(Verb verb, CLI::App& sub, Typed& typed) {
    CommandLine& command = typed.command;
    switch (verb) {
        case Verb::get:
        case Verb::clear:
            sub.add_option("LABEL", typed.label, "a label; `labels` or `x/` list names")->required();
            break;
        case Verb::bcast:
            sub.add_option("-n,--number", command.number, "how many servers to tell")->check(CLI::Range(1, 1000));
            [[fallthrough]];
        case Verb::insert:
            add_seconds(sub, typed);
            add_host(sub, typed);
            break;
        case Verb::announce:
            add_host(sub, typed);
            add_for(sub, typed);
            break;
        case Verb::confirm:
            add_host(sub, typed);
            sub.add_flag("--failed", command.failed, "it could not be reached");
            break;
        case Verb::watch:
            sub.add_option("LABEL", typed.label, "a label that lists hosts")->required();
            sub.add_flag("--once", command.once, "end after the present list");
            sub.add_option("--count", typed.changes_max, "end after so many changes")
                ->check(CLI::Range(1, 1 << 30));
            add_for(sub, typed);
            break;
        case Verb::labels:
            sub.add_option("PREFIX", typed.directory, "names below this label; ends in /");
            break;
        case Verb::join:
            sub.add_option("HOST:PORT", typed.host, "any node of the swarm")->required();
            break;
        case Verb::demo:
            sub.add_option("N", command.number, "how many nodes")->check(CLI::Range(2, 50))->capture_default_str();
            sub.add_option("--halpd", command.halpd, "the halpd to run (else the one beside halp, else from PATH)");
            break;
        case Verb::dht:
            typed.nested.add_dht(sub);
            break;
        case Verb::store:
            typed.nested.add_store(sub);
            break;
        case Verb::nuke:
        case Verb::peers:
        case Verb::status:
        case Verb::leave:
            break;
    }
}

bool takes_hosts_only(Verb verb) {
    return verb == Verb::insert || verb == Verb::bcast || verb == Verb::announce || verb == Verb::confirm ||
           verb == Verb::watch;
}

Result<void> check_label(Typed& typed) {
    const std::string& text = typed.command.verb == Verb::labels ? typed.directory : typed.label;
    if (text.empty() && typed.command.verb == Verb::labels) return {};
    const bool slash_left_out = typed.command.verb == Verb::labels && text != "labels" && !text.ends_with('/');
    auto label = Label::parse(slash_left_out ? text + "/" : text);
    if (!label) return Error{ErrorCode::invalid, "`" + text + "` is not a label. " + label.error().message};
    if (takes_hosts_only(typed.command.verb) && label->lists_names())
        return Error{ErrorCode::invalid,
                     "`" + text + "` lists names, not hosts: choose a label without a final /."};
    typed.command.label = std::move(label).value();
    return {};
}

Result<void> check_host(Typed& typed) {
    CommandLine& command = typed.command;
    const bool own_host = command.verb == Verb::announce && typed.port.empty() && typed.host.starts_with(':');
    const std::string joined = own_host ? "localhost" + typed.host : typed.host;
    Result<Endpoint> endpoint = Error{};
    if (typed.port.empty()) {
        endpoint = Endpoint::parse(joined);
    } else {
        const bool digits =
            typed.port.size() <= 5 && typed.port.find_first_not_of("0123456789") == std::string::npos;
        if (!digits)
            return Error{ErrorCode::invalid, "PORT is a number from 1 to 65535, not `" + typed.port + "`."};
        std::string_view host = typed.host;
        if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
        endpoint = Endpoint::make(host, std::stoul(typed.port));
    }
    if (!endpoint) return endpoint.error();
    command.host = own_host ? "" : endpoint->host;
    command.port = endpoint->port;
    return {};
}

Result<void> check(Typed& typed, const CLI::App& app) {
    CommandLine& command = typed.command;
    if (app.count("--timeout") > 0) command.timeout_s = typed.timeout_s;
    if (typed.changes_max > 0) command.changes_max = typed.changes_max;
    if (typed.for_s > 0) command.for_s = typed.for_s;
    if (auto outcome = typed.nested.check(); !outcome) return outcome;
    command.colour = typed.colour == "always"  ? ColourWhen::always
                     : typed.colour == "never" ? ColourWhen::never
                                               : ColourWhen::automatic;
    if (!typed.label.empty() || command.verb == Verb::labels)
        if (auto outcome = check_label(typed); !outcome) return outcome;
    if (!typed.host.empty()) return check_host(typed);
    return {};
}

// `of`: "halp" or "halp dht", whose next word it is; "": no further word was expected.
Parsed unknown_word(const std::string& word, const std::string& of, const std::vector<std::string>& names,
                    const std::string& usage) {
    std::string text = of.empty() ? "`" + word + "` was not expected" : "`" + word + "` is not a verb of " + of;
    const std::string meant = of.empty() ? "" : likely_meant(word, names);
    text += meant.empty() ? "." : "; did you mean `" + of + " " + meant + "`?";
    return {std::nullopt, ExitCode::usage, text + "\nTry `" + usage + "`."};
}

std::string verb_help(const CLI::App& verb) {
    const auto nested = verb.get_subcommands();
    const std::string name = verb.get_name();
    std::string text, examples;
    if (!nested.empty()) {
        text = nested.front()->help("halp " + name);
        examples = NestedVerbs::examples(name, nested.front()->get_name());
    } else if (!NestedVerbs::names(name).empty()) {
        text = NestedVerbs::overview(name);
    } else {
        text = verb.help("halp");
        for (const Entry& entry : verbs())
            if (entry.name == name) examples = entry.examples;
    }
    if (!examples.empty()) text += "\nExamples:\n" + examples + "\n";
    return text + "\nOptions for every verb: see `halp --help`.\n";
}

std::string words_for_help(const CLI::App& app) {
    std::string words = "halp";
    for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
        at = at->get_subcommands().front();
        words += " " + at->get_name();
    }
    return words + " --help";
}

std::vector<std::string> verb_names() {
    std::vector<std::string> names;
    for (const Entry& entry : verbs()) names.emplace_back(entry.name);
    return names;
}

Parsed conclude(Typed& typed, const CLI::App& app, const std::string& version) {
    const auto chosen = app.get_subcommands();
    const Entry* entry = nullptr;
    for (const Entry& each : verbs())
        if (!chosen.empty() && chosen.front()->get_name() == each.name) entry = &each;
    if (typed.version) return {std::nullopt, ExitCode::ok, "halp " + version + "\n"};
    if (typed.help && entry != nullptr) return {std::nullopt, ExitCode::ok, verb_help(*chosen.front())};
    auto left = app.remaining(true);
    left.erase(std::remove(left.begin(), left.end(), "--"), left.end());  // what stood behind it was understood
    const std::string usage = words_for_help(app);
    if (!left.empty() && entry == nullptr) return unknown_word(left.front(), "halp", verb_names(), usage);
    if (!left.empty()) {
        const auto nested = NestedVerbs::names(entry->name);
        const bool of_verb = !nested.empty() && chosen.front()->get_subcommands().empty();
        return unknown_word(left.front(), of_verb ? "halp " + std::string{entry->name} : "", nested, usage);
    }
    if (typed.help) return {std::nullopt, ExitCode::ok, overview};
    if (entry == nullptr) return {std::nullopt, ExitCode::usage, "A verb is missing.\nTry `halp --help`."};
    typed.command.verb = entry->verb;
    const auto outcome = check(typed, app);
    if (!outcome) return {std::nullopt, ExitCode::usage, outcome.error().message + "\nTry `" + usage + "`."};
    return {std::move(typed.command), ExitCode::ok, ""};
}

// `halp get --help` asks for help, not for the LABEL that is missing.
bool wants_help(int argc, const char* const* argv) {
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        if (word == "--help" || word == "-h") return true;
        if (word == "--") return false;
    }
    return false;
}

// How many words are ours: what stands behind `--start COMMAND ... --` belongs to that command as it is.
int own_words(int argc, const char* const* argv) {
    bool starts = false;
    for (int i = 1; i < argc; ++i) {
        const std::string_view word = argv[i];
        starts = starts || word == "--start" || word.starts_with("--start=");
        if (word == "--") return starts ? i : argc;
    }
    return argc;
}

void require_nothing(CLI::App& app) {
    for (CLI::Option* option : app.get_options()) option->required(false);
    for (CLI::App* sub : app.get_subcommands([](CLI::App*) { return true; })) require_nothing(*sub);
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv, const std::string& version) {
    Typed typed;
    CLI::App app;
    app.require_subcommand(0, 1);  // the word after a verb is never a second verb: `halp get status`
    app.allow_extras();
    add_globals(app, typed);
    for (const Entry& entry : verbs()) {
        CLI::App* sub = app.add_subcommand(entry.name, entry.about);
        sub->fallthrough();
        sub->set_help_flag();
        add_own(entry.verb, *sub, typed);
        if (wants_help(argc, argv)) require_nothing(*sub);
    }
    const int own = own_words(argc, argv);
    for (int i = own + 1; i < argc; ++i) typed.command.dht.arguments.emplace_back(argv[i]);
    try {
        arguments::parse(app, own, argv, {"VALUE", "--expect", "--filter"});
    } catch (const CLI::ParseError& error) {
        return {std::nullopt, ExitCode::usage, std::string{error.what()} + "\nTry `" + words_for_help(app) + "`."};
    }
    return conclude(typed, app, version);
}

}  // namespace halp::cli
