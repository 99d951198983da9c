// What this node itself saw at each endpoint: which node number speaks from it, and whether own calls to it get
// through. So it can tell a caller what the caller cannot see: that another node uses the same address, or that
// nobody reaches it where it says it is (overlay/gossip/rules.md, section 3, "Collisions").
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "overlay/connect_failure.h"
#include "overlay/gossip/wire/gossip_message.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

class Contacts {
public:
    struct Heard {
        bool contested = false;           // this shows for the first time that two nodes speak as this endpoint
        EndpointId former = no_endpoint;  // where the same node spoke from before: it has moved
    };
    // A node with this number spoke as `endpoint`.
    Heard heard(EndpointId endpoint, std::uint64_t number, Instant now);
    void call_failed(EndpointId endpoint, ConnectFailure why, Instant now);
    void call_worked(EndpointId endpoint);
    // What a speaker at `endpoint` should know.
    [[nodiscard]] gossip::Notice notice_for(EndpointId endpoint, Instant now) const;

    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }  // for want of room
    [[nodiscard]] std::size_t contested(Instant now) const;               // endpoints that two nodes use
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    struct Contact {
        std::uint64_t number = 0, number_before = 0;
        Instant replaced = never;   // when `number` took the place of the other
        Instant contested = never;  // when a number came back that another one had replaced
        // How often own calls failed between two calls of that node. A failure alone may be an outage of both.
        std::uint32_t failures = 0;
        bool failed_since_heard = false;
        Instant failing_since = never;
        ConnectFailure why = ConnectFailure::refused;
        Instant at = never;  // newest of all this
    };
    Contact& touch(EndpointId endpoint, Instant now);
    [[nodiscard]] EndpointId former_of(std::uint64_t number, EndpointId now_at) const;

    std::uint64_t forgotten_ = 0;
    std::unordered_map<std::uint32_t, Contact> contacts_;  // by endpoint id; never iterated where order shows
};

}  // namespace halp
