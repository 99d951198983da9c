#include "tools/halpd/workers/shared_records.h"

#include <algorithm>
#include <cassert>
#include <functional>
#include <iterator>
#include <utility>

namespace halp {
namespace {

using ScanOf = std::function<Result<Scan>(const RecordStore&, std::optional<Key>, const RecordStore::Visit&)>;

// The records of one share, copied some at a time, so that its lock is not held while they are visited.
class ShareCursor {
public:
    ShareCursor(RecordShare& share, const ScanOf& scan, std::optional<Key> after)
        : share_(share), scan_(scan), last_(after) {}

    // False: the share has no more.
    [[nodiscard]] Result<bool> ready() {
        if (at_ < records_.size()) return true;
        if (ended_) return false;
        if (const Result<void> filled = fill(); !filled) return filled.error();
        return at_ < records_.size();
    }
    [[nodiscard]] Key key() const { return records_[at_].key; }
    [[nodiscard]] std::string_view value() const {
        return std::string_view{bytes_}.substr(records_[at_].begin, records_[at_].size);
    }
    void next() { ++at_; }

private:
    // The first piece is small, because many scans stop after a few records.
    static constexpr std::size_t piece_min = std::size_t{2} << 10, piece_max = std::size_t{16} << 10;
    static constexpr std::size_t record_bytes = 32;  // of a record without its value
    struct Record {
        Key key;
        std::size_t begin, size;
    };

    Result<void> fill() {
        records_.clear();
        bytes_.clear();
        at_ = 0;
        const Result<Scan> scan = share_.with_store([this](const RecordStore& store) {
            return scan_(store, last_, [this](Key found, std::string_view bytes) { return take(found, bytes); });
        });
        if (!scan) return scan.error();
        ended_ = *scan == Scan::ended;
        if (!records_.empty()) last_ = records_.back().key;
        piece_ = std::min(2 * piece_, piece_max);
        return {};
    }

    bool take(Key found, std::string_view bytes) {
        records_.push_back({found, bytes_.size(), bytes.size()});
        bytes_ += bytes;
        return bytes_.size() + records_.size() * record_bytes < piece_;
    }

