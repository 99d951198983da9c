#include "tools/halp/nested_verbs.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "config/setting_value.h"
#include "store/records/channel.h"
#include "tools/program/arguments.h"

namespace halp::cli {
namespace {

struct DhtEntry {
    DhtVerb verb;
    const char* name;
    const char* synopsis;
    const char* about;
    const char* examples;
};

const std::vector<DhtEntry>& dht_verbs() {
    static const std::vector<DhtEntry> all = {
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
         "  halp dht scan users --json > users.jsonl        `halp store import` reads that"},
        {DhtVerb::keys, "keys", "keys CHANNEL", "Print all keys of a channel", "  halp dht keys users | wc -l"},
        {DhtVerb::channels, "channels", "channels", "List the channels", "  halp dht channels"},
        {DhtVerb::rm_channel, "rm-channel", "rm-channel CHANNEL",
         "Remove a channel with all its records (as the client `admin`)", "  halp dht rm-channel users"},
        {DhtVerb::mirror, "mirror", "mirror CHANNEL", "Print what is in a channel, then every change, until Ctrl-C",
         "  halp dht mirror users                           = KEY VALUE present, + new or changed, - KEY removed\n"
         "  halp dht mirror users --no-refresh --count 10   the next ten changes\n"
         "  halp dht mirror users --json --for 60"},
        {DhtVerb::ranges, "ranges", "ranges", "List the nodes with the part of the key space that each has",
         "  halp dht ranges                                 NODE FIRST LAST, of keys with their bits reversed"},
        {DhtVerb::status, "status", "status", "List the nodes and whether they answer",
         "  halp dht status --nodes dht.nodes               0: all answer and cover all keys; else 1, or 4\n"
         "  halp dht status --count                         and the records of each channel"},
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

struct StoreEntry {
    StoreVerb verb;
    const char* name;
    const char* synopsis;
    const char* about;
    const char* examples;
};

const std::vector<StoreEntry>& store_verbs() {
    static const std::vector<StoreEntry> all = {
        {StoreVerb::check, "check", "check DIR", "Read everything and say what is wrong",
         "  halp store check /var/lib/halp/dht              0: nothing is wrong; 1: something, and what"},
        {StoreVerb::compact, "compact", "compact DIR", "Write the record file anew, without holes",
         "  halp store compact /var/lib/halp/dht            needs room for a second copy meanwhile"},
        {StoreVerb::export_records, "export", "export DIR", "Write records to .tcm dumps or JSON lines",
         "  halp store export DIR --to dumps/               dumps/CHANNEL.tcm for each channel\n"
         "  halp store export DIR --format json > all.jsonl\n"
         "  halp store export DIR --format json --channel users --to users.jsonl"},
        {StoreVerb::import_records, "import", "import DIR FILE...", "Read records from .tcm dumps or JSON lines",
         "  halp store import DIR dumps/*.tcm               the channel is the file's name\n"
         "  halp store import DIR old.tcm --channel users\n"
         "  halp store import DIR all.jsonl --keep-existing\n"
         "  zcat all.jsonl.gz | halp store import DIR -"},
    };
    return all;
}

template <class Entries>
std::string listing(const Entries& entries, std::size_t width) {
    std::string text;
    for (const auto& entry : entries) {
        std::string synopsis = entry.synopsis;
        synopsis.resize(std::max(width, synopsis.size() + 1), ' ');
        text += "  " + synopsis + entry.about + "\n";
    }
    return text;
}

constexpr std::uint64_t records_max = 1'000'000'000'000;

std::optional<Duration> flush_interval(const std::string& text) {
    const std::optional<Duration> span = config::parse_duration(text);
    return span && *span >= Duration{0} && *span <= std::chrono::seconds{1} ? span : std::nullopt;
}

bool takes_key(DhtVerb verb) {
    return verb == DhtVerb::put || verb == DhtVerb::get || verb == DhtVerb::exists || verb == DhtVerb::remove ||
           verb == DhtVerb::update;
}

bool takes_channel(DhtVerb verb) {
    return takes_key(verb) || verb == DhtVerb::scan || verb == DhtVerb::keys || verb == DhtVerb::rm_channel ||
           verb == DhtVerb::mirror;
}

Error wrong(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

}  // namespace

struct NestedVerbs::Typed {
    std::vector<std::string> nodes, halp_hosts;
    std::string label, key, value, expect, format;
    CLI::Option *value_option[2] = {}, *expect_option = nullptr;
    bool hex = false, escape = false, base64 = false, raw = false, no_refresh = false;
};

NestedVerbs::NestedVerbs(CommandLine& command, double& for_s)
    : command_(command), for_s_(for_s), typed_(std::make_unique<Typed>()) {}
NestedVerbs::~NestedVerbs() = default;

std::vector<std::string> NestedVerbs::names(const std::string& verb) {
    std::vector<std::string> all;
    if (verb == "dht")
        for (const DhtEntry& entry : dht_verbs()) all.emplace_back(entry.name);
    if (verb == "store")
        for (const StoreEntry& entry : store_verbs()) all.emplace_back(entry.name);
    return all;
}

std::string NestedVerbs::overview(const std::string& verb) {
    if (verb == "store")
        return "halp store VERB DIR: the records of a halpd that does not run; DIR is its dht.data_dir\n\n" +
               listing(store_verbs(), 22) + "\n`halp store VERB --help` explains a verb, with examples.\n";
    return "halp dht VERB: records of DHT nodes (the neo protocol of dhtproto)\n\n" + listing(dht_verbs(), 28) +
           "\nWhere the nodes are (else $HALP_DHT_NODES, else the daemon's label dht, else HALP hosts of the "
           "cache\n"
           "directory):\n"
           "  --node HOST:PORT     a node's neo port; several times\n"
           "  --nodes FILE         one HOST:PORT a line\n"
           "  --halp HOST:PORT     a HALP host that knows them under the label dht; several times\n"
           "  --label LABEL        another label\n"
           "As whom: --credentials FILE, else $HALP_DHT_CLIENT, else ~/.config/halp/dht-client: one line NAME:KEY; "
           "else\nadmin with 128 zero bytes, which nodes for tests take.\n\n"
           "`halp dht VERB --help` explains a verb, with examples.\n";
}

std::string NestedVerbs::examples(const std::string& verb, const std::string& nested) {
    if (verb == "dht")
        for (const DhtEntry& entry : dht_verbs())
            if (entry.name == nested) return entry.examples;
    if (verb == "store")
        for (const StoreEntry& entry : store_verbs())
            if (entry.name == nested) return entry.examples;
    return "";
}

// ---- options ----

void NestedVerbs::add_nodes(CLI::App& sub) {
    sub.add_option("--node", typed_->nodes, "a node's neo port; several times")
        ->type_name("HOST:PORT")
        ->allow_extra_args(false);
    sub.add_option("--nodes", command_.dht.nodes_file, "nodes, one HOST:PORT a line, # begins a comment")
        ->type_name("FILE");
    sub.add_option("--halp", typed_->halp_hosts, "a HALP host that knows the nodes; several times")
        ->type_name("HOST:PORT")
        ->allow_extra_args(false);
    sub.add_option("--label", typed_->label, "under which label (dht)")->type_name("LABEL");
    sub.add_option("--credentials", command_.dht.credentials, "a file with this client's line NAME:KEY")
        ->type_name("FILE");
}

void NestedVerbs::add_record(CLI::App& sub) {
    sub.add_option("CHANNEL", command_.dht.channel, "letters, digits, _ and -")->required();
    sub.add_option("KEY", typed_->key, "0 to 18446744073709551615, or hexadecimal behind 0x")->required();
}

void NestedVerbs::add_forms(CLI::App& sub, const char* of_what) {
    const std::string what = of_what;
    sub.add_flag("--hex", typed_->hex, what + " in hexadecimal");
    sub.add_flag("--escape", typed_->escape, what + " with \\n \\t \\r \\\\ and \\xNN");
    sub.add_flag("--base64", typed_->base64, what + " in base64");
}

void NestedVerbs::add_value(CLI::App& sub) {
    CLI::Option* option = sub.add_option("VALUE", typed_->value, "without it: from --file, or stdin");
    typed_->value_option[sub.get_name() == "update" ? 1 : 0] = option;
    sub.add_option("--file", command_.dht.file, "the value's bytes; - is stdin")
        ->type_name("FILE")
        ->excludes(option);
    add_forms(sub, "values are given");
}

void NestedVerbs::add_fake(CLI::App& sub) {
    sub.add_option("--port", command_.dht.port, "neo is served 100 above it; 0: any port")
        ->check(CLI::Range(0, 65435))
        ->capture_default_str();
    const auto check = [](const std::string& text) {
        return flush_interval(text) ? std::string{} : "`" + text + "` is not a time from 0s to 1s";
    };
    const auto take = [this](const std::string& text) { command_.dht.flush_interval = *flush_interval(text); };
    sub.add_option_function<std::string>(
           "--flush-interval", take, "how long a write waits, at most, for its answer: 0s to 1s (0s: not at all)")
        ->type_name("TIME")
        ->check(check);
}

void NestedVerbs::add_judge(CLI::App& sub) {
    DhtCommand& dht = command_.dht;
    sub.add_option("HOST:PORT", dht.node, "the node's neo port");
    sub.add_flag("--list", dht.list, "say which cases there are: number, priority, name, what it shows");
    sub.add_option("--only", dht.only, "one case, or one group of them");
    sub.add_option("--filter", dht.case_filter, "cases whose name this regular expression (ECMAScript) finds")
        ->type_name("REGEX");
    sub.add_option("--id", dht.ids, "the case with this number; several times")
        ->type_name("N")
        ->allow_extra_args(false);
    sub.add_flag("--fatal", dht.fatal, "end at the first failure");
    sub.add_flag("--progress", dht.progress, "say on stderr which case begins, n of m, also without a terminal");
    sub.add_option("--junit", dht.junit, "a file for build servers");
    sub.add_option("--credentials", dht.credentials, "a file with `name:key` (else admin with 128 zero bytes)");
    sub.add_option("--start", dht.start,
                   "start this node for the run, in a fresh directory; its arguments behind --")
        ->type_name("COMMAND");
    sub.add_option("--delay", dht.delay_s, "how many seconds it has until it takes connections at HOST:PORT")
        ->type_name("S")
        ->check(arguments::number(0, 3600))
        ->capture_default_str();
    sub.add_flag("--no-restart", dht.no_restart, "it keeps no records: it is not killed and started again");
    sub.add_flag("--keep", dht.keep, "its directory stays, and is told");
}

void NestedVerbs::add_dht_own(DhtVerb verb, CLI::App& sub) {
    DhtCommand& dht = command_.dht;
    const auto add_channel = [&] {
        sub.add_option("CHANNEL", dht.channel, "letters, digits, _ and -")->required();
    };
    switch (verb) {
        case DhtVerb::put:
            add_record(sub);
            add_value(sub);
            break;
        case DhtVerb::get:
            add_record(sub);
            sub.add_flag("--raw", typed_->raw, "the bytes as they are, also to a terminal");
            add_forms(sub, "a line: the value");
            break;
        case DhtVerb::exists:
        case DhtVerb::remove:
            add_record(sub);
            break;
        case DhtVerb::update:
            add_record(sub);
            add_value(sub);
            typed_->expect_option = sub.add_option("--expect", typed_->expect, "only if this is the value now");
            sub.add_option("--exec", dht.exec, "a shell command: old value on stdin, new one on stdout");
            sub.add_flag("--remove", dht.remove_record, "remove it instead");
            break;
        case DhtVerb::scan:
            add_forms(sub, "values, and --filter,");
            [[fallthrough]];
        case DhtVerb::keys:
            add_channel();
            sub.add_option("--filter", dht.filter, "only records whose value contains these bytes");
            sub.add_option("--limit", dht.limit, "end after so many")
                ->check(arguments::whole_number(1, records_max));
            break;
        case DhtVerb::rm_channel:
            add_channel();
            break;
        case DhtVerb::mirror:
            add_channel();
            add_forms(sub, "values");
            sub.add_flag("--no-refresh", typed_->no_refresh, "changes only, not what is there");
            sub.add_option("--refresh-every", dht.refresh_every_s, "seconds between repetitions of all; 0: never")
                ->capture_default_str();
            sub.add_option("--count", dht.limit, "end after so many records")
                ->check(arguments::whole_number(1, records_max));
            sub.add_option("--for", for_s_, "end after so many seconds")->check(arguments::number(0.001, 1e9));
            break;
        case DhtVerb::status:
            sub.add_flag("--count", dht.count_records, "count the records of each channel, by reading every key");
            break;
        case DhtVerb::fake:
            return add_fake(sub);
        case DhtVerb::conformance:
            return add_judge(sub);
        case DhtVerb::channels:
        case DhtVerb::ranges:
        case DhtVerb::none:
            break;
    }
    add_nodes(sub);
}

void NestedVerbs::add_dht(CLI::App& dht) {
    dht.require_subcommand(0, 1);
    for (const DhtEntry& entry : dht_verbs()) {
        CLI::App* sub = dht.add_subcommand(entry.name, entry.about);
        sub->fallthrough();
        sub->set_help_flag();
        add_dht_own(entry.verb, *sub);
        sub->callback([this, verb = entry.verb] { command_.dht.verb = verb; });
    }
}

void NestedVerbs::add_store(CLI::App& store) {
    store.require_subcommand(0, 1);
    StoreCommand& typed = command_.store;
    for (const StoreEntry& entry : store_verbs()) {
        CLI::App* sub = store.add_subcommand(entry.name, entry.about);
        sub->fallthrough();
        sub->set_help_flag();
        sub->add_option("DIR", typed.directory, "where records.lmdb is: dht.data_dir of a halpd")->required();
        if (entry.verb == StoreVerb::export_records) {
            sub->add_option("--to", typed.to,
                            "a directory for .tcm, made when missing; a file for JSON, else stdout");
            sub->add_option("--format", typed_->format, "tcm or json (tcm)")->check(CLI::IsMember({"tcm", "json"}));
            sub->add_option("--channel", typed.channels, "only this one; several times")->allow_extra_args(false);
        }
        if (entry.verb == StoreVerb::import_records) {
            sub->add_option("FILE", typed.files, "*.tcm; else JSON lines; - is stdin")->required();
            sub->add_option("--channel", typed.channels, "where the records of a .tcm go (the file's name)")
                ->expected(1);
            sub->add_flag("--keep-existing", typed.keep_existing, "records that are there stay as they are");
            sub->add_option("--bytes-max", typed.bytes_max, "how large records.lmdb may become, as dht.bytes_max")
                ->transform(CLI::AsSizeValue(false))
                ->check(arguments::whole_number(std::uint64_t{1} << 20, std::uint64_t{1} << 40));
        }
        sub->callback([&typed, verb = entry.verb] { typed.verb = verb; });
    }
}

// ---- checks ----

Result<void> NestedVerbs::check() {
    if (command_.verb == Verb::dht) return check_dht();
    if (command_.verb == Verb::store) return check_store();
    return {};
}

Result<void> NestedVerbs::check_dht() {
    DhtCommand& dht = command_.dht;
    if (dht.verb == DhtVerb::none) return wrong("What about the DHT? A verb is missing.");
    if (dht.verb == DhtVerb::fake) return {};
    if (dht.verb == DhtVerb::conformance) {
        if (dht.node.empty() && !dht.list) return wrong("The node is missing: halp dht conformance HOST:PORT.");
        if (dht.start.empty() && (dht.keep || dht.no_restart))
            return wrong("--keep and --no-restart are for a node that --start starts.");
        return {};
    }
    if (takes_channel(dht.verb))
        if (const auto channel = Channel::parse(dht.channel); !channel)
            return wrong("`" + dht.channel + "` is not a channel. " + channel.error().message);
    if (takes_key(dht.verb)) {
        const auto key = parse_shown_key(typed_->key);
        if (!key) return key.error();
        dht.key = *key;
    }
    if (auto nodes = check_nodes(); !nodes) return nodes;
    return check_values();
}

Result<void> NestedVerbs::check_nodes() {
    DhtCommand& dht = command_.dht;
    const auto parse = [](const std::vector<std::string>& texts, std::vector<Endpoint>& out) -> Result<void> {
        for (const std::string& text : texts) {
            const auto endpoint = Endpoint::parse(text);
            if (!endpoint) return wrong("`" + text + "` is not HOST:PORT. " + endpoint.error().message);
            out.push_back(*endpoint);
        }
        return {};
    };
    if (auto nodes = parse(typed_->nodes, dht.nodes); !nodes) return nodes;
    if (auto hosts = parse(typed_->halp_hosts, dht.halp_hosts); !hosts) return hosts;
    const int ways =
        (dht.nodes.empty() ? 0 : 1) + (dht.nodes_file.empty() ? 0 : 1) + (dht.halp_hosts.empty() ? 0 : 1);
    if (ways > 1) return wrong("--node, --nodes and --halp are three ways to say where the nodes are: choose one.");
    if (typed_->label.empty()) return {};
    auto label = Label::parse(typed_->label);
    if (!label || label->lists_names()) return wrong("`" + typed_->label + "` is not a label that lists hosts.");
    dht.label = std::move(label).value();
    return {};
}

Result<void> NestedVerbs::check_values() {
    DhtCommand& dht = command_.dht;
    const int forms = typed_->hex + typed_->escape + typed_->base64 + typed_->raw;
    if (forms > 1) return wrong("Choose one of --raw, --hex, --escape and --base64.");
    dht.form = typed_->hex      ? ValueForm::hex
               : typed_->escape ? ValueForm::escape
               : typed_->base64 ? ValueForm::base64
               : typed_->raw    ? ValueForm::raw
                                : ValueForm::automatic;
    dht.refresh = !typed_->no_refresh;
    for (const CLI::Option* option : typed_->value_option)
        if (option && option->count() > 0) dht.value = typed_->value;
    if (typed_->expect_option && typed_->expect_option->count() > 0) dht.expect = typed_->expect;
    return dht.verb == DhtVerb::update ? check_update() : Result<void>{};
}

Result<void> NestedVerbs::check_update() {
    const DhtCommand& dht = command_.dht;
    const bool value = dht.value || !dht.file.empty();
    if ((value ? 1 : 0) + (dht.exec.empty() ? 0 : 1) + (dht.remove_record ? 1 : 0) > 1)
        return wrong("A value, --exec and --remove are three ways to change a record: choose one.");
    return {};
}

Result<void> NestedVerbs::check_store() {
    StoreCommand& store = command_.store;
    if (store.verb == StoreVerb::none) return wrong("What about the records? A verb is missing.");
    store.format = typed_->format == "json" ? DumpFormat::json : DumpFormat::tcm;
    for (const std::string& name : store.channels)
        if (const auto channel = Channel::parse(name); !channel)
            return wrong("`" + name + "` is not a channel. " + channel.error().message);
    if (store.verb == StoreVerb::export_records && store.format == DumpFormat::tcm && store.to.empty())
        return wrong("The directory for the dumps is missing: --to DIRECTORY, or --format json for stdout.");
    if (store.verb == StoreVerb::import_records && !store.channels.empty() && store.files.size() > 1)
        return wrong("--channel is for one file.");
    return {};
}

}  // namespace halp::cli
