// LmdbStore: the range of the node, and the records that were set aside.
#include <cassert>
#include <utility>

#include "store/records/lmdb_store.h"

namespace halp {
namespace {

using Table = LmdbFile::Table;

constexpr Duration sweep_pause = std::chrono::seconds{10};  // after a failure

}  // namespace

Result<void> LmdbStore::load_aside(LmdbRead& read) {
    aside_.clear();
    auto more = read.seek(Table::state, aside_prefix);
    for (; more && *more && read.key().starts_with(aside_prefix); more = read.next()) {
        const auto name = Channel::parse(read.key().substr(aside_prefix.size()));
        const auto row = decode_row(read.value());
        if (!name || !row) return Error{ErrorCode::invalid, "the table of states is damaged; restore a copy"};
        aside_.emplace(*name, *row);
    }
    if (!more) return more.error();
    return {};
}

Result<void> LmdbStore::load_range(LmdbRead& read) {
    const auto found = read_range(read);
    if (!found) return found.error();
    range_known_ = found->has_value();
    served_ = found->value_or(ServedRange{});
    sweeping_in_.reset();
    channels_swept_ = false;
    return {};
}

// ---- changing it ----

Result<void> LmdbStore::set_range(const HashRange& wanted) {
    // Writes of keys in the old range, which were accepted, must not come behind the sweep.
    assert(!committing_);
    while (!waiting_.empty())
        if (auto done = commit(); !done && file_->broken()) return done;
    const auto adopted = adopt_range(wanted);
    if (adopted) wanted_ = wanted;
    return adopted;
}

// In a file that names no range (of an older version, or after an import), the records of this range are current.
Result<void> LmdbStore::adopt_range(const HashRange& wanted) {
    forget_cached();
    ServedRange moved =
        range_known_ ? served_.moved_to(wanted) : ServedRange{wanted, wanted, !(wanted == HashRange::full())};
    if (moved.stale && total_.records == 0) moved = moved.all_set_aside();
    if (moved.stale) deadline_ = never;
    if (range_known_ && moved == served_) return {};
    // While a sweep runs, a new end of it needs no entry: the entry says what is served meanwhile.
    const bool entry_changes = !range_known_ || moved.now != served_.now || moved.stale != served_.stale;
    if (entry_changes)
        if (auto stored = store_range(moved); !stored) return stored;
    const bool again = moved.now != served_.now || !served_.stale;
    served_ = moved;
    range_known_ = true;
    if (again) {
        sweeping_in_.reset();
        channels_swept_ = false;
    }
    sweep_failed_ = false;
    return {};
}

Result<void> LmdbStore::store_range(const ServedRange& range) {
    reading_.reset();
    LmdbWrite write{*file_};
    if (put_range(write, range) == LmdbStatus::ok && write.commit() == LmdbStatus::ok) return {};
    return file_->error();
}

Result<void> LmdbStore::forget_range() {
    reading_.reset();
    forget_cached();
    LmdbWrite write{*file_};
    if (const LmdbStatus erased = erase_range(write); erased != LmdbStatus::ok && erased != LmdbStatus::absent)
        return file_->error();
    if (write.commit() != LmdbStatus::ok) return file_->error();
    range_known_ = false;
    served_ = {};
    return {};
}

// ---- the sweep ----

SweepStep LmdbStore::next_sweep() const {
    SweepStep step;
    step.range = served_;
    if (channels_swept_) return step;
    const auto at = sweeping_in_ ? rows_.lower_bound(*sweeping_in_) : rows_.begin();
    if (at == rows_.end()) return step;
    step.channel = at->first;
    if (sweeping_in_ == at->first) step.after = swept_to_;
    return step;
}

void LmdbStore::accept_sweep() {
    forget_cached();  // what has been set aside among it
    if (run_.all_swept) {
        served_ = sweep_.range.all_set_aside();
        return;
    }
    const Channel& channel = *sweep_.channel;
    sweeping_in_ = channel;
    swept_to_ = run_.swept_to ? run_.swept_to : sweep_.after;
    if (!run_.channel_swept) return;
    const auto next = rows_.upper_bound(channel);
    channels_swept_ = next == rows_.end();
    sweeping_in_ = channels_swept_ ? std::nullopt : std::optional{next->first};
    swept_to_.reset();
}

// Called when nothing else is to be written: a sweep that has failed is tried again after a pause.
bool LmdbStore::retry_later(Instant now) {
    if (!served_.stale) return false;
    if (sweep_again_ == no_deadline) sweep_again_ = now + sweep_pause;
    deadline_ = sweep_again_;
    return false;
}

// ---- what is set aside ----

RecordCount LmdbStore::set_aside() const {
    RecordCount all;
    for (const auto& entry : aside_) all = all + entry.second.count;
    return all;
}

std::vector<Channel> LmdbStore::channels_aside() const {
    std::vector<Channel> names;
    for (const auto& entry : aside_) names.push_back(entry.first);
    return names;
}

Result<Scan> LmdbStore::scan_aside(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    const auto row = aside_.find(channel);
    return row == aside_.end() ? Result<Scan>{Scan::ended} : scan_number(row->second.number, after, visit);
}

Result<void> LmdbStore::drop_aside() {
    if (aside_.empty()) return {};
    reading_.reset();
    LmdbWrite write{*file_};
    for (const auto& entry : aside_) {
        bool any = false;
        if (drop_aside_of(write, entry.first, any) != LmdbStatus::ok) return file_->error();
    }
    if (write.commit() != LmdbStatus::ok) return file_->error();
    aside_.clear();
    purge_pending_ = true;
    deadline_ = never;
    return {};
}

}  // namespace halp
