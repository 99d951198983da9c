#include "overlay/overlay_options.h"

namespace halp {

using namespace std::chrono_literals;

OverlayOptions OverlayOptions::for_profile(Profile profile) {
    OverlayOptions o;
    switch (profile) {
        case Profile::local:
            o.gossip.period = 200ms;
            o.gossip.exchange_timeout = 500ms;
            o.gossip.seed_retry_max = 10s;
            o.gossip.stall_patience = 10s;
            o.gossip.leave_linger = 1s;
            break;
        case Profile::lan:
            break;
        case Profile::wan:
            o.gossip.period = 10s;
            o.gossip.exchange_timeout = 5s;
            o.gossip.ttl = 1h;
            o.gossip.news_interval = 50ms;
            o.gossip.stall_patience = 60s;
            o.view.per_group_max = 2;
            break;
    }
    o.view.fresh_age_max = 10 * o.gossip.period;
    o.table.fallback.ttl = o.gossip.ttl;
    return o;
}

}  // namespace halp
