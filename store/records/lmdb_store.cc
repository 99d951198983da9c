#include "store/records/lmdb_store.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace halp {
namespace {

using Table = LmdbFile::Table;

// How far the map may grow above its maximum, so that records can be removed from a full file: a removal writes
// new pages before it frees old ones.
constexpr std::uint64_t reserve_bytes = 16 * 1024 * 1024;
// A node that always has writes purges or sweeps at least once in so many commits.
constexpr std::size_t commits_per_chore = 8;
constexpr std::size_t value_bytes_limit = std::size_t{1} << 30;
// A smaller file has no redo log: its room is for records.
constexpr std::uint64_t logged_file_bytes_min = 16 * LmdbRedoLog::value_bytes;

std::string words_of(const LmdbFile& file) {
    if (!file.redo().empty())
        return "the last use of the record file ended in the middle of a commit; its writes were repeated from the "
               "redo log";
    if (file.dropped_last())
        return "the last use of the record file ended in the middle of a commit, which was left out: nobody was "
               "told that it was done";
    return {};
}

}  // namespace

// ---- opening ----

Result<std::unique_ptr<LmdbStore>> LmdbStore::open(const std::string& path, const LmdbOptions& options) {
    const bool power = options.durability == Durability::power;
    auto file = LmdbFile::open(path, power ? LmdbFile::Access::synced : LmdbFile::Access::unsynced);
    if (!file) return file.error();
    std::unique_ptr<LmdbStore> store{new LmdbStore{std::move(*file), options}};
    store->repaired_ = words_of(*store->file_);
    if (auto loaded = store->load_all(); !loaded) return loaded.error();
    return store;
}

LmdbStore::LmdbStore(std::unique_ptr<LmdbFile> file, const LmdbOptions& options)
    : file_(std::move(file)), options_(options) {
    options_.value_bytes_max = std::min(options_.value_bytes_max, value_bytes_limit);
}

Result<void> LmdbStore::load_all() {
    const std::uint64_t wanted = std::min(options_.map_bytes, options_.map_bytes_max);
    if (file_->map_bytes() < wanted || file_->map_bytes() > options_.map_bytes_max) {
        if (auto mapped = file_->set_map_bytes(wanted); !mapped) return mapped;
    }
    if (auto redone = redo(); !redone) return redone;
    if (auto known = set_up_format(); !known) return known;
    if (auto logged = set_up_log(); !logged) return logged;

    LmdbRead read{*file_};
    if (auto loaded = load_channels(read); !loaded) return loaded;
    if (auto loaded = load_aside(read); !loaded) return loaded;
    if (auto loaded = load_range(read); !loaded) return loaded;

    const auto dropped = read.seek(Table::state, dropped_prefix);
    if (!dropped) return dropped.error();
    purge_pending_ = *dropped && read.key().starts_with(dropped_prefix);
    return {};
}

Result<void> LmdbStore::load_channels(LmdbRead& read) {
    rows_.clear();
    total_ = {};
    auto more = read.seek(Table::channels, {});
    for (; more && *more; more = read.next()) {
        const auto name = Channel::parse(read.key());
        const auto row = decode_row(read.value());
        if (!name || !row) return Error{ErrorCode::invalid, "the table of channels is damaged; restore a copy"};
        rows_.emplace(*name, *row);
        total_ = total_ + row->count;
    }
    if (!more) return more.error();
    return {};
}

Result<void> LmdbStore::set_up_format() {
    {
        LmdbRead read{*file_};
        const auto format = read.get(Table::state, format_key);
        if (!format) return format.error();
        if (*format && (**format == format_text || **format == logged_format_text)) return {};
        if (*format) return Error{ErrorCode::invalid, "the record file was written by a newer version"};
    }
    LmdbWrite write{*file_};
    if (write.put(Table::state, format_key, format_text) != LmdbStatus::ok || write.commit() != LmdbStatus::ok)
        return file_->error();
    return {};
}

// Writes that were acknowledged and whose pages may not have reached the disk (lmdb_redo_log.h).
Result<void> LmdbStore::redo() {
    if (file_->redo().empty()) return {};
    const auto batch = WriteBatch::decode(file_->redo());
    if (!batch) return Error{ErrorCode::invalid, "the redo log of the record file is damaged; restore a copy"};
    LmdbStatus status = run_batch(*file_, *batch).status;
    while (status == LmdbStatus::full) {
        if (auto grown = file_->set_map_bytes(2 * file_->map_bytes()); !grown) return grown;
        status = run_batch(*file_, *batch).status;
    }
    return status == LmdbStatus::ok ? file_->redone() : Result<void>{file_->error()};
}