    RecordShare& share_;
    const ScanOf& scan_;
    std::optional<Key> last_;
    std::vector<Record> records_;
    std::string bytes_;
    std::size_t at_ = 0, piece_ = piece_min;
    bool ended_ = false;
};

// Visits the records of all shares in the numerical order of their keys.
Result<Scan> merge(std::vector<ShareCursor>& cursors, const RecordStore::Visit& visit) {
    for (;;) {
        ShareCursor* first = nullptr;
        for (ShareCursor& cursor : cursors) {
            const Result<bool> ready = cursor.ready();
            if (!ready) return ready.error();
            if (*ready && (first == nullptr || value_of(cursor.key()) < value_of(first->key()))) first = &cursor;
        }
        if (first == nullptr) return Scan::ended;
        if (!visit(first->key(), first->value())) return Scan::stopped;
        first->next();
    }
}

Result<Scan> scan_all(const RecordShares& shares, std::optional<Key> after, const ScanOf& scan,
                      const RecordStore::Visit& visit) {
    std::vector<ShareCursor> cursors;
    cursors.reserve(shares.size());
    for (const auto& share : shares) cursors.emplace_back(*share, scan, after);
    return merge(cursors, visit);
}

// Sorted, each name once.
std::vector<Channel> united(std::vector<Channel> all) {
    std::ranges::sort(all);
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

// How the removal of a channel has ended, of how it has ended in two shares.
Wrote worse(Wrote one, Wrote other) {
    for (const Wrote wrote : {Wrote::failed, Wrote::refused, Wrote::conflict, Wrote::done})
        if (one == wrote || other == wrote) return wrote;
    return Wrote::absent;
}

}  // namespace

SharedRecords::SharedRecords(const RecordShares& shares, const WorkerInboxes& inboxes, std::size_t worker)
    : shares_(shares),
      inboxes_(inboxes),
      worker_(worker),
      at_once_(shares.front()->with_store([](const RecordStore& store) { return store.completes_at_once(); })) {}

// ---- reading ----

RecordShare& SharedRecords::reading(std::size_t share) const {
    read_ |= WorkerSet{1} << share;
    return *shares_[share];
}

Result<bool> SharedRecords::get(const Channel& channel, Key key, std::string& value) const {
    return reading(place(key)).with_store([&](const RecordStore& store) { return store.get(channel, key, value); });
}

Result<bool> SharedRecords::exists(const Channel& channel, Key key) const {
    return reading(place(key)).with_store([&](const RecordStore& store) { return store.exists(channel, key); });
}

Result<Scan> SharedRecords::scan(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    for (std::size_t i = 0; i < shares_.size(); ++i) read_ |= WorkerSet{1} << i;
    const ScanOf one = [&channel](const RecordStore& store, std::optional<Key> behind, const Visit& each) {
        return store.scan(channel, behind, each);
    };
    return scan_all(shares_, after, one, visit);
}

Result<Scan> SharedRecords::scan_aside(const Channel& channel, std::optional<Key> after, const Visit& visit) const {
    for (std::size_t i = 0; i < shares_.size(); ++i) read_ |= WorkerSet{1} << i;
    const ScanOf one = [&channel](const RecordStore& store, std::optional<Key> behind, const Visit& each) {
        return store.scan_aside(channel, behind, each);
    };
    return scan_all(shares_, after, one, visit);
}

// The engine in memory shares nothing between the reads of a turn.
void SharedRecords::rest() {
    const WorkerSet read = std::exchange(read_, 0);
    if (at_once_) return;
    for (std::size_t i = 0; i < shares_.size(); ++i)
        if ((read >> i & 1U) != 0) shares_[i]->with_store([](RecordStore& store) { store.rest(); });
}

bool SharedRecords::has_channel(const Channel& channel) const {
    return std::ranges::any_of(shares_, [&](const auto& share) {
        return share->with_store([&](const RecordStore& store) { return store.has_channel(channel); });
    });
}

std::vector<Channel> SharedRecords::channels(const std::optional<Channel>& after, std::size_t count) const {
    std::vector<Channel> all;
    for (const auto& share : shares_) {
        std::vector<Channel> some =
            share->with_store([&](const RecordStore& store) { return store.channels(after, count); });
        std::ranges::move(some, std::back_inserter(all));
    }
    all = united(std::move(all));
    if (all.size() > count) all.erase(all.begin() + static_cast<std::ptrdiff_t>(count), all.end());
    return all;
}

std::size_t SharedRecords::channel_count() const {
    std::size_t most = 0;
    for (const auto& share : shares_)
        most += share->with_store([](const RecordStore& store) { return store.channel_count(); });
    return channels(std::nullopt, most).size();
}

RecordCount SharedRecords::count(const Channel& channel) const {
    RecordCount all;
    for (const auto& share : shares_)
        all = all + share->with_store([&](const RecordStore& store) { return store.count(channel); });
    return all;
}

RecordCount SharedRecords::sum(Sum of) const {
    RecordCount all;
    for (const auto& share : shares_) all = all + share->with_store(of);
    return all;
}

RecordCount SharedRecords::total() const {
    return sum([](const RecordStore& store) { return store.total(); });
}
RecordCount SharedRecords::removed() const {
    return sum([](const RecordStore& store) { return store.removed(); });
}
RecordCount SharedRecords::set_aside() const {
    return sum([](const RecordStore& store) { return store.set_aside(); });
}

std::vector<Channel> SharedRecords::channels_aside() const {
    std::vector<Channel> all;
    for (const auto& share : shares_) {
        std::vector<Channel> some =
            share->with_store([](const RecordStore& store) { return store.channels_aside(); });
        std::ranges::move(some, std::back_inserter(all));
    }
    return united(std::move(all));
}

Result<void> SharedRecords::drop_aside() {
    for (const auto& share : shares_)
        if (Result<void> dropped = share->with_store([](RecordStore& store) { return store.drop_aside(); });
            !dropped)
            return dropped;
    return {};
}

// ---- writing ----

void SharedRecords::submit(const RecordShare::Write& write, WriteToken token) {
    if (const auto wrote = shares_[place(write.key)]->write(write, {worker_, token}))
        done_.push_back({token, *wrote});
}

void SharedRecords::put(const Channel& channel, Key key, std::string_view value, WriteToken token) {
    submit({RecordShare::Kind::put, channel, key, value}, token);
}

void SharedRecords::update(const Channel& channel, Key key, std::uint64_t original_hash, std::string_view value,
                           WriteToken token) {
    submit({RecordShare::Kind::update, channel, key, value, original_hash}, token);
}

void SharedRecords::remove(const Channel& channel, Key key, WriteToken token) {
    submit({RecordShare::Kind::remove, channel, key}, token);
}

void SharedRecords::create_channel(const Channel& channel, WriteToken token) {
    submit({RecordShare::Kind::create_channel, channel}, token);
}

void SharedRecords::remove_channel(const Channel& channel, WriteToken token) {
    removals_.emplace(token, Removal{shares_.size(), Wrote::absent, channel});
    for (const auto& share : shares_)
        if (const auto wrote = share->write({RecordShare::Kind::remove_channel, channel}, {worker_, token}))
            settle({token, *wrote}, done_);
}

void SharedRecords::take_completions(std::vector<Completion>& completions) {
    completions.insert(completions.end(), done_.begin(), done_.end());
    done_.clear();
    if (at_once_) return;
    taken_.clear();
    inbox().take(taken_);
    for (const Completion& completion : taken_) settle(completion, completions);
}

void SharedRecords::settle(const Completion& completion, std::vector<Completion>& completions) {
    const auto found = removals_.empty() ? removals_.end() : removals_.find(completion.token);
    if (found == removals_.end()) {
        completions.push_back(completion);
        return;
    }
    Removal& removal = found->second;
    removal.wrote = worse(removal.wrote, completion.wrote);
    if (--removal.left > 0) return;
    completions.push_back({completion.token, removal.wrote});
    if (removal.wrote == Wrote::done || removal.wrote == Wrote::absent) tell_removed(removal.channel);
    removals_.erase(found);
}

// A thread that has begun to follow the channel while it was removed may be told, too: its clients ask anew.
void SharedRecords::tell_removed(const Channel& channel) {
    WorkerSet followers = 0;
    for (const auto& share : shares_) followers |= share->followers_of(channel);
    for (std::size_t worker = 0; worker < inboxes_.size(); ++worker)
        if ((followers >> worker & 1U) != 0)
            inboxes_[worker]->post(RecordChange{RecordChange::Kind::channel_removed, channel, Key{}});
}

void SharedRecords::follow(const Channel& channel, bool wanted) {
    for (const auto& share : shares_) share->follow(channel, worker_, wanted);
}

// ---- the range ----

HashRange SharedRecords::range() const {
    HashRange common = HashRange::full();
    for (const auto& share : shares_)
        common = common.common(share->with_store([](const RecordStore& store) { return store.range(); }));
    return common;
}

Result<void> SharedRecords::set_range(const HashRange& wanted) {
    for (const auto& share : shares_)
        if (Result<void> set = share->set_range(wanted); !set) return set;
    return {};
}

bool SharedRecords::sweeping() const {
    return std::ranges::any_of(shares_, [](const auto& share) {
        return share->with_store([](const RecordStore& store) { return store.sweeping(); });
    });
}

// ---- committing ----

bool SharedRecords::commit_due(Instant now) {
    due_ = 0;
    for (std::size_t i = 0; i < shares_.size(); ++i)
        if (shares_[i]->commit_due(now)) due_ |= WorkerSet{1} << i;
    return due_ != 0;
}

Instant SharedRecords::next_deadline() const {
    Instant next = no_deadline;
    for (const auto& share : shares_) next = std::min(next, share->next_deadline());
    return next;
}

// The shares that are due; all of them when the caller has another reason.
Result<void> SharedRecords::commit() {
    const WorkerSet due = std::exchange(due_, 0);
    Result<void> outcome;
    for (std::size_t i = 0; i < shares_.size(); ++i) {
        if (due != 0 && (due >> i & 1U) == 0) continue;
        if (const Result<void> done = shares_[i]->commit(); !done) outcome = done;
    }
    return outcome;
}

std::size_t SharedRecords::waiting_bytes() const {
    if (at_once_) return 0;
    std::size_t bytes = 0;
    for (const auto& share : shares_)
        bytes += share->with_store([](const RecordStore& store) { return store.waiting_bytes(); });
    return bytes;
}

}  // namespace halp
