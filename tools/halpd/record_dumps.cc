#include "tools/halpd/record_dumps.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace halp {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
constexpr std::string_view extension = ".tcm";
constexpr std::string_view unfinished = ".dumping";
constexpr const char* deleted = "deleted";
constexpr std::size_t channels_per_page = 1000;

class File {
public:
    explicit File(int fd) : fd_(fd) {}
    ~File() {
        if (fd_ >= 0) ::close(fd_);
    }
    File(const File&) = delete;
    File& operator=(const File&) = delete;
    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

private:
    int fd_;
};

Error io_error(const std::string& path, std::string_view what) {
    return {ErrorCode::io, path + " cannot be " + std::string(what) + ": " + std::strerror(errno)};
}

std::optional<Channel> channel_of(const fs::path& file) {
    if (file.extension() != extension) return std::nullopt;
    const auto channel = Channel::parse(file.stem().string());
    return channel ? std::optional(*channel) : std::nullopt;
}

// ---- reading ----

Result<TcmFault> read_file(const std::string& path, TcmReader& reader) {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) return io_error(path, "read");
    std::string buffer(buffer_bytes, '\0');
    for (;;) {
        const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return io_error(path, "read");
        if (got == 0) return reader.finish();
        const TcmFault fault = reader.feed(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
        if (fault != TcmFault::none) return fault;
    }
}

void tell(const std::string& name, const TcmCounts& counts, Log& log) {
    Json fields = Json::object();
    fields.set("file", name).set("loaded", counts.loaded).set("invalid", counts.invalid);
    fields.set("empty", counts.empty).set("too_big", counts.too_big);
    fields.set("out_of_range", counts.out_of_range);
    const bool left_out = counts.invalid + counts.empty + counts.too_big > 0;
    log.write(left_out ? LogLevel::warn : LogLevel::info, "dht_dump_read",
              "read " + name + ": " + std::to_string(counts.loaded) + " records, " +
                  std::to_string(counts.invalid + counts.empty + counts.too_big) + " left out",
              fields);
}

// ---- writing ----

bool write_all(int fd, std::string& bytes) {
    for (std::string_view left = bytes; !left.empty();) {
        const ssize_t written = ::write(fd, left.data(), left.size());
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        left.remove_prefix(static_cast<std::size_t>(written));
    }
    bytes.clear();
    return true;
}

bool write_channel(int fd, const Channel& channel, const RecordStore& store) {
    TcmWriter writer;
    std::string buffer;
    writer.begin(buffer);
    std::optional<Key> after;
    for (Scan scan = Scan::stopped; scan == Scan::stopped;) {
        const Result<Scan> slice = store.scan(channel, after, [&](Key key, std::string_view value) {
            writer.record(key, value, buffer);
            after = key;
            return buffer.size() < buffer_bytes;
        });
        errno = EIO;
        if (!slice || !write_all(fd, buffer)) return false;
        scan = *slice;
    }
    writer.end(buffer);
    return write_all(fd, buffer);
}

// `NAME.tcm`, or `NAME.1.tcm` and so on if it exists. No channel can have such a name.
fs::path free_path(const fs::path& directory, const Channel& channel) {
    const auto named = [&](const std::string& more) {
        return directory / (channel.name() + more + std::string(extension));
    };
    std::error_code none;
    fs::path path = named("");
    for (std::size_t n = 1; fs::symlink_status(path, none).type() != fs::file_type::not_found; ++n)
        path = named("." + std::to_string(n));
    return path;
}

}  // namespace

std::string RecordDumps::path_of(const Channel& channel) const {
    return directory_ + "/" + channel.name() + std::string(extension);
}

