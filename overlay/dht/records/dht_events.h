// What a DHT node tells its observer: connections, clients, and failures of the record store. Every event is rare
// for each connection or limited in its rate, so a log of all of them stays small.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "overlay/dht/wire/neo_credentials.h"
#include "overlay/dht/wire/session_limits.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/records/record_store.h"

namespace halp {

struct DhtClientAccepted {
    Endpoint source;
    std::string client;
};
struct DhtClientEnded {
    Endpoint source;
    std::string client;  // empty before the client has named itself; unverified when it was rejected
    neo::SessionEnd why;
    std::optional<neo::Rejection> rejection;
};
// Closed at once because connections_max were open.
struct DhtConnectionShed {
    Endpoint source;
};
struct DhtStoreFailed {
    std::string what;  // a plain sentence
};
// At most one a second. It covers everything since the event before.
struct DhtReadsFailed {
    std::uint64_t times = 0;
    std::string last;  // request, client and cause
};
// GetAll and Mirror skip a record that is too long for any batch. At most one event a second.
struct DhtRecordsLeftOut {
    std::uint64_t times = 0;
};
// More changes waited for a Listen than it keeps. At most one event a second.
struct DhtChangesDropped {
    std::uint64_t times = 0;
};
// The node has another range, and its records out of the range are set aside (store/records/README.md).
struct DhtRangeChanged {
    HashRange range;
    RecordCount set_aside;  // all that is set aside by now
};
// A part of the range went to another node. Keys of it are answered there from now on.
struct DhtHandedOver {
    HashRange part;
    Endpoint to;  // by the legacy protocol
    std::uint64_t records = 0;
    std::uint64_t differing = 0;  // of them: the other node had another value, and this one is set aside
};
// A part of another node's range came here.
struct DhtTookOver {
    HashRange part;
    std::uint64_t records = 0;
};
// It is tried again after a pause.
struct DhtHandoverFailed {
    std::string what;  // a plain sentence
};
// What a node that finds its range by itself has found out or done (ranges/auto_range.h).
struct DhtAutoRangeNews {
    bool warning = false;
    std::string what;  // a plain sentence
};
using DhtEvent = std::variant<DhtClientAccepted, DhtClientEnded, DhtConnectionShed, DhtStoreFailed, DhtReadsFailed,
                              DhtRecordsLeftOut, DhtChangesDropped, DhtRangeChanged, DhtHandedOver, DhtTookOver,
                              DhtHandoverFailed, DhtAutoRangeNews>;

class DhtObserver {
public:
    virtual ~DhtObserver() = default;
    virtual void note(const DhtEvent& event) = 0;
};

}  // namespace halp
