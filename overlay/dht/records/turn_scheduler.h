// The interface by which a request asks its session for a turn outside of its own calls, because news has arrived
// from elsewhere (a write of another client, a new hash range). It may ask at any time.
#pragma once

#include "overlay/dht/wire/neo_codec.h"

namespace halp::neo {

class TurnScheduler {
public:
    virtual ~TurnScheduler() = default;
    virtual void want_turn(RequestId id) = 0;
};

}  // namespace halp::neo
