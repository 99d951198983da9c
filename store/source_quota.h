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

// Where news came from, for quotas. 0 is the user of this machine, anything else a hash of the address group of the
// source.
enum class SourceId : std::uint32_t {};
inline constexpr SourceId local_source{0};

class SourceQuota {
public:
    static constexpr std::size_t sources_max = 4096;
    static constexpr Duration window = std::chrono::hours{1};

    // How many of `allowed` the source may still make in its hour. The local user has no limit.
    [[nodiscard]] std::size_t left(SourceId source, std::size_t allowed, Instant now) const;
    void use(SourceId source, std::size_t amount, Instant now);
    [[nodiscard]] std::size_t sources() const { return by_source_.size(); }

private:
    struct Hour {
        SourceId source{};
        Instant began = never;
        std::size_t used = 0;
    };
    std::list<Hour> hours_;  // the earliest first
    std::map<SourceId, std::list<Hour>::iterator> by_source_;
};

}  // namespace halp
