// The hosts of one label in order of recency. A list keeps of an endpoint the maximum of everything heard of it,
// field by field. So merging is commutative and idempotent: the order in which news arrives does not change what is
// held (store/README.md, "Freshest wins"). Merge, erase and the first page cost O(log n) in the number of entries.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

// What somebody wrote in HALP text or in a cache file. It proves nothing, so it never outranks a host that the
// swarm or this node has confirmed. It is shown with the time that was stated.
struct Claim {
    static constexpr UnixSeconds none{-1};
    UnixSeconds stated = none;  // as written, 0 .. unix_seconds_max
    UnixSeconds ranked = none;  // min(stated, wall time of arrival), so a future time keeps nothing on top
    Instant heard = never;      // arrival of the newest claim; bounds how long it is kept and told

    [[nodiscard]] bool made() const { return stated != none; }
    auto operator<=>(const Claim&) const = default;
};

struct HostEntry {
    EndpointId endpoint = no_endpoint;
    // Version of the announcement, chosen by the announcer. The newer one wins (store/incarnation.h); within one
    // version a withdrawal beats the announcement. 0 for claims.
    std::uint32_t incarnation = 0;
    bool withdrawn = false;
    bool own = false;           // announced on this node: never evicted, never expires, always first
    bool remembered = false;    // its claim comes from an earlier run, and nobody has made it since: it is not told
    Instant confirmed = never;  // newest confirmation in the swarm
    Instant proved = never;     // newest contact by this node or its applications
    Claim claim{};

    [[nodiscard]] Instant seen() const { return confirmed > proved ? confirmed : proved; }
    // Confirmed by the swarm or by this node. It ranks above every claim.
    [[nodiscard]] bool vouched() const { return own || seen() != never; }

    bool operator==(const HostEntry&) const = default;
};

// added: the endpoint is shown now and was not before. refreshed: another fact changed, maybe by a withdrawal.
// stale: all of it was known. refused: too old, or below everything in a full list.
enum class Merge { added, refreshed, stale, refused };

// A summary of the entries that may be told. Equal lists have equal digests on every machine.
struct ListDigest {
    std::uint32_t count = 0;
    std::uint64_t mixed = 0;  // XOR over entries of a mix of endpoint hash and incarnation
    auto operator<=>(const ListDigest&) const = default;
};

class HostList {
public:
    struct Limits {
        std::size_t entries_max = 4096;
        // Of one address group, when the list is full. 0: no such limit.
        std::size_t share_per_group_max = 0;
        Duration ttl = std::chrono::minutes{5};  // after it vouched entries leave, and claims are not told any more
        Duration claim_kept_max = std::chrono::hours{24 * 30};
        Duration withdrawal_kept_max = std::chrono::minutes{5};
    };

    HostList(const EndpointTable& endpoints, Limits limits);
    ~HostList();
    HostList(HostList&&) noexcept;
    HostList& operator=(HostList&&) noexcept;

    // After a reload. A list that is too long shrinks at merges, some entries at a time. Entries that the new times
    // end leave at the next expire().
    void set_limits(Limits limits);

    // News that is too old at `now` is refused. From a full list claims leave first, the lowest in rank first, then
    // entries that were only heard of, those of over-represented groups first, then the oldest, then proved ones;
    // own ones never leave. Evicted endpoints are appended to `evicted` when it is given. A withdrawal hides older
    // announcements of its endpoint. Withdrawals are bounded too, by entries_max but at least 64; the oldest
    // leaves. Times after `now` count as `now`. `evicted` may contain the endpoint of the news itself, when it was
    // shown before and a list that is too long lost it.
    [[nodiscard]] Merge merge(const HostEntry& news, Instant now, std::vector<HostEntry>* evicted = nullptr);
    bool erase(EndpointId endpoint);
    void clear();

    // True for news that merge() refuses whatever the list holds: it says nothing, or all of it is too old.
    [[nodiscard]] static bool too_old(const HostEntry& news, const Limits& limits, Instant now);

    // Finds withdrawn ones too. Valid until the list is changed.
    [[nodiscard]] const HostEntry* find(EndpointId endpoint) const;
    // In rank order: own ones; vouched ones by recency, proved ones first among equals; claims by ranked time, then
    // by stated time. Equal ones stand in the order in which they got that time. Withdrawn entries are not shown.
    [[nodiscard]] std::vector<HostEntry> page(std::size_t first, std::size_t count) const;
    // At most `count` entries that may be told: withdrawals, then vouched entries and claims heard within the ttl,
    // the freshest first.
    [[nodiscard]] std::vector<HostEntry> shared(std::size_t count, Instant now) const;
    // What one message tells of the list: the freshest, withdrawals among them, and others in turn. So each entry
    // that may be told is told at least once in size / `others` messages, however long the list is. A list that
    // fits is told as a whole, as by shared().
    [[nodiscard]] std::vector<HostEntry> next_told(std::size_t freshest, std::size_t others, Instant now);
    // For saving and collecting: every entry, withdrawn ones too, in no particular order.
    [[nodiscard]] std::vector<HostEntry> all() const;
    void mark_endpoints(std::vector<bool>& marks) const;

    [[nodiscard]] std::size_t size() const;  // without withdrawn ones
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] bool vouches() const;         // true when it vouches for at least one host
    [[nodiscard]] std::size_t entries() const;  // with withdrawn ones
    // Withdrawals that left for want of room: older announcements of their hosts may come back.
    [[nodiscard]] std::uint64_t withdrawals_lost() const;
    [[nodiscard]] ListDigest digest() const;
    [[nodiscard]] std::size_t bytes()
        const;  // estimate for quotas: at most the sum of entry_bytes() of all entries
    [[nodiscard]] static std::size_t entry_bytes(std::size_t host_length);

    // What else time changes: a withdrawal that ends shows a later claim again, and that may evict another host.
    struct Shifts {
        std::vector<EndpointId> evicted;
        std::vector<EndpointId> shown;  // not shown before
        std::vector<EndpointId> moved;  // an announcement has ended, the claim stays
    };
    // Removes what has outlived its time. Returns the endpoints that were shown and are gone; `shifts` gets the
    // rest.
    std::vector<EndpointId> expire(Instant now, Shifts* shifts = nullptr);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
