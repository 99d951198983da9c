// What this node itself saw at each endpoint: which node number speaks from it, and whether own calls to it get
// through. So it can tell a caller what the caller cannot see: that another node uses the same address, or that
// nobody reaches it where it says it is (overlay/gossip/rules.md, section 3, "Collisions").
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "overlay/connect_failure.h"
#include "overlay/gossip/view/fresh_view.h"
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
    // What is known of a contact besides its number, for the few of which anything is.
    struct Trouble {
        EndpointId endpoint = no_endpoint;
        // How often own calls failed between two calls of that node. A failure alone may be an outage of both.
        std::uint32_t failures = 0;
        std::uint64_t number_before = 0;
        Instant replaced = never;   // when the present number took the place of the other
        Instant contested = never;  // when a number came back that another one had replaced
        Instant failing_since = never;
        bool failed_since_heard = false;
        ConnectFailure why = ConnectFailure::refused;
    };
    [[nodiscard]] std::size_t place(EndpointId endpoint) const;  // size() for none
    std::size_t touch(EndpointId endpoint, Instant now);
    void drop(std::size_t at);
    [[nodiscard]] Trouble* trouble(EndpointId endpoint);
    [[nodiscard]] const Trouble* trouble(EndpointId endpoint) const;
    Trouble& trouble_of(EndpointId endpoint);  // creates it
    [[nodiscard]] EndpointId former_of(std::uint64_t number, EndpointId now_at) const;

    [[nodiscard]] std::uint32_t stamp(Instant now);

    std::uint64_t forgotten_ = 0;
    StampClock clock_;
    // Three rows of one table, in the order of endpoint ids. A search for a number reads the numbers alone.
    std::vector<EndpointId> endpoints_;
    std::vector<std::uint64_t> numbers_;
    std::vector<std::uint32_t> at_;  // when the contact was touched last: stamps of clock_
    std::vector<Trouble> troubles_;  // by endpoint id
};

}  // namespace halp
