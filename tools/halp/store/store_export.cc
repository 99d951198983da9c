// `halp store export`. A file gets its name only when it is complete and synced to the disk.
#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "store/files/new_file.h"
#include "store/records/channel_file.h"
#include "store/records/tcm_dump.h"
#include "tools/halp/output/record_lines.h"
#include "tools/halp/store/store_verbs.h"

namespace halp::cli {
namespace {

constexpr std::size_t buffer_bytes = std::size_t{1} << 20;
constexpr std::size_t records_per_slice = 1024;

// The destination of the bytes: a file that gets its name at finish(), or the data stream.
class Sink {
public:
    static Result<Sink> file(const std::string& path) {
        auto made = NewFile::make(path);
        if (!made) return with_stop(made.error());
        return Sink(std::move(made).value(), nullptr);
    }
    static Sink stream(Console& console) { return Sink(std::nullopt, &console); }

    // Emptied.
    Result<void> write(std::string& bytes) {
        if (console_ && !console_->bytes(bytes))
            return Error{ErrorCode::io, std::string{"stdout cannot be written: "} + std::strerror(errno) + "."};
        if (file_)
            if (const auto written = file_->write(bytes); !written) return with_stop(written.error());
        bytes.clear();
        return {};
    }
    Result<void> finish() {
        if (!file_) return {};
        const auto finished = file_->finish(0640);
        return finished ? finished : with_stop(finished.error());
    }

private:
    Sink(std::optional<NewFile> file, Console* console) : file_(std::move(file)), console_(console) {}
    [[nodiscard]] static Error with_stop(const Error& error) { return {error.code, error.message + "."}; }

    std::optional<NewFile> file_;
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
        const auto named = sync_directory(typed_.to);
        return named ? named : Result<void>{Error{named.error().code, named.error().message + "."}};
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