bool LmdbStore::has_log() {
    LmdbRead read{*file_};
    const auto log = read.get(Table::state, log_key);
    return log && log->has_value();
}

// A file that cannot take the log does without: commits take two flushes, and the next start tries again.
Result<void> LmdbStore::set_up_log() {
    if (options_.durability != Durability::power || options_.map_bytes_max < logged_file_bytes_min) return {};
    LmdbStatus status = has_log() ? LmdbStatus::ok : LmdbStatus::full;
    while (status == LmdbStatus::full) {
        LmdbWrite write{*file_};
        status = write.put(Table::state, log_key, LmdbFile::room_for_log());
        if (status == LmdbStatus::ok) status = write.put(Table::state, format_key, logged_format_text);
        if (status == LmdbStatus::ok) status = write.commit();
        if (status != LmdbStatus::full || file_->map_bytes() >= options_.map_bytes_max) break;
        write.abandon();
        const std::uint64_t larger = std::min(2 * file_->map_bytes(), options_.map_bytes_max);
        if (auto grown = file_->set_map_bytes(larger); !grown) return grown;
    }
    if (status == LmdbStatus::ok) file_->use_log(Table::state, log_key);
    return {};
}

// ---- recovery ----

// Opens the file again after a failure that made it unusable, or when another file has its name. Acknowledged
// writes are in the file; pending writes fail or are tried again.
Result<void> LmdbStore::recover() {
    reading_.reset();
    forget_cached();
    if (auto opened = file_->reopen(); !opened) return opened;
    if (auto loaded = load_all(); !loaded) return loaded;
    ++recoveries_;
    if (!wanted_) return {};
    const HashRange wanted = *wanted_;
    return adopt_range(wanted);
}

// The end of a turn of the loop: no snapshot is in use.
void LmdbStore::rest() {
    if (committing_) return;
    reading_.reset();
    if (!file_->broken()) return;
    // The next request returns the error, so this call need not report it. load_all() finds what is to purge again.
    const auto recovered = recover();
    if (!recovered) purge_pending_ = false;
    standing_trouble_ = recovered ? std::nullopt : std::optional{recovered.error().message};
}

// Writes to a file without a name would be lost at the next start, so they are not acknowledged.
bool LmdbStore::file_was_replaced() {
    if (!file_->replaced()) return false;
    trouble_ =
        Error{ErrorCode::io,
              "another file has taken the place of the record file while it was in use; writes under way were "
              "not acknowledged, and the new file is read from now on"};
    const auto recovered = recover();
    if (!recovered) trouble_ = recovered.error();
    healed_ = recovered.has_value();
    return true;
}

// ---- reading ----

std::optional<ChannelNumber> LmdbStore::number_of(const Channel& channel) const {
    const auto row = rows_.find(channel);
    if (row == rows_.end()) return std::nullopt;
    return row->second.number;
}

Result<bool> LmdbStore::get(const Channel& channel, Key key, std::string& value) const {
    value.clear();
    const auto number = number_of(channel);
    if (!number) return false;
    if (cache_) {
        if (const auto cached = cache_->find(*number, key)) {
            value.assign(*cached);
            return true;
        }
    }
    const auto found = reading().get_record(record_key(*number, key));
    if (!found) return found.error();
    if (!*found) return false;
    value.assign(**found);
    if (cache_) cache_->insert(*number, key, **found);
    return true;
}

void LmdbStore::expect(const Channel& channel, Key key, Expected when) const {
    if (when == Expected::write) return;
    const auto number = number_of(channel);
    if (!number) return;
    if (cache_) return expect_cached(*number, key, when == Expected::next);
    reading().expect_record(record_key(*number, key), when == Expected::next);
}

// The file is searched for what the cache does not have. A bucket takes as long to come as two other requests.
void LmdbStore::expect_cached(ChannelNumber number, Key key, bool next) const {
    if (!next) {
        cache_->fetch_bucket(number, key);
        std::swap(awaited_[0], awaited_[1]);
        const Awaited due = std::exchange(awaited_[1], {number, key});
        number = due.channel;
        key = due.key;
    }
    if (!cache_->fetch(number, key)) reading().expect_record(record_key(number, key), next);
}

Result<bool> LmdbStore::exists(const Channel& channel, Key key) const {
    const auto number = number_of(channel);
    if (!number) return false;
    if (cache_ && cache_->find(*number, key)) return true;
    const auto found = reading().get_record(record_key(*number, key));
    if (!found) return found.error();
    return found->has_value();
}

Result<Scan> LmdbStore::scan(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    const auto number = number_of(channel);
    return number ? scan_number(*number, after, visit) : Result<Scan>{Scan::ended};
}

