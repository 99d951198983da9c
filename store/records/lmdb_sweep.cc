#include "store/records/lmdb_sweep.h"

#include <string>
#include <utility>
#include <vector>

#include "store/records/big_endian.h"

namespace halp {
namespace {

using Table = LmdbFile::Table;

constexpr std::string_view range_key = "range";
constexpr std::size_t range_length = 2 * sizeof(std::uint64_t) + 1;

class SweepRun {
public:
    SweepRun(LmdbFile& file, const SweepStep& step) : step_(step), channel_(*step.channel), txn_(file) {}

    LmdbRun run() {
        result_.status = sweep();
        if (result_.status == LmdbStatus::ok) result_.status = txn_.commit();
        return std::move(result_);
    }

private:
    LmdbStatus sweep();
    LmdbStatus find_stale();
    LmdbStatus find_rows();
    LmdbStatus row_at(Table table, std::string_view key, std::optional<ChannelRow>& row);
    LmdbStatus move(Key key);
    LmdbStatus store_rows();

    const SweepStep& step_;
    const Channel channel_;
    LmdbWrite txn_;
    std::optional<ChannelRow> row_, aside_;
    std::vector<Key> stale_;
    LmdbRun result_;
};

LmdbStatus SweepRun::sweep() {
    if (const LmdbStatus found = find_rows(); found != LmdbStatus::ok) return found;
    if (!row_) {
        result_.channel_swept = true;
        return LmdbStatus::ok;
    }
    if (const LmdbStatus found = find_stale(); found != LmdbStatus::ok) return found;
    if (stale_.empty()) return LmdbStatus::ok;
    if (!aside_) {
        aside_.emplace();
        const LmdbStatus numbered = new_channel_number(txn_, aside_->number);
        if (numbered != LmdbStatus::ok) return numbered;
    }
    for (const Key key : stale_)
        if (const LmdbStatus moved = move(key); moved != LmdbStatus::ok) return moved;
    return store_rows();
}

LmdbStatus SweepRun::find_rows() {
    const LmdbStatus found = row_at(Table::channels, channel_.name(), row_);
    return found == LmdbStatus::ok ? row_at(Table::state, aside_key(channel_), aside_) : found;
}

LmdbStatus SweepRun::row_at(Table table, std::string_view key, std::optional<ChannelRow>& row) {
    std::string_view bytes;
    const LmdbStatus found = txn_.get(table, key, bytes);
    if (found == LmdbStatus::ok) row = decode_row(bytes);
    return found == LmdbStatus::absent ? LmdbStatus::ok : found;
}

LmdbStatus SweepRun::find_stale() {
    const std::optional<Key> after = step_.after;
    if (after && value_of(*after) == UINT64_MAX) {
        result_.channel_swept = true;
        return LmdbStatus::ok;
    }
    std::size_t seen = 0, bytes = 0;
    bool stopped = false;
    const std::string from = record_key(row_->number, Key{after ? value_of(*after) + 1 : 0});
    const LmdbStatus walked = txn_.walk_records(from, [&](std::string_view name, std::string_view value) {
        const std::optional<Key> key = key_in_channel(row_->number, name);
        if (!key) return false;
        result_.swept_to = *key;
        if (!step_.range.now.contains(*key)) {
            stale_.push_back(*key);
            bytes += value.size();
        }
        stopped = ++seen >= step_.keys_max || stale_.size() >= step_.moves_max || bytes >= step_.bytes_max;
        return !stopped;
    });
    result_.channel_swept = !stopped;
    return walked;
}

// An older record of the key that was set aside before is replaced.
LmdbStatus SweepRun::move(Key key) {
    const std::string from = record_key(row_->number, key);
    std::string_view found;
    if (const LmdbStatus read = txn_.get(Table::records, from, found); read != LmdbStatus::ok) return read;
    const std::string value{found};  // the page may move when the record is erased
    std::size_t size = 0;
    if (const LmdbStatus erased = txn_.erase_record(from, size); erased != LmdbStatus::ok) return erased;
    std::optional<std::size_t> replaced;
    const LmdbStatus stored = txn_.put_record(record_key(aside_->number, key), value, replaced);
    if (stored != LmdbStatus::ok) return stored;
    row_->count = row_->count - RecordCount{1, size};
    aside_->count = aside_->count + RecordCount{replaced ? 0U : 1U, size} - RecordCount{0, replaced.value_or(0)};
    return LmdbStatus::ok;
}

// A channel whose records have all moved is not this node's any more.
LmdbStatus SweepRun::store_rows() {
    if (result_.channel_swept && row_->count.records == 0) row_.reset();
    const LmdbStatus stored = row_ ? txn_.put(Table::channels, channel_.name(), encode_row(*row_))
                                   : txn_.erase(Table::channels, channel_.name());
    if (stored != LmdbStatus::ok) return stored;
    result_.rows.emplace(channel_, row_);
    result_.aside.emplace(channel_, aside_);
    return txn_.put(Table::state, aside_key(channel_), encode_row(*aside_));
}

LmdbRun end_sweep(LmdbFile& file, const ServedRange& range) {
    LmdbWrite txn{file};
    LmdbRun result;
    result.status = put_range(txn, range.all_set_aside());
    if (result.status == LmdbStatus::ok) result.status = txn.commit();
    result.all_swept = true;
    return result;
}

}  // namespace

LmdbRun run_sweep(LmdbFile& file, const SweepStep& step) {
    return step.channel ? SweepRun{file, step}.run() : end_sweep(file, step.range);
}

std::string aside_key(const Channel& channel) { return std::string{aside_prefix} + channel.name(); }

LmdbStatus put_range(LmdbWrite& txn, const ServedRange& range) {
    char bytes[range_length];
    store_big_endian(bytes, range.now.min());
    store_big_endian(bytes + sizeof(std::uint64_t), range.now.max());
    bytes[range_length - 1] = range.stale ? 1 : 0;
    return txn.put(Table::state, range_key, {bytes, range_length});
}

LmdbStatus erase_range(LmdbWrite& txn) { return txn.erase(Table::state, range_key); }

Result<std::optional<ServedRange>> read_range(LmdbRead& read) {
    const auto found = read.get(Table::state, range_key);
    if (!found) return found.error();
    if (!*found) return std::optional<ServedRange>{};
    const std::string_view bytes = **found;
    const Error damaged{ErrorCode::invalid, "the range in the record file is damaged; restore a copy"};
    if (bytes.size() != range_length) return damaged;
    const auto range = HashRange::make(load_big_endian(bytes.data()), load_big_endian(bytes.data() + 8));
    if (!range) return damaged;
    return std::optional{ServedRange{*range, *range, bytes.back() != 0}};
}

}  // namespace halp
