#include "tools/halpd/record_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "store/files/file_handle.h"
#include "tools/halpd/workers/record_share.h"

namespace halp {
namespace {

namespace fs = std::filesystem;

std::string share_directory(const std::string& directory, std::size_t share, std::size_t shares) {
    if (shares == 1) return directory;
    return directory + "/share-" + std::to_string(share + 1) + "-of-" + std::to_string(shares);
}

std::string file_in(const std::string& directory) { return directory + "/records.lmdb"; }

bool exists(const std::string& path) {
    std::error_code none;
    return fs::exists(path, none);
}

Error cannot(const std::string& what, const std::error_code& why) {
    return {ErrorCode::io, "cannot " + what + ": " + why.message()};
}

// Also when some or all of them are gone already.
Result<void> remove_files(const std::string& directory, std::size_t shares) {
    std::error_code failure;
    if (shares == 1) {
        for (const char* end : {"", "-lock"})
            if (fs::remove(file_in(directory) + end, failure); failure)
                return cannot("remove " + file_in(directory) + end, failure);
        return {};
    }
    for (std::size_t i = 0; i < shares; ++i) {
        const std::string path = share_directory(directory, i, shares);
        if (fs::remove_all(path, failure); failure) return cannot("remove " + path, failure);
    }
    return {};
}

Result<RecordLayout> read_layout(Storage& notes) {
    const Result<std::string> text = notes.read(std::string{RecordLayout::file_name});
    if (!text && text.error().code == ErrorCode::not_found) return RecordLayout{};
    if (!text) return text.error();
    return parse_layout(*text);
}

Result<void> note_layout(Storage& notes, const RecordLayout& layout) {
    const std::string name{RecordLayout::file_name};
    return layout == RecordLayout{} ? notes.remove(name) : notes.replace(name, format_layout(layout));
}

Result<void> remove_leftovers(const std::string& directory, Storage& notes, RecordLayout& layout) {
    for (const std::size_t shares : {layout.moving, layout.removing}) {
        if (shares == 0) continue;
        if (Result<void> removed = remove_files(directory, shares); !removed) return removed;
    }
    if (layout.moving + layout.removing == 0) return {};
    layout = {layout.shares};
    return note_layout(notes, layout);
}

// Records are never taken for leftovers because a note is missing.
Result<void> look_for_strangers(const std::string& directory, const RecordLayout& layout) {
    if (layout.shares > 1 && exists(file_in(directory)))
        return Error{ErrorCode::invalid,
                     file_in(directory) + " is there, but " + directory + "/" +
                         std::string{RecordLayout::file_name} + " says that the records are in " +
                         std::to_string(layout.shares) +
                         " shares; move away what does not count, the file or the note with its shares"};
    if (layout.shares > 1 || exists(file_in(directory))) return {};
    for (std::size_t shares = 2; shares <= dht_threads_max; ++shares)
        if (const std::string first = share_directory(directory, 0, shares); exists(first))
            return Error{ErrorCode::invalid,
                         first + " is there, but " + directory + "/" + std::string{RecordLayout::file_name} +
                             " is missing, without which records are not found; put back a file "
                             "with the line `shares " +
                             std::to_string(shares) + "`, or move the directories away"};
    return {};
}

// So that a new file in it is found after a crash of the machine.
Result<void> sync_names_in(const std::string& path) {
    const FileHandle directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (directory && ::fsync(directory.get()) == 0) return {};
    return cannot("write " + path, {errno, std::generic_category()});
}

// Takes the lock of the directory, which tools take as well.
Result<void> prepare_directory(const std::string& directory, const std::string& share, RecordFile& file) {
    if (auto made = FileStorage::open(share, IfMissing::create); !made) return made.error();
    Result<StateLock> lock = StateLock::acquire(share);
    if (!lock) return lock.error();
    file.lock = std::move(*lock);
    return sync_names_in(directory);
}

Result<std::vector<RecordFile>> open_files(const RecordFilesWanted& wanted, std::size_t shares) {
    LmdbOptions options = wanted.options;
    options.map_bytes_max /= shares;
    options.map_bytes = std::min(options.map_bytes, options.map_bytes_max);
    std::vector<RecordFile> files;
    for (std::size_t i = 0; i < shares; ++i) {
        RecordFile file;
        const std::string path = share_directory(wanted.directory, i, shares);
        if (shares > 1)
            if (Result<void> ready = prepare_directory(wanted.directory, path, file); !ready) return ready.error();
        Result<std::unique_ptr<LmdbStore>> store = LmdbStore::open(file_in(path), options);
        if (!store) return store.error();
        file.store = std::move(*store);
        if (Result<void> synced = sync_names_in(path); !synced) return synced.error();
        files.push_back(std::move(file));
    }
    return files;
}

Result<void> set_aside_all_but(const HashRange& range, LmdbStore& store) {
    if (Result<void> set = store.set_range(range); !set) return set;
    while (store.sweeping())
        if (Result<void> slice = store.commit(); !slice) return slice;
    return {};
}

// Copies the records of one set of files to another.
class RecordMove {
public:
    // The files of all shares have the same range, but for a crash while it was changed.
    RecordMove(std::vector<RecordFile>& from, std::vector<RecordFile>& to) : from_(from), to_(to) {
        for (const RecordFile& file : from_) held_ = held_.common(file.store->range());
    }

