#include "tools/halp/command_line.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "store/tags.h"
#include "tools/halp/dht/dht_arguments.h"
#include "tools/halp/store/store_arguments.h"
#include "tools/halp/verb_help.h"
#include "tools/program/arguments.h"
#include "tools/program/spelling.h"

namespace halp::cli {
namespace {

// What the parser fills in, before it is checked.
struct Typed {
    CommandLine command;
    std::string label, directory, host, port, colour = "auto";
    std::vector<std::string> tags;
    double timeout_s = 0, for_s = 0;
    int changes_max = 0;
    bool version = false, help = false;
    DhtArguments dht{command.dht, for_s};
    StoreArguments store{command.store};
};

Error wrong(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

constexpr const char* program_about = "find and announce hosts with HALP, the Host Address List Protocol";

// ---- options ----

void add_globals(Arguments& to, Typed& typed) {
    to.no_help_flag();
    to.flag("--json", typed.command.json, "one JSON object, or one per line for streams");
    to.flag("-q,--quiet", typed.command.quiet, "no messages but errors");
    to.flag("-v,--verbose", typed.command.verbose, "say on stderr which way was taken");
    to.option("--socket", &typed.command.socket, "the daemon's admin socket (else $HALP_SOCKET, or the usual places)")
        .called("PATH");
    to.option("--cache-dir", &typed.command.cache_dir,
              "work on this cache directory, not through a daemon (else ~/.halp)")
        .called("DIR");
    to.option("--timeout", &typed.timeout_s, "give up after this long").called("SECONDS").between(0.001, 1e6);
    to.option("--color,--colour", &typed.colour, "colours on a terminal")
        .called("WHEN")
        .one_of({"auto", "always", "never"});
    to.flag("--version", typed.version, "print the version and exit");
    to.flag("-h,--help", typed.help, "explain the program, or the verb, with examples");
}

void add_host(Arguments& to, Typed& typed) {
    to.option("LABEL", &typed.label, "letters, digits, -, _ and .; `chat/room1` is below `chat`").required();
    to.option("HOST", &typed.host, "a name or an address; or HOST:PORT in one").required();
    to.option("PORT", &typed.port, "1 to 65535");
}

void add_seconds(Arguments& to, Typed& typed) {
    to.option("-s,--seconds", &typed.command.seconds, "how long ago the host was seen")
        .whole_between(0, static_cast<std::uint64_t>(count(unix_seconds_max)))
        .shows_default();
}

void add_for(Arguments& to, Typed& typed) {
    to.option("--for", &typed.for_s, "end after so many seconds").between(0.001, 1e9);
}

void add_number(Arguments& to, Typed& typed) {
    to.option("-n,--number", &typed.command.number, "how many servers to tell").whole_between(1, 1000);
}

void add_watch(Arguments& to, Typed& typed) {
    to.option("LABEL", &typed.label, "a label that lists hosts").required();
    to.flag("--once", typed.command.once, "end after the present list");
    to.option("--count", &typed.changes_max, "end after so many changes").whole_between(1, 1 << 30);
    add_for(to, typed);
}

void add_demo(Arguments& to, Typed& typed) {
    to.option("N", &typed.command.number, "how many nodes").whole_between(2, 50).shows_default();
    to.option("--halpd", &typed.command.halpd, "the halpd to run (else the one beside halp, else from PATH)");
}

void add_options(Verb verb, Arguments& to, Typed& typed) {
    if (verb == Verb::get || verb == Verb::clear)
        to.option("LABEL", &typed.label, "a label; `labels` or `x/` list names").required();
    if (verb == Verb::get)
        to.flag("--unix-times", typed.command.unix_times, "times in Unix seconds, as a pipe gets them");
    if (verb == Verb::bcast) add_number(to, typed);
    if (verb == Verb::bcast || verb == Verb::insert) add_seconds(to, typed);
    if (verb == Verb::bcast || verb == Verb::insert || verb == Verb::announce || verb == Verb::confirm)
        add_host(to, typed);
    if (verb == Verb::announce) {
        add_for(to, typed);
        to.option("--tag", &typed.tags, "a word about the host, such as v=2; may be repeated")
            .called("TAG")
            .repeated();
    }
    if (verb == Verb::get)
        to.option("--tag", &typed.command.tag, "only hosts that were announced with this tag (needs halpd)")
            .called("TAG");
    if (verb == Verb::confirm) to.flag("--failed", typed.command.failed, "it could not be reached");
    if (verb == Verb::watch) add_watch(to, typed);
    if (verb == Verb::labels) to.option("PREFIX", &typed.directory, "names below this label; ends in /");
    if (verb == Verb::join) {
        to.option("HOST:PORT", &typed.host, "any node of the swarm").required();
        to.flag("--undo", typed.command.undo, "no longer contact it, if it was joined before");
    }
    if (verb == Verb::demo) add_demo(to, typed);
    if (verb == Verb::top) to.flag("--once", typed.command.once, "print one view and end, as into a pipe");
    if (verb == Verb::dht) typed.dht.add_to(to);
    if (verb == Verb::store) typed.store.add_to(to);
}

// ---- checks ----

bool takes_hosts_only(Verb verb) {
    return verb == Verb::insert || verb == Verb::bcast || verb == Verb::announce || verb == Verb::confirm ||
           verb == Verb::watch;
}

Result<void> check_label(Typed& typed) {
    const bool prefix = typed.command.verb == Verb::labels;
    const std::string& text = prefix ? typed.directory : typed.label;
    if (text.empty() && prefix) return {};
    const std::string name = prefix ? "PREFIX: `" : "LABEL: `";
    const bool slash_left_out = prefix && text != "labels" && !text.ends_with('/');
    auto label = Label::parse(slash_left_out ? text + "/" : text);
    if (!label && text.find('[') != std::string::npos)
        return wrong(name + text + "` has a slice, which only HALP text knows (`printf 'get " + text +
                     "' | nc HOST PORT`). Leave it out: all hosts are shown, the most recent first.");
    if (!label) return wrong(name + text + "` is not a label. " + label.error().message);
    if (takes_hosts_only(typed.command.verb) && label->lists_names())
        return wrong(name + text + "` lists names, not hosts: choose a label without a final /.");
    typed.command.label = std::move(label).value();
    return {};
}

Error wrong_host(const std::string& name, const std::string& word, const Error& why) {
    return wrong(name + ": `" + word + "` is refused. " + why.message);
}

// HOST and PORT as two words.
Result<Endpoint> endpoint_of(const std::string& host, const std::string& port) {
    const bool digits = port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
    const unsigned long number = digits ? std::stoul(port) : 0;
    if (number == 0 || number > 65535) return wrong("PORT: `" + port + "` is not a whole number from 1 to 65535.");
    if (std::ranges::count(host, ':') == 1)
        return wrong("HOST: `" + host + "` has a port already. Write HOST PORT, or HOST:PORT in one word.");
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    auto endpoint = Endpoint::make(bracketed ? host.substr(1, host.size() - 2) : host, number);
    return endpoint ? endpoint : wrong_host("HOST", host, endpoint.error());
}

Result<void> check_host(Typed& typed) {
    CommandLine& command = typed.command;
    const bool own_host = command.verb == Verb::announce && typed.port.empty() && typed.host.starts_with(':');
    const Result<Endpoint> endpoint = typed.port.empty()
                                          ? Endpoint::parse(own_host ? "localhost" + typed.host : typed.host)
                                          : endpoint_of(typed.host, typed.port);
    if (!endpoint && typed.port.empty())
        return wrong_host(command.verb == Verb::join ? "HOST:PORT" : "HOST", typed.host, endpoint.error());
    if (!endpoint) return endpoint.error();
    command.host = own_host ? "" : endpoint->host;
    command.port = endpoint->port;
    return {};
}

Result<void> check(Typed& typed) {
    CommandLine& command = typed.command;
    if (typed.timeout_s > 0) command.timeout_s = typed.timeout_s;
    if (typed.changes_max > 0) command.changes_max = typed.changes_max;
    if (typed.for_s > 0) command.for_s = typed.for_s;
    command.colour = typed.colour == "always"  ? ColourWhen::always
                     : typed.colour == "never" ? ColourWhen::never
                                               : ColourWhen::automatic;
    if (command.verb == Verb::dht) return typed.dht.check();
    if (command.verb == Verb::store) return typed.store.check();
    if (!typed.label.empty() || command.verb == Verb::labels)
        if (auto outcome = check_label(typed); !outcome) return outcome;
    auto tags = tags_text(typed.tags);
    if (!tags) return wrong("--tag: " + tags.error().message);
    command.tags = *std::move(tags);
    if (!typed.host.empty()) return check_host(typed);
    return {};
}

// ---- the outcome ----

Parsed mistake(const std::string& sentence, const Arguments& arguments) {
    return {std::nullopt, ExitCode::usage, sentence + "\nTry `" + arguments.help_command() + "`."};
}

std::vector<std::string> verb_names() {
    std::vector<std::string> names;
    for (const VerbHelp& entry : verbs()) names.emplace_back(entry.name);
    return names;
}

// `of`: "halp" or "halp dht", whose verb the word would have to be.
std::string not_a_verb(const std::string& word, const std::string& of, const std::vector<std::string>& names) {
    return "`" + word + "` is not a verb of " + of + did_you_mean(word, names, of + " ");
}

std::string unexpected(const std::string& word, const Arguments& program) {
    const Arguments* const verb = program.chosen();
    // What halpd calls its own end of the same socket.
    if (word == "--admin" || word.starts_with("--admin="))
        return "`" + word + "` is an option of halpd. Here --socket PATH names the daemon's admin socket.";
    if (word.starts_with('-')) return program.not_expected(word);
    if (verb == nullptr) return not_a_verb(word, "halp", verb_names());
    const bool nested = verb->name() == "dht" || verb->name() == "store";
    if (nested && verb->chosen() == nullptr)
        return not_a_verb(word, "halp " + verb->name(),
                          verb->name() == "dht" ? DhtArguments::names() : StoreArguments::names());
    return program.not_expected(word);
}

// `alone`: nothing was typed but the name of the program.
Parsed conclude(Typed& typed, const Arguments& arguments, const std::string& version, bool alone) {
    const Arguments* const verb = arguments.chosen();
    if (typed.version) return {std::nullopt, ExitCode::ok, "halp " + version + "\n"};
    if (typed.help && verb != nullptr) return {std::nullopt, ExitCode::ok, help_of(*verb)};
    auto left = arguments.unknown();
    std::erase(left, "--");  // what stood behind it was understood
    if (!left.empty()) return mistake(unexpected(left.front(), arguments), arguments);
    if (typed.help) return {std::nullopt, ExitCode::ok, overview()};
    if (verb == nullptr && alone) return {std::nullopt, ExitCode::ok, first_steps()};
    if (verb == nullptr) return mistake("A verb is missing.", arguments);
    const auto outcome = check(typed);
    if (!outcome) return mistake(outcome.error().message, arguments);
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

void add_all(Arguments& arguments, Typed& typed) {
    arguments.may_have_a_verb();  // the word after a verb is never a second verb: `halp get status`
    arguments.keeps_unknown();
    add_globals(arguments, typed);
    for (const VerbHelp& entry : verbs()) {
        const auto choose = [&typed, verb = entry.verb] { typed.command.verb = verb; };
        Arguments& to = arguments.verb(entry.name, entry.about, choose);
        to.options_anywhere();
        add_options(entry.verb, to, typed);
    }
}

}  // namespace

ArgumentsText command_line_text() {
    Typed typed;
    Arguments arguments("halp", program_about);
    add_all(arguments, typed);
    return arguments.text();
}

Parsed parse_command_line(int argc, const char* const* argv, const std::string& version) {
    Typed typed;
    Arguments arguments("halp", "");
    add_all(arguments, typed);
    const std::vector<std::string> words = arguments.with_help_option(argc, argv);
    std::vector<const char*> spelled_out;
    for (const std::string& word : words) spelled_out.push_back(word.c_str());
    if (wants_help(argc, spelled_out.data())) arguments.requires_nothing();
    const int own = own_words(argc, spelled_out.data());
    for (int i = own + 1; i < argc; ++i) typed.command.dht.arguments.push_back(words[static_cast<std::size_t>(i)]);
    if (const auto end = arguments.parse(own, spelled_out.data()))
        return {std::nullopt, ExitCode::usage, end->text};
    return conclude(typed, arguments, version, argc <= 1);
}

}  // namespace halp::cli
