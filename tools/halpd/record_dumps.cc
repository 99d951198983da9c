#include "tools/halpd/record_dumps.h"

#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <iterator>
#include <optional>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

#include "store/files/named_file.h"
#include "store/files/new_file.h"
#include "store/records/channel_file.h"

namespace halp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
constexpr std::string_view extension = channel_file_extension;
constexpr std::string_view unfinished = ".dumping";
constexpr mode_t dump_mode = 0640;
constexpr const char* deleted = "deleted";
constexpr const char* set_aside = "set-aside";
constexpr std::string_view range_file = "/range";
constexpr std::size_t range_bytes_max = 4096;
constexpr std::size_t channels_per_page = 1000;

Error io_error(const std::string& path, std::string_view what) {
    return {ErrorCode::io, path + " cannot be " + std::string(what) + ": " + std::strerror(errno)};
}

// ---- reading ----

Result<TcmFault> read_file(const std::string& path, TcmReader& reader) {
    const auto file = open_named_file(path, Pipes::refused);
    if (!file) return Error{ErrorCode::io, path + " " + file.error().message};
    std::string buffer(buffer_bytes, '\0');
    for (;;) {
        const ssize_t got = ::read(file->handle.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(path, "read");
        if (got == 0) return reader.finish();
        const TcmFault fault = reader.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
        if (fault != TcmFault::none) return fault;
    }
}

// "3 without a valid key (0.3 %), 2 out of range (0.2 %)"
std::string shares(const TcmCounts& counts, std::uint64_t all) {
    std::string text;
    const auto add = [&](std::uint64_t some, const char* what) {
        if (some == 0) return;
        char percent[32];
        std::snprintf(percent, sizeof percent, " (%.1f %%)",
                      100.0 * static_cast<double>(some) / static_cast<double>(all));
        text += (text.empty() ? "" : ", ") + std::to_string(some) + what + percent;
    };
    add(counts.invalid, " without a valid key");
    add(counts.empty, " with an empty value");
    add(counts.too_big, " with too long a value");
    add(counts.out_of_range, " out of the node's range");
    return text;
}

// `ignored`: of those out of range.
void tell(const std::string& name, const TcmCounts& counts, std::uint64_t ignored, Log& log) {
    Json fields = Json::object();
    fields.set("file", name).set("loaded", counts.loaded).set("invalid", counts.invalid);
    fields.set("empty", counts.empty).set("too_big", counts.too_big);
    fields.set("out_of_range", counts.out_of_range);
    fields.set("out_of_range_ignored", ignored);
    const std::uint64_t left_out = counts.invalid + counts.empty + counts.too_big + ignored;
    const bool odd = left_out + counts.out_of_range > 0;
    log.write(odd ? LogLevel::warn : LogLevel::info, "dht_dump_read",
              "read " + name + ": " + std::to_string(counts.loaded) + " records, " + std::to_string(left_out) +
                  " left out" + (odd ? ": " + shares(counts, counts.loaded + left_out) : ""),
              fields);
}

// Why a dump stops the start.
std::string_view words(TcmFault fault) {
    switch (fault) {
        case TcmFault::none:
        case TcmFault::unknown_version:
            break;
        case TcmFault::truncated:
            return "ends in the middle: restore a whole one, or move it away and lose what it has";
        case TcmFault::out_of_range:
            return "is out of the range of this node (dht.dump_out_of_range, dht.dump_out_of_range_max, "
                   "dht.range_min, dht.range_max)";
        case TcmFault::bad_record:
            return "has no valid key, or too long a value (dht.dump_bad_records, dht.dump_value_bytes_max)";
        case TcmFault::empty_value:
            return "has an empty value (dht.dump_empty_values)";
    }
    return "is none";
}

Error bad_dump(const std::string& path, TcmFault fault, std::uint64_t record) {
    const bool of_file = fault == TcmFault::truncated;
    return {ErrorCode::io,
            path + (of_file ? " " : ": record " + std::to_string(record) + " ") + std::string(words(fault))};
}

// ---- writing ----

// Reads a slice of a channel: RecordStore::scan, or scan_aside.
using ReadSlice = std::function<Result<Scan>(std::optional<Key> after, const RecordStore::Visit& visit)>;

Result<void> write_channel(NewFile& file, const ReadSlice& read) {
    TcmWriter writer;
    std::string buffer;
    writer.begin(buffer);
    std::optional<Key> after;
    for (Scan scan = Scan::stopped; scan == Scan::stopped;) {
        const Result<Scan> slice = read(after, [&](Key key, std::string_view value) {
            writer.record(key, value, buffer);
            after = key;
            return buffer.size() < buffer_bytes;
        });
        if (!slice) return slice.error();
        if (auto written = file.write(buffer); !written) return written;
        buffer.clear();
        scan = *slice;
    }
    writer.end(buffer);
    return file.write(buffer);
}

// Makes the directories between `directory`, which is there, and the channel's file, which only a long name has.
// What fails here fails again when the file is made.
void make_parts(const fs::path& directory, const Channel& channel) {
    const fs::path parts = fs::path(channel_file(channel)).parent_path();
    std::error_code none;
    if (!parts.empty() && fs::is_directory(directory, none)) fs::create_directories(directory / parts, none);
}

// The channel's file, or one with a number that is no channel's own if it exists. Its directory is made.
fs::path free_path(const fs::path& directory, const Channel& channel) {
    std::error_code none;
    fs::path path = directory / channel_file(channel);
    fs::create_directory(directory, none);  // in the data directory, which is not made again when it is gone
    make_parts(directory, channel);
    for (std::size_t n = 1; fs::symlink_status(path, none).type() != fs::file_type::not_found; ++n)
        path = directory / channel_file(channel, n);
    return path;
}

// Syncs the directories between `directory` and the channel's file, which only a long name has.
Result<void> sync_parts(const std::string& directory, const Channel& channel) {
    const fs::path file = channel_file(channel);
    for (fs::path part = file.parent_path(); !part.empty(); part = part.parent_path())
        if (auto synced = sync_directory(directory + "/" + part.string()); !synced) return synced;
    return {};
}

}  // namespace

