// Counts the new labels of each source in its current hour. The number of sources is bounded: the one whose hour
// began first is forgotten.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>

#include "store/time.h"

namespace halp {

// Where news came from, for quotas: this node, somebody on this machine, or the address group of the source,
// hashed. What strangers use up is never missing to those on this machine, and queries use up nothing that inserts
// need.
enum class SourceId : std::uint32_t {};
inline constexpr SourceId local_source{0};        // this node itself, with its cache and its announcements
inline constexpr SourceId application_source{1};  // inserts over the admin API
inline constexpr SourceId own_host_source{2};     // inserts by HALP text from this machine
inline constexpr SourceId own_host_queries{3};    // and queries

[[nodiscard]] constexpr SourceId source_of_group(std::uint32_t group) { return SourceId{group < 4 ? 4 : group}; }
// The account of what this source asks, apart from that of what it inserts.
[[nodiscard]] constexpr SourceId query_account(SourceId source) {
    if (source == own_host_source) return own_host_queries;
    return source_of_group(static_cast<std::uint32_t>(source) ^ 0x5155'4552U);
}

class SourceQuota {
public:
    static constexpr std::size_t sources_max = 4096;
    static constexpr Duration window = std::chrono::hours{1};

    // How many of `allowed` the source may still make in its hour. The local user has no limit.
    [[nodiscard]] std::size_t left(SourceId source, std::size_t allowed, Instant now) const;
    void use(SourceId source, std::size_t amount, Instant now);
    [[nodiscard]] std::size_t sources() const { return by_source_.size(); }
    // Sources that were forgotten before their hour was over, for want of room.
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

private:
    struct Hour {
        SourceId source{};
        Instant began = never;
        std::size_t used = 0;
    };
    std::list<Hour> hours_;  // the earliest first
    std::map<SourceId, std::list<Hour>::iterator> by_source_;
    std::uint64_t forgotten_ = 0;
};

}  // namespace halp
