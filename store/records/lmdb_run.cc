#include "store/records/lmdb_run.h"

#include <string>
#include <utility>

#include "store/hash.h"

namespace halp {
namespace {

using Table = LmdbFile::Table;

class BatchRun {
public:
    BatchRun(LmdbFile& file, const WriteBatch& batch)
        : file_(file), batch_(batch), txn_(file), places_(batch.channels().size()) {}

    LmdbRun run();

private:
    struct Place {
        bool known = false;
        bool changed = false;
        std::optional<ChannelRow> row;
    };

    LmdbStatus apply(const BatchedWrite& write, Wrote& wrote);
    LmdbStatus put(const BatchedWrite& write);
    LmdbStatus update(const BatchedWrite& write, Wrote& wrote);
    LmdbStatus remove(const BatchedWrite& write, Wrote& wrote);
    LmdbStatus remove_channel(const BatchedWrite& write, Wrote& wrote);

    LmdbStatus look_up(std::uint32_t channel);
    LmdbStatus create(std::uint32_t channel);
    LmdbStatus store_rows();

    const LmdbFile& file_;
    const WriteBatch& batch_;
    LmdbWrite txn_;
    std::vector<Place> places_;  // in the order of the batch's channels
    LmdbRun result_;
};

LmdbRun BatchRun::run() {
    result_.completions.reserve(batch_.size());
    for (const BatchedWrite& write : batch_.writes()) {
        Wrote wrote = Wrote::done;
        result_.status = apply(write, wrote);
        if (result_.status != LmdbStatus::ok) return std::move(result_);
        result_.completions.push_back({write.token, wrote});
    }
    result_.status = store_rows();
    if (result_.status == LmdbStatus::ok)
        result_.status = txn_.commit(file_.logs(batch_.encoded_bytes_max()) ? batch_.encoded() : std::string{});
    return std::move(result_);
}

LmdbStatus BatchRun::apply(const BatchedWrite& write, Wrote& wrote) {
    if (const LmdbStatus found = look_up(write.channel); found != LmdbStatus::ok) return found;
    switch (write.kind) {
        case WriteKind::put:
            return put(write);
        case WriteKind::update:
            return update(write, wrote);
        case WriteKind::remove:
            return remove(write, wrote);
        case WriteKind::create_channel:
            return create(write.channel);
        case WriteKind::remove_channel:
            return remove_channel(write, wrote);
    }
    return LmdbStatus::failed;
}

LmdbStatus BatchRun::put(const BatchedWrite& write) {
    if (const LmdbStatus created = create(write.channel); created != LmdbStatus::ok) return created;
    Place& place = places_[write.channel];
    std::optional<std::size_t> old_size;
    const LmdbStatus stored =
        txn_.put_record(record_key(place.row->number, write.key), batch_.value(write), old_size);
    if (stored != LmdbStatus::ok) return stored;
    place.changed = true;
    if (!old_size) ++place.row->count.records;
    place.row->count.bytes += write.value_size - old_size.value_or(0);
    return LmdbStatus::ok;
}

LmdbStatus BatchRun::update(const BatchedWrite& write, Wrote& wrote) {
    if (const auto& row = places_[write.channel].row) {
        std::string_view value;
        const LmdbStatus found = txn_.get(Table::records, record_key(row->number, write.key), value);
        if (found == LmdbStatus::ok && fnv1a(value) != write.original_hash) {
            wrote = Wrote::conflict;
            return LmdbStatus::ok;
        }
        if (found != LmdbStatus::ok && found != LmdbStatus::absent) return found;
    }
    return put(write);
}

LmdbStatus BatchRun::remove(const BatchedWrite& write, Wrote& wrote) {
    Place& place = places_[write.channel];
    std::size_t old_size = 0;
    LmdbStatus removed = LmdbStatus::absent;
    if (place.row) removed = txn_.erase_record(record_key(place.row->number, write.key), old_size);
    if (removed == LmdbStatus::absent) {
        wrote = Wrote::absent;
        return LmdbStatus::ok;
    }
    if (removed != LmdbStatus::ok) return removed;
    place.changed = true;
    --place.row->count.records;
    place.row->count.bytes -= old_size;
    result_.removed = result_.removed + RecordCount{1, old_size};
    return LmdbStatus::ok;
}

// Removes the name now and leaves the records to later purges. No reader knows their number any more.
LmdbStatus BatchRun::remove_channel(const BatchedWrite& write, Wrote& wrote) {
    Place& place = places_[write.channel];
    const Channel& channel = batch_.channels()[write.channel];
    bool any_aside = false;
    if (const LmdbStatus gone = drop_aside_of(txn_, channel, any_aside); gone != LmdbStatus::ok) return gone;
    if (any_aside) {
        result_.aside.insert_or_assign(channel, std::nullopt);
        result_.more_to_purge = true;
    }
    if (!place.row) {
        wrote = Wrote::absent;
        return LmdbStatus::ok;
    }
    const std::string mark = std::string{dropped_prefix} + number_text(place.row->number);
    result_.removed = result_.removed + place.row->count;
    place.row.reset();
    place.changed = true;
    result_.more_to_purge = true;
    return txn_.put(Table::state, mark, {});
}

LmdbStatus BatchRun::look_up(std::uint32_t channel) {
    Place& place = places_[channel];
    if (place.known) return LmdbStatus::ok;
    std::string_view bytes;
    const LmdbStatus found = txn_.get(Table::channels, batch_.channels()[channel].name(), bytes);
    if (found == LmdbStatus::ok) place.row = decode_row(bytes);
    place.known = true;
    return found == LmdbStatus::absent ? LmdbStatus::ok : found;
}

LmdbStatus BatchRun::create(std::uint32_t channel) {
    Place& place = places_[channel];
    if (place.row) return LmdbStatus::ok;
    ChannelRow row;
    const LmdbStatus numbered = new_channel_number(txn_, row.number);
    if (numbered != LmdbStatus::ok) return numbered;
    place.row = row;
    place.changed = true;
    return LmdbStatus::ok;
}

LmdbStatus BatchRun::store_rows() {
    for (std::size_t i = 0; i < places_.size(); ++i) {
        const Place& place = places_[i];
        if (!place.changed) continue;
        const Channel& channel = batch_.channels()[i];
        const LmdbStatus stored = place.row ? txn_.put(Table::channels, channel.name(), encode_row(*place.row))
                                            : txn_.erase(Table::channels, channel.name());
        if (stored != LmdbStatus::ok && stored != LmdbStatus::absent) return stored;
        result_.rows.emplace(channel, place.row);
    }
    return LmdbStatus::ok;
}

LmdbStatus purge(LmdbWrite& txn, std::size_t records_max, bool& more) {
    std::string_view found;
    const LmdbStatus any = txn.first(Table::state, dropped_prefix, found);
    more = any == LmdbStatus::ok;
    if (!more) return any == LmdbStatus::absent ? LmdbStatus::ok : any;

    const std::string mark{found};
    std::size_t erased = 0;
    const LmdbStatus done =
        txn.erase_prefix(Table::records, std::string_view{mark}.substr(dropped_prefix.size()), records_max, erased);
    if (done != LmdbStatus::ok || erased == records_max) return done;
    return txn.erase(Table::state, mark);
}

}  // namespace

LmdbStatus new_channel_number(LmdbWrite& txn, ChannelNumber& number) {
    std::string_view bytes;
    const LmdbStatus found = txn.get(Table::state, next_number_key, bytes);
    if (found != LmdbStatus::ok && found != LmdbStatus::absent) return found;
    if (found == LmdbStatus::ok) number = parse_number(bytes).value_or(ChannelNumber{});
    const ChannelNumber next{static_cast<std::uint64_t>(number) + 1};
    return txn.put(Table::state, next_number_key, number_text(next));
}

LmdbStatus drop_aside_of(LmdbWrite& txn, const Channel& channel, bool& any) {
    const std::string key = std::string{aside_prefix} + channel.name();
    std::string_view bytes;
    const LmdbStatus found = txn.get(Table::state, key, bytes);
    any = found == LmdbStatus::ok;
    if (!any) return found == LmdbStatus::absent ? LmdbStatus::ok : found;
    if (const auto row = decode_row(bytes)) {
        const std::string mark = std::string{dropped_prefix} + number_text(row->number);
        if (const LmdbStatus marked = txn.put(Table::state, mark, {}); marked != LmdbStatus::ok) return marked;
    }
    return txn.erase(Table::state, key);
}

LmdbRun run_batch(LmdbFile& file, const WriteBatch& batch) { return BatchRun{file, batch}.run(); }

LmdbRun run_purge(LmdbFile& file, std::size_t records_max) {
    LmdbWrite txn{file};
    LmdbRun result;
    result.status = purge(txn, records_max, result.more_to_purge);
    if (result.status == LmdbStatus::ok) result.status = txn.commit();
    return result;
}

}  // namespace halp
