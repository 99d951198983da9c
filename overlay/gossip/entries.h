// Nodes and hosts as the entries of a message: instants become ages, so that clocks never meet
// (overlay/gossip/rules.md, section 4).
#pragma once

#include "overlay/gossip/clock_steps.h"
#include "overlay/gossip/view/peer_view.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/host_list.h"
#include "store/time.h"

namespace halp {

[[nodiscard]] gossip::Entry peer_entry(const Peer& peer, Instant now);
[[nodiscard]] gossip::Entry host_entry(const HostEntry& entry, Instant now, UnixSeconds wall,
                                       const ClockSteps& steps);

}  // namespace halp
