// Holding back a peer that sends faster than the program reads. A world with sockets leaves what arrives in the
// kernel then, and TCP makes the peer wait.
#pragma once

#include "overlay/environment.h"

namespace halp {

class ReadControl {
public:
    virtual ~ReadControl() = default;
    // While it is held, nothing of the stream is read: neither bytes nor its end are told. Ends with the stream.
    virtual void hold(StreamId stream, bool held) = 0;
};

}  // namespace halp
