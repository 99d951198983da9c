// `halp store import`. Each batch of records is on the disk before the next is read. The first error ends the
// import; batches before it stay.
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include "store/files/named_file.h"
#include "store/records/channel_file.h"
#include "store/records/tcm_dump.h"
#include "tools/halp/output/record_lines.h"
#include "tools/halp/store/store_verbs.h"

namespace halp::cli {
namespace {

constexpr std::size_t piece_bytes = std::size_t{1} << 18;
constexpr std::size_t writes_per_commit = 4096;
constexpr std::size_t commit_bytes = std::size_t{8} << 20;
// A node takes values of this length, so a line of `halp store export` or `halp dht scan --json` may hold one.
constexpr std::size_t value_bytes_max = LmdbOptions{}.value_bytes_max;
constexpr std::size_t line_bytes_max = (value_bytes_max + 2) / 3 * 4 + 1024;  // base64 and the other members

class Import {
public:
    Import(const StoreCommand& typed, LmdbStore& store, Imported& so_far,
           const std::function<void(std::uint64_t)>& progress)
        : typed_(typed), store_(store), so_far_(so_far), progress_(progress) {}

    // All three return false if the import must end.
    bool record(const Channel& channel, Key key, std::string_view value) {
        if (typed_.keep_existing) {
            const auto there = store_.exists(channel, key);
            if (!there) return stop(there.error());
            if (*there) {
                ++so_far_.kept;
                return true;
            }
        }
        store_.put(channel, key, value, WriteToken{1});
        return room();
    }
    bool channel(const Channel& channel) {
        if (!store_.has_channel(channel)) store_.create_channel(channel, WriteToken{0});
        return room();
    }
    bool commit() {
        waiting_ = 0;
        const auto committed = store_.commit();
        completions_.clear();
        store_.take_completions(completions_);
        bool all = true;
        for (const Completion& completion : completions_) {
            const bool done = completion.wrote == Wrote::done;
            all = all && done;
            so_far_.records += done && completion.token == WriteToken{1} ? 1 : 0;
        }
        progress_(so_far_.records);
        if (!committed && committed.error().code == ErrorCode::full)
            return stop({ErrorCode::full, committed.error().message + " (--bytes-max, or the disk)"});
        if (!committed) return stop(committed.error());
        return all || stop({ErrorCode::full,
                            "the records would take more than --bytes-max, or there are too many channels"});
    }
    bool stop(const Error& why) {
        if (!so_far_.trouble.empty()) return false;
        so_far_.trouble = why.message;
        so_far_.code = why.code;
        return false;
    }

private:
    bool room() {
        if (++waiting_ < writes_per_commit && store_.waiting_bytes() < commit_bytes) return true;
        return commit();
    }

    const StoreCommand& typed_;
    LmdbStore& store_;
    Imported& so_far_;
    const std::function<void(std::uint64_t)>& progress_;
    std::vector<Completion> completions_;
    std::size_t waiting_ = 0;
};

// The next piece of a file; empty at its end.
Result<std::string_view> next_piece(int fd, std::string& room) {
    room.resize(piece_bytes);
    ssize_t got = -1;
    do got = ::read(fd, room.data(), room.size());
    while (got < 0 && errno == EINTR);
    if (got < 0) return Error{ErrorCode::io, std::string{"it cannot be read: "} + std::strerror(errno)};
    return std::string_view{room}.substr(0, static_cast<std::size_t>(got));
}

std::string_view words(TcmFault fault) {
    switch (fault) {
        case TcmFault::none:
            return "";
        case TcmFault::unknown_version:
            return "this is not a .tcm dump, or one of another version";
        case TcmFault::truncated:
            return "the dump is cut: its end mark is missing";
        case TcmFault::out_of_range:
            return "the records are out of range";
        case TcmFault::bad_record:
            return "a record has no key, or too long a value";
        case TcmFault::empty_value:
            return "a value is empty";
    }
    return "?";
}

void import_tcm(int fd, const Channel& channel, Import& into, Imported& so_far) {
    bool going = into.channel(channel);
    TcmRules rules;  // whatever a halpd may have written
    rules.value_bytes_max = value_bytes_max;
    rules.empty_values = EmptyValues::load;
    TcmReader reader(rules,
                     [&](Key key, std::string_view value) { going = going && into.record(channel, key, value); });
    std::string room;
    TcmFault fault = TcmFault::none;
    while (going && fault == TcmFault::none) {
        const auto piece = next_piece(fd, room);
        if (!piece) {
            into.stop(piece.error());
            break;
        }
        fault = piece->empty() ? reader.finish() : reader.feed(*piece);
        if (piece->empty()) break;
    }
    const TcmCounts& counts = reader.counts();
    so_far.skipped = counts.invalid + counts.empty + counts.too_big;
    if (!into.commit() || fault == TcmFault::none) return;
    into.stop({ErrorCode::invalid, std::string{words(fault)}});
}

std::string line_too_long() {
    return "the line is longer than " + std::to_string(line_bytes_max) + " bytes, which no record needs.";
}

class Lines {
public:
    Lines(Import& into, Imported& so_far) : into_(into), so_far_(so_far) {}

