// The messages of one push-pull exchange: the opening, the answer, and the supplement with what the answer asked
// for. Both sides send a sample of their view, digests of their labels and, where those differ, entries
// (overlay/gossip/rules.md, section 3). Members of a small swarm whose lists of nodes differ exchange the whole
// lists.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "overlay/gossip/hearsay_dials.h"
#include "overlay/gossip/interests.h"
#include "overlay/gossip/label_exchange.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"

namespace halp {

class PushPull {
public:
    struct Parts {
        const EndpointTable& endpoints;
        PeerView& view;
        const Identity& identity;
        Interests& interests;
        LabelExchange& labels;
        const HearsayDials* dials = nullptr;  // none: nothing was found gone
    };
    explicit PushPull(Parts parts) : parts_(parts) {}

    [[nodiscard]] gossip::Message opening(Instant now);
    // To a node that was only heard of: about as long as a ping. The answer says what it lacks, and the supplement
    // brings it. Nothing where that would leave something out or cost more: with more than 24 nodes or two labels.
    [[nodiscard]] std::optional<gossip::Message> brief_opening();
    [[nodiscard]] gossip::Message answer(const gossip::Message& theirs, EndpointId speaker, Instant now,
                                         UnixSeconds wall);
    // What an answer wants, by hashes of labels; that of `halp` asks for the nodes.
    [[nodiscard]] gossip::Message supplement(const gossip::Message& theirs, Instant now, UnixSeconds wall);

    // The last partner answered with this digest of its list of nodes. While it equals ours, the openings carry
    // half as many nodes: only their ages are new.
    void compare(const ListDigest& theirs) { in_agreement_ = theirs == digest(); }

private:
    [[nodiscard]] ListDigest digest() const;  // of the list of nodes, this one included
    [[nodiscard]] gossip::Message head_of_opening();
    [[nodiscard]] bool small_swarm_differs(const ListDigest& theirs) const;
    void add_everybody(gossip::Message& ours, Instant now);
    void add_doubts(gossip::Message& ours, Instant now);
    void add_found_gone(gossip::Message& ours, const std::vector<gossip::Entry>& named, Instant now) const;
    void add_contradiction(gossip::Message& ours, const gossip::Hello& hello, EndpointId speaker,
                           Instant now) const;

    Parts parts_;
    bool in_agreement_ = false;
    std::size_t everybody_turn_ = 0, doubts_turn_ = 0;
};

}  // namespace halp
