// The hosts of one label in order of recency. What is kept of an endpoint is the field-wise maximum of
// everything heard of it, so merging is commutative and idempotent: the order in which news arrives never
// changes which facts are held (store/README.md, "Freshest wins"). Merge, erase and the first page cost
// O(log n) in the number of entries.
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

// What somebody wrote in HALP text or in a cache file. It proves nothing, so it never outranks a host that
// the swarm or this node has confirmed; it is shown with the very time that was stated.
struct Claim {
    static constexpr UnixSeconds none{-1};
    UnixSeconds stated = none;  // as written, 0 .. unix_seconds_max
    UnixSeconds ranked = none;  // min(stated, wall time of arrival): the future pins nothing on top
    Instant heard = never;      // arrival of the newest claim; bounds how long it is kept and shared

    [[nodiscard]] bool made() const { return stated != none; }
    auto operator<=>(const Claim&) const = default;
};

struct HostEntry {
    EndpointId endpoint = no_endpoint;
    // Version of the announcement, chosen by the announcer; a higher one wins outright, and within one version
    // a withdrawal beats the announcement. 0 for claims.
    std::uint32_t incarnation = 0;
    bool withdrawn = false;
    bool own = false;           // announced on this node: never evicted, never expires, always first
    Instant confirmed = never;  // newest confirmation the swarm speaks of
    Instant proved = never;     // newest contact by this node or its applications
    Claim claim{};

    [[nodiscard]] Instant seen() const { return confirmed > proved ? confirmed : proved; }
    // Confirmed by somebody who can be held to it: ranks above every mere claim.
    [[nodiscard]] bool vouched() const { return own || seen() != never; }

    bool operator==(const HostEntry&) const = default;
};

// added: the endpoint is shown now and was not before. refreshed: any other fact changed, a withdrawal too.
// stale: all of it was known. refused: too old, or worth less than everything in a full list.
enum class Merge { added, refreshed, stale, refused };

// Summary of the shared entries of a list; equal lists have equal digests on every machine.
struct ListDigest {
    std::uint32_t count = 0;
    std::uint64_t mixed = 0;  // XOR over entries of a mix of endpoint hash and incarnation
    auto operator<=>(const ListDigest&) const = default;
};

class HostList {
public:
    struct Limits {
        std::size_t entries_max = 4096;
        // Of one address group, once the list is full; 0 switches the rule off.
        std::size_t share_per_group_max = 0;
        Duration ttl = std::chrono::minutes{5};  // vouched entries leave, claims stop being shared
        Duration claim_kept_max = std::chrono::hours{24 * 30};
        Duration withdrawal_kept_max = std::chrono::minutes{5};
    };

    HostList(const EndpointTable& endpoints, Limits limits);
    ~HostList();
    HostList(HostList&&) noexcept;
    HostList& operator=(HostList&&) noexcept;

    // After a reload. A list that is too long now shrinks as it is merged into, some entries at a time; what the
    // new times end goes at the next expire().
    void set_limits(Limits limits);

    // `now` decides what is already too old (refused) and which entry leaves a full list: claims first (lowest
    // rank first), then over-represented groups, then the oldest; never own ones. The evicted ones are
    // appended to `evicted` when it is given. A withdrawal hides older announcements of its endpoint; withdrawals
    // are bounded by entries_max too (at least 64), the oldest leaves. Times after `now` count as `now`.
    Merge merge(const HostEntry& news, Instant now, std::vector<HostEntry>* evicted = nullptr);
    bool erase(EndpointId endpoint);
    void clear();

    // What merge() would refuse whatever the list holds: nothing said, or all of it outlived.
    [[nodiscard]] static bool too_old(const HostEntry& news, const Limits& limits, Instant now);

    // Also withdrawn ones. Valid until the list is changed.
    [[nodiscard]] const HostEntry* find(EndpointId endpoint) const;
    // Rank order: own, then vouched by recency (proved first among equals), then claims by ranked time,
    // then stated time; equal ones in the order in which they came to that time. Withdrawn entries are not shown.
    [[nodiscard]] std::vector<HostEntry> page(std::size_t first, std::size_t count) const;
    // What may be told to others: vouched entries and claims heard within the ttl; withdrawals come first.
    // At most `count`, withdrawals then freshest first.
    [[nodiscard]] std::vector<HostEntry> shared(std::size_t count, Instant now) const;
    // For save and collection: every entry, withdrawn ones too, in no particular order.
    [[nodiscard]] std::vector<HostEntry> all() const;
    void mark_endpoints(std::vector<bool>& marks) const;

    [[nodiscard]] std::size_t size() const;  // live ones, withdrawn not counted
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] bool vouches() const;         // for at least one host, that is: not mere hearsay
    [[nodiscard]] std::size_t entries() const;  // all that is held, withdrawn ones too
    [[nodiscard]] ListDigest digest() const;
    [[nodiscard]] std::size_t bytes() const;  // estimate, for quotas: at most entries() times entry_bytes() of each
    [[nodiscard]] static std::size_t entry_bytes(std::size_t host_length);

    // Removes what has outlived its time; returns the endpoints that were live and are gone.
    std::vector<EndpointId> expire(Instant now);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace halp
