// Every label that a node knows, with its hosts or its names, within fixed quotas (overlay/gossip/rules.md section
// 6, the original's planned `.allocation`). A quota bounds the memory of everything that strangers send, queries
// included. What is evicted is counted by cause. The label `halp` is not here: the peer view
// (overlay/gossip/view/peer_view.h) keeps it.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "store/host_list.h"
#include "store/label.h"
#include "store/list_changes.h"
#include "store/list_events.h"
#include "store/name_list.h"
#include "store/source_quota.h"
#include "store/time.h"

namespace halp {

// label_full counts entries and names, the others whole labels.
enum class EvictionCause { label_full, table_full, memory_full, label_idle };
inline constexpr std::size_t eviction_causes = 4;
enum class RefusalCause { label_not_storable, source_label_quota, list_of_names, too_old, full };
inline constexpr std::size_t refusal_causes = 5;

// What an operator may set for one label or for all labels.
struct Allocation {
    std::size_t entries_max = 4096;
    std::size_t share_per_group_max = 0;
    Duration ttl = std::chrono::minutes{5};
    bool persist = true;
};

struct TableLimits {
    Allocation fallback;                     // for labels without a row
    std::map<std::string, Allocation> rows;  // by label text
    std::size_t labels_max = 4096;           // host lists and directories together
    std::size_t bytes_max = std::size_t{32} << 20;
    std::size_t names_per_directory_max = 256;  // `labels` itself: labels_max
    std::size_t new_labels_per_source_and_hour = 64;
    std::size_t new_labels_of_applications_and_hour = 4096;  // over the admin API
    static constexpr std::size_t entries_hard_max = 1'000'000;
};

class LabelTable {
public:
    LabelTable(const EndpointTable& endpoints, TableLimits limits);
    LabelTable(const LabelTable&) = delete;
    LabelTable& operator=(const LabelTable&) = delete;

    // Hears of every host that begins or ceases to be listed, in order. It must outlive the table.
    void set_observer(ListObserver& observer) { observer_ = &observer; }

    struct Outcome {
        Merge merge = Merge::refused;
        RefusalCause cause = RefusalCause::full;  // meaningful when refused
    };
    // Creates the host list when the quotas allow it, and evicts labels that are not held to make room: first those
    // known from claims only; of these the labels of the source that has filled the most; of these the least
    // recently used. When the news is taken, directories list the label, at `wall`.
    [[nodiscard]] Outcome merge(const Label& label, const HostEntry& news, SourceId source, Instant now,
                                UnixSeconds wall, LearnedFrom from = LearnedFrom::gossip);

    // After a query about this label its directories list it, as with the original; `asked`: it was a `get`, which
    // makes the name known to HALP text only (NamedAt::asked). True when a directory changed.
    // Over quota nothing happens. Directories whose names the host cache could not hold are left out.
    bool mention(const Label& label, SourceId source, Instant now, UnixSeconds wall, bool asked = false);
    // An insert into a directory, as the original allows. It does not list the directory itself; mention() does.
    [[nodiscard]] Outcome merge_name(const Label& directory, const NamedAt& news, SourceId source, Instant now);

    [[nodiscard]] const HostList* find(const Label& label) const;
    [[nodiscard]] const HostList* touch(const Label& label, Instant now);  // the same, and marks it used
    // HostList::next_told() of this label; nothing when there is no such list.
    [[nodiscard]] std::vector<HostEntry> next_told(const Label& label, std::size_t freshest, std::size_t others,
                                                   Instant now);
    [[nodiscard]] const NameList* names(const Label& directory) const;
    [[nodiscard]] const Label* by_hash(std::uint64_t label_hash) const;  // of those with a host list

    bool erase(const Label& label, EndpointId endpoint, ForgottenWhy why);
    bool clear(const Label& label);  // a host list, but for own hosts, or a directory
    void clear_all();

    // Held labels are never evicted and preferred in gossip: those that this node announces under or watches.
    void hold(const Label& label, bool held);
    // Watched labels are held, and the observer also hears of hosts that move. Calls count.
    void watch(const Label& label, bool watched);
    // Something that stands beside the list has changed for this host: watchers are told.
    void tell_moved(const Label& label, EndpointId host);
    [[nodiscard]] bool held(const Label& label) const;

    struct Gone {
        Label label;
        EndpointId endpoint;
    };
    // Removes what has outlived its time, and labels that were idle and empty for an hour. To be called at most
    // once a second.
    std::vector<Gone> expire(Instant now);

    // Labels with a host list, by name.
    [[nodiscard]] std::vector<Label> host_labels() const;
    [[nodiscard]] std::size_t host_label_count() const;
    [[nodiscard]] std::vector<Label> directories() const;
    // For the round robin of digests: the next `count` labels with a host list after `cursor`, in the order of
    // hashes, from the beginning again at the end. Updates the cursor.
    std::vector<Label> next_labels(std::uint64_t& cursor, std::size_t count) const;

    // What has changed, for the host cache. The table adds a label at once when the content of its file changed,
    // and once a minute (at an expire()) when only times moved on. A label there that is not found any more was
    // cleared, evicted or idle. The callers add the single changes.
    [[nodiscard]] ListChanges& changes() { return changes_; }

