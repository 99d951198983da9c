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
    original,   // it does not know the messages of handover_wire.h
};

struct SurveyedNode {
    Endpoint node;
    HashRange range;
    RangeKeeper keeper = RangeKeeper::original;
};

class RangeSurvey {
public:
    explicit RangeSurvey(Transport& transport) : transport_(transport) {}

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
    std::vector<Endpoint> left_;
    std::vector<Line> lines_;
    std::vector<SurveyedNode> seen_;
    std::size_t silent_ = 0;
};

}  // namespace halp