// Returns false when the file was skipped.
Result<bool> RecordDumps::load_one(const std::string& path, const Channel& channel, const TcmRules& rules,
                                   RecordStore& store) {
    const std::string name = channel.name() + std::string(extension);
    std::uint64_t not_taken = 0;
    std::vector<Completion> completions;
    const auto count_refusals = [&] {
        store.take_completions(completions);
        for (const Completion& one : completions) not_taken += one.wrote == Wrote::done ? 0U : 1U;
        completions.clear();
    };
    bool created = false;
    TcmReader reader(rules, [&](Key key, std::string_view value) {
        store.put(channel, key, value, WriteToken{});
        created = true;
        count_refusals();
    });
    const Result<TcmFault> fault = read_file(path, reader);
    if (!fault) return fault.error();
    if (*fault == TcmFault::unknown_version) {
        log_.write(LogLevel::warn, "dht_dump_ignored", name + " is of an unknown version");
        return false;
    }
    if (*fault != TcmFault::none)
        return Error{ErrorCode::io, path + " ends in the middle, or holds other nodes' records only"};
    if (!created) store.create_channel(channel, WriteToken{});
    count_refusals();
    if (not_taken > 0)
        return Error{ErrorCode::full, path + " holds " + std::to_string(not_taken) +
                                          " records more than the limits allow (dht.bytes_max)"};
    tell(name, reader.counts(), log_);
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
    std::string beside = path + ".XXXXXX" + std::string(unfinished);
    const File file(::mkostemps(beside.data(), static_cast<int>(unfinished.size()), O_CLOEXEC));
    if (!file) return io_error(path, "written");
    Result<void> done;
    if (!write_channel(file.get(), channel, store) || ::fchmod(file.get(), 0640) != 0 || ::fsync(file.get()) != 0)
        done = io_error(path, "written");
    if (done) done = make_way(path, channel);
    if (done && ::rename(beside.c_str(), path.c_str()) != 0) done = io_error(path, "written");
    if (done)
        own_.insert(channel);
    else
        ::unlink(beside.c_str());
    return done;
}

void RecordDumps::put_away_deleted(const RecordStore& store) {
    const fs::path deleted_ones = fs::path(directory_) / deleted;
    std::error_code failed;
    for (auto at = own_.begin(); at != own_.end();) {
        const Channel channel = *at;
        if (store.has_channel(channel) || !fs::exists(path_of(channel), failed)) {
            ++at;
            continue;
        }
        fs::create_directory(deleted_ones, failed);
        fs::rename(path_of(channel), free_path(deleted_ones, channel), failed);
        if (failed)
            log_.write(LogLevel::error, "dht_dump_failed",
                       path_of(channel) + " cannot be moved to " + deleted + ": " + failed.message());
        at = failed ? std::next(at) : own_.erase(at);
    }
}

Result<void> RecordDumps::load(const TcmRules& rules, RecordStore& store) {
    std::error_code failed;
    std::vector<fs::directory_entry> found;
    for (const fs::directory_entry& entry : fs::directory_iterator(directory_, failed)) found.push_back(entry);
    if (failed)
        return Error{ErrorCode::io, directory_ + " cannot be read: " + failed.message() + " (dht.data_dir)"};
    std::ranges::sort(found, {}, [](const fs::directory_entry& entry) { return entry.path(); });
    for (const fs::directory_entry& entry : found) {
        const std::string name = entry.path().filename().string();
        if (entry.is_directory(failed) && name == deleted) continue;
        const auto channel = channel_of(entry.path());
        const bool dump = channel && entry.is_regular_file(failed) && entry.file_size(failed) > 0;
        if (dump) {
            const auto read = load_one(entry.path().string(), *channel, rules, store);
            if (!read) return read.error();
            if (*read) own_.insert(*channel);
        } else if (name.ends_with(extension) || name.ends_with(unfinished) || entry.is_directory(failed)) {
            log_.write(LogLevel::warn, "dht_dump_ignored", name + " is not a dump of records");
        }
    }
    return {};
}

bool RecordDumps::write(const RecordStore& store) {
    bool all = true;
    std::uint64_t written = 0;
    std::optional<Channel> after;
    for (;;) {
        const std::vector<Channel> page = store.channels(after, channels_per_page);
        if (page.empty()) break;
        for (const Channel& channel : page) {
            const Result<void> done = dump(channel, store);
            if (!done) log_.write(LogLevel::error, "dht_dump_failed", done.error().message);
            all = all && done;
            written += done ? 1 : 0;
        }
        after = page.back();
    }
    put_away_deleted(store);
    const File handle(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!handle || ::fsync(handle.get()) != 0) all = false;
    log_.write(LogLevel::info, "dht_dumped", "wrote the dumps of " + std::to_string(written) + " channels");
    return all;
}

}  // namespace halp
