// Who named the nodes of which this one only heard, and whether that was right. A source is an IPv4 address, or the
// address group of any other host, and is judged by the calls that its word caused. What a
// source names that was mostly wrong leaves two shares of the budget to what better ones name, and waits between
// two calls. While there is such a source, what an unknown one names leaves one share (overlay/gossip/rules.md,
// section 3, "Hearsay").
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "overlay/gossip/view/peer_view.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

class HearsaySources {
public:
    using Source = std::uint32_t;  // a hash of it; 0: none
    static constexpr std::size_t sources_max = 128;

    explicit HearsaySources(const PeerView& view) : view_(view) {}

    // `remote`: the address of a socket.
    [[nodiscard]] static Source of(const Endpoint& remote);
    // A node that is new here. Of several sources that name it the best one counts.
    void named(EndpointId node, Source by);
    void named_again(EndpointId node, Source by);
    void answered(EndpointId node);
    void failed(EndpointId node, Instant now);
    // Of the budget, for what better sources name.
    [[nodiscard]] int shares_left_by(EndpointId node) const;
    // Its source was mostly wrong, and the pause after the last call in vain is not over.
    [[nodiscard]] bool waits(EndpointId node, Instant now) const;
    // Who named a node, and sources, that were forgotten for want of room, since the start.
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }
    void mark_endpoints(std::vector<bool>& marks) const;

private:
    struct Record {
        Source source;
        std::int16_t right = 0, vain = 0;  // no more than 32 calls in all
        Instant next = never;              // while it is mostly wrong: no call before
        [[nodiscard]] bool wrong() const;
        void halve();
    };
    struct Named {
        EndpointId node;
        Source by;
    };
    enum class Worth : std::uint8_t { wrong, unknown, right };
    [[nodiscard]] const Record* find(Source source) const;
    [[nodiscard]] Worth worth(Source source) const;
    [[nodiscard]] Source source_of(EndpointId node) const;
    Record& record_of(Source source);
    void forget_known_nodes();

    const PeerView& view_;
    std::vector<Named> named_;   // by node
    std::size_t tidy_at_ = 128;  // then those that are no hearsay any more are forgotten
    std::vector<Record> records_;
    std::uint64_t forgotten_ = 0;
};

}  // namespace halp
