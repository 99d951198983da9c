#include "overlay/gossip/self/standing.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "store/tight_growth.h"

namespace halp {

namespace {

constexpr std::size_t reports_max = 16;
constexpr Duration reported_for = std::chrono::minutes{10};
constexpr std::size_t causes = 8;  // of ConnectFailure

}  // namespace

void Standing::answered(const std::string& witness, const Endpoint& listed_at, const gossip::Notice& notice,
                        Instant now) {
    std::erase_if(witnesses_, [&](const Witness& w) { return w.host == witness || now - w.at > reported_for; });
    if (witnesses_.size() >= reports_max) witnesses_.erase(witnesses_.begin());  // the oldest
    push_tightly(witnesses_, {witness, now, notice.failures, notice.why});
    const Reachability now_is = reachability();
    const bool bad = 2 * now_is.unreached > now_is.asked;
    if (bad == unreachable_) return;
    unreachable_ = bad;
    if (bad)
        observer_.note(SelfUnreachable{listed_at, now_is.unreached, now_is.asked, now_is.why});
    else
        observer_.note(SelfReachable{listed_at});
}

Reachability Standing::reachability() const {
    Reachability r;
    std::array<std::size_t, causes> said{};
    r.asked = witnesses_.size();
    for (const Witness& witness : witnesses_) {
        if (witness.failures == 0) continue;
        ++r.unreached;
        ++said.at(static_cast<std::size_t>(witness.why));
    }
    r.why = static_cast<ConnectFailure>(std::ranges::max_element(said) - said.begin());
    return r;
}

}  // namespace halp