std::string RecordDumps::path_of(const Channel& channel) const { return directory_ + "/" + channel_file(channel); }

// Returns false when the file was skipped.
Result<bool> RecordDumps::load_one(const std::string& path, const Channel& channel, const TcmRules& rules,
                                   RecordStore& store) {
    const std::string name = channel_file(channel);
    std::optional<TcmReader> reader;
    Result<TcmFault> fault{TcmFault::none};
    const std::uint64_t not_taken = store.load(channel, [&](const RecordStore::PutRecord& put) {
        reader.emplace(rules, put);
        fault = read_file(path, *reader);
    });
    if (!fault) return fault.error();
    if (*fault == TcmFault::unknown_version) {
        log_.write(LogLevel::warn, "dht_dump_ignored", name + " is of an unknown version");
        return false;
    }
    if (*fault != TcmFault::none) return bad_dump(path, *fault, reader->records());
    if (!store.has_channel(channel)) {  // it has no records
        store.create_channel(channel, WriteToken{});
        std::vector<Completion> made;
        store.take_completions(made);
        if (made.empty() || made.front().wrote != Wrote::done)
            return Error{ErrorCode::full, path + " is the dump of a channel more than there may be"};
    }
    if (not_taken > 0)
        return Error{ErrorCode::full, path + " holds " + std::to_string(not_taken) +
                                          " records more than the limits allow (dht.bytes_max)"};
    const TcmCounts& counts = reader->counts();
    tell(name, counts, rules.out_of_range == OutOfRange::ignore ? counts.out_of_range : 0, log_);
    return true;
}

