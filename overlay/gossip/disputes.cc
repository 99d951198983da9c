#include "overlay/gossip/disputes.h"

#include <algorithm>
#include <chrono>
#include <map>

#include "store/incarnation.h"

namespace halp {

namespace {

constexpr std::size_t rows_max = 256;
// A node that lives missed at most the renewals of one ttl, and the answers to what was said against it.
constexpr std::uint32_t step_max = 64;
// In quarters of a period. An announcer outranks withdrawals once a period, and hears of them a quarter later at
// most.
constexpr int waits_quarters = 7;
constexpr int told_per_period = 4;
// Within so many periods an announcer has outranked a withdrawal that is not its own.
constexpr int argued_periods = 4;

}  // namespace

const Disputes::Row* Disputes::find(const Label& label, EndpointId host) const {
    const auto row = std::ranges::find_if(rows_, [&](const Row& r) { return r.host == host && r.label == label; });
    return row == rows_.end() ? nullptr : &*row;
}

Disputes::Row* Disputes::find(const Label& label, EndpointId host) {
    const auto row = std::ranges::find_if(rows_, [&](const Row& r) { return r.host == host && r.label == label; });
    return row == rows_.end() ? nullptr : &*row;
}

bool Disputes::argued(const Row& row, Instant now) const {
    return row.waits() || row.disputed_until > now ||
           (row.taken_at != never && now - row.taken_at < argued_periods * options_.period);
}

Disputes::Row& Disputes::row_for(const Label& label, EndpointId host, SourceId source, Instant now) {
    Row* row = find(label, host);
    if (!row) {
        make_room(now);
        row = &rows_.emplace_back(Row{.label = label, .host = host});
    }
    row->source = source;
    return *row;
}

void Disputes::start_period(Instant now) {
    std::erase_if(rows_, [&](const Row& row) { return !argued(row, now); });
}

void Disputes::make_room(Instant now) {
    if (rows_.size() < rows_max) return;
    start_period(now);
    if (rows_.size() >= rows_max) drop_of_fullest_source();
}

// Whoever has most of the places pays, so that a stranger's many withdrawals do not end other arguments.
void Disputes::drop_of_fullest_source() {
    std::map<SourceId, std::size_t> places;
    for (const Row& row : rows_) ++places[row.source];
    const auto fullest = std::ranges::max_element(places, {}, [](const auto& each) { return each.second; });
    // Rows are in the order of their arguments' beginnings.
    const auto oldest = std::ranges::find(rows_, fullest->first, &Row::source);
    dropped_ += oldest->waits();
    ++forgotten_;
    rows_.erase(oldest);
    plan();
}

Disputes::Verdict Disputes::withdrawn(const Label& label, const gossip::Entry& entry, const HostEntry* held,
                                      SourceId source, Instant now) {
    const bool far = held && held->incarnation != 0 && entry.incarnation - held->incarnation > step_max;
    const Row* known = find(label, entry.endpoint);
    const bool waits = far || (known && argued(*known, now));
    Row& row = row_for(label, entry.endpoint, source, now);
    if (!waits) {
        row.taken = entry.incarnation;
        row.taken_at = now;
        return Verdict::taken;
    }
    if (row.waits() && !newer_incarnation(entry.incarnation, row.waiting)) return Verdict::waits;
    row.waiting = entry.incarnation;
    row.heard_at = now;
    row.ends_at = now + waits_quarters * options_.period / 4;
    row.untold = true;
    plan();
    return Verdict::waits;
}

void Disputes::announced(const Label& label, EndpointId host, std::uint32_t incarnation, Instant now) {
    if (rows_.empty()) return;
    Row* row = find(label, host);
    if (!row || !argued(*row, now)) return;
    const bool outranks_taken = row->taken_at != never && newer_incarnation(incarnation, row->taken);
    const bool outranks_waiting = row->waits() && newer_incarnation(incarnation, row->waiting);
    if (!outranks_taken && !outranks_waiting) return;
    row->disputed_until = now + options_.ttl;
    if (outranks_taken) row->taken_at = never;
    if (outranks_waiting) row->ends_at = no_deadline;
    ++refuted_;
    plan();
}

Disputes::Due Disputes::due_of(const Row& row, bool taken, Instant now) const {
    Due due{row.label, {}, row.source, row.heard_at, taken};
    due.entry.endpoint = row.host;
    due.entry.incarnation = row.waiting;
    due.entry.withdrawn = true;
    // At least 1: an age of 0 says that the announcer itself speaks.
    const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(now - row.heard_at).count();
    due.entry.age_ms = static_cast<std::uint32_t>(std::clamp<std::int64_t>(age, 1, 0x7fffffff));
    return due;
}

std::optional<gossip::Entry> Disputes::waiting(const Label& label, EndpointId host, Instant now) const {
    if (rows_.empty()) return std::nullopt;
    const Row* row = find(label, host);
    if (!row || !row->waits()) return std::nullopt;
    return due_of(*row, false, now).entry;
}

std::vector<Disputes::Due> Disputes::take_due(Instant now) {
    std::vector<Due> due;
    for (Row& row : rows_) {
        if (!row.waits()) continue;
        if (row.ends_at <= now) {
            due.push_back(due_of(row, true, now));
            row.taken = row.waiting;
            row.taken_at = now;
            row.ends_at = no_deadline;
        } else if (row.untold && row.tell_at(options_.period / told_per_period) <= now) {
            due.push_back(due_of(row, false, now));
            row.told_at = now;
            row.untold = false;
        }
    }
    plan();
    return due;
}

void Disputes::plan() {
    due_at_ = no_deadline;
    for (const Row& row : rows_) {
        if (!row.waits()) continue;
        due_at_ = std::min(due_at_, row.ends_at);
        if (row.untold) due_at_ = std::min(due_at_, row.tell_at(options_.period / told_per_period));
    }
}

std::size_t Disputes::waiting_count() const {
    return static_cast<std::size_t>(std::ranges::count_if(rows_, &Row::waits));
}

void Disputes::mark_endpoints(std::vector<bool>& marks) const {
    for (const Row& row : rows_) marks[static_cast<std::size_t>(row.host)] = true;
}

}  // namespace halp
