// One node's gossip parts on a view and a table of their own, with a seeded Random and an Observer that counts.
// Tests of single parts assemble what they need from it.
#pragma once

#include <chrono>
#include <string>
#include <variant>
#include <vector>

#include "overlay/event.h"
#include "overlay/gossip/announcements.h"
#include "overlay/gossip/calls.h"
#include "overlay/gossip/disputes.h"
#include "overlay/gossip/failure_detector.h"
#include "overlay/gossip/interests.h"
#include "overlay/gossip/label_exchange.h"
#include "overlay/gossip/membership.h"
#include "overlay/gossip/news.h"
#include "overlay/gossip/pacing.h"
#include "overlay/gossip/push_pull.h"
#include "overlay/gossip/rounds.h"
#include "overlay/gossip/seeds.h"
#include "overlay/gossip/self/identity.h"
#include "overlay/gossip/view/peer_view.h"
#include "tests/overlay/gossip/dice.h"

namespace halp::test {

class EventLog final : public Observer {
public:
    void note(const Event& event) override { events_.push_back(event); }
    template <class Kind>
    [[nodiscard]] std::size_t count() const {
        std::size_t n = 0;
        for (const Event& e : events_) n += std::holds_alternative<Kind>(static_cast<const Event::variant&>(e));
        return n;
    }

private:
    std::vector<Event> events_;
};

inline constexpr Instant start{std::chrono::hours{1000}};
inline constexpr UnixSeconds wall{1'700'000'000};

struct GossipParts {
    explicit GossipParts(OverlayOptions given = {}) : options(std::move(given)) { identity.start(wall); }

    EndpointId peer(int i) { return endpoints.intern({"10.0." + std::to_string(i) + ".1", 3451}); }
    // Peers 1 .. count, proved by own contact.
    void prove_peers(int count) {
        for (int i = 1; i <= count; ++i) view.prove(peer(i), 1, start);
        view.merge_arrivals();
    }
    // What the node would have sent since the last time.
    std::vector<GossipCall> take_calls() {
        std::vector<GossipCall> out;
        for (GossipAction& action : calls.take_actions())
            if (auto* call = std::get_if<GossipCall>(&action)) out.push_back(std::move(*call));
        return out;
    }

    OverlayOptions options;
    EndpointTable endpoints;
    Dice dice{7};
    EventLog events;
    PeerView view{endpoints, dice, options.view};
    LabelTable labels{endpoints, options.table};
    Identity identity{endpoints, dice, options};
    LocalHealth health{events};
    Calls calls{identity, health, options.gossip};
    Interests interests{dice, view, labels};
    ClockSteps clock_steps;
    Disputes disputes{options.gossip};
    News news{{endpoints, events, view, labels, disputes, identity, calls, clock_steps}, options.gossip};
    Announcements announcements{dice, labels, news, options.gossip};
    RefusedInserts refused{events};
    TagTable tags;
    LabelExchange label_exchange{
        {endpoints, dice, refused, labels, identity, announcements, disputes, news, clock_steps, tags},
        options.gossip};
    PushPull push_pull{{endpoints, view, identity, interests, label_exchange}};
    FailureDetector failures{{endpoints, dice, events, view, identity, health, calls, interests, news},
                             options.gossip};
    Membership membership{{endpoints, dice, events, view, identity, interests, news, calls}, options.gossip};
    Seeds seeds{{endpoints, dice, view, identity, calls, push_pull, events}, options};
    Rounds rounds{{dice, events, view, identity, health, calls, interests, push_pull}, options.gossip};
};

}  // namespace halp::test
