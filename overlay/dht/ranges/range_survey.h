// Asks nodes by the legacy protocol which keys they answer for, and whether they find their ranges by themselves. A
// few nodes at a time; one that does not answer in time is silent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "overlay/dht/ranges/legacy_link.h"
#include "store/endpoint.h"
#include "store/records/hash_range.h"
#include "store/time.h"

namespace halp {

enum class RangeKeeper : std::uint8_t {
    automatic,  // its range is `auto`
    fixed,      // its settings or an operator say its range
    leaving,    // it ends and takes nothing
    self,       // the node that asks
    original,   // it does not know the messages of handover_wire.h
};

struct SurveyedNode {
    Endpoint node;
    HashRange range;
    RangeKeeper keeper = RangeKeeper::original;
};

class RangeSurvey {
public:
    // `self`: by this number a node that is asked recognizes itself, under whatever address. It is not seen then.
    RangeSurvey(Transport& transport, std::uint64_t self) : transport_(transport), self_(self) {}

    void begin(std::vector<Endpoint> nodes);
    void pump(Instant now);
    [[nodiscard]] bool running() const { return !left_.empty() || !lines_.empty(); }
    [[nodiscard]] bool wants_turn() const;
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] legacy::Link* link_of(StreamId stream);

    // When it does not run any more: by endpoint, and how many have not answered.
    [[nodiscard]] const std::vector<SurveyedNode>& seen() const { return seen_; }
    [[nodiscard]] std::size_t silent() const { return silent_; }

private:
    struct Line {
        Endpoint node;
        std::unique_ptr<legacy::Link> link;
        Instant answer_by;
        std::optional<HashRange> range;
        std::optional<RangeKeeper> keeper;
    };
    [[nodiscard]] Line opened(const Endpoint& node, Instant now) const;
    static void hear(Line& line);

    Transport& transport_;
    const std::uint64_t self_;
    std::vector<Endpoint> left_;
    std::vector<Line> lines_;
    std::vector<SurveyedNode> seen_;
    std::size_t silent_ = 0;
};

}  // namespace halp
