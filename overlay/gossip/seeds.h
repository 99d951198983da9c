// The addresses through which a node finds its swarm: configured ones, and those that somebody asked it to join
// while it runs. They are called at start, again after growing pauses while few nodes are proved, and resolved
// afresh each time.
#pragma once

#include <cstdint>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/identity.h"
#include "overlay/gossip/peer_view.h"
#include "overlay/gossip/push_pull.h"
#include "overlay/overlay_options.h"

namespace halp {

enum class SeedOrigin : std::uint8_t { configured, joined };

class Seeds {
public:
    struct Parts {
        EndpointTable& endpoints;
        Random& random;
        const PeerView& view;
        const Identity& identity;
        Calls& calls;
        PushPull& push_pull;
    };
    Seeds(Parts parts, const OverlayOptions& options) : parts_(parts), options_(options) {}

    void add(const Endpoint& seed, SeedOrigin origin, Instant now);  // called at once
    // The list in the options changed. Joined seeds stay: a reload of the configuration takes back nothing that
    // somebody asked of the running node.
    void reconfigure(Instant now);
    void call_due(Instant now);  // when next_deadline() has come
    // This node stood still: what is known of the seeds is old. All are resolved and called, needed or not.
    void call_again(Instant now);

    // The call of a seed was answered, by this node.
    void answered(const Call& call, EndpointId speaker);
    // True for a seed, and for the node that answered there.
    [[nodiscard]] bool includes(EndpointId peer) const;
    [[nodiscard]] Instant next_deadline() const;
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    struct Seed {
        EndpointId endpoint = no_endpoint;
        EndpointId known_as = no_endpoint;  // the node that answered there last
        Instant next = never;
        Duration pause{0};
        bool joined = false;
        bool again = false;  // call it, needed or not
    };
    Parts parts_;
    const OverlayOptions& options_;
    std::vector<Seed> seeds_;
};

}  // namespace halp
