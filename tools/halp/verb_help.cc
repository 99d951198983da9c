#include "tools/halp/verb_help.h"

#include "tools/halp/dht/dht_arguments.h"
#include "tools/halp/store/store_arguments.h"

namespace halp::cli {
namespace {

constexpr const char* overview_text = R"(halp: find and announce hosts with HALP, the Host Address List Protocol

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
  top                       the same as a live view; q ends it
  doctor                    find what is wrong, and what to do about it
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
  --socket PATH        the daemon's admin socket (else $HALP_SOCKET, or the usual places)
  --cache-dir DIR      work on this cache directory, not through a daemon (else ~/.halp)
  --timeout SECONDS    give up after this long
  --color WHEN         auto, always or never
  --version, --help    `halp VERB --help`, or `halp help VERB`, explains a verb, with examples

Exit codes: 0 ok, 1 failed, 2 usage, 3 nothing found, 4 no daemon, 5 time-out, 6 refused, 130 interrupted.
)";

std::string with_examples(const std::string& help, const std::string& examples) {
    return examples.empty() ? help : help + "\nExamples:\n" + examples + "\n";
}

std::string words_of(const Arguments& verb) {
    const Arguments* const nested = verb.chosen();
    const bool dht = verb.name() == "dht", store = verb.name() == "store";
    if (nested != nullptr)
        return with_examples(nested->help("halp " + verb.name()), examples_of(verb.name() + " " + nested->name()));
    if (dht) return DhtArguments::overview();
    if (store) return StoreArguments::overview();
    return with_examples(verb.help("halp"), examples_of(verb.name()));
}

}  // namespace

const std::vector<VerbHelp>& verbs() {
    static const std::vector<VerbHelp> all = {
        {Verb::get, "get", "Load a list of addresses from a label",
         "  halp get chat            hosts of `chat`, freshest first; a pipe gets <unix time last seen> <host> "
         "<port>\n"
         "  halp get labels          names of all labels; `halp get chat/` those below `chat`\n"
         "  halp get --json chat | jq -r '.entries[].host'\n"
         "  halp get chat --tag v=2  only hosts that were announced with this tag"},
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
         "  halp announce chat :5222     at the address other nodes see the daemon at\n"
         "  halp announce chat :5222 --tag v=2 --tag blue"},
        {Verb::watch, "watch", "Print a label's hosts, then every change (needs halpd)",
         "  halp watch chat              until Ctrl-C\n"
         "  halp watch chat --once       the present list only\n"
         "  halp watch chat --json --for 60 --count 10"},
        {Verb::labels, "labels", "List the labels that are known",
         "  halp labels\n  halp labels chat/            those below `chat`"},
        {Verb::peers, "peers", "List the nodes the daemon knows", "  halp peers"},
        {Verb::status, "status", "Show what the daemon does", "  halp status\n  halp status --json | jq .peers"},
        {Verb::join, "join", "Have the daemon contact one more node",
         "  halp join seed.example.org:3451\n"
         "  halp join seed.example.org:3451 --undo   the daemon no longer tries it"},
        {Verb::leave, "leave", "Leave the swarm and end the daemon", "  halp leave"},
        {Verb::confirm, "confirm", "Report that you reached a host, or could not (needs halpd)",
         "  halp confirm chat 192.0.2.7 5222\n"
         "  halp confirm chat 192.0.2.7 5222 --failed   the third failure in a row forgets it"},
        {Verb::demo, "demo", "Run a swarm of N real nodes on this machine, and clean up",
         "  halp demo\n  halp demo 20 --json"},
        {Verb::doctor, "doctor", "Find what keeps a node from working, each with its remedy",
         "  halp doctor              exit code 0: nothing is wrong; 1: something is; 4: no daemon\n"
         "  halp doctor --json | jq '.findings[] | select(.state != \"ok\")'"},
        {Verb::top, "top", "Show the daemon's peers, labels and traffic, live (needs halpd)",
         "  halp top                 q quits, Tab changes the list, left and right the column it is sorted by\n"
         "  halp top --once          one view, as into a pipe"},
        {Verb::dht, "dht", "Records of DHT nodes, nodes for tests, and a conformance suite", ""},
        {Verb::store, "store", "Check, compact, export and import the records of a halpd", ""},
    };
    return all;
}

std::string overview() { return overview_text; }

std::string first_steps() {
    return "halp finds and announces hosts: who is out there right now? Begin with\n"
           "\n"
           "  halp demo                        watch a swarm of five nodes on this machine, which cleans up\n"
           "  halp announce chat HOST:PORT     list a host under the label `chat`, until Ctrl-C (needs halpd)\n"
           "  halp get chat                    who is there?\n"
           "\n"
           "`halp --help` lists all verbs, `halp doctor` finds what is wrong.\n";
}

std::string examples_of(const std::string& words) {
    if (words.starts_with("dht ")) return DhtArguments::examples(words.substr(4));
    if (words.starts_with("store ")) return StoreArguments::examples(words.substr(6));
    for (const VerbHelp& entry : verbs())
        if (entry.name == words) return entry.examples;
    return "";
}

std::string help_of(const Arguments& verb) {
    return words_of(verb) + "\nOptions for every verb: see `halp --help`.\n";
}

}  // namespace halp::cli
