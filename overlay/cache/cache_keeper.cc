#include "overlay/cache/cache_keeper.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

#include "overlay/cache/file_changes.h"
#include "overlay/event.h"

namespace halp {

namespace {

// More pending bytes are written before their deadline.
constexpr std::size_t pending_bytes_wanted = std::size_t{64} << 10;

std::size_t index(Urgency urgency) { return urgency == Urgency::acknowledged ? 0 : 1; }

}  // namespace

CacheKeeper::CacheKeeper(Storage& cache, Storage& state, Observer& observer, CacheKeeperOptions options)
    : cache_(cache), observer_(observer), options_(std::move(options)), journal_(state, options_.swarm) {}

// ---- load ----

struct CacheKeeper::Loading {
    const std::map<Label, JournalledLabel>& journalled;
    std::size_t bad_lines_left = bad_lines_noted_per_load;
    std::size_t bad_lines_silent = 0;
    std::size_t errors_left = errors_noted_per_load;
    std::size_t errors_silent = 0;
    std::set<Label> aside{};  // labels all of whose hosts belong to other swarms
};

void CacheKeeper::load(CacheSink& sink, Instant now) {
    latest_ = now;
    const CacheJournal::Replay replay = journal_.load();
    Loading loading{replay.labels};
    for (const Error& error : replay.errors)
        note_error("The journal of the host cache is not read: " + error.message, loading);
    note_bad_lines("cache-journal", replay.bad, loading);
    const Result<std::vector<std::string>> names = cache_.list();
    if (!names) note_error("The host cache cannot be listed: " + names.error().message, loading);
    for (const bool directories : {false, true})
        for (const std::string& name : names ? *names : std::vector<std::string>{})
            load_file(name, directories, sink, loading);
    for (const auto& [label, said] : replay.labels) take_replay(label, said, sink, now);
    if (loading.errors_silent > 0) {
        observer_.note(StorageFailed{std::to_string(loading.errors_silent) + " more files could not be read."});
    }
    if (loading.bad_lines_silent > 0)
        observer_.note(CacheLineSkipped{
            "", 0, std::to_string(loading.bad_lines_silent) + " more lines of the host cache are skipped"});
    if (kept_aside_ > 0) observer_.note(CacheKeptAside{kept_aside_});
}

// Directories come last: they leave out the labels of which all hosts belong to other swarms.
void CacheKeeper::load_file(const std::string& name, bool directories, CacheSink& sink, Loading& loading) {
    const Result<Label> label = label_of_cache_file(name);
    if (!label || label->lists_names() != directories) return;
    const Result<std::string> content = cache_.read(name);
    if (!content) return note_error("A file of the host cache is not read: " + content.error().message, loading);
    const CacheFile file = parse_cache_file(*label, *content);
    note_bad_lines(name, file, loading);
    if (directories)
        take_names(*label, file, sink, loading);
    else
        take_hosts(*label, file, sink, loading);
    if (file.lines.size() > options_.large_lines) entries_[*label].lines = file.lines.size();
}

void CacheKeeper::take_hosts(const Label& label, const CacheFile& file, CacheSink& sink, Loading& loading) {
    const LineOrigins origins = origins_of(label);
    const auto said = loading.journalled.find(label);
    std::size_t aside = 0;
    for (CacheLine line : file.lines) {
        if (said != loading.journalled.end()) {
            const auto gone = said->second.forgotten.find(line.endpoint);
            if (gone != said->second.forgotten.end() && line.seen <= gone->second) continue;
        }
        const LineOrigin origin = origins.of(line, options_.swarm);
        if (origin == LineOrigin::other_swarm) {
            ++aside;
            continue;
        }
        line.own_swarm = origin == LineOrigin::own_swarm;
        line.proved = origins.proved(line.endpoint, options_.swarm);
        line.known = origins.known(line.endpoint, options_.swarm);
        sink.take_host(label, line);
    }
    kept_aside_ += aside;
    if (aside > 0 && aside == file.lines.size()) loading.aside.insert(label);
}

void CacheKeeper::take_names(const Label& directory, const CacheFile& file, CacheSink& sink,
                             const Loading& loading) const {
    const std::string prefix = directory == Label::labels() ? "" : directory.text();
    for (const CacheNameLine& line : file.names) {
        const Result<Label> named = Label::parse(prefix + line.name);
        if (!named || !loading.aside.contains(*named)) sink.take_name(directory, line);
    }
}

// Without the file, or when it cannot be read, the origin of all lines is unknown.
LineOrigins CacheKeeper::origins_of(const Label& label) {
    const Result<std::string> content = cache_.read(LineOrigins::file_name(label));
    return content ? LineOrigins::parse(label, *content) : LineOrigins{};
}

void CacheKeeper::take_replay(const Label& label, const JournalledLabel& said, CacheSink& sink, Instant now) {
    const auto at = entries_.try_emplace(label).first;
    for (const auto& [endpoint, time] : said.inserted) {
        CacheLine line{time, endpoint};
        const auto swarm = said.swarms.find(endpoint);
        if (swarm != said.swarms.end()) at->second.replayed[swarm->second].push_back(line);
        const bool other = swarm != said.swarms.end() && swarm->second != options_.swarm;
        line.own_swarm = swarm != said.swarms.end() && !other;
        kept_aside_ += other ? 1 : 0;
        if (!other) sink.take_host(label, line);
    }
    at->second.forgotten = said.forgotten;
    at->second.in_old_journal = at->second.awaits_sweep = true;
    ++sweeping_;
    schedule(at, Urgency::learned, now);
}

void CacheKeeper::note_bad_lines(const std::string& file, const CacheFile& content, Loading& loading) {
    bad_lines_ += content.bad_count;
    std::size_t noted = 0;
    for (const BadCacheLine& bad : content.bad) {
        if (noted == bad_lines_noted_per_file || loading.bad_lines_left == 0) break;
        observer_.note(CacheLineSkipped{file, bad.line, bad.why});
        --loading.bad_lines_left;
        ++noted;
    }
    if (content.bad_count == noted) return;
    if (loading.bad_lines_left == 0) {
        loading.bad_lines_silent += content.bad_count - noted;
        return;
    }
    --loading.bad_lines_left;
    const std::string rest = std::to_string(content.bad_count - noted) + " more lines of this file are skipped";
    observer_.note(CacheLineSkipped{file, 0, rest});
}

// That a file of hosts is full is usual: the host cache keeps a sample. Names are told.
void CacheKeeper::count_cut(const Label& label, const CacheFile& saved) {
    constexpr Duration noted_again = std::chrono::minutes{10};
    lines_cut_ += saved.cut_lines + saved.cut_names;
    if (saved.cut_names == 0 || (names_cut_noted_ != never && latest_ - names_cut_noted_ < noted_again)) return;
    names_cut_noted_ = latest_;
    observer_.note(CacheLineSkipped{cache_file_name(label), 0,
                                    std::to_string(saved.cut_names) + " names more than the file may have (" +
                                        std::to_string(saved.names.size()) + ") are left out of it"});
}

void CacheKeeper::note_error(const std::string& what, Loading& loading) {
    if (loading.errors_left == 0) {
        ++loading.errors_silent;
        return;
    }
    --loading.errors_left;
    observer_.note(StorageFailed{what});
}

// ---- what has changed ----

void CacheKeeper::changed(const Label& label, Urgency urgency, Instant now) {
    latest_ = now;
    if (!label.storable()) return;
    const auto at = entries_.try_emplace(label).first;
    const bool large = at->second.lines > options_.large_lines;
    const Duration learned = large ? std::max(options_.learned, options_.sweep_min) : options_.learned;
    schedule(at, urgency, now + (urgency == Urgency::acknowledged ? options_.acknowledged : learned));
}

void CacheKeeper::inserted(const Label& label, const CacheLine& line, Instant now) {
    latest_ = now;
    if (!label.storable()) return;
    assert(!label.lists_names());
    const auto at = entries_.try_emplace(label).first;
    Entry& entry = at->second;
    entry.forgotten.erase(line.endpoint);
    if (to_journal(entry)) {
        journalled(at, journal_.inserted(label, line), now);
    } else {
        schedule(at, Urgency::acknowledged, now + options_.acknowledged);
    }
}

void CacheKeeper::forgotten(const Label& label, const Endpoint& endpoint, UnixSeconds as_of, Instant now) {
    latest_ = now;
    if (!label.storable()) return;
    const auto at = entries_.try_emplace(label).first;
    Entry& entry = at->second;
    const auto known = entry.forgotten.find(endpoint);
    if (known != entry.forgotten.end()) {
        known->second = std::max(known->second, as_of);
    } else if (entry.forgotten.size() < forgotten_per_label_max) {
        entry.forgotten.emplace(endpoint, as_of);
    } else {
        ++removals_short_;
    }
    // Otherwise the journal, read again, would bring it back.
    if (entry.in_journal || entry.in_old_journal) journalled(at, journal_.forgotten(label, endpoint, as_of), now);
    changed(label, Urgency::learned, now);
}

bool CacheKeeper::clear(const Label& label) {
    const auto at = entries_.find(label);
    const bool in_journal = at != entries_.end() && (at->second.in_journal || at->second.in_old_journal);
    if (in_journal) {
        journalled(at, journal_.cleared(label), latest_);
        append_journal(latest_);
    }
    return drop(label);
}

void CacheKeeper::clear_all() {
    std::vector<std::string> left;
    const Result<std::vector<std::string>> names = cache_.list();
    if (!names) complain("The host cache cannot be listed: " + names.error().message, latest_);
    for (const std::string& name : names ? *names : std::vector<std::string>{}) {
        const Result<Label> label = label_of_cache_file(name);
        if (label) drop(*label);
        if (name.starts_with(LineOrigins::file_prefix)) left.push_back(name);
    }
    for (const std::string& name : left)
        static_cast<void>(cache_.remove(name));  // of labels without a file: useless
    std::vector<Label> known;
    for (const auto& entry : entries_) known.push_back(entry.first);
    const Result<void> gone = journal_.remove_all();
    if (!gone) complain("The journal of the host cache cannot be removed: " + gone.error().message, latest_);
    journal_due_ = journal_began_ = no_deadline;
    for (const Label& label : known) {
        Entry& entry = entries_.find(label)->second;
        entry.in_journal = false;
        entry.in_old_journal = !gone.has_value();
        drop(label);
    }
}

// Drops the file and everything that waits to be written into it.
bool CacheKeeper::drop(const Label& label) {
    const std::string name = cache_file_name(label);
    const auto at = entries_.try_emplace(label).first;
    Entry& entry = at->second;
    const bool existed = label.storable() && cache_.read(name).has_value();
    unschedule(at);
    entry.forgotten.clear();
    entry.replayed.clear();
    entry.lines = entry.journalled = 0;
    entry.failures = 0;
    swept(entry);
    if (existed) {
        const Result<void> removed = cache_.remove(name);
        entry.cleared = !removed.has_value();
        if (!removed) failed(at, removed.error(), latest_);
        remove_origins(label);
    }
    drop_if_idle(at);
    return existed;
}

// ---- when it is due ----

void CacheKeeper::schedule(Entries::iterator at, Urgency urgency, Instant due) {
    Entry& entry = at->second;
    if (entry.due != no_deadline) {
        if (entry.failures > 0) return;  // the next attempt is scheduled already
        if (entry.urgency == Urgency::acknowledged && urgency == Urgency::learned) return;
        if (entry.urgency == urgency && entry.due <= due) return;
        due = std::min(due, entry.due);
        unschedule(at);
    }
    entry.due = due;
    entry.urgency = urgency;
    due_[index(urgency)].emplace(due, at->first);
}

void CacheKeeper::unschedule(Entries::iterator at) {
    if (at->second.due == no_deadline) return;
    due_[index(at->second.urgency)].erase({at->second.due, at->first});
    at->second.due = no_deadline;
}

void CacheKeeper::drop_if_idle(Entries::iterator at) {
    const Entry& entry = at->second;
    const bool journalled = entry.in_journal || entry.in_old_journal;
    if (entry.due != no_deadline || journalled || entry.cleared || entry.lines > 0 || !entry.forgotten.empty())
        return;
    entries_.erase(at);
}

Instant CacheKeeper::next_deadline() const {
    Instant due = std::min(journal_due_, sweep_due());
    for (const auto& queue : due_) {
        if (!queue.empty()) due = std::min(due, queue.begin()->first);
    }
    if (sweep_done()) due = std::min(due, sweep_end_);
    return due == no_deadline ? due : std::max(due, last_turn_ + options_.turn_distance);
}

CacheKeeper::Entries::iterator CacheKeeper::next_due(Instant now) {
    for (const auto& queue : due_) {
        if (!queue.empty() && queue.begin()->first <= now) return entries_.find(queue.begin()->second);
    }
    return entries_.end();
}

void CacheKeeper::on_deadline(Instant now, const CacheSource& source) {
    latest_ = now;
    if (now < next_deadline()) return;
    last_turn_ = now;
    if (journal_due_ <= now) append_journal(now);
    if (sweep_due() <= now) begin_sweep(now);
    for (std::size_t files = 0; files < options_.files_per_turn; ++files) {
        const auto at = next_due(now);
        if (at == entries_.end() || save(at, now, source) != Saved::small) break;
    }
    if (sweep_done()) end_sweep(now);
}

bool CacheKeeper::flush(Instant now, const CacheSource& source) {
    latest_ = now;
    journal_retry_ = never;
    append_journal(now);
    std::vector<Label> unsaved;
    for (const auto& [label, entry] : entries_) {
        if (entry.due != no_deadline || entry.in_journal || entry.awaits_sweep) unsaved.push_back(label);
    }
    bool all = true;
    for (const Label& label : unsaved) {
        const Saved saved = save(entries_.find(label), now, source);
        all = all && (saved == Saved::small || saved == Saved::large);
        if (saved == Saved::busy) break;  // each further file would wait for the same lock
    }
    if (!all) return false;
    const Result<void> removed = journal_.remove_all();
    journal_due_ = journal_began_ = no_deadline;
    sweep_early_ = false;
    for (auto& entry : entries_) entry.second.in_old_journal |= std::exchange(entry.second.in_journal, false);
    if (removed) end_sweep(now);
    return true;
}

// ---- the journal ----

bool CacheKeeper::to_journal(const Entry& entry) const {
    // The order of the lines matters, so a label that is in the journal stays there until the journal is removed.
    if (entry.in_journal || entry.in_old_journal) return true;
    if (entry.lines > options_.large_lines || entry.failures > 0) return true;
    const bool on_its_way = entry.due != no_deadline && entry.urgency == Urgency::acknowledged;
    return !on_its_way && due_[index(Urgency::acknowledged)].size() >= options_.files_per_turn;
}

void CacheKeeper::journalled(Entries::iterator at, bool written, Instant now) {
    if (!written) {
        complain("The journal of the host cache is full; an insert may be lost if this process dies.", now);
        return schedule(at, Urgency::acknowledged, now + options_.acknowledged);
    }
    Entry& entry = at->second;
    entry.in_journal = true;
    ++entry.journalled;
    if (entry.journalled >= entry.lines / 4) sweep_early_ = true;
    journal_began_ = std::min(journal_began_, now);
    journal_due_ = std::min(journal_due_, now + options_.acknowledged);
    if (journal_.pending_bytes() > pending_bytes_wanted) append_journal(now);
}

void CacheKeeper::append_journal(Instant now) {
    if (now < journal_retry_) return;
    const Result<void> done = journal_.append();
    if (done) {
        journal_retry_ = never;
        journal_due_ = busy_since_ = no_deadline;
        return;
    }
    journal_retry_ = journal_due_ = now + options_.journal_retry;
    complain_of(done.error(),
                "The journal of the host cache cannot be written: " + done.error().message + ". It is tried again.",
                now);
}

Instant CacheKeeper::sweep_due() const {
    if (journal_began_ == no_deadline || journal_.has_old()) return no_deadline;
    if (journal_.bytes() > options_.journal_bytes_max) return journal_began_;
    return journal_began_ + (sweep_early_ ? options_.sweep_min : options_.sweep_max);
}

void CacheKeeper::begin_sweep(Instant now) {
    // Lines that could not be appended go to the new part.
    const bool leftover = journal_.pending();
    journal_.rotate();
    journal_began_ = leftover ? now : no_deadline;
    sweep_early_ = false;
    sweep_end_ = never;
    for (auto at = entries_.begin(); at != entries_.end(); ++at) {
        Entry& entry = at->second;
        if (!entry.in_journal) continue;
        entry.in_journal = leftover;
        entry.in_old_journal = true;
        if (!entry.awaits_sweep) ++sweeping_;
        entry.awaits_sweep = true;
        schedule(at, Urgency::learned, now);
    }
}

void CacheKeeper::swept(Entry& entry) {
    if (!std::exchange(entry.awaits_sweep, false)) return;
    --sweeping_;
}

void CacheKeeper::end_sweep(Instant now) {
    if (now < sweep_end_) return;
    const Result<void> removed = journal_.remove_old();
    if (!removed) {
        sweep_end_ = now + options_.retry_max;
        return complain("The journal of the host cache cannot be removed: " + removed.error().message, now);
    }
    for (auto at = entries_.begin(); at != entries_.end();) {
        const auto next = std::next(at);
        at->second.in_old_journal = false;
        drop_if_idle(at);
        at = next;
    }
}

// ---- saving ----

CacheKeeper::Saved CacheKeeper::save(Entries::iterator at, Instant now, const CacheSource& source) {
    const Label& label = at->first;
    Entry& entry = at->second;
    unschedule(at);
    const std::size_t lines_max = source.lines_max(label);
    if (lines_max > 0 || entry.cleared) {
        const Result<void> done =
            save_lines(label, entry, lines_max > 0 ? source.lines_of(label) : CacheFile{}, lines_max);
        if (!done) {
            failed(at, done.error(), now);
            return done.error().code == ErrorCode::busy ? Saved::busy : Saved::failed;
        }
        busy_since_ = no_deadline;
    }
    if (lines_max == 0) entry.lines = 0;
    const bool large = entry.lines > options_.large_lines;
    entry.forgotten.clear();
    entry.replayed.clear();
    entry.cleared = false;
    entry.failures = 0;
    entry.journalled = 0;
    if (!large) entry.lines = 0;
    swept(entry);
    drop_if_idle(at);
    return large ? Saved::large : Saved::small;
}

// The origins first: a line without origin would be one of unknown swarm if this process died in between. A host of
// which only the origin is known does no harm.
Result<void> CacheKeeper::save_lines(const Label& label, Entry& entry, CacheFile ours, std::size_t lines_max) {
    LineOrigins origins;
    const bool has_origins = !label.lists_names();
    if (entry.cleared) remove_origins(label);
    if (has_origins) {
        Result<LineOrigins> noted = save_origins(label, entry, ours);
        const bool later =
            !noted && (noted.error().code == ErrorCode::busy || noted.error().code == ErrorCode::full);
        if (later) return noted.error();
        if (!noted)
            complain("The host cache does not know the swarm of its lines: " + noted.error().message, latest_);
        if (noted) origins = std::move(*noted);
    }
    const std::size_t noted_hosts = origins.size();
    if (origins.only(options_.swarm)) origins = {};  // they would keep nothing aside
    std::vector<ForgottenHost> forgotten;
    forgotten.reserve(entry.forgotten.size());
    for (const auto& host : entry.forgotten) forgotten.push_back({host.first, host.second});
    MergingHosts merging{label, std::move(ours), std::move(forgotten), lines_max};
    if (entry.cleared) merging.ignore_disk();
    std::vector<CacheLine> others;
    for (const auto& [swarm, lines] : entry.replayed)
        if (swarm != options_.swarm) others.insert(others.end(), lines.begin(), lines.end());
    if (has_origins) merging.keep_aside(origins, options_.swarm, std::move(others));
    if (const Result<void> done = cache_.update(cache_file_name(label), merging); !done) return done;
    const CacheFile& merged = merging.merged();
    entry.lines = merged.lines.size() + merged.names.size();
    count_cut(label, merged);
    if (noted_hosts <= merged.lines.size() + merged.lines.size() / 4 + 64) return {};
    NotingOrigins pruning{label, [&](LineOrigins& all) { all.keep_only(merged); }};
    static_cast<void>(cache_.update(LineOrigins::file_name(label), pruning));  // tried again at the next save
    return {};
}

Result<LineOrigins> CacheKeeper::save_origins(const Label& label, const Entry& entry, const CacheFile& ours) {
    const auto note = [&](LineOrigins& all) {
        for (const auto& [swarm, lines] : entry.replayed) all.note(swarm, lines);
        all.note_own(options_.swarm, ours.lines);
        all.keep_known(options_.swarm, ours);
    };
    // Mostly nothing changes, and nothing is written.
    std::string on_disk = cache_.read(LineOrigins::file_name(label)).value_or(std::string{});
    LineOrigins known = LineOrigins::parse(label, on_disk);
    note(known);
    std::string changed = known.format(label);
    if (changed == on_disk) return known;
    NotingOrigins noting{label, note};
    noting.prepare(std::move(known), std::move(on_disk), std::move(changed));
    if (const Result<void> done = cache_.update(LineOrigins::file_name(label), noting); !done) return done.error();
    return std::move(noting.origins());
}

void CacheKeeper::remove_origins(const Label& label) {
    if (label.lists_names() || !label.storable()) return;
    // Without the label's file it says nothing; left behind it does no harm.
    static_cast<void>(cache_.remove(LineOrigins::file_name(label)));
}

Duration CacheKeeper::retry_after(std::uint8_t failures) const {
    return std::min(options_.retry_min * (std::int64_t{1} << std::min<int>(failures, 20)), options_.retry_max);
}

void CacheKeeper::failed(Entries::iterator at, const Error& error, Instant now) {
    Entry& entry = at->second;
    const Duration most = error.code == ErrorCode::busy ? options_.busy_retry_max : options_.retry_max;
    const Instant again = now + std::min(retry_after(entry.failures), most);
    const int failures = std::exchange(entry.failures, std::uint8_t{0});  // so that schedule() takes it
    schedule(at, Urgency::learned, again);
    entry.failures = static_cast<std::uint8_t>(std::min(failures + 1, 100));
    complain_of(error,
                "The host cache could not save " + at->first.text() + ": " + error.message + ". It is tried again.",
                now);
}

void CacheKeeper::complain_of(const Error& error, const std::string& what, Instant now) {
    if (error.code == ErrorCode::busy) {
        busy_since_ = std::min(busy_since_, now);
        if (now < busy_since_ + options_.busy_unsaid) return;
    }
    complain(what, now);
}

void CacheKeeper::complain(const std::string& what, Instant now) {
    if (now < last_complaint_ + options_.complaint_distance) return;
    last_complaint_ = now;
    observer_.note(StorageFailed{what});
}

}  // namespace halp
