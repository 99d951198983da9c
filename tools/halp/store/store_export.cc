// `halp store export`. A file gets its name only when it is complete and synced to the disk.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "store/records/channel_file.h"
#include "store/records/tcm_dump.h"
#include "tools/halp/record_lines.h"
#include "tools/halp/store/store_verbs.h"

namespace halp::cli {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
constexpr std::size_t records_per_slice = 1024;

// The destination of the bytes: a file that gets its name at finish(), or the data stream.
class Sink {
public:
    static Result<Sink> file(const std::string& path) {
        std::string beside = path + ".XXXXXX.dumping";
        const int fd = ::mkostemps(beside.data(), 8, O_CLOEXEC);
        if (fd < 0) return Error{ErrorCode::io, path + " cannot be written: " + std::strerror(errno) + "."};
        return Sink(FileHandle(fd), path, beside, nullptr);
    }
    static Sink stream(Console& console) { return Sink({}, "stdout", "", &console); }
    Sink(Sink&& other) noexcept
        : file_(std::move(other.file_)),
          path_(std::move(other.path_)),
          beside_(std::exchange(other.beside_, {})),
          console_(other.console_) {}
    Sink& operator=(Sink&&) = delete;
    ~Sink() {
        if (!beside_.empty()) ::unlink(beside_.c_str());
    }

    // Emptied.
    Result<void> write(std::string& bytes) {
        if (console_ && !console_->bytes(bytes)) return failure();
        for (std::string_view left = console_ ? std::string_view{} : bytes; !left.empty();) {
            const ssize_t written = ::write(file_.get(), left.data(), left.size());
            if (written < 0 && errno == EINTR) continue;
            if (written <= 0) return failure();
            left.remove_prefix(static_cast<std::size_t>(written));
        }
        bytes.clear();
        return {};
    }
    Result<void> finish() {
        if (console_) return {};
        if (::fchmod(file_.get(), 0640) != 0 || ::fsync(file_.get()) != 0) return failure();
        if (::rename(beside_.c_str(), path_.c_str()) != 0) return failure();
        beside_.clear();
        return {};
    }

private:
    Sink(FileHandle file, std::string path, std::string beside, Console* console)
        : file_(std::move(file)), path_(std::move(path)), beside_(std::move(beside)), console_(console) {}
    [[nodiscard]] Error failure() const {
        return {ErrorCode::io, path_ + " cannot be written: " + std::strerror(errno) + "."};
    }

    FileHandle file_;
    std::string path_, beside_;
    Console* console_;
};

struct Exported {
    std::uint64_t records = 0, channels = 0;
    std::uint64_t empty_values = 0;  // the originals' loader drops them
};

class Export {
public:
    Export(const StoreCommand& typed, const LmdbStore& records, Console& console, Progress& progress)
        : typed_(typed), records_(records), console_(console), progress_(progress) {}