Result<Scan> LmdbStore::scan_number(ChannelNumber number, std::optional<Key> after, const Visit& visit) const {
    if (after && value_of(*after) == UINT64_MAX) return Scan::ended;
    const std::string from = record_key(number, Key{after ? value_of(*after) + 1 : 0});
    std::optional<LmdbRead> own;  // for slices of long walks outside of a node's turns
    LmdbRead& read = reading_ ? *reading_ : own.emplace(*file_);
    auto more = read.seek(Table::records, from);
    for (; more && *more; more = read.next()) {
        const auto key = key_in_channel(number, read.key());
        if (!key) return Scan::ended;
        if (!visit(*key, read.value())) return Scan::stopped;
    }
    if (!more) return more.error();
    return Scan::ended;
}

std::vector<Channel> LmdbStore::channels(const std::optional<Channel>& after, std::size_t count) const {
    std::vector<Channel> names;
    auto it = after ? rows_.upper_bound(*after) : rows_.begin();
    for (; it != rows_.end() && names.size() < count; ++it) names.push_back(it->first);
    return names;
}

RecordCount LmdbStore::count(const Channel& channel) const {
    const auto row = rows_.find(channel);
    return row == rows_.end() ? RecordCount{} : row->second.count;
}

// ---- writing ----

void LmdbStore::put(const Channel& channel, Key key, std::string_view value, WriteToken token) {
    submit({.kind = WriteKind::put, .key = key, .token = token}, channel, value);
}

void LmdbStore::update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                       WriteToken token) {
    submit({.kind = WriteKind::update, .key = key, .original_hash = original_hash, .token = token}, channel, value);
}

void LmdbStore::remove(const Channel& channel, Key key, WriteToken token) {
    submit({.kind = WriteKind::remove, .key = key, .token = token}, channel);
}

void LmdbStore::create_channel(const Channel& channel, WriteToken token) {
    submit({.kind = WriteKind::create_channel, .token = token}, channel);
}

void LmdbStore::remove_channel(const Channel& channel, WriteToken token) {
    submit({.kind = WriteKind::remove_channel, .token = token}, channel);
}

void LmdbStore::submit(const BatchedWrite& write, const Channel& channel, std::string_view value) {
    if (admits(write, channel, value)) {
        waiting_.add(write, channel, value);
    } else {
        completions_.push_back({write.token, Wrote::refused});
    }
}

bool LmdbStore::admits(const BatchedWrite& write, const Channel& channel, std::string_view value) const {
    return write.removes() || (value.size() <= options_.value_bytes_max && has_room_for(channel));
}

bool LmdbStore::has_room_for(const Channel& channel) const {
    const std::size_t waiting = waiting_.channels().size() + running_.channels().size();
    if (rows_.size() + waiting < options_.channels_max || rows_.count(channel) != 0) return true;
    if (waiting_.names(channel) || running_.names(channel)) return true;
    const auto is_new = [&](const Channel& other) { return rows_.count(other) == 0; };
    const auto fresh =
        std::ranges::count_if(waiting_.channels(), is_new) + std::ranges::count_if(running_.channels(), is_new);
    return rows_.size() + static_cast<std::size_t>(fresh) < options_.channels_max;
}

void LmdbStore::take_completions(std::vector<Completion>& completions) {
    completions.insert(completions.end(), completions_.begin(), completions_.end());
    completions_.clear();
}

// ---- committing ----

bool LmdbStore::commit_due(Instant now) {
    if (committing_) return false;
    if (now >= sweep_again_) sweep_failed_ = false;
    if (waiting_.empty() && !has_chores()) return retry_later(now);
    if (waiting_.size() >= options_.writes_per_commit || waiting_.bytes() >= options_.bytes_per_commit) return true;
    if (deadline_ == no_deadline) deadline_ = now + options_.gather;
    return now >= deadline_;
}

Result<void> LmdbStore::commit() {
    if (!prepare_commit()) return {};
    for (;;) {
        run_commit();
        const auto again = finish_commit();
        if (!again) return again.error();
        if (!*again) return {};
    }
}

// A node that always has writes does a chore between them from time to time.
LmdbStore::Work LmdbStore::next_work() const {
    if (!has_chores() || (!waiting_.empty() && commits_since_chore_ < commits_per_chore)) return Work::batch;
    return served_.stale && !sweep_failed_ ? Work::sweep : Work::purge;
}

bool LmdbStore::prepare_commit() {
    if (committing_ || (waiting_.empty() && !has_chores())) return false;
    committing_ = true;
    reading_.reset();
    work_ = next_work();
    commits_since_chore_ = work_ == Work::batch ? commits_since_chore_ + 1 : 0;
    deadline_ = no_deadline;
    if (work_ == Work::batch) std::swap(waiting_, running_);
    if (work_ == Work::sweep) sweep_ = next_sweep();
    if (!reading().begun()) reading_.reset();
    return true;
}

