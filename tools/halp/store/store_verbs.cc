#include "tools/halp/store/store_verbs.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "store/files/named_file.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_lines.h"
#include "tools/program/broken_page.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

constexpr std::string_view broken_page =
    "the record file is damaged: a part of it is missing or leads nowhere. Restore a copy, or the dumps.";

// Records are read through a memory map of the file, so a missing page, or a page with wrong references, raises a
// signal. For some broken pages LMDB itself aborts. `output`: the last line of `check --json`.
void expect_broken_pages(std::string output = {}) {
    end_on_broken_page({SIGBUS, SIGSEGV, SIGABRT}, "halp: " + std::string{broken_page}, {}, std::move(output));
}

std::uint64_t size_of(const std::string& path) {
    std::error_code none;
    const auto size = std::filesystem::file_size(path, none);
    return none ? 0 : size;
}

// ---- check ----

std::string json_of(const StoreCheck& check, const LmdbStore& records, const std::string& file) {
    Json object = Json::object({{"schema_version", 1}, {"file", file}, {"file_bytes", size_of(file)}});
    object.set("records", check.found.records);
    object.set("value_bytes", check.found.bytes);
    object.set("to_purge", check.to_purge);
    Json channels = Json::array();
    for (const Channel& channel : records.channels(std::nullopt, check.channels)) {
        const RecordCount count = records.count(channel);
        channels.push(Json::object({{"channel", shown_channel(channel.name())},
                                    {"records", count.records},
                                    {"value_bytes", count.bytes}}));
    }
    object.set("channels", channels).set("set_aside", check.aside.records);
    object.set("repaired", records.repaired().empty() ? Json{} : Json{records.repaired()});
    object.set("defects", Json::array_of(check.defects));
    return object.line();
}

// For a file that cannot be read to its end: there are no counts.
std::string json_of(std::string_view defect, const std::string& file) {
    return Json::object({{"schema_version", 1},
                         {"file", file},
                         {"file_bytes", size_of(file)},
                         {"defects", Json::array({defect})}})
        .line();
}

void show(const StoreCheck& check, const LmdbStore& records, const std::string& file, Console& console) {
    std::vector<std::vector<std::string>> rows{{"CHANNEL", "RECORDS", "VALUES"}};
    for (const Channel& channel : records.channels(std::nullopt, check.channels)) {
        const RecordCount count = records.count(channel);
        rows.push_back({shown_channel(channel.name()), std::to_string(count.records), human_bytes(count.bytes)});
    }
    rows.push_back({"all", std::to_string(check.found.records), human_bytes(check.found.bytes)});
    console.headed(table(rows));
    console.say("read " + file + ", " + human_bytes(size_of(file)) +
                ": every record, the order of the keys, the counts of " + std::to_string(check.channels) +
                " channels, " + std::to_string(check.aside.records) + " records set aside, " +
                std::to_string(check.to_purge) + " records of removed channels that still take room.");
}

ExitCode run_check(OpenStore& store, Console& console) {
    Progress progress(console, "reading");
    const bool json = console.style().json;
    const auto check = store.records().check(progress.follow());
    if (!check) {
        if (json) console.line(json_of(check.error().message, store.file()));
        return console.fail(ExitCode::failed, check.error().message);
    }
    if (json) {
        const std::string object = json_of(*check, store.records(), store.file());
        expect_broken_pages();
        console.line(object);
    } else {
        show(*check, store.records(), store.file(), console);
    }
    for (const std::string& defect : check->defects) console.fail(ExitCode::failed, "wrong: " + defect + ".");
    if (!check->defects.empty())
        return console.fail(
            ExitCode::failed,
            "what can be read can be saved with `halp store export`, and read into a new directory.");
    console.say("nothing is wrong.");
    return ExitCode::ok;
}

// A halpd may have ended before all stale records were set aside.
Result<void> finish_sweep(LmdbStore& records) {
    while (records.sweeping())
        if (auto slice = records.commit(); !slice) return slice;
    return {};
}

ExitCode run_drop_aside(OpenStore& store, Console& console) {
    LmdbStore& records = store.records();
    if (const auto swept = finish_sweep(records); !swept)
        return console.fail(ExitCode::failed, swept.error().message);
    const RecordCount aside = records.set_aside();
    if (const auto dropped = records.drop_aside(); !dropped)
        return console.fail(ExitCode::failed, dropped.error().message);
    while (records.purging())
        if (const auto purged = records.commit(); !purged)
            return console.fail(ExitCode::failed, purged.error().message);
    if (console.style().json)
        console.line(
            Json::object({{"schema_version", 1}, {"file", store.file()}, {"removed", aside.records}}).line());
    else
        console.say(std::to_string(aside.records) + " records that were set aside are removed.");
    return aside.records > 0 ? ExitCode::ok : ExitCode::nothing_found;
}

