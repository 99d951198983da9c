#include "tools/halp/dht/dht_arguments.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "config/units.h"
#include "tools/halp/nested_verbs.h"
#include "tools/halp/output/record_lines.h"

namespace halp::cli {
namespace {

const std::vector<NestedVerb<DhtVerb>>& dht_verbs() {
    static const std::vector<NestedVerb<DhtVerb>> all = {
        {DhtVerb::put, "put", "put CHANNEL KEY [VALUE]", "Store a record",
         "  halp dht put users 7 'Ann Example' --node 127.0.0.1:10100\n"
         "  halp dht put users 0x2a --file portrait.png     KEY: decimal, or hexadecimal behind 0x\n"
         "  date | halp dht put log 8                       no VALUE: from stdin\n"
         "  halp dht put users 9 --hex 00ff10\n"
         "  halp dht put users 9 -- -5                      a VALUE that begins with -"},
        {DhtVerb::get, "get", "get CHANNEL KEY", "Print the value of a record",
         "  halp dht get users 0x2a > portrait.png          a pipe gets the bytes as they are\n"
         "  halp dht get users 7 --hex                      also --escape, --base64\n"
         "  halp dht get users 7 --json | jq -r .value_base64 | base64 -d\n"
         "Exit code 3: there is no such record."},
        {DhtVerb::exists, "exists", "exists CHANNEL KEY", "Say whether there is a record: yes (0) or no (3)",
         "  halp dht exists users 7 && echo there"},
        {DhtVerb::remove, "remove", "remove CHANNEL KEY", "Remove a record", "  halp dht remove users 7"},
        {DhtVerb::update, "update", "update CHANNEL KEY [VALUE]",
         "Change a record that is there, unless somebody else changes it meanwhile",
         "  halp dht update users 7 'Ann Other' --expect 'Ann Example'   only if it still is that\n"
         "  halp dht update counters 1 --exec 'expr $(cat) + 1'          from the old value to the new\n"
         "  halp dht update users 7 --remove --expect 'Ann Other'\n"
         "Exit codes: 3 no such record, 6 it is not what was expected."},
        {DhtVerb::scan, "scan", "scan CHANNEL", "Print all records of a channel as they come, in no order",
         "  halp dht scan users                             KEY VALUE, the value escaped\n"
         "  halp dht scan users --filter Ann --limit 10     values that contain these bytes\n"
         "  halp dht scan users --json > users.jsonl        `halp store import` reads that\n"
         "Exit code 1: nobody answers for some keys, which are named; --partial accepts that."},
        {DhtVerb::keys, "keys", "keys CHANNEL", "Print all keys of a channel", "  halp dht keys users | wc -l"},
        {DhtVerb::channels, "channels", "channels", "List the channels", "  halp dht channels"},
        {DhtVerb::rm_channel, "rm-channel", "rm-channel CHANNEL",
         "Remove a channel with all its records (as the client `admin`)", "  halp dht rm-channel users"},
        {DhtVerb::mirror, "mirror", "mirror CHANNEL", "Print what is in a channel, then every change, until Ctrl-C",
         "  halp dht mirror users                           = KEY VALUE present, + new or changed, - KEY removed\n"
         "  halp dht mirror users --no-refresh --count 10   the next ten changes\n"
         "  halp dht mirror users --json --for 60"},
        {DhtVerb::listen, "listen", "listen CHANNEL", "Print what is stored in a channel from now on, until Ctrl-C",
         "  halp dht listen users --legacy --node 127.0.0.1:10000\n"
         "  halp dht listen users --count 10                + KEY VALUE; by neo also - KEY of what is removed"},
        {DhtVerb::size, "size", "size [CHANNEL]", "Count the records of a channel, or of all, and their bytes",
         "  halp dht size users --legacy --node 127.0.0.1:10000\n"
         "  halp dht size                                   by neo every record is read for it"},
        {DhtVerb::ranges, "ranges", "ranges", "List the nodes with the part of the key space that each has",
         "  halp dht ranges                                 NODE FIRST LAST, of keys with their bits reversed\n"
         "Exit code 1: the nodes that answer leave gaps, or some answer for the same keys."},
        {DhtVerb::status, "status", "status", "List the nodes and whether they answer",
         "  halp dht status --nodes dht.nodes               0: all answer and cover all keys; else 1, or 4\n"
         "  halp dht status --count                         and the records of each channel"},
        {DhtVerb::keygen, "keygen", "keygen NAME", "Make a key for a client, in a file of its own",
         "  halp dht keygen app                             for this user: ~/.config/halp/dht-client, or "
         "$HALP_DHT_CLIENT\n"
         "  halp dht keygen app --file app.key --add-to /var/lib/halp/dht/credentials\n"
         "                                                  and the node's file has the line, too\n"
         "Exit code 6: the file, or a key of this name, is there. Nothing is overwritten."},
        {DhtVerb::credentials, "credentials", "credentials",
         "List the clients that the halpd of this machine takes",
         "  halp dht credentials                            names, never keys\n"
         "  halp dht credentials --reload                   its file is read again before; an error keeps the old "
         "ones"},
        {DhtVerb::import_config, "import-config", "import-config FILE",
         "Translate the configuration of an original node to one of halpd",
         "  halp dht import-config etc/config.ini           prints it; what has no counterpart is a comment\n"
         "  halp dht import-config etc/config.ini --to halpd.yaml && halpd --config halpd.yaml\n"
         "  halp dht import-config dump/etc/config.ini      of dhtdump: the `halp dht dump` that takes its place"},
        {DhtVerb::dump, "dump", "dump DIRECTORY", "Write all records to .tcm dumps, once or periodically",
         "  halp dht dump backup                            a file for each channel\n"
         "  halp dht dump backup --every 4h                 until TERM; the first after a random part of 4 hours\n"
         "  halp dht dump here --node 192.0.2.7:10100 --partial   the keys of this node, as dhtdump did\n"
         "A dump that fails leaves the one before it; the exit code is 1 then."},
        {DhtVerb::load, "load", "load FILE...", "Put the records of .tcm dumps, or of directories of them",
         "  halp dht load backup                            all dumps of the directory\n"
         "  halp dht load old.tcm --channel users"},
        {DhtVerb::stats, "stats", "stats",
         "Show what the halpd of this machine has done: requests, records, channels",
         "  halp dht stats                                  since its start; times with dht.request_times\n"
         "  halp dht stats --json | jq .dht.requests_by_kind"},
        {DhtVerb::redistribute, "redistribute", "redistribute",
         "Give the nodes even ranges; each hands its records to those that take them over",
         "  halp dht redistribute --node a:10000 --node b:10000 --dry-run   what would move\n"
         "  halp dht redistribute --node a:10000 --node b:10000             all keys evenly, a first\n"
         "  halp dht redistribute --node a:10000 --node b:10000 --leave b:10000\n"
         "  halp dht redistribute --node a:10000 --node a:10001 --within-hosts\n"
         "Name all nodes, by their legacy ports, in the order of their ranges. They go on if this program ends.\n"
         "Exit codes: 1 it did not come out as planned, 4 a node does not answer, 6 a node refuses: its range is\n"
         "already changing."},
        {DhtVerb::fake, "fake", "fake", "Run a node for tests: in memory, full range, client admin",
         "  halp dht fake --port 10000                      neo on 127.0.0.1:10100, as the original's\n"
         "  halp dht fake --flush-interval 1ms              writes of one millisecond are answered together"},
        {DhtVerb::conformance, "conformance", "conformance HOST:PORT",
         "Try a node case by case; writes to test_channel there",
         "  halp dht conformance --list                     the cases\n"
         "  halp dht conformance 127.0.0.1:10100 --junit report.xml\n"
         "  halp dht conformance 127.0.0.1:10100 --only mirror --filter suspend\n"
         "  halp dht conformance 127.0.0.1:10100 --fatal -v\n"
         "  halp dht conformance 127.0.0.1:10100 --start halpd -- --listen 127.0.0.1:0 --dht-port 10000 "
         "--dht-test-client\n"
         "Exit codes: 0 none failed, 1 some did, or the node ended; 4 nobody can be reached there, 5 it says "
         "nothing,\n"
         "6 it turns the client away."},
    };
    return all;
}

constexpr std::uint64_t records_max = 1'000'000'000'000;

bool takes_key(DhtVerb verb) {
    return verb == DhtVerb::put || verb == DhtVerb::get || verb == DhtVerb::exists || verb == DhtVerb::remove ||
           verb == DhtVerb::update;
}

bool takes_channel(DhtVerb verb) {
    return takes_key(verb) || verb == DhtVerb::scan || verb == DhtVerb::keys || verb == DhtVerb::rm_channel ||
           verb == DhtVerb::mirror || verb == DhtVerb::listen;
}

bool operates(DhtVerb verb) {
    return verb == DhtVerb::keygen || verb == DhtVerb::credentials || verb == DhtVerb::import_config ||
           verb == DhtVerb::stats;
}

bool moves_records(DhtVerb verb) { return verb == DhtVerb::dump || verb == DhtVerb::load; }

bool asks_all(DhtVerb verb) {
    return verb == DhtVerb::scan || verb == DhtVerb::keys || verb == DhtVerb::channels ||
           verb == DhtVerb::rm_channel || verb == DhtVerb::mirror || verb == DhtVerb::listen ||
           verb == DhtVerb::size;
}

Error wrong_dht(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

Result<void> parse_endpoints(const std::string& name, const std::vector<std::string>& texts,
                             std::vector<Endpoint>& out) {
    for (const std::string& text : texts) {
        const auto endpoint = Endpoint::parse(text);
        if (!endpoint) return wrong_dht(name + ": `" + text + "` is not HOST:PORT. " + endpoint.error().message);
        out.push_back(*endpoint);
    }
    return {};
}

}  // namespace

std::vector<std::string> DhtArguments::names() { return names_of(dht_verbs()); }

std::string DhtArguments::overview() {
    return "halp dht VERB: records of DHT nodes (the protocols of dhtproto: neo, or with --legacy legacy)\n\n" +
           listing(dht_verbs(), 28) +
           "\nWhere the nodes are (else $HALP_DHT_NODES, else the daemon's label dht, else HALP hosts of the "
           "cache\n"
           "directory):\n"
           "  --node HOST:PORT     a node's neo port, with --legacy its legacy port; several times\n"
           "  --nodes FILE         one HOST:PORT a line\n"
           "  --halp HOST:PORT     a HALP host that knows them under the label dht; several times\n"
           "  --label LABEL        another label\n"
           "As whom: --credentials FILE, else $HALP_DHT_CLIENT, else ~/.config/halp/dht-client: one line NAME:KEY; "
           "else\nadmin with 128 zero bytes, which nodes for tests take.\n\n"
           "`halp dht VERB --help` explains a verb, with examples.\n";
}

std::string DhtArguments::examples(const std::string& verb) { return examples_of(dht_verbs(), verb); }

// ---- options ----

void DhtArguments::add_to(Arguments& dht) {
    dht.may_have_a_verb();
    dht.flag("--legacy", command_.legacy, "the verb speaks the legacy protocol");
    for (const auto& entry : dht_verbs()) {
        Arguments& to = dht.verb(entry.name, entry.about, [this, verb = entry.verb] { command_.verb = verb; });
        to.options_anywhere();
        add_options(entry.verb, to);
    }
}

void DhtArguments::add_options(DhtVerb verb, Arguments& to) {
    if (verb == DhtVerb::fake) return add_fake(to);
    if (verb == DhtVerb::conformance) return add_conformance(to);
    if (operates(verb)) return add_operating(verb, to);
    if (moves_records(verb)) add_operating(verb, to);
    if (verb == DhtVerb::redistribute) return add_redistribute(to);
    if (takes_channel(verb)) add_channel(to);
    if (takes_key(verb)) add_record(to);
    if (verb == DhtVerb::put || verb == DhtVerb::update) add_value(to);
    if (verb == DhtVerb::update) add_update(to);
    if (verb == DhtVerb::get) {
        to.flag("--raw", raw_, "the bytes as they are, also to a terminal");
        add_forms(to, "a line: the value");
    }
    if (verb == DhtVerb::scan) add_forms(to, "values, and --filter,");
    if (verb == DhtVerb::scan || verb == DhtVerb::keys) add_listing(to);
    if (verb == DhtVerb::mirror) add_mirror(to);
    if (verb == DhtVerb::listen) add_listen(to);
    if (verb == DhtVerb::size)
        to.option("CHANNEL", &command_.channel, "without it: every channel, and all together");
    if (asks_all(verb)) add_partial(to);
    if (verb == DhtVerb::status)
        to.flag("--count", command_.count_records, "count the records of each channel, by reading every key");
    add_nodes(to);
}

void DhtArguments::add_nodes(Arguments& to) {
    to.flag("--legacy", command_.legacy, "speak the legacy protocol: --node and --nodes are legacy ports then");
    to.option("--node", &nodes_, "a node's neo port; several times").called("HOST:PORT").repeated();
    to.option("--nodes", &command_.nodes_file, "nodes, one HOST:PORT a line, # begins a comment").called("FILE");
    to.option("--halp", &halp_hosts_, "a HALP host that knows the nodes; several times")
        .called("HOST:PORT")
        .repeated();
    to.option("--label", &label_, "under which label (dht)").called("LABEL");
    to.option("--credentials", &command_.credentials, "a file with this client's line NAME:KEY").called("FILE");
}

void DhtArguments::add_channel(Arguments& to) {
    to.option("CHANNEL", &command_.channel, "its name, with \\n \\t \\r \\\\ and \\xNN as `channels` prints it")
        .required();
}

void DhtArguments::add_record(Arguments& to) {
    to.option("KEY", &key_, "0 to 18446744073709551615, or hexadecimal behind 0x").required();
}

void DhtArguments::add_forms(Arguments& to, const std::string& what) {
    to.flag("--hex", hex_, what + " in hexadecimal");
    to.flag("--escape", escape_, what + " with \\n \\t \\r \\\\ and \\xNN");
    to.flag("--base64", base64_, what + " in base64");
}

void DhtArguments::add_value(Arguments& to) {
    ArgumentOption value = to.option("VALUE", &command_.value, "without it: from --file, or stdin");
    value.may_be_empty();
    to.option("--file", &command_.file, "the value's bytes; - is stdin").called("FILE").excludes(value);
    add_forms(to, "values are given");
}

void DhtArguments::add_update(Arguments& to) {
    to.option("--expect", &command_.expect, "only if this is the value now").may_be_empty();
    to.option("--exec", &command_.exec, "a shell command: old value on stdin, new one on stdout");
    to.flag("--remove", command_.remove_record, "remove it instead");
}

void DhtArguments::add_listing(Arguments& to) {
    to.option("--filter", &command_.filter, "only records whose value contains these bytes").may_be_empty();
    to.option("--limit", &command_.limit, "end after so many").whole_between(1, records_max);
}

void DhtArguments::add_mirror(Arguments& to) {
    add_forms(to, "values");
    to.flag("--no-refresh", no_refresh_, "changes only, not what is there");
    to.option("--refresh-every", &command_.refresh_every_s, "seconds between repetitions of all; 0: never")
        .shows_default();
    add_end(to);
}

void DhtArguments::add_listen(Arguments& to) {
    add_forms(to, "values");
    add_end(to);
}

void DhtArguments::add_end(Arguments& to) {
    to.option("--count", &command_.limit, "end after so many records").whole_between(1, records_max);
    to.option("--for", &for_s_, "end after so many seconds").between(0.001, 1e9);
}

void DhtArguments::add_partial(Arguments& to) {
    to.flag("--partial", command_.partial, "nodes that do not answer are no error, though keys are missing");
}

void DhtArguments::add_redistribute(Arguments& to) {
    to.option("--node", &nodes_, "a node's legacy port; several times, in the order of the ranges")
        .called("HOST:PORT")
        .repeated();
    to.option("--leave", &leave_, "this node hands over all that it has; several times").called("HOST:PORT").repeated();
    to.flag("--within-hosts", command_.within_hosts, "the nodes of each host share what that host has");
    to.flag("--dry-run", command_.dry_run, "say what would move, and change nothing");
}

void DhtArguments::add_fake(Arguments& to) {
    to.option("--port", &command_.port, "of legacy; neo is served 100 above it; 0: any two ports")
        .whole_between(0, 65435)
        .shows_default();
    const auto take = [this](const std::string& text) -> std::string {
        const std::optional<Duration> span = config::parse_duration(text);
        if (!span || *span < Duration{0} || *span > std::chrono::seconds{1})
            return "`" + text + "` is not a time from 0s to 1s.";
        command_.flush_interval = *span;
        return "";
    };
    to.option("--flush-interval", take,
              "how long a write waits, at most, for its answer: 0s to 1s (0s: not at all)")
        .called("TIME");
}

void DhtArguments::add_conformance(Arguments& to) {
    DhtCommand& dht = command_;
    to.option("HOST:PORT", &dht.node, "the node's neo port");
    to.flag("--list", dht.list, "say which cases there are: number, priority, name, what it shows");
    to.option("--only", &dht.only, "one case, or one group of them");
    to.option("--filter", &dht.case_filter, "cases whose name this regular expression (ECMAScript) finds")
        .called("REGEX")
        .may_be_empty();
    to.option("--id", &dht.ids, "the case with this number; several times").called("N").repeated();
    to.flag("--fatal", dht.fatal, "end at the first failure");
    to.flag("--progress", dht.progress, "say on stderr which case begins, n of m, also without a terminal");
    to.option("--junit", &dht.junit, "a file for build servers");
    to.option("--credentials", &dht.credentials, "a file with `name:key` (else admin with 128 zero bytes)");
    add_started_node(to);
}

void DhtArguments::add_started_node(Arguments& to) {
    DhtCommand& dht = command_;
    to.option("--start", &dht.start, "start this node for the run, in a fresh directory; its arguments behind --")
        .called("COMMAND");
    to.option("--delay", &dht.delay_s, "how many seconds it has until it takes connections at HOST:PORT")
        .called("S")
        .between(0, 3600)
        .shows_default();
    to.flag("--no-restart", dht.no_restart, "it keeps no records: it is not killed and started again");
    to.flag("--keep", dht.keep, "its directory stays, and is told");
}

// ---- checks ----

Result<void> DhtArguments::check() {
    DhtCommand& dht = command_;
    if (dht.verb == DhtVerb::none) return wrong_dht("A verb is missing behind `halp dht`.");
    if (dht.verb == DhtVerb::fake) return {};
    if (dht.verb == DhtVerb::conformance) return check_conformance();
    if (operates(dht.verb)) return {};
    if (dht.verb == DhtVerb::redistribute) return check_redistribute();
    if (dht.legacy && dht.verb == DhtVerb::update)
        return wrong_dht("--legacy: that protocol has no update. Leave it out, or use get and put.");
    if (takes_channel(dht.verb) || (dht.verb == DhtVerb::size && !dht.channel.empty())) {
        const auto channel = parse_shown_channel(dht.channel);
        if (!channel)
            return wrong_dht("CHANNEL: `" + dht.channel + "` is not a channel: " + channel.error().message + ".");
        dht.channel = channel->name();
    }
    if (takes_key(dht.verb)) {
        const auto key = parse_shown_key(key_);
        if (!key) return wrong_dht("KEY: " + key.error().message);
        dht.key = *key;
    }
    if (auto nodes = check_nodes(); !nodes) return nodes;
    return check_values();
}

Result<void> DhtArguments::check_redistribute() {
    DhtCommand& dht = command_;
    if (auto nodes = parse_endpoints("--node", nodes_, dht.nodes); !nodes) return nodes;
    if (auto nodes = parse_endpoints("--leave", leave_, dht.leave); !nodes) return nodes;
    if (dht.nodes.empty()) return wrong_dht("--node is missing: name all nodes of the DHT by their legacy ports.");
    if (dht.within_hosts && !dht.leave.empty())
        return wrong_dht("--leave and --within-hosts are two ways to spread the keys: choose one.");
    for (std::size_t i = 0; i < dht.nodes.size(); ++i)
        if (std::count(dht.nodes.begin(), dht.nodes.end(), dht.nodes[i]) > 1)
            return wrong_dht("--node: " + dht.nodes[i].text() + " is named twice.");
    for (const Endpoint& node : dht.leave)
        if (std::count(dht.nodes.begin(), dht.nodes.end(), node) == 0)
            return wrong_dht("--leave: name " + node.text() + " with --node, too.");
    return {};
}

Result<void> DhtArguments::check_conformance() const {
    const DhtCommand& dht = command_;
    if (dht.node.empty() && !dht.list)
        return wrong_dht("HOST:PORT is missing: write the address of the node, or --list.");
    if (dht.start.empty() && (dht.keep || dht.no_restart))
        return wrong_dht(
            "--keep and --no-restart are for a node that --start starts: leave them out, or give --start.");
    return {};
}

Result<void> DhtArguments::check_nodes() {
    DhtCommand& dht = command_;
    if (auto nodes = parse_endpoints("--node", nodes_, dht.nodes); !nodes) return nodes;
    if (auto hosts = parse_endpoints("--halp", halp_hosts_, dht.halp_hosts); !hosts) return hosts;
    const int ways =
        (dht.nodes.empty() ? 0 : 1) + (dht.nodes_file.empty() ? 0 : 1) + (dht.halp_hosts.empty() ? 0 : 1);
    if (ways > 1)
        return wrong_dht("--node, --nodes and --halp are three ways to say where the nodes are: choose one.");
    if (label_.empty()) return {};
    auto label = Label::parse(label_);
    if (!label || label->lists_names())
        return wrong_dht("--label: `" + label_ + "` is not a label that lists hosts. Write one such as dht.");
    dht.label = std::move(label).value();
    return {};
}

Result<void> DhtArguments::check_values() {
    DhtCommand& dht = command_;
    if (hex_ + escape_ + base64_ + raw_ > 1) return wrong_dht("Choose one of --raw, --hex, --escape and --base64.");
    dht.form = hex_      ? ValueForm::hex
               : escape_ ? ValueForm::escape
               : base64_ ? ValueForm::base64
               : raw_    ? ValueForm::raw
                         : ValueForm::automatic;
    dht.refresh = !no_refresh_;
    return dht.verb == DhtVerb::update ? check_update() : Result<void>{};
}

Result<void> DhtArguments::check_update() const {
    const DhtCommand& dht = command_;
    const bool value = dht.value || !dht.file.empty();
    if ((value ? 1 : 0) + (dht.exec.empty() ? 0 : 1) + (dht.remove_record ? 1 : 0) > 1)
        return wrong_dht("A value, --exec and --remove are three ways to change a record: choose one.");
    return {};
}

}  // namespace halp::cli
