// `halp dht load`: puts the records of `.tcm` dumps into running nodes, by neo.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "store/files/named_file.h"
#include "store/records/channel_file.h"
#include "store/records/tcm_dump.h"
#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/interrupt.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_lines.h"
#include "tools/halp/output/record_text.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

constexpr std::size_t load_piece_bytes = std::size_t{1} << 18;
constexpr std::size_t puts_in_flight_max = 2000;
constexpr std::uint32_t tries_max = 5;

// The Puts that are on their way. A node that was lost is waited for, and what it has not answered is put again.
class Puts {
public:
    Puts(BlockingDhtClient& dht, Duration patience) : dht_(dht), patience_(patience) {}

    // False when it must end; trouble() says why.
    bool put(const std::string& channel, Key key, Bytes value) {
        begin({channel, key, std::string(value), 0});
        return in_flight_ < puts_in_flight_max || drain(puts_in_flight_max / 2);
    }
    bool finish() { return drain(0); }
    [[nodiscard]] const std::optional<Error>& trouble() const { return trouble_; }
    [[nodiscard]] std::uint64_t stored() const { return stored_; }

private:
    struct Record {
        std::string channel;
        Key key{};
        std::string value;
        std::uint32_t tries = 0;
    };

    void begin(Record record) {
        ++record.tries;
        const std::string channel = record.channel;
        const std::string& value = record.value;
        // The client has copied the value before the record moves.
        auto hear = [this, kept = record](const dht::PutNote& note) { heard(kept, note); };
        const auto begun = dht_.client().put(channel, record.key, value, std::move(hear));
        if (begun)
            ++in_flight_;
        else
            fail(begun.error(), record);
    }
    void heard(const Record& record, const dht::PutNote& note) {
        --in_flight_;
        ++answers_;
        if (std::holds_alternative<dht::Succeeded>(note)) {
            ++stored_;
            return;
        }
        const bool later = std::holds_alternative<dht::NodeDisconnected>(note) ||
                           std::holds_alternative<dht::NoNode>(note) ||
                           std::holds_alternative<dht::WrongNode>(note);
        if (later && record.tries < tries_max)
            again_.push_back(record);
        else
            fail({ErrorCode::io, dht::describe(note)}, record);
    }
    void fail(const Error& why, const Record& record) {
        if (!trouble_) trouble_ = Error{why.code, "record " + shown_key(record.key) + ": " + why.message};
    }

    bool drain(std::size_t to) {
        while (!trouble_ && (in_flight_ > to || (to == 0 && !again_.empty()))) {
            if (interrupt::cause() != interrupt::Cause::none) trouble_ = Error{ErrorCode::io, "interrupted"};
            if (in_flight_ <= to || in_flight_ == 0) put_again();
            const std::uint64_t before = answers_;
            const auto moved = [&] { return in_flight_ <= to || answers_ >= before + puts_in_flight_max / 4; };
            if (!dht_.run_until(moved, patience_) && answers_ == before && in_flight_ > 0)
                trouble_ = Error{ErrorCode::timed_out, "the nodes did not answer in time"};
        }
        return !trouble_;
    }
    void put_again() {
        if (again_.empty()) return;
        if (const auto back = dht_.wait_all_ranges_known(); !back) {
            trouble_ = back.error();
            return;
        }
        for (Record& record : std::exchange(again_, {})) begin(std::move(record));
    }

    BlockingDhtClient& dht_;
    const Duration patience_;
    std::size_t in_flight_ = 0;
    std::uint64_t stored_ = 0, answers_ = 0;
    std::vector<Record> again_;
    std::optional<Error> trouble_;
};

struct LoadedFile {
    std::string path, channel;
    std::uint64_t records = 0;  // stored
    TcmCounts counts;
    std::optional<Error> trouble;
    [[nodiscard]] std::uint64_t skipped() const { return counts.invalid + counts.too_big; }
};

Error dump_fault(TcmFault fault) {
    return {ErrorCode::invalid, fault == TcmFault::unknown_version
                                    ? "this is not a .tcm dump, or one of another version"
                                    : "the dump is cut: its end mark is missing"};
}

class Loader {
public:
    Loader(const DhtTool& tool, BlockingDhtClient& dht, Duration patience)
        : tool_(tool), dht_(dht), patience_(patience) {}

