// What the Mirror cases of the conformance suite share: they begin a Mirror, take its messages and count them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "overlay/dht/testing/conformance_case_run.h"
#include "overlay/dht/wire/neo_codec.h"

namespace halp::neo::mirror_follower {

struct Update {
    std::uint64_t key;
    std::string value;
    bool operator==(const Update&) const = default;
};

// All messages of one Mirror so far.
struct Seen {
    std::vector<Update> changed;
    std::vector<std::uint64_t> deleted;
    std::vector<Update> refreshed;
    std::size_t batches = 0, acks = 0, overflows = 0, removed = 0;
};

RequestId begin(CaseRun& t, Peer& peer, bool suspended, bool refresh, std::uint32_t period_s);

// Takes one message.
void take(CaseRun& t, Peer& peer, RequestId id, Seen& seen);
template <class Done>
void take_until(CaseRun& t, Peer& peer, RequestId id, Seen& seen, Done done) {
    while (!t.over() && !done()) take(t, peer, id, seen);
}
// Takes everything that arrives within a quiet span.
void take_rest(CaseRun& t, Peer& peer, RequestId id, Seen& seen);

// Sends a control message and takes everything up to its Ack.
void control(CaseRun& t, Peer& peer, RequestId id, Control what, Seen& seen);

// These exact counts and no overflow.
void expect_counts(CaseRun& t, const Seen& seen, std::size_t changed, std::size_t deleted, std::size_t refreshed);

}  // namespace halp::neo::mirror_follower
