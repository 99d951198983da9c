#include "store/source_quota.h"

#include <limits>

namespace halp {

std::size_t SourceQuota::left(SourceId source, std::size_t allowed, Instant now) const {
    if (source == local_source) return std::numeric_limits<std::size_t>::max();
    const auto found = by_source_.find(source);
    if (found == by_source_.end() || now - found->second->began >= window) return allowed;
    const std::size_t used = found->second->used;
    return used < allowed ? allowed - used : 0;
}

void SourceQuota::use(SourceId source, std::size_t amount, Instant now) {
    if (source == local_source || amount == 0) return;
    auto found = by_source_.find(source);
    if (found == by_source_.end()) {
        if (hours_.size() >= sources_max) {
            if (now - hours_.front().began < window) ++forgotten_;
            by_source_.erase(hours_.front().source);
            hours_.pop_front();
        }
        found = by_source_.emplace(source, hours_.insert(hours_.end(), Hour{source, now, 0})).first;
    } else if (now - found->second->began >= window) {
        *found->second = {source, now, 0};
        hours_.splice(hours_.end(), hours_, found->second);
    }
    found->second->used += amount;
}

}  // namespace halp
