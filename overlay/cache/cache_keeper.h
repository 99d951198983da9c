// Keeps the labels of a node in the host cache directory, which other programs share: the original tools, `halp`,
// other daemons. So a save merges into a file, under a lock, and a file is whole at any moment. An acknowledged
// insert is on disk by its deadline: in the label's file or, where rewriting that would cost too much, in a
// journal.
//
// Costs are bounded per turn of the event loop and per second, whatever strangers insert. A turn saves at most
// `files_per_turn` files, or one large one, and there is a pause between turns. Inserts into large labels, and into
// more labels at once than a turn can save, go to the journal with one append for all of them. Their files are
// rewritten together and rarely, in a sweep, after which the journal is removed. A failed save is tried again, at
// growing intervals, and loses nothing, because each save asks the source anew.
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
#include "overlay/cache/line_origins.h"
#include "overlay/environment.h"
#include "store/cache_format.h"
#include "store/label.h"
#include "store/time.h"

namespace halp {

enum class Urgency : std::uint8_t { learned, acknowledged };

// What a node knows of a label, as a cache file says it.
class CacheSource {
public:
    virtual ~CacheSource() = default;
    [[nodiscard]] virtual CacheFile lines_of(const Label& label) const = 0;
    // How many lines the file may have. 0: this label is not kept on disk.
    [[nodiscard]] virtual std::size_t lines_max(const Label& label) const = 0;
};

// Takes what load() finds, label by label, the newest line first. Lines of other swarms stay in the files and are
// not among them.
class CacheSink {
public:
    virtual ~CacheSink() = default;
    virtual void take_host(const Label& label, const CacheLine& line) = 0;
    virtual void take_name(const Label& directory, const CacheNameLine& line) = 0;
};

struct CacheKeeperOptions {
    std::string swarm{};  // of this node
    Duration acknowledged = std::chrono::milliseconds{400};
    Duration learned = std::chrono::seconds{30};
    Duration turn_distance = std::chrono::milliseconds{100};
    std::size_t files_per_turn = 16;
    std::size_t large_lines = 2000;
    // A sweep begins sweep_max after the first line of a journal, sweep_min after it when the journal lets a label
    // grow by a quarter, and at once when the journal is longer than journal_bytes_max.
    Duration sweep_min = std::chrono::seconds{30};
    Duration sweep_max = std::chrono::seconds{60};
    std::size_t journal_bytes_max = std::size_t{16} << 20;
    Duration retry_min = std::chrono::milliseconds{200};
    Duration retry_max = std::chrono::seconds{60};
    Duration journal_retry = std::chrono::seconds{1};  // short: an attempt is cheap, and inserts wait for it
    Duration complaint_distance = std::chrono::seconds{60};
    Duration busy_unsaid = std::chrono::seconds{5};
    Duration busy_retry_max = std::chrono::seconds{1};  // another writer needs milliseconds
};

class CacheKeeper {
public:
    static constexpr std::size_t bad_lines_noted_per_file = 20;
    static constexpr std::size_t bad_lines_noted_per_load = 1000;
    static constexpr std::size_t errors_noted_per_load = 20;
    static constexpr std::size_t forgotten_per_label_max = 65536;

    CacheKeeper(Storage& cache, Storage& state, Observer& observer, CacheKeeperOptions options = {});

    // Reads everything on disk, the journal included. To be called once, before anything else.
    void load(CacheSink& sink, Instant now);

    // The label's file is out of date.
    void changed(const Label& label, Urgency urgency, Instant now);
    // The same for one acknowledged host. Cheaper, as the line may go to the journal.
    void inserted(const Label& label, const CacheLine& line, Instant now);
    // The host was withdrawn, buried or removed by hand; it did not merely expire. Its line is removed at the next
    // save, unless the disk has a later time than `as_of`.
    void forgotten(const Label& label, const Endpoint& endpoint, UnixSeconds as_of, Instant now);
    // Removes the file now, or as soon as that is possible. True when there was a file.
    bool clear(const Label& label);
    void clear_all();  // the files of all labels, also of those that this node does not know