void LmdbStore::run_commit() {
    assert(committing_);
    switch (work_) {
        case Work::batch:
            run_ = run_batch(*file_, running_);
            return;
        case Work::purge:
            run_ = run_purge(*file_, options_.purged_per_commit);
            return;
        case Work::sweep:
            run_ = run_sweep(*file_, sweep_);
            return;
    }
}

Result<bool> LmdbStore::finish_commit() {
    assert(committing_);
    reading_.reset();
    const bool replaced = file_was_replaced();
    if (run_.status == LmdbStatus::ok && !replaced) {
        accept();
        return end_commit();
    }
    if (replaced) run_.status = LmdbStatus::failed;
    if (run_.status == LmdbStatus::full && grow()) return true;
    if (file_->broken() && !std::exchange(recovered_, true)) {
        const Error why = file_->error();
        if (const auto recovered = recover()) return true;  // try again: nothing of the batch was written
        trouble_ = why;
    }
    if (give_up()) return true;
    return end_commit();
}

bool LmdbStore::grow() {
    const bool removes = work_ != Work::batch || reduced_;
    const std::uint64_t limit = options_.map_bytes_max + (removes ? reserve_bytes : 0);
    const std::uint64_t now = file_->map_bytes();
    if (now >= limit) return false;
    // The reserve is used only when the map is at its maximum.
    const std::uint64_t next = now < options_.map_bytes_max ? std::min(now * 2, options_.map_bytes_max) : limit;
    const auto grown = file_->set_map_bytes(next);
    if (!grown) trouble_ = grown.error();
    return grown.has_value() && file_->map_bytes() > now;
}

void LmdbStore::accept() {
    for (const auto& [channel, row] : run_.rows) {
        const RecordCount before = count(channel);
        const RecordCount now = row ? row->count : RecordCount{};
        total_ = total_ + now - before;
        if (row) {
            rows_.insert_or_assign(channel, *row);
        } else {
            rows_.erase(channel);
        }
    }
    for (const auto& [channel, row] : run_.aside) {
        if (row)
            aside_.insert_or_assign(channel, *row);
        else
            aside_.erase(channel);
    }
    removed_ = removed_ + run_.removed;
    completions_.insert(completions_.end(), run_.completions.begin(), run_.completions.end());
    purge_pending_ = work_ == Work::purge ? run_.more_to_purge : purge_pending_ || run_.more_to_purge;
    if (work_ == Work::sweep) accept_sweep();
}

// Returns true when the removals of the batch are worth a try alone.
bool LmdbStore::give_up() {
    if (!trouble_) trouble_ = file_->error();
    if (work_ == Work::purge) purge_pending_ = false;  // until the next start or the next removal of a channel
    if (work_ == Work::sweep) {
        sweep_failed_ = true;
        sweep_again_ = no_deadline;  // the next commit_due() sets it
    }
    if (work_ != Work::batch) return false;
    std::vector<WriteToken> lost;
    if (!reduced_) {
        running_.keep_removals(lost);
        reduced_ = true;
        const bool disk_full = run_.status == LmdbStatus::failed && file_->error().code == ErrorCode::full;
        if (disk_full && !running_.empty()) file_->give_log_room();
    } else {
        for (const BatchedWrite& write : running_.writes()) lost.push_back(write.token);
        running_.clear();
    }
    const Wrote why = run_.status == LmdbStatus::full ? Wrote::refused : Wrote::failed;
    for (const WriteToken token : lost) completions_.push_back({token, why});
    return !running_.empty();
}

// Whatever has become of them.
void LmdbStore::forget_written() {
    if (!cache_) return;
    std::vector<std::optional<ChannelNumber>> numbers;
    for (const Channel& channel : running_.channels()) numbers.push_back(number_of(channel));
    for (const BatchedWrite& write : running_.writes())
        if (const auto number = numbers[write.channel]) cache_->erase(*number, write.key);
}

Result<bool> LmdbStore::end_commit() {
    forget_written();
    committing_ = false;
    reduced_ = false;
    recovered_ = false;
    running_.clear();
    run_ = {};
    // Leaves the reserve: puts may use freed pages but not lengthen the file.
    if (file_->map_bytes() > options_.map_bytes_max) {
        const auto back = file_->set_map_bytes(options_.map_bytes_max);
        if (!back && !trouble_) trouble_ = back.error();
    }
    const auto trouble = std::exchange(trouble_, std::nullopt);
    const bool stands = trouble && !std::exchange(healed_, false);
    standing_trouble_ = stands ? std::optional{trouble->message} : std::nullopt;
    if (trouble) return *trouble;
    return false;
}

}  // namespace halp