// Renames a file that was skipped at the start or has appeared since, so that it is not overwritten.
Result<void> RecordDumps::make_way(const std::string& path, const Channel& channel) {
    std::error_code failed;
    if (own_.contains(channel) || !fs::exists(fs::symlink_status(path, failed)) ||
        (fs::is_regular_file(path, failed) && fs::file_size(path, failed) == 0))
        return {};
    const fs::path free = free_path(directory_, channel);
    fs::rename(path, free, failed);
    if (failed) return Error{ErrorCode::io, path + " cannot be renamed: " + failed.message()};
    log_.write(LogLevel::warn, "dht_dump_kept",
               path + " was not read, and is " + free.filename().string() + " now: channel " + channel.name() +
                   " has records of its own");
    return {};
}

Result<void> RecordDumps::dump(const Channel& channel, const RecordStore& store) {
    const std::string path = path_of(channel);
    make_parts(directory_, channel);
    auto file = NewFile::make(path, unfinished);
    if (!file) return file.error();
    const auto read = [&](std::optional<Key> after, const RecordStore::Visit& visit) {
        return store.scan(channel, after, visit);
    };
    if (auto written = write_channel(*file, read); !written) return written;
    if (auto free = make_way(path, channel); !free) return free;
    if (auto named = file->finish(dump_mode, NewFile::Present::replaced, NewFile::Name::later); !named)
        return named;
    own_.insert(channel);
    return sync_parts(directory_, channel);
}

// A file of an earlier run stays.
Result<void> RecordDumps::dump_aside(const Channel& channel, const RecordStore& store) {
    const fs::path folder = fs::path(directory_) / set_aside;
    std::error_code failed;
    fs::create_directory(folder, failed);  // what fails here fails again below
    const std::string path = free_path(folder, channel).string();
    auto file = NewFile::make(path, unfinished);
    if (!file) return file.error();
    const auto read = [&](std::optional<Key> after, const RecordStore::Visit& visit) {
        return store.scan_aside(channel, after, visit);
    };
    if (auto written = write_channel(*file, read); !written) return written;
    if (auto named = file->finish(dump_mode, NewFile::Present::replaced, NewFile::Name::later); !named)
        return named;
    log_.write(LogLevel::warn, "dht_set_aside",
               "the records of channel " + channel.name() + " that have left the node's range are in " + path);
    if (auto synced = sync_parts(folder.string(), channel); !synced) return synced;
    return sync_directory(folder.string());
}

// ---- the range ----

Result<HashRange> RecordDumps::range() const {
    const std::string path = directory_ + std::string(range_file);
    const auto file = read_named_file(path, range_bytes_max, Pipes::refused);
    if (!file && file.error().code == ErrorCode::not_found) return HashRange::full();
    if (!file) return Error{ErrorCode::io, path + " " + file.error().message};
    std::istringstream words(file->text);
    std::string first, last;
    words >> first >> last;
    const auto min = parse_key(first), max = parse_key(last);
    const auto range = min && max ? HashRange::make(value_of(*min), value_of(*max)) : Result<HashRange>(Error{});
    if (range) return range;
    return Error{ErrorCode::invalid, path +
                                         " is not a range: two numbers of 16 hexadecimal digits. It says which "
                                         "records of the dumps are this node's; remove it to take them all."};
}

Result<void> RecordDumps::narrow_to(const HashRange& wanted) {
    const auto noted = range();
    if (!noted) return noted.error();
    const HashRange common = noted->common(wanted);
    return common == *noted ? Result<void>{} : write_range(common);
}

Result<void> RecordDumps::write_range(const HashRange& range) const {
    const std::string path = directory_ + std::string(range_file);
    const std::string text = key_text(Key{range.min()}) + " " + key_text(Key{range.max()}) + "\n";
    auto file = NewFile::make(path, unfinished);
    if (!file) return file.error();
    if (auto written = file->write(text); !written) return written;
    return file->finish(dump_mode);
}

