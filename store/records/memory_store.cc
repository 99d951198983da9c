#include "store/records/memory_store.h"

#include <algorithm>

#include "store/hash.h"

namespace halp {

MemoryStore::MemoryStore(const Limits& limits) : limits_(limits) {
    limits_.value_bytes_max = std::min(limits_.value_bytes_max, ChannelRecords::value_bytes_max);
}

Result<bool> MemoryStore::get(const Channel& channel, Key key, std::string& value) const {
    const auto found = find(channel, key);
    value.assign(found.value_or(std::string_view{}));
    return found.has_value();
}

Result<bool> MemoryStore::exists(const Channel& channel, Key key) const { return find(channel, key).has_value(); }

Result<Scan> MemoryStore::scan(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    const ChannelRecords* records = records_of(channel);
    return records == nullptr || records->walk(after, visit) ? Scan::ended : Scan::stopped;
}

std::vector<Channel> MemoryStore::channels(const std::optional<Channel>& after, std::size_t count) const {
    std::vector<Channel> names;
    auto it = after ? channels_.upper_bound(*after) : channels_.begin();
    for (; it != channels_.end() && names.size() < count; ++it) names.push_back(it->first);
    return names;
}

RecordCount MemoryStore::count(const Channel& channel) const {
    const ChannelRecords* records = records_of(channel);
    return records == nullptr ? RecordCount{} : records->count();
}

void MemoryStore::put(const Channel& channel, Key key, std::string_view value, WriteToken token) {
    complete(token, put_now(channel, key, value));
}

void MemoryStore::update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                         WriteToken token) {
    const auto old = find(channel, key);
    const bool fits = !old || fnv1a(*old) == original_hash;
    complete(token, fits ? put_now(channel, key, value) : Wrote::conflict);
}

void MemoryStore::remove(const Channel& channel, Key key, WriteToken token) {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return complete(token, Wrote::absent);
    const RecordCount before = found->second.count();
    const bool removed = found->second.remove(key);
    recount(before, found->second.count());
    complete(token, removed ? Wrote::done : Wrote::absent);
}

void MemoryStore::create_channel(const Channel& channel, WriteToken token) {
    complete(token, create(channel) != nullptr ? Wrote::done : Wrote::refused);
}

void MemoryStore::remove_channel(const Channel& channel, WriteToken token) {
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return complete(token, Wrote::absent);
    recount(found->second.count(), {});
    channels_.erase(found);
    complete(token, Wrote::done);
}

void MemoryStore::take_completions(std::vector<Completion>& completions) {
    completions.insert(completions.end(), completions_.begin(), completions_.end());
    completions_.clear();
}

Wrote MemoryStore::put_now(const Channel& channel, Key key, std::string_view value) {
    if (value.size() > limits_.value_bytes_max) return Wrote::refused;
    // The record is looked up twice only near the limit.
    if (limits_.bytes_max != 0 && !has_room_for(std::nullopt, value) && !has_room_for(find(channel, key), value))
        return Wrote::refused;
    ChannelRecords* records = create(channel);
    if (records == nullptr) return Wrote::refused;
    const RecordCount before = records->count();
    records->put(key, value);
    recount(before, records->count());
    return Wrote::done;
}

std::optional<std::string_view> MemoryStore::find(const Channel& channel, Key key) const {
    const ChannelRecords* records = records_of(channel);
    return records == nullptr ? std::nullopt : records->get(key);
}

std::size_t MemoryStore::memory_bytes() const {
    std::size_t bytes = completions_.capacity() * sizeof(Completion);
    for (const auto& [channel, records] : channels_)
        bytes += sizeof channel + sizeof records + channel.name().size() + records.memory_bytes();
    return bytes;
}

const ChannelRecords* MemoryStore::records_of(const Channel& channel) const {
    const auto found = channels_.find(channel);
    return found == channels_.end() ? nullptr : &found->second;
}

ChannelRecords* MemoryStore::create(const Channel& channel) {
    const auto found = channels_.lower_bound(channel);
    if (found != channels_.end() && found->first == channel) return &found->second;
    if (channels_.size() >= limits_.channels_max) return nullptr;
    return &channels_.try_emplace(found, channel)->second;
}

bool MemoryStore::has_room_for(const std::optional<std::string_view>& old, std::string_view value) const {
    const std::uint64_t now = total_.bytes + total_.records * record_overhead_bytes;
    const std::uint64_t freed = old ? old->size() + record_overhead_bytes : 0;
    return now - freed + value.size() + record_overhead_bytes <= limits_.bytes_max;
}

void MemoryStore::recount(const RecordCount& before, const RecordCount& now) {
    total_.records += now.records - before.records;  // unsigned arithmetic: a decrease wraps around and back
    total_.bytes += now.bytes - before.bytes;
}

}  // namespace halp
