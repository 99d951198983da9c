#include "store/records/memory_store.h"

#include <algorithm>
#include <utility>

#include "store/hash.h"

namespace halp {
namespace {

// How much of a sweep one commit does, so that requests wait for a few milliseconds at most.
constexpr std::size_t keys_per_slice = 16384, moves_per_slice = 2048;

}  // namespace

MemoryStore::MemoryStore(const Limits& limits, std::unique_ptr<SegmentMemory> memory)
    : limits_(limits), memory_(std::move(memory)) {
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

void MemoryStore::expect(const Channel& channel, Key key, Expected when) const {
    if (const ChannelRecords* records = records_of(channel)) records->expect(key, when);
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

std::uint64_t MemoryStore::load(const Channel& channel, const std::function<void(const PutRecord& put)>& feed) {
    std::uint64_t refused = 0;
    ChannelRecords* records = nullptr;  // made with the first record
    const auto begin = [&] {
        records = create(channel);
        if (records) total_ = total_ - records->count();
        return records != nullptr;
    };
    const auto put = [&](Key key, std::string_view value) {
        if (value.size() > limits_.value_bytes_max || (!records && !begin())) return void(++refused);
        records->put_later(key, value);
        if (limits_.bytes_max == 0 || has_room_beside(records->count())) return;
        records->put_in_order();  // a record may have been counted twice
        if (has_room_beside(records->count())) return;
        records->remove(key);
        ++refused;
    };
    feed(put);
    if (records) records->put_in_order();
    total_ = total_ + (records ? records->count() : RecordCount{});
    return refused;
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
    removed_ = removed_ + (before - found->second.count());
    complete(token, removed ? Wrote::done : Wrote::absent);
}

void MemoryStore::create_channel(const Channel& channel, WriteToken token) {
    complete(token, create(channel) != nullptr ? Wrote::done : Wrote::refused);
}

void MemoryStore::remove_channel(const Channel& channel, WriteToken token) {
    if (const auto stale = aside_.find(channel); stale != aside_.end()) {
        aside_total_ = aside_total_ - stale->second.count();
        aside_.erase(stale);
    }
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return complete(token, Wrote::absent);
    recount(found->second.count(), {});
    removed_ = removed_ + found->second.count();
    erase(found);
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
    if (last_ && last_->first == channel) return &last_->second;
    const auto found = channels_.find(channel);
    if (found == channels_.end()) return nullptr;
    last_ = &*found;
    return &found->second;
}

void MemoryStore::erase(Channels::const_iterator channel) {
    last_ = nullptr;
    channels_.erase(channel);
}

ChannelRecords* MemoryStore::create(const Channel& channel) {
    if (const ChannelRecords* const known = records_of(channel)) return const_cast<ChannelRecords*>(known);
    if (channels_.size() >= limits_.channels_max) return nullptr;
    return &channels_.try_emplace(channel, memory_.get()).first->second;
}

bool MemoryStore::has_room_for(const std::optional<std::string_view>& old, std::string_view value) const {
    const std::uint64_t records = total_.records + aside_total_.records;
    const std::uint64_t now = total_.bytes + aside_total_.bytes + records * record_overhead_bytes;
    const std::uint64_t freed = old ? old->size() + record_overhead_bytes : 0;
    return now - freed + value.size() + record_overhead_bytes <= limits_.bytes_max;
}

// Beside what total_ has.
bool MemoryStore::has_room_beside(const RecordCount& more) const {
    const std::uint64_t records = total_.records + aside_total_.records + more.records;
    return total_.bytes + aside_total_.bytes + more.bytes + records * record_overhead_bytes <= limits_.bytes_max;
}

void MemoryStore::recount(const RecordCount& before, const RecordCount& now) { total_ = total_ + now - before; }

// ---- the range ----

Result<void> MemoryStore::set_range(const HashRange& wanted) {
    const ServedRange moved = served_.moved_to(wanted);
    if (moved == served_) return {};
    served_ = moved;
    sweeping_in_.reset();
    if (served_.stale && total_.records == 0) served_ = served_.all_set_aside();
    return {};
}

Result<void> MemoryStore::commit() {
    if (!served_.stale) return {};
    const auto at = sweeping_in_ ? channels_.lower_bound(*sweeping_in_) : channels_.begin();
    if (at == channels_.end()) {
        sweeping_in_.reset();
        served_ = served_.all_set_aside();
        return {};
    }
    if (sweeping_in_ != at->first) {
        sweeping_in_ = at->first;
        swept_to_.reset();
    }
    sweep_slice(Channel{at->first});
    return {};
}

void MemoryStore::sweep_slice(const Channel& channel) {
    std::vector<Key> stale;
    std::size_t seen = 0;
    const ChannelRecords& records = channels_.at(channel);
    const bool ended = records.walk(swept_to_, [&](Key key, std::string_view) {
        if (!served_.now.contains(key)) stale.push_back(key);
        swept_to_ = key;
        return ++seen < keys_per_slice && stale.size() < moves_per_slice;
    });
    for (const Key key : stale) move_aside(channel, key);
    if (!ended) return;
    // A channel whose records have all moved is not this node's any more.
    const auto next = channels_.upper_bound(channel);
    sweeping_in_ = next == channels_.end() ? std::nullopt : std::optional{next->first};
    if (aside_.count(channel) != 0 && records.count().records == 0) erase(channels_.find(channel));
    swept_to_.reset();
    if (!sweeping_in_) served_ = served_.all_set_aside();
}

// An older record of the key that was set aside before is replaced.
void MemoryStore::move_aside(const Channel& channel, Key key) {
    ChannelRecords& from = channels_.at(channel);
    ChannelRecords& to = aside_.try_emplace(channel, memory_.get()).first->second;
    const RecordCount before = from.count(), before_aside = to.count();
    to.put(key, *from.get(key));
    from.remove(key);
    recount(before, from.count());
    aside_total_ = aside_total_ + to.count() - before_aside;
}

std::vector<Channel> MemoryStore::channels_aside() const {
    std::vector<Channel> names;
    for (const auto& entry : aside_) names.push_back(entry.first);
    return names;
}

Result<Scan> MemoryStore::scan_aside(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    const auto found = aside_.find(channel);
    return found == aside_.end() || found->second.walk(after, visit) ? Scan::ended : Scan::stopped;
}

Result<void> MemoryStore::drop_aside() {
    aside_.clear();
    aside_total_ = {};
    return {};
}

}  // namespace halp
