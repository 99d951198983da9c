// Which nodes hold which labels, as their hellos say. Part of the rounds go to another holder of a label that this
// node holds, because a random partner rarely knows anything about a label that few hold (overlay/gossip/rules.md,
// section 6).
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "overlay/environment.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/label_table.h"

namespace halp {

class Interests {
public:
    Interests(Random& random, const PeerView& view, const LabelTable& labels)
        : random_(random), view_(view), labels_(labels) {}

    // What the hello of a speaker says. Kept only for nodes of the view, which bounds the memory: there are never
    // more than twice as many as the view has, and some.
    void note(EndpointId speaker, const gossip::Hello& hello);
    void forget(EndpointId peer) { by_peer_.erase(peer); }

    // Labels this node holds: hashes for its hello, at most interests_max. More labels than that take turns.
    [[nodiscard]] std::vector<std::uint32_t> own();
    // At every fourth call a random holder of a random one of these labels; else no_endpoint.
    EndpointId partner();

    [[nodiscard]] std::size_t size() const { return by_peer_.size(); }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    void forget_strangers();

    Random& random_;
    const PeerView& view_;
    const LabelTable& labels_;
    std::map<EndpointId, std::vector<std::uint32_t>> by_peer_;
    std::size_t look_again_at_ = 64;  // so many, for those that the view has forgotten
    std::uint32_t turns_ = 0;
    std::size_t first_ = 0;  // of own(), among the held labels by name
};

}  // namespace halp