// ---- compact ----

// A temporary file beside the record file. The destructor removes it, unless it was renamed.
class Beside {
public:
    explicit Beside(std::string path) : path_(std::move(path)) { remove(); }
    ~Beside() { remove(); }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;
    [[nodiscard]] const std::string& path() const { return path_; }

private:
    void remove() const {
        ::unlink(path_.c_str());
        ::unlink((path_ + "-lock").c_str());
    }
    const std::string path_;
};

// Gives `to` the mode of `from`. Both are open while it is copied, so it is theirs whatever the names lead to.
bool copied_mode(const std::string& from, const std::string& to) {
    const auto original = open_named_file(from, Pipes::refused);
    if (!original) return false;
    const FileHandle copy(::open(to.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    return copy && ::fchmod(copy.get(), original->access.mode & 0777) == 0;
}

bool synced(const std::string& path, int flags) {
    const FileHandle file(::open(path.c_str(), flags | O_CLOEXEC));
    return file && ::fsync(file.get()) == 0;
}

Result<StoreCheck> sound(const LmdbStore& records, Progress& progress, const std::string& what) {
    auto check = records.check(progress.follow());
    if (check && !check->defects.empty())
        return Error{ErrorCode::io, what + " is not sound: " + check->defects.front() +
                                        ". Nothing was changed; `halp store check` says more."};
    return check;
}

// Reads the whole copy and compares it with the original, before it replaces that.
Result<void> prove(const Beside& copy, const StoreCheck& original, Progress& progress) {
    const auto records = LmdbStore::open(copy.path(), {});
    if (!records) return records.error();
    const auto check = sound(**records, progress, "the copy");
    if (!check) return check.error();
    if (check->channels == original.channels && check->found == original.found && check->aside == original.aside)
        return {};
    return Error{ErrorCode::io,
                 "the copy has other records than " + copy.path() + " was made of; nothing was changed"};
}

Result<void> compact(OpenStore& store, Console& console) {
    LmdbStore& records = store.records();
    if (auto swept = finish_sweep(records); !swept) return swept;
    while (records.purging())
        if (auto purged = records.commit(); !purged) return purged;
    Progress progress(console, "reading");
    const auto original = sound(records, progress, store.file());
    if (!original) return original.error();
    const Beside copy(store.file() + ".compact");
    if (auto copied = records.copy_to(copy.path()); !copied)
        return Error{copied.error().code, copied.error().message + ". Nothing was changed."};
    if (auto proved = prove(copy, *original, progress); !proved) return proved;
    const bool ready = copied_mode(store.file(), copy.path()) && synced(copy.path(), O_RDWR);
    if (!ready) return Error{ErrorCode::io, copy.path() + ": " + std::strerror(errno) + ". Nothing was changed."};
    store.close_records();
    if (::rename(copy.path().c_str(), store.file().c_str()) != 0)
        return Error{ErrorCode::io, store.file() + ": " + std::strerror(errno) + ". Nothing was changed."};
    if (!synced(std::filesystem::path(store.file()).parent_path().string(), O_RDONLY | O_DIRECTORY))
        return Error{ErrorCode::io,
                     std::string{"the directory could not be synced: "} + std::strerror(errno) + "."};
    return {};
}

ExitCode run_compact(OpenStore& store, Console& console) {
    const std::uint64_t before = size_of(store.file());
    if (const auto done = compact(store, console); !done)
        return console.fail(ExitCode::failed, done.error().message);
    const std::uint64_t after = size_of(store.file());
    if (console.style().json)
        console.line(
            Json::object(
                {{"schema_version", 1}, {"file", store.file()}, {"bytes_before", before}, {"bytes_after", after}})
                .line());
    else
        console.say(store.file() + ": " + human_bytes(before) + " before, " + human_bytes(after) + " now.");
    return ExitCode::ok;
}

// ---- import ----

std::string words_about(const Imported& one) {
    std::string text = one.file + ": " + std::to_string(one.records) + " records imported";
    if (one.kept > 0) text += ", " + std::to_string(one.kept) + " left as they were";
    if (one.skipped > 0) text += ", " + std::to_string(one.skipped) + " skipped (no key, or too long)";
    return text;
}

ExitCode run_import(const StoreCommand& typed, OpenStore& store, Console& console) {
    Result<void> open_to_all = finish_sweep(store.records());
    if (open_to_all) open_to_all = store.records().forget_range();  // the next start looks which are in its range
    if (!open_to_all) return console.fail(ExitCode::failed, open_to_all.error().message);
    Json files = Json::array();
    ExitCode code = ExitCode::ok;
    for (const std::string& path : typed.files) {
        const Imported one = [&] {
            Progress progress(console, "importing");
            return import_file(path, typed, store.records(), progress.follow());
        }();
        Json file = Json::object(
            {{"file", one.file}, {"records", one.records}, {"kept", one.kept}, {"skipped", one.skipped}});
        if (!one.trouble.empty()) file.set("error", one.trouble);
        files.push(file);
        if (one.trouble.empty() && one.skipped == 0) {
            console.say(words_about(one) + ".");
            continue;
        }
        const bool over = !one.trouble.empty();
        code = over && one.code == ErrorCode::invalid ? ExitCode::failed
               : over                                 ? exit_code_of(one.code)
                                                      : ExitCode::failed;
        console.fail(code, words_about(one) + (over ? ", then: " + one.trouble : "."));
        if (!over) continue;
        if (&path != &typed.files.back()) console.say("the files behind it were not read.");
        break;
    }
    if (console.style().json) console.line(Json::object({{"schema_version", 1}, {"files", files}}).line());
    return code;
}

}  // namespace

// ---- shared parts ----

Result<OpenStore> OpenStore::open(const std::string& directory, bool create, std::uint64_t bytes_max) {
    const std::string file = file_in(directory);
    std::error_code none;
    if (const std::string note = directory + "/record-shares"; std::filesystem::exists(note, none))
        return Error{ErrorCode::invalid, note +
                                             " says that the records are in shares, one for each of dht.threads. "
                                             "Give one of the directories share-1-of-N and so on, or start halpd "
                                             "once with dht.threads 1, which puts them together."};
    if (!create && !std::filesystem::exists(file, none))
        return Error{ErrorCode::io,
                     file +
                         " does not exist. DIR is the dht.data_dir of a halpd: `halpd --print-config` "
                         "shows it."};
    if (!create && size_of(file) == 0) return Error{ErrorCode::io, file + " is empty."};
    if (create)
        if (const auto made = FileStorage::open(directory, IfMissing::create); !made) return made.error();
    Result<StateLock> lock = StateLock::acquire(directory);
    if (!lock) {
        const Error& error = lock.error();
        const std::string what = error.message.substr(0, error.message.find(';'));
        if (error.code != ErrorCode::busy) return error;
        return Error{error.code, what + "; stop it first, for example with `halp leave`"};
    }
    LmdbOptions options;
    options.map_bytes_max = bytes_max;
    Result<std::unique_ptr<LmdbStore>> records = LmdbStore::open(file, options);
    if (!records) return Error{ErrorCode::io, records.error().message};
    return OpenStore(std::move(*lock), std::move(*records), file);
}

void Progress::at(std::uint64_t records) {
    constexpr std::uint64_t step = 50'000;
    if (records < next_) return;
    next_ = records + step;
    console_.progress(doing_ + ": " + std::to_string(records) + " records");
}

ExitCode run_store(const CommandLine& command, Console& console) {
    const StoreCommand& typed = command.store;
    ::signal(SIGXFSZ, SIG_IGN);  // too large a file is an error like a full disk
    const std::string file = OpenStore::file_in(typed.directory);
    const bool import = typed.verb == StoreVerb::import_records;
    const bool checked = typed.verb == StoreVerb::check && console.style().json;
    expect_broken_pages(checked ? json_of(broken_page, file) + "\n" : "");
    Result<OpenStore> store =
        import ? OpenStore::open(typed.directory, true, typed.bytes_max) : OpenStore::open(typed.directory, false);
    if (!store) {
        if (checked && store.error().code == ErrorCode::io) console.line(json_of(store.error().message, file));
        return console.fail(store.error());
    }
    if (const std::string& repaired = store->records().repaired(); !repaired.empty()) console.say(repaired + ".");
    switch (typed.verb) {
        case StoreVerb::check:
            return run_check(*store, console);
        case StoreVerb::compact:
            return run_compact(*store, console);
        case StoreVerb::export_records:
            if (const auto swept = finish_sweep(store->records()); !swept)
                return console.fail(ExitCode::failed, swept.error().message);
            return run_store_export(typed, *store, console);
        case StoreVerb::import_records:
            return run_import(typed, *store, console);
        case StoreVerb::drop_aside:
            return run_drop_aside(*store, console);
        case StoreVerb::none:
            break;
    }
    return ExitCode::usage;
}

}  // namespace halp::cli
