// How a message reached this node: what its receiver needs to know beside its content.
#pragma once

#include <algorithm>

#include "overlay/gossip/hearsay_sources.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/self/reach.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/label_table.h"

namespace halp {

struct MessageContext {
    Instant now;
    UnixSeconds wall;
    Duration half_rtt;  // half the round trip of the call that it answers; of a request, how long it waited here
    EndpointId speaker;
    SourceId source;   // for quotas: the address group of the socket, which a speaker cannot choose freely
    bool on_loopback;  // the speaker is on this machine
    Reach from;        // how far the address of its socket reaches
    bool is_news;      // sent because it is new, not as part of a sample
    HearsaySources::Source teller;  // whose hearsay it is

    static MessageContext of(gossip::Kind kind, EndpointId speaker, const Endpoint& remote, Duration half_rtt,
                             Instant now, UnixSeconds wall) {
        const SourceId source{std::max(1U, remote.group())};
        return {now,
                wall,
                half_rtt,
                speaker,
                source,
                is_loopback(remote.host),
                reach_of(remote.host),
                kind == gossip::Kind::news,
                HearsaySources::of(remote)};
    }
};

// One more hop makes what is told of others older by this much: ages must not shrink as they travel.
inline Duration hop_penalty(const GossipOptions& options) {
    return std::max<Duration>(std::chrono::seconds{1}, options.period);
}

// Nodes that nobody confirmed for so long are forgotten.
inline Duration node_ttl(const GossipOptions& options) { return std::max(options.ttl, 60 * options.period); }

}  // namespace halp