    [[nodiscard]] Result<void> run() {
        for (const RecordFile& file : from_)
            if (Result<void> swept = set_aside_all_but(held_, *file.store); !swept) return swept;
        if (Result<void> moved = move_aside(); !moved) return moved;
        for (const RecordFile& file : to_)
            if (Result<void> set = set_aside_all_but(held_, *file.store); !set) return set;
        for (const RecordFile& file : from_)
            for (const Channel& channel : file.store->channels(std::nullopt, file.store->channel_count()))
                if (Result<void> moved = move_channel(*file.store, channel, false); !moved) return moved;
        if (Result<void> last = flush(); !last) return last;
        for (const RecordFile& file : to_)
            if (Result<void> synced = file.store->sync(); !synced) return synced;
        return {};
    }
    [[nodiscard]] std::uint64_t records() const { return records_; }

private:
    static constexpr std::size_t writes_max = 4096, bytes_max = std::size_t{8} << 20;

    // They are set aside at once, before the others come, which may have the same keys.
    Result<void> move_aside() {
        const std::uint64_t before = records_;
        for (const RecordFile& file : from_)
            for (const Channel& channel : file.store->channels_aside())
                if (Result<void> moved = move_channel(*file.store, channel, true); !moved) return moved;
        if (Result<void> last = flush(); !last) return last;
        if (records_ == before) return {};
        for (const RecordFile& file : to_)
            if (Result<void> swept = set_aside_all_but(HashRange{}, *file.store); !swept) return swept;
        return {};
    }

    Result<void> move_channel(const LmdbStore& store, const Channel& channel, bool aside) {
        std::optional<Key> last;
        if (!aside) {
            to_[share_of(Key{}, to_.size())].store->create_channel(channel, WriteToken{});
            ++waiting_;
        }
        for (;;) {
            const auto visit = [&](Key key, std::string_view value) {
                put(channel, key, value);
                last = key;
                return waiting_ < writes_max && waiting_bytes_ < bytes_max;
            };
            const Result<Scan> scan =
                aside ? store.scan_aside(channel, last, visit) : store.scan(channel, last, visit);
            if (!scan) return scan.error();
            if (waiting_ >= writes_max || waiting_bytes_ >= bytes_max)
                if (Result<void> written = flush(); !written) return written;
            if (*scan == Scan::ended) return {};
        }
    }

    void put(const Channel& channel, Key key, std::string_view value) {
        to_[share_of(key, to_.size())].store->put(channel, key, value, WriteToken{});
        ++waiting_;
        ++records_;
        waiting_bytes_ += value.size();
    }

    Result<void> flush() {
        waiting_ = waiting_bytes_ = 0;
        for (const RecordFile& file : to_) {
            while (file.store->writes_waiting() > 0)
                if (Result<void> written = file.store->commit(); !written) return written;
            completions_.clear();
            file.store->take_completions(completions_);
            for (const Completion& completion : completions_)
                if (completion.wrote != Wrote::done)
                    return Error{ErrorCode::full, "a new record file does not take all records (dht.bytes_max)"};
        }
        return {};
    }

