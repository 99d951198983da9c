// Two nodes that take each other for one: a node with the number of this one (a virtual machine copied while it
// ran), or another node at an address that this node holds for its own (one address advertised twice, an address
// that another machine has by now). A message with the own number is no proof that this node met itself: it calls
// once more, alone, and looks whether its own call comes in (overlay/gossip/rules.md, section 3, "Collisions").
#pragma once

#include <cstdint>
#include <vector>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"

namespace halp {

class SelfCheck {
public:
    struct Parts {
        const EndpointTable& endpoints;
        Observer& observer;
        PeerView& view;
        Identity& identity;
        Calls& calls;
    };
    explicit SelfCheck(Parts parts) : parts_(parts) {}

    // A node with the number of this one called, or answered a call of this one.
    // `caller`: where it says it is, or no_endpoint. `hears`: it waits for an answer, which tells it.
    void own_number_called(EndpointId caller, bool hears, const Endpoint& remote, Instant now);
    void own_number_answered(const Call& call, Instant now);
    // A node at `remote` says that it is at an endpoint of this one, too, or that another node is.
    void claimed(EndpointId own, const Endpoint& remote, Instant now);
    // Others see this node at an endpoint that is not known to lead here.
    void seen_at(EndpointId endpoint, Instant now);
    // Another node answered a call to an endpoint of this one.
    void answered_by_another(const Call& call, const Endpoint& remote, Instant now);

    [[nodiscard]] Instant next_deadline() const;
    void on_deadline(Instant now);  // when next_deadline() has come

    [[nodiscard]] std::uint64_t numbers_shared() const { return numbers_shared_; }
    [[nodiscard]] std::uint64_t checks_short() const { return checks_short_; }  // not made: too many others wait
    [[nodiscard]] std::uint64_t contested() const { return contested_; }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    struct Check {
        EndpointId endpoint;
        Instant at;
    };
    void number_is_shared(EndpointId known_as, const Endpoint& with, Instant now);
    void note_contested(EndpointId own, const Endpoint& by, Instant now);
    void check_later(EndpointId endpoint, Instant now);
    [[nodiscard]] bool known_to_be_here(EndpointId endpoint) const;

    Parts parts_;
    std::vector<Check> checks_;
    EndpointId had_own_number_ = no_endpoint;         // last answered with the number of this node
    Instant forget_had_own_number_at_ = no_deadline;  // set when a check found this node itself there
    Instant renewed_at_ = never;                      // when this node took its number, if it is not the first one
    Instant called_at_ = never;                       // when a call with the own number came in last
    Instant claim_checked_at_ = never, contested_noted_at_ = never;
    std::uint64_t numbers_shared_ = 0, contested_ = 0;
    std::uint64_t checks_short_ = 0;
};

}  // namespace halp
