// What the two roles of a node in a redistribution share: giving parts of the range away and taking them over.
#pragma once

#include <functional>

#include "overlay/dht/ranges/hash_ranges.h"
#include "overlay/dht/ranges/range_journal.h"
#include "overlay/dht/records/dht_events.h"
#include "overlay/dht/records/write_log.h"
#include "overlay/environment.h"

namespace halp {

struct RangeWorld {
    Environment& environment;
    WriteLog& records;
    HashRanges& ranges;
    RangeJournal& journal;
    DhtObserver* observer;
    std::function<void()> wake;  // the node needs a turn: a role has something to do

    void note(const DhtEvent& event) const {
        if (observer) observer->note(event);
    }
};

}  // namespace halp