    std::vector<RecordFile>& from_;
    std::vector<RecordFile>& to_;
    HashRange held_ = HashRange::full();
    std::vector<Completion> completions_;  // reused
    std::size_t waiting_ = 0, waiting_bytes_ = 0;
    std::uint64_t records_ = 0;
};

// Writes new files beside the old ones.
Result<void> copy_records(const RecordFilesWanted& wanted, std::size_t shares) {
    Result<std::vector<RecordFile>> from = open_files(wanted, shares);
    if (!from) return from.error();
    Result<std::vector<RecordFile>> to = open_files(wanted, wanted.shares);
    if (!to) return to.error();
    wanted.say("moving the records from " + std::to_string(shares) + " to " + std::to_string(wanted.shares) +
               " shares, because dht.threads has changed");
    RecordMove move(*from, *to);
    if (Result<void> moved = move.run(); !moved) return moved;
    wanted.say("moved " + std::to_string(move.records()) + " records");
    return {};
}

Result<void> move_records(const RecordFilesWanted& wanted, Storage& notes, RecordLayout& layout) {
    const std::size_t before = layout.shares;
    const auto note = [&](const RecordLayout& next) {
        layout = next;
        return note_layout(notes, next);
    };
    if (Result<void> noted = note({before, wanted.shares, 0}); !noted) return noted;
    if (Result<void> copied = copy_records(wanted, before); !copied)
        return Error{copied.error().code, copied.error().message +
                                              "; the records stay where they were, and dht.threads " +
                                              std::to_string(before) + " starts with them"};
    if (Result<void> noted = note({wanted.shares, 0, before}); !noted) return noted;
    return remove_leftovers(wanted.directory, notes, layout);
}

}  // namespace

std::string format_layout(const RecordLayout& layout) {
    std::string text = "shares " + std::to_string(layout.shares) + "\n";
    if (layout.moving > 0) text += "moving " + std::to_string(layout.moving) + "\n";
    if (layout.removing > 0) text += "removing " + std::to_string(layout.removing) + "\n";
    return text;
}

Result<RecordLayout> parse_layout(std::string_view text) {
    RecordLayout layout{0};
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        const auto space = line.find(' ');
        const std::string_view word = line.substr(0, space);
        std::size_t* const number = word == "shares"     ? &layout.shares
                                    : word == "moving"   ? &layout.moving
                                    : word == "removing" ? &layout.removing
                                                         : nullptr;
        const std::string_view digits = space == std::string_view::npos ? "" : line.substr(space + 1);
        const auto [end, failure] = number ? std::from_chars(digits.data(), digits.data() + digits.size(), *number)
                                           : std::from_chars_result{digits.data(), std::errc::invalid_argument};
        if (failure != std::errc{} || end != digits.data() + digits.size() || *number == 0 ||
            *number > dht_threads_max)
            return Error{ErrorCode::invalid, std::string{RecordLayout::file_name} + ": a line `" +
                                                 std::string{line} +
                                                 "` has no meaning; it says in how many shares the records are"};
    }
    if (layout.shares == 0)
        return Error{ErrorCode::invalid, std::string{RecordLayout::file_name} + ": the line `shares N` is missing"};
    return layout;
}

Result<std::vector<RecordFile>> open_record_files(const RecordFilesWanted& wanted, Storage& notes) {
    Result<RecordLayout> layout = read_layout(notes);
    if (!layout) return Error{layout.error().code, wanted.directory + "/" + layout.error().message};
    if (Result<void> removed = remove_leftovers(wanted.directory, notes, *layout); !removed) return removed.error();
    if (Result<void> known = look_for_strangers(wanted.directory, *layout); !known) return known.error();
    if (layout->shares != wanted.shares) {
        const bool records = layout->shares > 1 || exists(file_in(wanted.directory));
        if (!records) {
            *layout = {wanted.shares};
            if (Result<void> noted = note_layout(notes, *layout); !noted) return noted.error();
        } else if (Result<void> moved = move_records(wanted, notes, *layout); !moved) {
            return moved.error();
        }
    }
    return open_files(wanted, wanted.shares);
}

}  // namespace halp