    [[nodiscard]] Instant next_deadline() const;
    void on_deadline(Instant now, const CacheSource& source);
    // Saves everything that is unsaved. False when some of it could not be saved.
    [[nodiscard]] bool flush(Instant now, const CacheSource& source);
    // Lines of other swarms that load() left in the files.
    [[nodiscard]] std::size_t kept_aside() const { return kept_aside_; }
    // Hosts whose lines stay in a file although they were forgotten: more than forgotten_per_label_max waited for
    // one save.
    [[nodiscard]] std::uint64_t removals_short() const { return removals_short_; }
    // Lines that load() could not read. Each file of them is named in an event, the first lines one by one.
    [[nodiscard]] std::uint64_t bad_lines() const { return bad_lines_; }
    // Since the start: lines and names that a save left out, because the file may have no more; the oldest ones.
    [[nodiscard]] std::uint64_t lines_cut() const { return lines_cut_; }

private:
    struct Entry {
        Instant due = no_deadline;  // no_deadline: its file is up to date
        Urgency urgency = Urgency::learned;
        bool in_journal = false;      // in the current part of the journal
        bool in_old_journal = false;  // in the part that the sweep under way will remove
        bool awaits_sweep = false;    // the same, and not saved since the sweep began
        bool cleared = false;         // the file should be gone, but removing it failed
        std::uint8_t failures = 0;
        std::size_t lines = 0;       // of its file at the last save or load; 0 for small ones
        std::size_t journalled = 0;  // lines in the journal since then
        std::map<Endpoint, UnixSeconds> forgotten;
        std::map<std::string, std::vector<CacheLine>> replayed;  // by swarm: read from the journal, not saved yet
    };
    using Entries = std::map<Label, Entry>;
    struct Loading;

    void load_file(const std::string& name, bool directories, CacheSink& sink, Loading& loading);
    void take_hosts(const Label& label, const CacheFile& file, CacheSink& sink, Loading& loading);
    void take_names(const Label& directory, const CacheFile& file, CacheSink& sink, const Loading& loading) const;
    [[nodiscard]] LineOrigins origins_of(const Label& label);
    void take_replay(const Label& label, const JournalledLabel& said, CacheSink& sink, Instant now);
    void note_bad_lines(const std::string& file, const CacheFile& content, Loading& loading);
    void note_error(const std::string& what, Loading& loading);
    void count_cut(const Label& label, const CacheFile& saved);

    void schedule(Entries::iterator at, Urgency urgency, Instant due);
    void unschedule(Entries::iterator at);
    void drop_if_idle(Entries::iterator at);  // when the entry holds nothing worth keeping
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
    Result<void> save_lines(const Label& label, Entry& entry, CacheFile ours, std::size_t lines_max);
    Result<LineOrigins> save_origins(const Label& label, const Entry& entry, const CacheFile& ours);
    void remove_origins(const Label& label);
    bool drop(const Label& label);
    [[nodiscard]] Duration retry_after(std::uint8_t failures) const;
    void failed(Entries::iterator at, const Error& error, Instant now);
    // Of a failure that another writer causes only when it lasts.
    void complain_of(const Error& error, const std::string& what, Instant now);
    void complain(const std::string& what, Instant now);

    Storage& cache_;
    Observer& observer_;
    CacheKeeperOptions options_;
    CacheJournal journal_;
    Entries entries_;
    // Labels by the time when they are due: acknowledged changes, and the others.
    std::set<std::pair<Instant, Label>> due_[2];
    Instant journal_due_ = no_deadline;  // when pending lines are appended
    Instant journal_retry_ = never;
    Instant journal_began_ = no_deadline;  // when the current part got its first line
    bool sweep_early_ = false;
    std::size_t kept_aside_ = 0;
    std::uint64_t removals_short_ = 0, bad_lines_ = 0, lines_cut_ = 0;
    Instant names_cut_noted_ = never;
    std::size_t sweeping_ = 0;   // number of labels that await the sweep
    Instant sweep_end_ = never;  // earliest end; later when removing the old part failed
    Instant last_turn_ = never;
    Instant last_complaint_ = never;
    Instant busy_since_ = no_deadline;  // no_deadline: the last change was made
    Instant latest_ = never;            // the latest time that a caller gave
};

}  // namespace halp
