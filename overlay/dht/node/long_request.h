// The interface of a request that outlives its first message: GetAll, Mirror, GetChannels, GetHashRange, Update.
// The session calls it; the request answers with at most one frame a turn and with what it wants next. A request
// knows nothing of connections, of other requests or of waiting output.
#pragma once

#include <cstdint>
#include <string>

#include "overlay/dht/records/turn_budget.h"
#include "overlay/dht/wire/neo_codec.h"
#include "overlay/environment.h"
#include "store/records/record_store.h"
#include "store/time.h"

namespace halp::neo {

// What a request wants after a call.
enum class After : std::uint8_t {
    wait,   // no turn until a message, news or its deadline arrives
    again,  // another turn
    done,   // the request is over and its id is free
    close,  // the peer broke the protocol: the connection ends
    fail,   // the node cannot continue and the protocol has no code for it: the connection ends
};

struct Turn {
    std::string& out;  // frames are appended
    RequestId id;
    Instant now;
    TurnBudget& budget;
};

class LongRequest {
public:
    virtual ~LongRequest() = default;
    // The session has room for output. Appends at most one frame; the next call continues where this one stopped.
    virtual After on_turn(Turn& turn) = 0;
    // Another message of the client. The request answers it in a later turn, which it gets by After::again.
    virtual After on_message(Bytes payload, Instant now) = 0;
    // A write of this request has ended.
    virtual After on_written(Wrote) { return After::wait; }
    // The latest moment for the next turn.
    [[nodiscard]] virtual Instant next_deadline() const { return no_deadline; }
};

}  // namespace halp::neo