    // False if the import must end.
    bool feed(std::string_view piece) {
        for (std::size_t end; (end = piece.find('\n')) != std::string_view::npos; piece.remove_prefix(end + 1)) {
            rest_.append(piece.substr(0, end));
            if (!line()) return false;
        }
        rest_.append(piece);
        return rest_.size() <= line_bytes_max || bad(line_too_long());
    }
    bool finish() { return rest_.empty() || line(); }

private:
    bool line() {
        ++number_;
        const std::string text = std::exchange(rest_, {});
        if (text.find_first_not_of(" \t\r") == std::string::npos) return true;
        if (text.size() > line_bytes_max) return bad(line_too_long());
        const auto record = parse_record_line(text);
        if (!record) return bad(record.error().message);
        if (!record->key) return into_.channel(record->channel);
        if (record->value.size() <= value_bytes_max)
            return into_.record(record->channel, *record->key, record->value);
        ++so_far_.skipped;
        return true;
    }
    bool bad(const std::string& what) {
        return into_.stop({ErrorCode::invalid, "line " + std::to_string(number_) + ": " + what});
    }

    Import& into_;
    Imported& so_far_;
    std::string rest_;
    std::uint64_t number_ = 0;
};

void import_lines(int fd, Import& into, Imported& so_far) {
    Lines lines(into, so_far);
    std::string room;
    for (bool going = true; going;) {
        const auto piece = next_piece(fd, room);
        if (!piece) into.stop(piece.error());
        going = piece && (piece->empty() ? lines.finish() && false : lines.feed(*piece));
    }
    if (!into.commit()) return;  // it has noted why
}

Result<NamedFile> open_input(const std::string& path) {
    if (path != "-") return open_named_file(path, Pipes::awaited);
    NamedFile standard;
    standard.handle = FileHandle(::dup(STDIN_FILENO));
    if (!standard.handle) return Error{ErrorCode::io, std::string{"cannot be read: "} + std::strerror(errno)};
    return standard;
}

}  // namespace

Imported import_file(const std::string& path, const StoreCommand& typed, LmdbStore& store,
                     const std::function<void(std::uint64_t)>& progress) {
    Imported so_far;
    so_far.file = path == "-" ? "stdin" : path;
    Import into(typed, store, so_far, progress);
    const auto opened = open_input(path);
    if (!opened) {
        into.stop({ErrorCode::io, "it " + opened.error().message});
        return so_far;
    }
    const FileHandle& file = opened->handle;
    const std::filesystem::path name{path};
    if (name.extension() != ".tcm") {
        import_lines(file.get(), into, so_far);
        return so_far;
    }
    const auto own = channel_of_file(path);  // else it is an original's, whose names are never escaped
    const auto channel = !typed.channels.empty() ? Channel::parse(typed.channels.front())
                         : own                   ? Result<Channel>(*own)
                                                 : Channel::parse(name.stem().string());
    if (channel)
        import_tcm(file.get(), *channel, into, so_far);
    else
        into.stop({ErrorCode::invalid, "its name is no channel: say --channel NAME"});
    return so_far;
}

}  // namespace halp::cli