    Result<void> run(const std::vector<Channel>& channels) {
        if (typed_.format == DumpFormat::json) return all_as_json(channels);
        std::error_code none;
        std::filesystem::create_directories(typed_.to, none);
        for (const Channel& channel : channels)
            if (auto done = as_tcm(channel); !done) return done;
        const FileHandle directory(::open(typed_.to.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!directory || ::fsync(directory.get()) != 0)
            return Error{ErrorCode::io, typed_.to + " cannot be written: " + std::strerror(errno) + "."};
        return {};
    }
    [[nodiscard]] const Exported& done() const { return done_; }

private:
    // In slices, so that no read transaction lasts for a whole channel.
    Result<void> each(const Channel& channel, const std::function<void(Key, std::string_view)>& take, Sink& sink,
                      std::string& buffer) {
        std::optional<Key> after;
        for (Scan scan = Scan::stopped; scan == Scan::stopped;) {
            std::size_t left = records_per_slice;
            const auto visit = [&](Key key, std::string_view value) {
                take(key, value);
                after = key;
                ++done_.records;
                done_.empty_values += value.empty() ? 1 : 0;
                return --left > 0 && buffer.size() < buffer_bytes;
            };
            const auto outcome = typed_.set_aside ? records_.scan_aside(channel, after, visit)
                                                  : records_.scan(channel, after, visit);
            if (!outcome) return outcome.error();
            scan = *outcome;
            progress_.at(done_.records);
            if (buffer.size() >= buffer_bytes)
                if (auto written = sink.write(buffer); !written) return written;
        }
        ++done_.channels;
        return {};
    }

    Result<void> as_tcm(const Channel& channel) {
        const std::filesystem::path path = std::filesystem::path(typed_.to) / channel_file(channel);
        std::error_code failed;
        std::filesystem::create_directories(path.parent_path(), failed);  // what fails here fails again below
        auto sink = Sink::file(path.string());
        if (!sink) return sink.error();
        TcmWriter writer;
        std::string buffer;
        writer.begin(buffer);
        const auto take = [&](Key key, std::string_view value) { writer.record(key, value, buffer); };
        if (auto read = each(channel, take, *sink, buffer); !read) return read;
        writer.end(buffer);
        if (auto written = sink->write(buffer); !written) return written;
        return sink->finish();
    }

    Result<void> all_as_json(const std::vector<Channel>& channels) {
        const bool to_stream = typed_.to.empty() || typed_.to == "-";
        auto sink = to_stream ? Result<Sink>(Sink::stream(console_)) : Sink::file(typed_.to);
        if (!sink) return sink.error();
        std::string buffer;
        for (const Channel& channel : channels) {
            if (!typed_.set_aside && records_.count(channel).records == 0)
                buffer += channel_line(channel.name()) + "\n";
            const auto take = [&](Key key, std::string_view value) {
                buffer += record_line(channel.name(), key, value);
                buffer += '\n';
            };
            if (auto read = each(channel, take, *sink, buffer); !read) return read;
        }
        if (auto written = sink->write(buffer); !written) return written;
        return sink->finish();
    }

    const StoreCommand& typed_;
    const LmdbStore& records_;
    Console& console_;
    Progress& progress_;
    Exported done_;
};

}  // namespace

ExitCode run_store_export(const StoreCommand& typed, OpenStore& store, Console& console) {
    const LmdbStore& records = store.records();
    std::vector<Channel> channels;
    const std::vector<Channel> there =
        typed.set_aside ? records.channels_aside() : records.channels(std::nullopt, records.channel_count());
    for (const std::string& name : typed.channels) {
        channels.push_back(*Channel::parse(name));
        if (std::ranges::find(there, channels.back()) == there.end())
            return console.fail(ExitCode::nothing_found,
                                (typed.set_aside ? "nothing is set aside of channel " : "there is no channel ") +
                                    shown_channel(name) + " in " + store.file() + ".");
    }
    if (typed.set_aside && there.empty())
        return console.fail(ExitCode::nothing_found, "nothing is set aside in " + store.file() + ".");
    if (channels.empty()) channels = there;
    Progress progress(console, "exporting");
    Export work(typed, records, console, progress);
    const auto outcome = work.run(channels);
    const Exported& done = work.done();
    const std::string words =
        std::to_string(done.records) + " records of " + std::to_string(done.channels) + " channels";
    if (!outcome) {
        const bool whole = typed.format == DumpFormat::tcm;
        return console.fail(
            ExitCode::failed,
            outcome.error().message +
                (whole ? " The dumps of " + std::to_string(done.channels > 0 ? done.channels - 1 : 0) +
                             " channels before it are whole."
                       : " Nothing whole was written."));
    }
    if (typed.format == DumpFormat::tcm && done.empty_values > 0)
        console.say(
            std::to_string(done.empty_values) +
            " of the records have empty values, which nodes of the originals leave out when they load a .tcm.");
    console.say("exported " + words + ".");
    return ExitCode::ok;
}

}  // namespace halp::cli