    [[nodiscard]] const Allocation& allocation(const Label& label) const;
    void set_limits(TableLimits limits);  // after a reload; lists that are too long shrink as they change
    void mark_endpoints(std::vector<bool>& marks) const;
    [[nodiscard]] std::size_t label_count() const;
    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] std::uint64_t evicted(EvictionCause cause) const;
    [[nodiscard]] std::uint64_t refused(RefusalCause cause) const;
    [[nodiscard]] const SourceQuota& quota() const { return quota_; }

private:
    // A source, and what the rows take that it has filled. Sources on this machine pay last.
    struct Payer {
        SourceId source{};
        std::size_t bytes = 0;
        std::size_t rows = 0;
        [[nodiscard]] std::size_t weight() const { return source <= own_host_queries ? 0 : bytes; }
    };
    struct Row {
        Row(Label name, std::uint64_t name_hash) : label(std::move(name)), hash(name_hash) {}

        Label label;
        std::uint64_t hash;
        std::optional<HostList> hosts;  // exactly one of the two
        std::optional<NameList> names;
        std::list<Row*>::iterator turn;  // in idle_order_, when evictable
        bool evictable = false;
        std::uint64_t operation = 0;  // the last operation that needed this row
        Instant used = never;
        Instant empty_since = never;
        Instant saved_at = never;    // when moved times last caused a save
        bool recency_moved = false;  // since then
        bool watched = false;
        std::size_t bytes = 0;
        // The source that has added more bytes than all others together, if there is one: what others add counts
        // against its lead, and who exceeds it takes its place.
        Payer* payer = nullptr;
        std::size_t lead = 0;

        [[nodiscard]] bool empty() const { return hosts ? hosts->entries() == 0 : names->size() == 0; }
        [[nodiscard]] bool hearsay() const { return !hosts || !hosts->vouches(); }
    };
    struct ByHash {
        using is_transparent = void;
        bool operator()(const Row* a, const Row* b) const {
            return a->hash != b->hash ? a->hash < b->hash : a->label < b->label;
        }
        bool operator()(const Row* a, std::uint64_t hash) const { return a->hash < hash; }
        bool operator()(std::uint64_t hash, const Row* a) const { return hash < a->hash; }
    };
    using Listings = std::vector<std::pair<Label, std::string>>;
    // What an operation would create.
    struct Wish {
        std::size_t labels = 0;
        std::size_t rows = 0;
        std::size_t bytes = 0;
    };

    [[nodiscard]] Outcome merge_new(const Label& label, const HostEntry& news, SourceId source, Instant now,
                                    UnixSeconds wall, LearnedFrom from);
    [[nodiscard]] Outcome merge_into(Row& row, const HostEntry& news, Instant now, LearnedFrom from);
    [[nodiscard]] Outcome finish(Row& row, Merge merge, Instant now);
    void tell_merged(const Row& row, const HostEntry& news, bool was_shown, Merge merge, LearnedFrom from);
    void save_first(const Row& row, EndpointId host, UnixSeconds wall, LearnedFrom from);
    void tell_gone(const Label& label, EndpointId host, ForgottenWhy why);
    std::vector<EndpointId> expire_hosts(Row& row, Instant now);
    Outcome refuse(RefusalCause cause);

    Wish listing_wish(const Listings& listings, Instant now);
    bool list(const Listings& listings, Instant now, UnixSeconds wall, bool asked = false);
    [[nodiscard]] std::optional<RefusalCause> admit(const Wish& wish, SourceId source, Instant now);
    [[nodiscard]] std::size_t new_labels_allowed(SourceId source) const;
    bool make_room(const Wish& wish);
    bool evict_one(EvictionCause cause);
    [[nodiscard]] Row* fullest(bool hearsay);

    [[nodiscard]] Row* row_of(const Label& label);
    [[nodiscard]] const Row* row_of(const Label& label) const;
    Row& create(const Label& label, Instant now);
    void use(Row& row, Instant now);
    void update_turn(Row& row);
    void account(Row& row);
    void charge(Row& row, std::size_t added);
    void set_payer(Row& row, Payer* payer);
    void drop(Row& row, ForgottenWhy why);
    void clear_foreign(Row& row);
    void mark_changed(const Label& label);
    void note_change(Row& row, Merge merge, bool at_once);
    [[nodiscard]] bool overdue(Row& row, Instant now) const;
    [[nodiscard]] HostList::Limits list_limits(const Label& label) const;
    [[nodiscard]] std::size_t names_max(const Label& directory) const;
    [[nodiscard]] Merge merge_listed(Row& directory, const NamedAt& news);
    std::uint64_t& counter(EvictionCause cause) { return evicted_[static_cast<std::size_t>(cause)]; }

    const EndpointTable& endpoints_;
    TableLimits limits_;
    std::map<std::string, Row> rows_;
    std::set<const Row*, ByHash> by_hash_;  // of host lists
    std::map<SourceId, Payer> payers_;      // of rows
    std::list<Row*> idle_order_;            // evictable rows, the least recently used last
    std::set<std::string> held_;
    std::map<std::string, std::size_t> watched_;  // by how many
    ListObserver* observer_ = nullptr;
    ListChanges changes_;
    SourceQuota quota_;
    std::uint64_t operation_ = 0;
    SourceId operation_source_ = local_source;
    std::size_t bytes_ = 0;
    std::array<std::uint64_t, eviction_causes> evicted_{};
    std::array<std::uint64_t, refusal_causes> refused_{};
};

}  // namespace halp
