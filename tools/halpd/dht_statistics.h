// The statistics of a DHT node, in the groups of the original's log: requests by kind, actions on records,
// connections, channels. As JSON for the status, the admin API and the log.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "overlay/dht/node/request_counts.h"
#include "overlay/dht/records/record_actions.h"
#include "store/records/record_store.h"
#include "tools/halpd/log/log.h"
#include "tools/program/json.h"

namespace halp {

// Counts since the start of the node, or of a period.
struct DhtTotals {
    std::uint64_t bytes_in = 0, bytes_out = 0;
    RecordActions actions;
    RecordCount deleted;
    std::vector<NamedRequestCount> neo, legacy;
};

// What came between two looks; `active` and `active_max` are those of `now`.
[[nodiscard]] DhtTotals between(const DhtTotals& before, const DhtTotals& now);

// Requests that have occurred, of both protocols. Times are null unless they are measured.
[[nodiscard]] Json requests_json(const DhtTotals& totals);
[[nodiscard]] Json actions_json(const DhtTotals& totals);

// The lines of a period: one with `about` and the actions, one for each kind of request that has occurred, and one
// for each of the first channels by name. All fields are plain values.
void log_statistics(const DhtTotals& period, Json about, const RecordStore& records, Log& log);

}  // namespace halp
