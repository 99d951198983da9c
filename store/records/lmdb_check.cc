// LmdbStore::check: compares the rows of the channels with the records in the file.
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

std::string in_words(const RecordCount& count) {
    return std::to_string(count.records) + " records of " + std::to_string(count.bytes) + " bytes";
}

Result<void> count_records(LmdbRead& read, StoreCheck& check, Counts& counts, const LmdbStore::Progress& progress) {
    constexpr std::uint64_t step = 10'000;
    std::uint64_t seen = 0;
    std::string before;
    auto more = read.seek(Table::records, {});
    for (; more && *more; more = read.next()) {
        if (++seen % step == 0 && progress) progress(seen);
        if (read.key() <= before) note_defect(check, "a record that stands out of order");
        before = read.key();
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

void take_aside(const std::map<Channel, ChannelRow>& aside, ChannelNumber next, StoreCheck& check, Counts& counts) {
    for (const auto& [channel, row] : aside) {
        const auto found = counts.find(row.number);
        const RecordCount count = found == counts.end() ? RecordCount{} : found->second;
        if (found != counts.end()) counts.erase(found);
        check.aside = check.aside + count;
        if (row.number >= next)
            note_defect(check, "what is set aside of " + channel.name() + " has a number not yet given");
        if (!(count == row.count))
            note_defect(check, "of channel " + channel.name() + " " + in_words(row.count) +
                                   " should be set aside, there are " + in_words(count));
    }
}

// Two channels with one number would share records, and so would a channel whose number is still to be assigned.
void check_numbers(const std::map<Channel, ChannelRow>& rows, ChannelNumber next, StoreCheck& check) {
    std::map<ChannelNumber, std::string> owners;
    for (const auto& [channel, row] : rows) {
        const auto [owner, fresh] = owners.emplace(row.number, channel.name());
        if (!fresh) note_defect(check, "channels " + owner->second + " and " + channel.name() + " have one number");
        if (row.number >= next) note_defect(check, "channel " + channel.name() + " has a number not yet given");
    }
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

}  // namespace

Result<StoreCheck> LmdbStore::check(const Progress& progress) const {
    StoreCheck check;
    Counts counts;
    reading_.reset();
    LmdbRead read{*file_};
    if (auto counted = count_records(read, check, counts, progress); !counted) return counted.error();
    if (auto taken = take_dropped(read, check, counts); !taken) return taken.error();

    const auto next = read.get(Table::state, next_number_key);
    if (!next) return next.error();
    const ChannelNumber ungiven = *next ? parse_number(**next).value_or(ChannelNumber{}) : ChannelNumber{};
    check_numbers(rows_, ungiven, check);
    take_aside(aside_, ungiven, check, counts);
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