Result<void> RecordDumps::put_away_deleted(const RecordStore& store) {
    Result<void> all;
    const fs::path deleted_ones = fs::path(directory_) / deleted;
    std::error_code failed;
    for (auto at = own_.begin(); at != own_.end();) {
        const Channel channel = *at;
        if (store.has_channel(channel) || !fs::exists(path_of(channel), failed)) {
            ++at;
            continue;
        }
        fs::rename(path_of(channel), free_path(deleted_ones, channel), failed);
        if (failed)
            all =
                Error{ErrorCode::io, path_of(channel) + " cannot be moved to " + deleted + ": " + failed.message()};
        at = failed ? std::next(at) : own_.erase(at);
    }
    return all;
}

Result<void> RecordDumps::load(const TcmRules& rules, RecordStore& store) { return load_from({}, rules, store); }

// `parts`: the directories of long names, below the directory of the dumps.
Result<void> RecordDumps::load_from(const fs::path& parts, const TcmRules& rules, RecordStore& store) {
    std::error_code failed;
    std::vector<fs::directory_entry> found;
    const fs::path directory = fs::path(directory_) / parts;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory, failed)) found.push_back(entry);
    if (failed)
        return Error{ErrorCode::io,
                     directory.string() + " cannot be read: " + failed.message() + " (dht.data_dir)"};
    std::ranges::sort(found, {}, [](const fs::directory_entry& entry) { return entry.path(); });
    for (const fs::directory_entry& entry : found)
        if (auto taken = load_entry(entry, parts / entry.path().filename(), rules, store); !taken) return taken;
    return {};
}

Result<void> RecordDumps::load_entry(const fs::directory_entry& entry, const fs::path& name, const TcmRules& rules,
                                     RecordStore& store) {
    std::error_code failed;
    const bool directory = entry.is_directory(failed);
    if (directory && (name == deleted || name == set_aside)) return {};
    const bool deep = name.string().size() > 3 * Channel::length_max + 64;  // deeper than any name
    if (directory && !deep && is_channel_directory(name.filename().string())) return load_from(name, rules, store);
    const auto channel = channel_of_file(name.string());
    const bool own_name = channel && channel_file(*channel) == name.string();
    if (own_name && entry.is_regular_file(failed) && entry.file_size(failed) > 0) {
        const auto read = load_one(entry.path().string(), *channel, rules, store);
        if (!read) return read.error();
        if (*read) own_.insert(*channel);
    } else if (directory || name.string().ends_with(extension) || name.string().ends_with(unfinished)) {
        log_.write(LogLevel::warn, "dht_dump_ignored", name.string() + " is not a dump of records");
    }
    return {};
}

void RecordDumps::failed(const Error& error) {
    log_.write(LogLevel::error, "dht_dump_failed", error.message);
    if (failures_++ == 0) first_failure_ = error.message;
}

Result<void> RecordDumps::write(const RecordStore& store) {
    failures_ = 0;
    std::uint64_t written = 0;
    const auto one = [&](const Result<void>& done) {
        if (!done) failed(done.error());
        written += done ? 1 : 0;
    };
    // First: a record that leaves a dump must be in another one before.
    for (const Channel& channel : store.channels_aside())
        if (const auto done = dump_aside(channel, store); !done) failed(done.error());
    for (auto page = store.channels({}, channels_per_page); !page.empty();
         page = store.channels(page.back(), channels_per_page))
        for (const Channel& channel : page) one(dump(channel, store));
    if (const auto done = put_away_deleted(store); !done) failed(done.error());
    if (const auto done = sync_directory(directory_); !done) failed(done.error());
    const auto noted = range();
    if (!noted && noted.error().code == ErrorCode::io) failed(noted.error());
    if (failures_ == 0 && (!noted || *noted != store.range()))
        if (const auto done = write_range(store.range()); !done) failed(done.error());
    log_.write(LogLevel::info, "dht_dumped", "wrote the dumps of " + std::to_string(written) + " channels");
    if (failures_ == 0) return {};
    return Error{ErrorCode::io, std::to_string(failures_) +
                                    " of the records' dumps could not be written, and what was "
                                    "there before is still in their place; the first: " +
                                    first_failure_};
}

}  // namespace halp
