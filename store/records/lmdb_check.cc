// LmdbStore::check: does what the channels say of themselves agree with the records that are there?
#include <map>
#include <utility>

#include "store/records/lmdb_store.h"

namespace halp {
namespace {

using Table = LmdbFile::Table;
using Counts = std::map<ChannelNumber, RecordCount>;

void note_defect(StoreCheck& check, std::string words) {
    constexpr std::size_t defects_max = 100;
    if (check.defects.size() < defects_max) check.defects.push_back(std::move(words));
}

Result<void> count_records(LmdbRead& read, StoreCheck& check, Counts& counts) {
    auto more = read.seek(Table::records, {});
    for (; more && *more; more = read.next()) {
        const auto number = parse_number(read.key().substr(0, channel_number_length));
        if (!number || read.key().size() != record_key_length) {
            note_defect(check, "a record whose key has " + std::to_string(read.key().size()) + " bytes");
            continue;
        }
        RecordCount& count = counts[*number];
        ++count.records;
        count.bytes += read.value().size();
    }
    if (!more) return more.error();
    return {};
}

Result<void> take_dropped(LmdbRead& read, StoreCheck& check, Counts& counts) {
    auto more = read.seek(Table::state, dropped_prefix);
    for (; more && *more && read.key().starts_with(dropped_prefix); more = read.next()) {
        const auto number = parse_number(read.key().substr(dropped_prefix.size()));
        const auto found = number ? counts.find(*number) : counts.end();
        if (found == counts.end()) continue;
        check.to_purge += found->second.records;
        counts.erase(found);
    }
    if (!more) return more.error();
    return {};
}

std::string in_words(const RecordCount& count) {
    return std::to_string(count.records) + " records of " + std::to_string(count.bytes) + " bytes";
}

}  // namespace

Result<StoreCheck> LmdbStore::check() const {
    StoreCheck check;
    Counts counts;
    LmdbRead read{*file_};
    if (auto counted = count_records(read, check, counts); !counted) return counted.error();
    if (auto taken = take_dropped(read, check, counts); !taken) return taken.error();

    for (const auto& [channel, row] : rows_) {
        const RecordCount found = counts[row.number];
        counts.erase(row.number);
        ++check.channels;
        check.found.records += found.records;
        check.found.bytes += found.bytes;
        if (!(found == row.count))
            note_defect(check, "channel " + channel.name() + " says it has " + in_words(row.count) + ", it has " +
                                   in_words(found));
    }
    for (const auto& [number, count] : counts)
        note_defect(check, in_words(count) + " of no channel, under number " +
                               std::to_string(static_cast<std::uint64_t>(number)));
    return check;
}

}  // namespace halp
