// The addresses through which a node finds its swarm: configured ones, and those that somebody asked it to join
// while it runs. They are called at start, again after growing pauses while few nodes are proved, and resolved
// afresh each time.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/connect_failure.h"
#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/push_pull.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/overlay_options.h"

namespace halp {

enum class SeedOrigin : std::uint8_t { configured, joined };

// What came of the last call.
enum class SeedOutcome : std::uint8_t {
    untried,
    answered,
    unreached,    // SeedStatus::why says how
    other_swarm,  // a node of another swarm answered
    itself,       // the address leads to this very node
    leaving,      // the node there is about to leave
};

struct SeedStatus {
    Endpoint seed;
    SeedOrigin origin = SeedOrigin::configured;
    SeedOutcome outcome = SeedOutcome::untried;
    ConnectFailure why = ConnectFailure::refused;
    std::optional<Endpoint> node;  // that answered there last
    bool reached = false;          // it is listed, and proved by own contact
    std::uint64_t tries = 0;       // calls that ended, well or not
};

enum class SeedRemoval : std::uint8_t { removed, configured, unknown };

class Seeds {
public:
    struct Parts {
        EndpointTable& endpoints;
        Random& random;
        const PeerView& view;
        const Identity& identity;
        Calls& calls;
        PushPull& push_pull;
        Observer& observer;
    };
    Seeds(Parts parts, const OverlayOptions& options) : parts_(parts), options_(options) {}

    void add(const Endpoint& seed, SeedOrigin origin, Instant now);  // called at once
    // Takes back what somebody asked for. A configured seed stays: the configuration would bring it back.
    [[nodiscard]] SeedRemoval remove(const Endpoint& seed);
    // The list in the options changed. Joined seeds stay: a reload of the configuration takes back nothing that
    // somebody asked of the running node.
    void reconfigure(Instant now);
    void call_due(Instant now);  // when next_deadline() has come
    // This node stood still: what is known of the seeds is old. All are resolved and called, needed or not.
    void call_again(Instant now);

    // The call of a seed was answered, by this node.
    void answered(const Call& call, EndpointId speaker);
    // A call came to nothing. Calls that are none of a seed are ignored.
    void failed(const Call& call, SeedOutcome outcome, ConnectFailure why = ConnectFailure::refused);
    // Nobody listens there: it is called again soon, a few times.
    void refused(const Call& call, Instant now);
    [[nodiscard]] std::vector<SeedStatus> status() const;
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
        Duration refused_pause{0};
        bool joined = false;
        bool again = false;  // call it, needed or not
        SeedOutcome outcome = SeedOutcome::untried;
        ConnectFailure why = ConnectFailure::refused;
        std::uint64_t tries = 0;
    };
    void take_outcome(Seed& seed, SeedOutcome outcome, ConnectFailure why);
    [[nodiscard]] bool reached(const Seed& seed) const;

    Parts parts_;
    const OverlayOptions& options_;
    std::vector<Seed> seeds_;
};

}  // namespace halp
