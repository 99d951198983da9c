#include "overlay/gossip/entries.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <limits>

namespace halp {

namespace {

std::uint32_t clamped(std::int64_t count) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(count, 0, std::numeric_limits<std::uint32_t>::max()));
}

std::uint32_t milliseconds(Duration age) {
    return clamped(std::chrono::duration_cast<std::chrono::milliseconds>(age).count());
}

// A living node that nobody has confirmed gets the greatest age: a reader must not take it for fresh news.
Duration age_of(const Peer& peer, Instant now) {
    if (peer.dead()) return now - peer.buried;
    return peer.vouched() ? now - peer.newest() : Duration::max();
}

}  // namespace

gossip::Entry peer_entry(const Peer& peer, Instant now) {
    gossip::Entry e;
    e.endpoint = peer.endpoint;
    e.incarnation = peer.incarnation;
    e.age_ms = milliseconds(age_of(peer, now));
    e.withdrawn = peer.dead() && peer.left;
    e.suspect = peer.suspect() || (peer.dead() && !peer.left);
    return e;
}

gossip::Entry host_entry(const HostEntry& entry, Instant now, UnixSeconds wall, const ClockSteps& steps) {
    gossip::Entry e;
    e.endpoint = entry.endpoint;
    e.incarnation = entry.incarnation;
    e.withdrawn = entry.withdrawn;
    e.claimed = !entry.vouched() && !entry.withdrawn;
    if (e.claimed) {
        e.age_ms = milliseconds(now - entry.claim.heard);
        // A time ahead of the clock counts as the time at which it was heard. The age is by the clock of that time.
        const std::int64_t wall_then = count(wall) - steps.since(entry.claim.heard);
        e.stated_age_s = clamped(wall_then - count(std::min(entry.claim.stated, entry.claim.ranked)));
    } else if (!entry.own) {
        e.age_ms = milliseconds(now - entry.seen());
    }
    return e;
}

}  // namespace halp
