// Who this node is: its swarm, its random number, its incarnation and the addresses at which others reach it. It
// fills the hello of every message, and decides under which endpoint the speaker of a message is listed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/self/own_address.h"
#include "overlay/gossip/self/reach.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "overlay/overlay_options.h"
#include "store/endpoint.h"

namespace halp {

// A version that outranks `last`. The first one (`last` = 0) is the seconds of the wall clock, so that mostly a
// later start of the node outranks an earlier one. That is a hint only: with a wrong clock others hold a newer
// version, and the node raises its own when it hears of it.
[[nodiscard]] std::uint32_t next_incarnation(std::uint32_t last, UnixSeconds wall);

class Identity {
public:
    Identity(EndpointTable& endpoints, Random& random, const OverlayOptions& options);

    void start(UnixSeconds wall) { incarnation_ = next_incarnation(0, wall); }
    void start_leaving() { leaving_ = true; }
    // Another node speaks of this one. If what it says outranks this node, for example the tombstone of an earlier
    // life whose clock was ahead, the incarnation is raised. True when it was.
    bool answer_to(const gossip::Entry& about_self);
    [[nodiscard]] bool started() const { return incarnation_ != 0; }

    // An empty message of this kind, with the hello of this node.
    [[nodiscard]] gossip::Message message(gossip::Kind kind) const;

    [[nodiscard]] EndpointId endpoint() const { return address_.endpoint(); }  // no_endpoint until it is known
    [[nodiscard]] std::uint64_t swarm() const { return swarm_; }
    [[nodiscard]] std::uint64_t node() const { return node_; }
    [[nodiscard]] std::uint32_t incarnation() const { return incarnation_; }
    [[nodiscard]] bool leaving() const { return leaving_; }
    [[nodiscard]] bool is_self(EndpointId endpoint) const { return address_.is_self(endpoint); }

    [[nodiscard]] const OwnAddress& address() const { return address_; }
    [[nodiscard]] OwnAddress& address() { return address_; }

    // The node has moved to another address: whoever had that address before is outranked.
    void outrank_former(UnixSeconds wall);
    // Another process has the same number: a copy of this one while it ran. `salt` differs between the two.
    void renew_number(std::uint64_t salt);

    // The endpoint under which to list a speaker: the one it advertises, else the address of its socket with the
    // port it listens on. no_endpoint when neither can be dialled. `remote`: the address of its socket.
    // `known_name`: a name at which this node reached a node itself. Other names are resolved for nobody.
    [[nodiscard]] EndpointId identify(const gossip::Hello& hello, const Endpoint& remote,
                                      EndpointId known_name = no_endpoint) const;
    // How far the address of a speaker's socket reaches; a speaker on this machine may use any of its addresses.
    [[nodiscard]] Reach reach_of_speaker(const Endpoint& remote) const {
        return address_.on_this_machine(remote.host) ? Reach::machine : reach_of(remote.host);
    }
    // Whether somebody whose socket is at an address of this reach may make this node list and dial a node there.
    [[nodiscard]] bool may_list(EndpointId endpoint, Reach speaker) const {
        return may_name(speaker, reach_of(endpoints_, endpoint), options_.gossip.private_from_public);
    }
    // False for wildcard addresses, and for loopback addresses named by a speaker on another machine.
    [[nodiscard]] bool plausible(EndpointId endpoint, bool speaker_on_loopback) const;

    void mark_endpoints(std::vector<bool>& marks) const { address_.mark_endpoints(marks); }

private:
    EndpointTable& endpoints_;
    Random& random_;
    const OverlayOptions& options_;
    OwnAddress address_;
    std::uint64_t swarm_;
    std::uint64_t node_;
    std::uint32_t incarnation_ = 0;
    bool leaving_ = false;
};

}  // namespace halp
