#include "overlay/gossip/hearsay_dials.h"

#include <algorithm>
#include <optional>

#include "overlay/gossip/self/reach.h"

namespace halp {

bool RecentKeys::contains(std::uint64_t key) const { return std::ranges::find(keys_, key) != keys_.end(); }

void RecentKeys::add(std::uint64_t key) {
    if (contains(key)) return;
    if (keys_.size() < most_) return keys_.push_back(key);
    keys_[oldest_] = key;
    oldest_ = (oldest_ + 1) % most_;
}

void HearsayDials::claimed(EndpointId node, const Endpoint& by) {
    const Reach reach = parts_.identity.reach_of_speaker(by);
    if (reach == Reach::machine)
        remember(node);
    else if (parts_.identity.may_list(node, reach) &&
             !parts_.identity.address().on_this_machine(parts_.endpoints.at(node).host))
        claimed_.add(key_of(node));
}

// What was only claimed, in a file or by HALP text, is dialled for whoever may name it. What gossip brought was
// looked at when it was listed.
bool HearsayDials::may_be_dialled(EndpointId to) const {
    if (claimed_.contains(key_of(to))) return true;
    const std::string& host = parts_.endpoints.at(to).host;
    const Reach reach = reach_of(host);
    if (reach == Reach::name || reach == Reach::nowhere) return false;
    if (reach != Reach::machine && parts_.identity.address().on_this_machine(host)) return false;
    const std::optional<Peer> peer = parts_.view.find(to);
    return !peer || peer->vouched();
}

// What this node has reached itself, and what its user or operator named, is no hearsay.
bool HearsayDials::no_hearsay(EndpointId to, CallPurpose purpose) const {
    if (purpose == CallPurpose::seed || met_.contains(key_of(to)) || remembered_.contains(key_of(to))) return true;
    const OwnAddress& own = parts_.identity.address();
    if (purpose == CallPurpose::self_check &&
        (own.is_self(to) || own.on_this_machine(parts_.endpoints.at(to).host)))
        return true;
    const std::optional<Peer> peer = parts_.view.find(to);
    return peer && (peer->proved != never || peer->known_since != never || peer->met || peer->original);
}

bool HearsayDials::admits(EndpointId to, CallPurpose purpose, Instant) {
    if (no_hearsay(to, purpose)) return true;
    if (!may_be_dialled(to)) {
        ++refused_;
        return false;
    }
    ++made_;
    return true;
}

}  // namespace halp
