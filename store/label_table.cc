#include "store/label_table.h"

#include <algorithm>
#include <cassert>
#include <utility>

namespace halp {
namespace {

constexpr Duration idle_max = std::chrono::hours{1};
constexpr Duration recency_saved_every = std::chrono::minutes{1};

// Bytes of a row with its tree nodes, its list objects and three copies of its name.
std::size_t row_bytes(const Label& label) { return 1536 + 3 * label.text().size(); }

}  // namespace

LabelTable::LabelTable(const EndpointTable& endpoints, TableLimits limits)
    : endpoints_(endpoints), limits_(std::move(limits)) {}

// ---- news ----

LabelTable::Outcome LabelTable::refuse(RefusalCause cause) {
    ++refused_[static_cast<std::size_t>(cause)];
    return {Merge::refused, cause};
}

LabelTable::Outcome LabelTable::merge(const Label& label, const HostEntry& news, SourceId source, Instant now,
                                      UnixSeconds wall, LearnedFrom from) {
    ++operation_;
    operation_source_ = source;
    if (label.lists_names()) return refuse(RefusalCause::list_of_names);
    if (!label.storable()) return refuse(RefusalCause::label_not_storable);
    if (HostList::too_old(news, list_limits(label), now)) return refuse(RefusalCause::too_old);
    Row* row = row_of(label);
    if (!row) return merge_new(label, news, source, now, wall, from);
    const bool was_empty = row->hosts->empty();
    const Outcome outcome = merge_into(*row, news, now, from);
    if (was_empty && outcome.merge == Merge::added) save_first(*row, news.endpoint, wall, from);
    const bool taken = outcome.merge == Merge::added || outcome.merge == Merge::refreshed;
    if (taken && !news.withdrawn) {
        const Listings listings = label.listings(Label::storable_length_max);
        if (!admit(listing_wish(listings, now), source, now)) list(listings, now, wall);
    }
    return outcome;
}

LabelTable::Outcome LabelTable::merge_new(const Label& label, const HostEntry& news, SourceId source, Instant now,
                                          UnixSeconds wall, LearnedFrom from) {
    // A withdrawal is kept, as the announcement that it ends may arrive later. It makes no name known.
    const Listings listings = news.withdrawn ? Listings{} : label.listings(Label::storable_length_max);
    Wish wish = listing_wish(listings, now);
    wish.labels = std::max(wish.labels, std::size_t{1});
    wish.rows += 1;
    wish.bytes += row_bytes(label) + HostList::entry_bytes(endpoints_.at(news.endpoint).host.size());
    if (list_limits(label).entries_max == 0 && !news.own) return refuse(RefusalCause::full);
    if (const auto cause = admit(wish, source, now)) return refuse(*cause);
    list(listings, now, wall);
    Row& row = create(label, now);
    const Merge merge = row.hosts->merge(news, now);
    const Outcome outcome = finish(row, merge, now);
    tell_merged(row, news, false, merge, from);
    if (merge == Merge::added) save_first(row, news.endpoint, wall, from);
    return outcome;
}

LabelTable::Outcome LabelTable::merge_into(Row& row, const HostEntry& news, Instant now, LearnedFrom from) {
    use(row, now);
    if (!row.hosts->find(news.endpoint)) {
        const Wish wish{0, 0, HostList::entry_bytes(endpoints_.at(news.endpoint).host.size())};
        if (!make_room(wish)) return refuse(RefusalCause::full);
    }
    std::vector<HostEntry> evicted;
    const HostEntry* held = row.hosts->find(news.endpoint);
    const UnixSeconds stated = held ? held->claim.stated : Claim::none;
    const std::uint64_t lost = row.hosts->withdrawals_lost();
    const bool was_shown = held && !held->withdrawn;
    const Merge merge = row.hosts->merge(news, now, &evicted);
    counter(EvictionCause::label_full) += evicted.size() + row.hosts->withdrawals_lost() - lost;
    held = row.hosts->find(news.endpoint);
    const bool said = news.withdrawn || (held && held->claim.stated != stated);
    if (said || !evicted.empty()) note_change(row, merge, true);
    const Outcome outcome = finish(row, merge, now);
    for (const HostEntry& gone : evicted) tell_gone(row.label, gone.endpoint, ForgottenWhy::evicted);
    tell_merged(row, news, was_shown, merge, from);
    return outcome;
}

// A label that had no host may not wait for its file as long as others: a restart would know nothing under it.
void LabelTable::save_first(const Row& row, EndpointId host, UnixSeconds wall, LearnedFrom from) {
    if (from == LearnedFrom::cache) return;
    const HostEntry* entry = row.hosts->find(host);
    const UnixSeconds seen = entry && !entry->vouched() ? entry->claim.ranked : wall;
    changes_.add({ListChange::Kind::first, row.label, {seen, endpoints_.at(host)}});
}

// `merge`: what became of the news about its host. A refused one that was shown is among the evicted.
void LabelTable::tell_merged(const Row& row, const HostEntry& news, bool was_shown, Merge merge, LearnedFrom from) {
    if (!observer_) return;
    if (merge == Merge::added) return observer_->host_listed(row.label, news.endpoint, from);
    if (merge != Merge::refreshed || !was_shown) return;
    if (news.withdrawn) {
        const HostEntry* left = row.hosts->find(news.endpoint);
        if (!left || left->withdrawn) return tell_gone(row.label, news.endpoint, ForgottenWhy::withdrawn);
    }
    if (row.watched) observer_->host_moved(row.label, news.endpoint, from);
}

void LabelTable::tell_moved(const Label& label, EndpointId host) {
    const Row* const row = row_of(label);
    if (observer_ && row && row->watched) observer_->host_moved(row->label, host, LearnedFrom::gossip);
}

void LabelTable::tell_gone(const Label& label, EndpointId host, ForgottenWhy why) {
    if (observer_) observer_->host_gone(label, host, why);
}

LabelTable::Outcome LabelTable::finish(Row& row, Merge merge, Instant now) {
    use(row, now);
    account(row);
    note_change(row, merge, merge == Merge::added);
    return merge == Merge::refused ? refuse(RefusalCause::full) : Outcome{merge, RefusalCause::full};
}

LabelTable::Outcome LabelTable::merge_name(const Label& directory, const NamedAt& news, SourceId source,
                                           Instant now) {
    ++operation_;
    operation_source_ = source;
    if (!directory.lists_names() || !directory.storable() || !NameList::well_formed(news.name))
        return refuse(RefusalCause::label_not_storable);
    if (names_max(directory) == 0) return refuse(RefusalCause::full);
    if (const auto cause = admit(listing_wish({{directory, news.name}}, now), source, now)) return refuse(*cause);
    Row* row = row_of(directory);
    if (!row) row = &create(directory, now);
    const Merge merge = merge_listed(*row, news);
    note_change(*row, merge, true);
    return finish(*row, merge, now);
}

// ---- directories ----

bool LabelTable::mention(const Label& label, SourceId source, Instant now, UnixSeconds wall, bool asked) {
    ++operation_;
    operation_source_ = source;
    const Listings listings = label.listings(Label::storable_length_max);
    if (const auto cause = admit(listing_wish(listings, now), source, now)) {
        refuse(*cause);
        return false;
    }
    return list(listings, now, wall, asked);
}

// Every name that is not listed yet counts as a new label, whether its directory exists or not.
LabelTable::Wish LabelTable::listing_wish(const Listings& listings, Instant now) {
    Wish wish;
    for (const auto& [directory, name] : listings) {
        Row* row = row_of(directory);
        if (row) use(*row, now);
        if (row && row->names->contains(name)) continue;
        wish.labels += 1;
        wish.rows += row ? 0 : 1;
        wish.bytes += NameList::name_bytes(name.size()) + (row ? 0 : row_bytes(directory));
    }
    return wish;
}

// Names of labels with a host that somebody has confirmed stay: whoever makes up names does not hide those. A full
// directory looks through the old ones for another; a source may name only so many new labels.
Merge LabelTable::merge_listed(Row& directory, const NamedAt& news) {
    const std::string above = directory.label == Label::labels() ? "" : directory.label.text();
    const auto keeps = [&](const std::string& name) {
        const auto label = rows_.find(above + name);
        return label != rows_.end() && label->second.hosts && label->second.hosts->vouches();
    };
    const std::uint64_t evicted = directory.names->evicted();
    const Merge merge = directory.names->merge(news, keeps);
    counter(EvictionCause::label_full) += directory.names->evicted() - evicted;
    return merge;
}

bool LabelTable::list(const Listings& listings, Instant now, UnixSeconds wall, bool asked) {
    bool changed = false;
    for (const auto& [directory, name] : listings) {
        Row* row = row_of(directory);
        if (!row) row = &create(directory, now);
        const Merge merge = merge_listed(*row, {name, wall, wall, asked});
        account(*row);
        note_change(*row, merge, merge == Merge::added);
        changed = changed || merge == Merge::added || merge == Merge::refreshed;
    }
    return changed;
}

// ---- quotas ----

std::optional<RefusalCause> LabelTable::admit(const Wish& wish, SourceId source, Instant now) {
    if (wish.labels > quota_.left(source, new_labels_allowed(source), now)) return RefusalCause::source_label_quota;
    if (!make_room(wish)) return RefusalCause::full;
    quota_.use(source, wish.labels, now);
    return std::nullopt;
}

std::size_t LabelTable::new_labels_allowed(SourceId source) const {
    return source == application_source ? limits_.new_labels_of_applications_and_hour
                                        : limits_.new_labels_per_source_and_hour;
}

bool LabelTable::make_room(const Wish& wish) {
    if (wish.rows > limits_.labels_max || wish.bytes > limits_.bytes_max) return false;
    while (wish.rows > 0 && rows_.size() + wish.rows > limits_.labels_max)
        if (!evict_one(EvictionCause::table_full)) return false;
    while (wish.bytes > 0 && bytes_ + wish.bytes > limits_.bytes_max)
        if (!evict_one(EvictionCause::memory_full)) return false;
    return true;
}

bool LabelTable::evict_one(EvictionCause cause) {
    Row* victim = fullest(true);
    if (!victim) victim = fullest(false);
    if (!victim) return false;
    ++counter(cause);
    drop(*victim, ForgottenWhy::evicted);
    return true;
}

// The least recently used row of the source that has filled the most. Rows that the current operation needs stay.
LabelTable::Row* LabelTable::fullest(bool hearsay) {
    Row* found = nullptr;
    for (auto turn = idle_order_.rbegin(); turn != idle_order_.rend(); ++turn) {
        Row* row = *turn;
        if (row->operation == operation_ || row->hearsay() != hearsay) continue;
        if (!found || row->payer->weight() > found->payer->weight()) found = row;
    }
    return found;
}

// ---- rows ----

LabelTable::Row* LabelTable::row_of(const Label& label) {
    const auto found = rows_.find(label.text());
    return found == rows_.end() ? nullptr : &found->second;
}

const LabelTable::Row* LabelTable::row_of(const Label& label) const {
    const auto found = rows_.find(label.text());
    return found == rows_.end() ? nullptr : &found->second;
}

LabelTable::Row& LabelTable::create(const Label& label, Instant now) {
    const auto [place, added] = rows_.try_emplace(label.text(), label, label.hash());
    assert(added);
    Row& row = place->second;
    if (label.lists_names()) {
        row.names.emplace(names_max(label));
    } else {
        row.hosts.emplace(endpoints_, list_limits(label));
        by_hash_.insert(&row);
    }
    row.saved_at = now;
    row.watched = watched_.count(label.text()) != 0;
    update_turn(row);
    use(row, now);
    account(row);
    return row;
}

void LabelTable::use(Row& row, Instant now) {
    row.used = now;
    row.operation = operation_;
    if (row.evictable) idle_order_.splice(idle_order_.begin(), idle_order_, row.turn);
}

// `labels` itself stays, because everything else is found through it.
void LabelTable::update_turn(Row& row) {
    const bool evictable = row.label != Label::labels() && !held(row.label);
    if (evictable == row.evictable) return;
    row.evictable = evictable;
    if (evictable)
        row.turn = idle_order_.insert(idle_order_.begin(), &row);
    else
        idle_order_.erase(row.turn);
}

void LabelTable::account(Row& row) {
    const std::size_t before = row.bytes;
    row.bytes = row_bytes(row.label) + (row.hosts ? row.hosts->bytes() : row.names->bytes());
    bytes_ += row.bytes - before;  // modulo 2^64
    if (row.payer) row.payer->bytes += row.bytes - before;
    if (row.bytes > before) charge(row, row.bytes - before);
}

void LabelTable::charge(Row& row, std::size_t added) {
    if (row.payer && row.payer->source == operation_source_) {
        row.lead += added;
    } else if (row.payer && row.lead >= added) {
        row.lead -= added;
    } else {
        row.lead = added - (row.payer ? row.lead : 0);
        const auto place = payers_.try_emplace(operation_source_, Payer{operation_source_, 0, 0}).first;
        set_payer(row, &place->second);
    }
}

// Nobody, when the row goes.
void LabelTable::set_payer(Row& row, Payer* payer) {
    if (payer) {
        payer->bytes += row.bytes;
        ++payer->rows;
    }
    Payer* const before = std::exchange(row.payer, payer);
    if (!before) return;
    before->bytes -= row.bytes;
    if (--before->rows == 0) payers_.erase(SourceId{before->source});
}

void LabelTable::drop(Row& row, ForgottenWhy why) {
    const Label label = row.label;
    std::vector<HostEntry> shown;
    if (observer_ && row.hosts) shown = row.hosts->page(0, row.hosts->size());
    if (row.evictable) idle_order_.erase(row.turn);
    if (row.hosts) by_hash_.erase(&row);
    bytes_ -= row.bytes;
    set_payer(row, nullptr);
    rows_.erase(label.text());
    mark_changed(label);
    for (const HostEntry& host : shown) tell_gone(label, host.endpoint, why);
}

void LabelTable::note_change(Row& row, Merge merge, bool at_once) {
    if (merge == Merge::stale || merge == Merge::refused) return;
    if (at_once) mark_changed(row.label);
    row.recency_moved = true;
}

const HostList* LabelTable::find(const Label& label) const {
    const Row* row = row_of(label);
    return row && row->hosts ? &*row->hosts : nullptr;
}

const HostList* LabelTable::touch(const Label& label, Instant now) {
    ++operation_;
    Row* row = row_of(label);
    if (row) use(*row, now);
    return row && row->hosts ? &*row->hosts : nullptr;
}

std::vector<HostEntry> LabelTable::next_told(const Label& label, std::size_t freshest, std::size_t others,
                                             Instant now) {
    Row* row = row_of(label);
    return row && row->hosts ? row->hosts->next_told(freshest, others, now) : std::vector<HostEntry>{};
}

const NameList* LabelTable::names(const Label& directory) const {
    const Row* row = row_of(directory);
    return row && row->names ? &*row->names : nullptr;
}

const Label* LabelTable::by_hash(std::uint64_t label_hash) const {
    const auto found = by_hash_.lower_bound(label_hash);
    return found != by_hash_.end() && (*found)->hash == label_hash ? &(*found)->label : nullptr;
}

bool LabelTable::erase(const Label& label, EndpointId endpoint, ForgottenWhy why) {
    Row* row = row_of(label);
    const HostEntry* held = row && row->hosts ? row->hosts->find(endpoint) : nullptr;
    if (!held) return false;
    const bool was_shown = !held->withdrawn;
    row->hosts->erase(endpoint);
    account(*row);
    mark_changed(label);
    if (was_shown) tell_gone(row->label, endpoint, why);
    return true;
}

bool LabelTable::clear(const Label& label) {
    Row* row = row_of(label);
    if (row) clear_foreign(*row);
    return row != nullptr;
}

void LabelTable::clear_all() {
    for (auto next = rows_.begin(); next != rows_.end();) clear_foreign((next++)->second);
}

// What this node announces stays until it is withdrawn. Own hosts are the first in rank.
void LabelTable::clear_foreign(Row& row) {
    const bool any_own = row.hosts && !row.hosts->empty() && row.hosts->page(0, 1).front().own;
    if (!any_own) return drop(row, ForgottenWhy::cleared);
    for (const HostEntry& entry : row.hosts->all())
        if (!entry.own) erase(row.label, entry.endpoint, ForgottenWhy::cleared);
}

void LabelTable::hold(const Label& label, bool held) {
    if (held)
        held_.insert(label.text());
    else
        held_.erase(label.text());
    if (Row* row = row_of(label)) update_turn(*row);
}

void LabelTable::watch(const Label& label, bool watched) {
    std::size_t& watchers = watched_[label.text()];
    if (watched)
        ++watchers;
    else if (watchers > 0)
        --watchers;
    const bool any = watchers > 0;
    if (!any) watched_.erase(label.text());
    Row* row = row_of(label);
    if (!row) return;
    row->watched = any;
    update_turn(*row);
}

bool LabelTable::held(const Label& label) const {
    return held_.count(label.text()) != 0 || watched_.count(label.text()) != 0;
}

// ---- time ----

std::vector<LabelTable::Gone> LabelTable::expire(Instant now) {
    std::vector<Gone> gone;
    for (auto next = rows_.begin(); next != rows_.end();) {
        Row& row = (next++)->second;  // the row itself may be dropped
        if (row.hosts) {
            for (const EndpointId endpoint : expire_hosts(row, now)) gone.push_back({row.label, endpoint});
        }
        if (row.recency_moved && now - row.saved_at >= recency_saved_every) {
            mark_changed(row.label);
            row.recency_moved = false;
            row.saved_at = now;
        }
        if (!overdue(row, now)) continue;
        ++counter(EvictionCause::label_idle);
        drop(row, ForgottenWhy::expired);
    }
    return gone;
}

std::vector<EndpointId> LabelTable::expire_hosts(Row& row, Instant now) {
    HostList::Shifts shifts;
    std::vector<EndpointId> gone = row.hosts->expire(now, &shifts);
    counter(EvictionCause::label_full) += shifts.evicted.size();
    if (!gone.empty() || !shifts.shown.empty() || !shifts.evicted.empty()) mark_changed(row.label);
    account(row);
    if (!observer_) return gone;
    for (const EndpointId host : gone) tell_gone(row.label, host, ForgottenWhy::expired);
    // What is left is a claim, and claims come from HALP text.
    for (const EndpointId host : shifts.shown) observer_->host_listed(row.label, host, LearnedFrom::text);
    for (const EndpointId host : shifts.evicted) tell_gone(row.label, host, ForgottenWhy::evicted);
    if (row.watched)
        for (const EndpointId host : shifts.moved) observer_->host_moved(row.label, host, LearnedFrom::text);
    return gone;
}

bool LabelTable::overdue(Row& row, Instant now) const {
    if (!row.empty()) {
        row.empty_since = never;
        return false;
    }
    if (row.empty_since == never) row.empty_since = now;
    return row.evictable && now - std::max(row.empty_since, row.used) >= idle_max;
}

// ---- walks ----

std::vector<Label> LabelTable::host_labels() const {
    std::vector<Label> labels;
    for (const auto& [text, row] : rows_)
        if (row.hosts) labels.push_back(row.label);
    return labels;
}

std::size_t LabelTable::host_label_count() const { return by_hash_.size(); }

std::vector<Label> LabelTable::directories() const {
    std::vector<Label> labels;
    for (const auto& [text, row] : rows_)
        if (row.names) labels.push_back(row.label);
    return labels;
}

std::vector<Label> LabelTable::next_labels(std::uint64_t& cursor, std::size_t count) const {
    std::vector<Label> labels;
    count = std::min(count, by_hash_.size());
    labels.reserve(count);
    for (auto next = by_hash_.upper_bound(cursor); labels.size() < count; ++next) {
        if (next == by_hash_.end()) next = by_hash_.begin();
        labels.push_back((*next)->label);
        cursor = (*next)->hash;
    }
    return labels;
}

// Labels that are gone stay among the changes until these are taken, within a bound in case nobody takes them.
void LabelTable::mark_changed(const Label& label) {
    if (row_of(label) || changes_.label_count() < 2 * limits_.labels_max)
        changes_.add_label(label);
    else
        changes_.drop_label(label);
}

void LabelTable::mark_endpoints(std::vector<bool>& marks) const {
    for (const auto& [text, row] : rows_)
        if (row.hosts) row.hosts->mark_endpoints(marks);
}

// ---- limits ----

const Allocation& LabelTable::allocation(const Label& label) const {
    const auto row = limits_.rows.find(label.text());
    return row == limits_.rows.end() ? limits_.fallback : row->second;
}

HostList::Limits LabelTable::list_limits(const Label& label) const {
    const Allocation& allowed = allocation(label);
    HostList::Limits limits;
    limits.entries_max = std::min(allowed.entries_max, TableLimits::entries_hard_max);
    limits.share_per_group_max = allowed.share_per_group_max;
    limits.ttl = allowed.ttl;
    return limits;
}

std::size_t LabelTable::names_max(const Label& directory) const {
    return directory == Label::labels() ? limits_.labels_max : limits_.names_per_directory_max;
}

void LabelTable::set_limits(TableLimits limits) {
    limits_ = std::move(limits);
    for (auto& [text, row] : rows_) {
        if (row.hosts)
            row.hosts->set_limits(list_limits(row.label));
        else
            row.names->set_names_max(names_max(row.label));
        account(row);
    }
}

std::size_t LabelTable::label_count() const { return rows_.size(); }
std::size_t LabelTable::bytes() const { return bytes_; }
std::uint64_t LabelTable::evicted(EvictionCause cause) const { return evicted_[static_cast<std::size_t>(cause)]; }
std::uint64_t LabelTable::refused(RefusalCause cause) const { return refused_[static_cast<std::size_t>(cause)]; }

}  // namespace halp
