// Keeps a node's labels in the host cache directory, which it shares with the original tools, `halp` and other
// daemons: a file is only ever merged into, under its lock, and is whole at any moment. An acknowledged insert
// is on disk by its deadline, in the label's file or, where rewriting that would cost too much, in a journal.
//
// Costs are bounded per turn of the event loop and per second, whatever strangers insert: a turn saves at most
// `files_per_turn` files (or one large one) and turns keep a distance. Inserts into large labels and into more
// labels at once than a turn can save go to the journal, one append for all of them; their files are rewritten
// together, rarely ("a sweep"), after which the journal is removed. A failed save is tried again, ever more
// rarely, and loses nothing: what is saved is asked of the source anew each time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "overlay/cache/cache_journal.h"
#include "overlay/environment.h"
#include "store/cache_format.h"
#include "store/label.h"
#include "store/time.h"

namespace halp {

enum class Urgency : std::uint8_t { learned, acknowledged };

// What this node knows of a label, in the terms of a cache file.
class CacheSource {
public:
    virtual ~CacheSource() = default;
    [[nodiscard]] virtual CacheFile lines_of(const Label& label) const = 0;
    // How many lines the file may have; 0: this label is not kept on disk.
    [[nodiscard]] virtual std::size_t lines_max(const Label& label) const = 0;
};

// Takes what load() finds, label by label, newest first.
class CacheSink {
public:
    virtual ~CacheSink() = default;
    virtual void take_host(const Label& label, const CacheLine& line) = 0;
    virtual void take_name(const Label& directory, const CacheNameLine& line) = 0;
};

struct CacheKeeperOptions {
    Duration acknowledged = std::chrono::milliseconds{400};
    Duration learned = std::chrono::seconds{30};
    Duration turn_distance = std::chrono::milliseconds{100};
    std::size_t files_per_turn = 16;
    std::size_t large_lines = 2000;
    // A sweep comes sweep_min after the first line of a journal when a label has grown by a quarter in it, else
    // sweep_max after it; at once when the journal is longer than journal_bytes_max.
    Duration sweep_min = std::chrono::seconds{30};
    Duration sweep_max = std::chrono::seconds{60};
    std::size_t journal_bytes_max = std::size_t{16} << 20;
    Duration retry_min = std::chrono::milliseconds{200};
    Duration retry_max = std::chrono::seconds{60};
    Duration journal_retry = std::chrono::seconds{1};  // cheap to try, and inserts wait for it
    Duration complaint_distance = std::chrono::seconds{60};
};

class CacheKeeper {
public:
    static constexpr std::size_t bad_lines_noted_per_file = 20;
    static constexpr std::size_t bad_lines_noted_per_load = 1000;
    static constexpr std::size_t errors_noted_per_load = 20;
    static constexpr std::size_t forgotten_per_label_max = 65536;

    CacheKeeper(Storage& cache, Storage& state, Observer& observer, CacheKeeperOptions options = {});

    // Everything on disk, the journal folded in. Call it once, before anything else.
    void load(CacheSink& sink, Instant now);

    // This label's file is out of date.
    void changed(const Label& label, Urgency urgency, Instant now);
    // The same for one host that somebody was told is kept: the cheap way, as it may go to the journal.
    void inserted(const Label& label, const CacheLine& line, Instant now);
    // Withdrawn, buried or removed by hand, not merely expired: its line goes at the next save, unless the disk
    // knows a later time than `as_of`.
    void forgotten(const Label& label, const Endpoint& endpoint, UnixSeconds as_of, Instant now);
    // Removes the file now, or as soon as that is possible. True when there was one.
    bool clear(const Label& label);
    void clear_all();  // every label's file, also those this node does not know

    [[nodiscard]] Instant next_deadline() const;
    void on_deadline(Instant now, const CacheSource& source);
    // Everything unsaved, now. False when some of it could not be saved.
    bool flush(Instant now, const CacheSource& source);

private:
    struct Entry {
        Instant due = no_deadline;  // no_deadline: its file is up to date
        Urgency urgency = Urgency::learned;
        bool in_journal = false;      // in the current part of the journal
        bool in_old_journal = false;  // in the part that a sweep makes superfluous
        bool awaits_sweep = false;    // and not saved since
        bool cleared = false;         // the file should be gone, but removing it failed
        std::uint8_t failures = 0;
        std::size_t lines = 0;       // of its file, as last seen; 0 for small ones
        std::size_t journalled = 0;  // lines since then
        std::map<Endpoint, UnixSeconds> forgotten;
    };
    using Entries = std::map<Label, Entry>;
    struct Loading;

    void load_file(const std::string& name, CacheSink& sink, Loading& loading);
    void take_replay(const Label& label, const JournalledLabel& said, CacheSink& sink, Instant now);
    void note_bad_lines(const std::string& file, const CacheFile& content, Loading& loading);
    void note_error(const std::string& what, Loading& loading);

    void schedule(Entries::iterator at, Urgency urgency, Instant due);
    void unschedule(Entries::iterator at);
    void settle(Entries::iterator at);  // forgets an entry that says nothing
    void journalled(Entries::iterator at, bool written, Instant now);
    [[nodiscard]] bool to_journal(const Entry& entry) const;
    void append_journal(Instant now);
    [[nodiscard]] Instant sweep_due() const;
    void begin_sweep(Instant now);
    void end_sweep(Instant now);
    void swept(Entry& entry);
    [[nodiscard]] bool sweep_done() const { return journal_.has_old() && sweeping_ == 0; }
    [[nodiscard]] Entries::iterator next_due(Instant now);
    enum class Saved : std::uint8_t { small, large, busy, failed };
    Saved save(Entries::iterator at, Instant now, const CacheSource& source);
    bool drop(const Label& label);
    [[nodiscard]] Duration retry_after(std::uint8_t failures) const;
    void failed(Entries::iterator at, const Error& error, Instant now);
    void complain(const std::string& what, Instant now);

    Storage& cache_;
    Observer& observer_;
    CacheKeeperOptions options_;
    CacheJournal journal_;
    Entries entries_;
    // What is due, by urgency: the acknowledged first.
    std::set<std::pair<Instant, Label>> due_[2];
    Instant journal_due_ = no_deadline;  // pending lines are appended
    Instant journal_retry_ = never;
    Instant journal_began_ = no_deadline;  // first line of the current part
    bool sweep_early_ = false;
    std::size_t sweeping_ = 0;   // labels that await the sweep
    Instant sweep_end_ = never;  // not before; later when removing the old part failed
    Instant last_turn_ = never;
    Instant last_complaint_ = never;
    Instant latest_ = never;  // the latest time we were told
};

}  // namespace halp
