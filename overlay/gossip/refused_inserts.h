// Tells of inserts that a quota refused, whatever they came by: HALP text, gossip, the lists of an original server.
// Each source is named once an hour for each cause; the table counts all of them.
#pragma once

#include <chrono>
#include <cstdint>

#include "overlay/environment.h"
#include "overlay/event.h"
#include "overlay/gossip/recent_facts.h"
#include "store/endpoint.h"
#include "store/label.h"
#include "store/label_table.h"

namespace halp {

class RefusedInserts {
public:
    explicit RefusedInserts(Observer& observer) : observer_(observer) {}

    // `account`: what tells this source from others. What is too old is normal. So is an entry of other nodes'
    // lists that finds no room in a full one; somebody who inserts by hand is told so.
    void note(const Endpoint& source, std::uint64_t account, const Label& label, RefusalCause cause,
              LearnedFrom from, Instant now) {
        const bool by_hand = from == LearnedFrom::text || from == LearnedFrom::application;
        const bool telling = cause == RefusalCause::source_label_quota || (cause == RefusalCause::full && by_hand);
        if (telling && noted_.first(account + static_cast<std::uint64_t>(cause), now))
            observer_.note(InsertRefused{source, label, cause});
    }

private:
    Observer& observer_;
    RecentFacts noted_{512, std::chrono::hours{1}};
};

}  // namespace halp
