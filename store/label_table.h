// Every label this node knows, with its hosts or its names, inside fixed quotas (overlay.md section 6, the
// original's planned `.allocation`). Nothing a stranger sends, queries included, creates memory that a
// quota does not bound; whatever is evicted is counted by cause. The label `halp` is not here: the
// peer view (overlay/peer_view.h) keeps it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "store/host_list.h"
#include "store/label.h"
#include "store/name_list.h"

namespace halp {

// Where news came from, for quotas: 0 is this machine's own user, anything else a hash of the source's
// address group.
enum class SourceId : std::uint32_t {};
inline constexpr SourceId local_source{0};

enum class EvictionCause { label_full, table_full, memory_full, label_idle };
inline constexpr std::size_t eviction_causes = 4;
enum class RefusalCause { label_not_storable, source_label_quota, list_of_names, too_old, full };
inline constexpr std::size_t refusal_causes = 5;

// What an operator may set for one label or for all.
struct Allocation {
    std::size_t entries_max = 4096;
    std::size_t share_per_group_max = 0;
    Duration ttl = std::chrono::minutes{5};
    bool persist = true;
};

struct TableLimits {
    Allocation fallback;                      // labels without a row of their own
    std::map<std::string, Allocation> rows;   // by label text
    std::size_t labels_max = 4096;            // host lists and directories together
    std::size_t bytes_max = std::size_t{64} << 20;
    std::size_t names_per_directory_max = 256;  // `labels` itself: labels_max
    std::size_t new_labels_per_source_and_hour = 64;
    static constexpr std::size_t entries_hard_max = 1'000'000;
};

class LabelTable {
public:
    LabelTable(const EndpointTable& endpoints, TableLimits limits);

    struct Outcome {
        Merge merge = Merge::refused;
        RefusalCause cause = RefusalCause::full;  // meaningful when refused
    };
    // Creates the host list when the quotas allow; makes room by evicting foreign labels, least
    // recently used first. Lists the label in its directories (at `wall`) when it was taken.
    Outcome merge(const Label& label, const HostEntry& news, SourceId source, Instant now, UnixSeconds wall);

    // A query was about this label: lists the name in its directories, as the original does after answering.
    // True when any directory changed.
    bool mention(const Label& label, SourceId source, Instant now, UnixSeconds wall);
    // An insert into a directory, as the original allows.
    Outcome merge_name(const Label& directory, const NamedAt& news, SourceId source, Instant now);

    [[nodiscard]] const HostList* find(const Label& label) const;
    [[nodiscard]] const HostList* touch(const Label& label, Instant now);  // the same, and marks it used
    [[nodiscard]] const NameList* names(const Label& directory) const;
    [[nodiscard]] const Label* by_hash(std::uint64_t label_hash) const;

    bool erase(const Label& label, EndpointId endpoint);
    bool clear(const Label& label);  // a host list or a directory
    void clear_all();

    // Labels this node announces under or watches: never evicted, preferred in gossip.
    void hold(const Label& label, bool held);
    [[nodiscard]] bool held(const Label& label) const;

    struct Gone { Label label; EndpointId endpoint; };
    // Removes what has outlived its time, and labels idle and empty since an hour. Amortised: call it at most once
    // a second.
    std::vector<Gone> expire(Instant now);

    // Labels with a host list, by name; stable order for the round robin of digests.
    [[nodiscard]] std::vector<Label> host_labels() const;
    [[nodiscard]] std::vector<Label> directories() const;
    // The next `count` host labels after `cursor` in hash order, wrapping; updates the cursor.
    std::vector<Label> next_labels(std::uint64_t& cursor, std::size_t count) const;

    // Labels changed since they were last taken, for the host cache.
    std::vector<Label> take_dirty();
    void mark_dirty(const Label& label);

    [[nodiscard]] const Allocation& allocation(const Label& label) const;
    void set_limits(TableLimits limits);  // a reload; lists that are too long shrink as they change
    void mark_endpoints(std::vector<bool>& marks) const;
    [[nodiscard]] std::size_t label_count() const;
    [[nodiscard]] std::size_t bytes() const;
    [[nodiscard]] std::uint64_t evicted(EvictionCause cause) const;
    [[nodiscard]] std::uint64_t refused(RefusalCause cause) const;

private:
    // (owned by the implementer)
    const EndpointTable& endpoints_;
    TableLimits limits_;
};

}  // namespace halp
