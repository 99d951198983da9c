// The layout of a HostList: slots with the entries, and orders that hold the numbers of slots. Private to the list.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include "store/host_list.h"
#include "store/ordered_slots.h"

namespace halp {

struct HostSlot {
    HostEntry entry;
    std::uint64_t arrival = 0;  // when the entry got its rank; breaks ties, differs between slots
    Instant due = no_deadline;  // when a part of the entry ends
    std::uint32_t group = 0;
    std::uint8_t host_length = 0;
    bool shared = false;
};
using HostSlots = std::vector<HostSlot>;

// The rank of an entry. A greater one is shown earlier.
struct Rank {
    int standing = 0;  // 2 own, 1 vouched, 0 claim
    std::int64_t time = 0;
    std::int64_t detail = 0;
    auto operator<=>(const Rank&) const = default;
};

inline Rank rank_of(const HostEntry& entry) {
    if (!entry.vouched()) return {0, count(entry.claim.ranked), count(entry.claim.stated)};
    return {entry.own ? 2 : 1, entry.seen().time_since_epoch().count(), entry.proved.time_since_epoch().count()};
}

struct ByRank {
    const HostSlots* slots;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        const HostSlot &first = (*slots)[a], &second = (*slots)[b];
        const auto order = rank_of(first.entry) <=> rank_of(second.entry);
        return order != 0 ? order > 0 : first.arrival < second.arrival;
    }
};

struct ByEndpoint {
    const HostSlots* slots;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        return (*slots)[a].entry.endpoint < (*slots)[b].entry.endpoint;
    }
};

// The latest first, so the oldest withdrawal is forgotten first.
struct ByWithdrawal {
    const HostSlots* slots;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        const HostSlot &first = (*slots)[a], &second = (*slots)[b];
        if (first.entry.confirmed != second.entry.confirmed) return first.entry.confirmed > second.entry.confirmed;
        return first.arrival < second.arrival;
    }
};

struct ByDue {
    const HostSlots* slots;
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        return std::tuple((*slots)[a].due, (*slots)[a].arrival) < std::tuple((*slots)[b].due, (*slots)[b].arrival);
    }
};

// The address groups that hold more than their share of a list, and the entry that such a group loses first. Every
// change costs O(log n) for all distributions of groups.
class GroupShares {
public:
    explicit GroupShares(const HostSlots* slots) : slots_(slots) {}

    void set_share_max(std::size_t share_max) { share_max_ = share_max; }  // only while empty

    void insert(std::uint32_t slot) {
        change(slot, [&] {
            members_.insert(slot);
            ++sizes_[group_of(slot)];
        });
    }

    void erase(std::uint32_t slot) {
        change(slot, [&] {
            members_.erase(slot);
            const auto size = sizes_.find(group_of(slot));
            if (--size->second == 0) sizes_.erase(size);
        });
    }

    void clear() {
        members_.clear();
        worst_.clear();
        sizes_.clear();
    }

    // The lowest in rank of all entries whose group is over its share.
    [[nodiscard]] std::optional<std::uint32_t> worst() const {
        return worst_.empty() ? std::nullopt : std::optional(worst_.back());
    }

private:
    struct ByGroup {
        const HostSlots* slots;
        bool operator()(std::uint32_t a, std::uint32_t b) const {
            const auto group_a = (*slots)[a].group, group_b = (*slots)[b].group;
            return group_a != group_b ? group_a < group_b : ByRank{slots}(b, a);  // worst member first
        }
    };

    [[nodiscard]] std::uint32_t group_of(std::uint32_t slot) const { return (*slots_)[slot].group; }

    // The worst member of an over-represented group.
    [[nodiscard]] std::optional<std::uint32_t> candidate(std::uint32_t group) const {
        const auto size = sizes_.find(group);
        if (size == sizes_.end() || size->second <= share_max_) return std::nullopt;
        return members_.first_not([&](std::uint32_t slot) { return group_of(slot) < group; });
    }

    template <class Change>
    void change(std::uint32_t slot, Change apply) {
        if (share_max_ == 0) return;
        const std::uint32_t group = group_of(slot);
        if (const auto before = candidate(group)) worst_.erase(*before);
        apply();
        if (const auto after = candidate(group)) worst_.insert(*after);
    }

    const HostSlots* slots_;
    std::size_t share_max_ = 0;
    OrderedSlots<ByGroup> members_{ByGroup{slots_}};
    OrderedSlots<ByRank> worst_{ByRank{slots_}};  // one member of each over-represented group
    std::map<std::uint32_t, std::size_t> sizes_;
};

}  // namespace halp
