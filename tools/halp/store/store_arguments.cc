#include "tools/halp/store/store_arguments.h"

#include <utility>

#include "tools/halp/nested_verbs.h"
#include "tools/halp/output/record_lines.h"

namespace halp::cli {
namespace {

const std::vector<NestedVerb<StoreVerb>>& store_verbs() {
    static const std::vector<NestedVerb<StoreVerb>> all = {
        {StoreVerb::check, "check", "check DIR", "Read everything and say what is wrong",
         "  halp store check /var/lib/halp/dht              0: nothing is wrong; 1: something, and what"},
        {StoreVerb::compact, "compact", "compact DIR", "Write the record file anew, without holes",
         "  halp store compact /var/lib/halp/dht            needs room for a second copy meanwhile"},
        {StoreVerb::export_records, "export", "export DIR", "Write records to .tcm dumps or JSON lines",
         "  halp store export DIR --to dumps/               dumps/CHANNEL.tcm for each channel\n"
         "  halp store export DIR --format json > all.jsonl\n"
         "  halp store export DIR --format json --channel users --to users.jsonl\n"
         "  halp store export DIR --set-aside --to aside/   what left the range of the node, and is not served"},
        {StoreVerb::import_records, "import", "import DIR FILE...", "Read records from .tcm dumps or JSON lines",
         "  halp store import DIR dumps/*.tcm               the channel is the file's name\n"
         "  halp store import DIR old.tcm --channel users\n"
         "  halp store import DIR all.jsonl --keep-existing\n"
         "  zcat all.jsonl.gz | halp store import DIR -"},
        {StoreVerb::drop_aside, "drop-set-aside", "drop-set-aside DIR",
         "Remove what was set aside when the node's range changed",
         "  halp store drop-set-aside /var/lib/halp/dht     `export DIR --set-aside` saves it before"},
    };
    return all;
}

constexpr std::uint64_t bytes_min = std::uint64_t{1} << 20, bytes_max = std::uint64_t{1} << 40;

Error wrong_store(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

}  // namespace

std::vector<std::string> StoreArguments::names() { return names_of(store_verbs()); }

std::string StoreArguments::overview() {
    return "halp store VERB DIR: the records of a halpd that does not run; DIR is its dht.data_dir\n\n" +
           listing(store_verbs(), 24) + "\n`halp store VERB --help` explains a verb, with examples.\n";
}

std::string StoreArguments::examples(const std::string& verb) { return examples_of(store_verbs(), verb); }

void StoreArguments::add_to(Arguments& store) {
    store.may_have_a_verb();
    for (const auto& entry : store_verbs()) {
        Arguments& to = store.verb(entry.name, entry.about, [this, verb = entry.verb] { command_.verb = verb; });
        to.options_anywhere();
        to.option("DIR", &command_.directory, "where records.lmdb is: dht.data_dir of a halpd").required();
        if (entry.verb == StoreVerb::export_records) add_export(to);
        if (entry.verb == StoreVerb::import_records) add_import(to);
    }
}

void StoreArguments::add_export(Arguments& to) {
    to.option("--to", &command_.to, "a directory for .tcm, made when missing; a file for JSON, else stdout");
    to.option("--format", &format_, "tcm or json (tcm)").one_of({"tcm", "json"});
    to.option("--channel", &command_.channels, "only this one; several times").repeated();
    to.flag("--set-aside", command_.set_aside,
            "the records that have left the node's range, instead of those it serves");
}

void StoreArguments::add_import(Arguments& to) {
    to.option("FILE", &command_.files, "*.tcm; else JSON lines; - is stdin").required();
    to.option("--channel", &import_channel_, "where the records of a .tcm go (the file's name)");
    to.flag("--keep-existing", command_.keep_existing, "records that are there stay as they are");
    to.option("--bytes-max", ByteCount{&command_.bytes_max}, "how large records.lmdb may become, as dht.bytes_max")
        .called("SIZE")
        .whole_between(bytes_min, bytes_max);
}

Result<void> StoreArguments::check() {
    StoreCommand& store = command_;
    if (store.verb == StoreVerb::none) return wrong_store("A verb is missing behind `halp store`.");
    store.format = format_ == "json" ? DumpFormat::json : DumpFormat::tcm;
    if (!import_channel_.empty()) store.channels = {import_channel_};
    for (std::string& name : store.channels) {
        const auto channel = parse_shown_channel(name);
        if (!channel)
            return wrong_store("--channel: `" + name + "` is not a channel: " + channel.error().message + ".");
        name = channel->name();
    }
    if (store.verb == StoreVerb::export_records && store.format == DumpFormat::tcm && store.to.empty())
        return wrong_store("The directory for the dumps is missing: --to DIRECTORY, or --format json for stdout.");
    if (store.verb == StoreVerb::import_records && !store.channels.empty() && store.files.size() > 1)
        return wrong_store("--channel is for one file: import the others without it, or one by one.");
    return {};
}

}  // namespace halp::cli