    LoadedFile file(const std::string& path, const Channel& channel) {
        LoadedFile loaded{path, channel.name(), 0, {}, std::nullopt};
        const auto opened = open_named_file(path, Pipes::awaited);
        if (!opened) {
            loaded.trouble = Error{ErrorCode::invalid, "it " + opened.error().message};
            return loaded;
        }
        Puts puts(dht_, patience_);
        bool going = true;
        TcmRules rules;
        rules.value_bytes_max = neo::value_bytes_max;
        rules.empty_values = EmptyValues::load;
        TcmReader reader(
            rules, [&](Key key, std::string_view value) { going = going && puts.put(loaded.channel, key, value); });
        const auto read = feed(*opened, reader, going);
        going = puts.finish() && going;
        tool_.console.erase_progress();
        loaded.records = puts.stored();
        loaded.counts = reader.counts();
        if (puts.trouble())
            loaded.trouble = puts.trouble();
        else if (!read)
            loaded.trouble = read.error();
        return loaded;
    }

private:
    Result<void> feed(const NamedFile& file, TcmReader& reader, const bool& going) {
        std::string room(load_piece_bytes, '\0');
        std::uint64_t done = 0;
        while (going) {
            const ssize_t got = ::read(file.handle.get(), room.data(), room.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return Error{ErrorCode::io, std::string{"it cannot be read: "} + std::strerror(errno)};
            const TcmFault fault =
                got == 0 ? reader.finish() : reader.feed(Bytes(room).substr(0, static_cast<std::size_t>(got)));
            if (fault != TcmFault::none) return dump_fault(fault);
            if (got == 0) break;
            done += static_cast<std::uint64_t>(got);
            show(reader.counts().loaded, done, file.bytes);
        }
        return {};
    }
    void show(std::uint64_t records, std::uint64_t done, std::uint64_t all) {
        const std::string part = all > 0 ? ", " + std::to_string(std::min(done, all) * 100 / all) + " %" : "";
        tool_.console.progress("loading: " + std::to_string(records) + " records" + part);
    }

    const DhtTool& tool_;
    BlockingDhtClient& dht_;
    const Duration patience_;
};

// ---- which files ----

struct Dump {
    std::string path;
    Channel channel;
};

// The dumps below a directory, as a halpd reads them. What it would pass over is said.
Result<std::vector<Dump>> dumps_in(const std::string& directory, Console& console) {
    namespace fs = std::filesystem;
    std::vector<Dump> found;
    std::error_code failed;
    for (auto at = fs::recursive_directory_iterator(directory, failed); !failed && at != fs::end(at);
         at.increment(failed)) {
        const std::string name = at->path().filename().string();
        std::error_code none;
        if (at->is_directory(none)) {
            if (!is_channel_directory(name)) at.disable_recursion_pending();
            continue;
        }
        const std::string relative = fs::relative(at->path(), directory, none).string();
        const auto channel = channel_of_file(relative);
        if (channel && channel_file(*channel) == relative)
            found.push_back({at->path().string(), *channel});
        else if (name.ends_with(channel_file_extension))
            console.say(at->path().string() + " is not the dump of a channel, and is passed over.");
    }
    if (failed) return Error{ErrorCode::invalid, directory + " cannot be read: " + failed.message()};
    std::ranges::sort(found, {}, &Dump::path);
    return found;
}

Result<std::vector<Dump>> dumps_of(const OperatorCommand& typed, Console& console) {
    std::vector<Dump> all;
    for (const std::string& path : typed.paths) {
        std::error_code none;
        if (std::filesystem::is_directory(path, none)) {
            const auto found = dumps_in(path, console);
            if (!found) return found.error();
            all.insert(all.end(), found->begin(), found->end());
            continue;
        }
        // Looked at before any node is asked. A pipe is not opened, because whoever writes to it would notice.
        if (::access(path.c_str(), R_OK) != 0)
            return Error{ErrorCode::io, path + " cannot be read: " + std::strerror(errno)};
        const auto own = channel_of_file(path);
        const auto channel = !typed.channel.empty() ? parse_shown_channel(typed.channel)
                             : own                  ? Result<Channel>(*own)
                                                    : Channel::parse(std::filesystem::path(path).stem().string());
        if (!channel) return Error{ErrorCode::invalid, path + ": its name is no channel: say --channel NAME"};
        all.push_back({path, *channel});
    }
    if (!typed.channel.empty() && all.size() > 1)
        return Error{ErrorCode::invalid, "--channel is for one dump: there are " + std::to_string(all.size())};
    return all;
}

std::string words_about(const LoadedFile& one) {
    std::string text =
        one.path + ": " + std::to_string(one.records) + " records are in channel " + shown_channel(one.channel);
    if (one.counts.invalid > 0) text += ", " + std::to_string(one.counts.invalid) + " had no valid key";
    if (one.counts.too_big > 0)
        text += ", " + std::to_string(one.counts.too_big) + " had a value above " +
                std::to_string(neo::value_bytes_max) + " bytes, which neo does not take";
    return text;
}

}  // namespace

ExitCode run_dht_load(const DhtTool& tool) {
    const auto dumps = dumps_of(tool.command.dht.operating, tool.console);
    if (!dumps)
        return tool.console.fail(dumps.error().code == ErrorCode::io ? ExitCode::failed : ExitCode::usage,
                                 as_sentence(dumps.error().message));
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    if (const auto refused =
            refuse_gaps(tool, **reach, Json::object({{"schema_version", 1}, {"files", Json::array()}})))
        return *refused;
    interrupt::prepare();
    const Duration patience = Duration{static_cast<std::int64_t>(tool.command.timeout_s.value_or(10) * 1e6)};
    Loader loader(tool, (*reach)->dht(), patience);
    Json files = Json::array();
    ExitCode code = ExitCode::ok;
    for (const Dump& dump : *dumps) {
        const LoadedFile one = loader.file(dump.path, dump.channel);
        Json file = Json::object({{"file", one.path},
                                  {"channel", shown_channel(one.channel)},
                                  {"records", one.records},
                                  {"skipped", one.skipped()}});
        if (one.trouble) file.set("error", one.trouble->message);
        files.push(file);
        if (one.trouble || one.skipped() > 0)
            code = tool.console.fail(
                ExitCode::failed,
                as_sentence(words_about(one) + (one.trouble ? ", then: " + one.trouble->message : "")));
        else
            tool.console.say(words_about(one) + ".");
        if (one.trouble) break;
    }
    if (tool.console.style().json)
        tool.console.line(Json::object({{"schema_version", 1}, {"files", files}}).line());
    if (dumps->empty()) tool.console.say("there is no dump.");
    if (interrupt::cause() != interrupt::Cause::none) return ExitCode::interrupted;
    return dumps->empty() ? ExitCode::nothing_found : code;
}

}  // namespace halp::cli
