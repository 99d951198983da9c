// `range: auto`: the node finds its range by itself, and hands it over before it ends (README.md, "A range that is
// found"). It looks at the other nodes, and then
//
//   without a range    asks the owner of the largest one for half of it; the owner hands it over
//   (redistribution.h).
//                      When it has looked for `alone_after` and nobody has a range, it takes all keys.
//   with a range       looks again from time to time. Two nodes that could not see each other may both have taken
//                      keys: one of them gives its part up and sends its records to the other.
//   before it ends     hands everything to a neighbour.
//
// The world says which nodes there are; they are reached by the legacy protocol.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "overlay/dht/ranges/range_survey.h"
#include "overlay/dht/ranges/range_world.h"
#include "overlay/dht/ranges/redistribution.h"
#include "store/endpoint.h"
#include "store/time.h"

namespace halp {

struct AutoRangeOptions {
    // With a node that does not find its range by itself, only leave() is of use.
    bool joins = true;
    Duration alone_after = std::chrono::seconds{10};
    Duration look_interval = std::chrono::seconds{30};
};

struct AutoRangeStatus {
    std::string step;                    // looking, asking, waiting, serving, giving, leaving, left or kept
    std::size_t nodes = 0, silent = 0;   // others that have answered the last look, and that have not
    std::vector<HashRange> missing;      // keys that no node of the last look answers for
    std::optional<Endpoint> overlapped;  // a node that answers for keys of this one
    HashRange overlap;
    std::string trouble;  // why the node has no range yet, or could not hand it over
};

class AutoRange {
public:
    AutoRange(RangeWorld world, Redistribution& redistribution, const AutoRangeOptions& options);

    // The other nodes, and where this one is reached, by the legacy protocol. To be called whenever they change.
    void set_nodes(std::vector<Endpoint> others, const std::optional<Endpoint>& self);
    // Hands the range over, for at most so long. left() says when that is over, handed_over() whether all is gone.
    void leave(Duration limit);
    [[nodiscard]] bool leaving() const { return leaving_; }
    [[nodiscard]] bool left() const { return step_ == Step::over; }
    [[nodiscard]] bool handed_over() const { return left() && world_.ranges.own().empty(); }

    void pump(Instant now);
    [[nodiscard]] bool wants_turn() const;
    [[nodiscard]] Instant next_deadline() const;
    [[nodiscard]] legacy::Link* link_of(StreamId stream) {
        return link_.is(stream) ? &link_ : survey_.link_of(stream);
    }
    [[nodiscard]] AutoRangeStatus status() const;

private:
    enum class Step : std::uint8_t { resting, looking, asking, waiting, giving, over };

    void look(Instant now);
    void decide(Instant now);
    void rest(Instant now, Duration span);
    void rest_longer(Instant now, std::string trouble);
    void join(Instant now);
    void ask_for_half(const SurveyedNode& owner, Instant now);
    void hear_owner(Instant now);
    void wait_for_half(Instant now);
    void consider_all(Instant now);
    void take_all(Instant now, Duration looked);
    void revise(Instant now);
    void resolve(const SurveyedNode& other, Instant now);
    [[nodiscard]] bool gives_way_to(const SurveyedNode& other) const;
    void give(const HashRange& rest, const SurveyedNode& to, RangeTask::Why why, Instant now);
    void follow_giving(Instant now);
    void hand_over_all(Instant now);
    [[nodiscard]] const SurveyedNode* heir() const;
    void end_leaving(std::string why);
    void note(bool warning, std::string what) const { world_.note(DhtAutoRangeNews{warning, std::move(what)}); }

    RangeWorld world_;
    Redistribution& redistribution_;
    const AutoRangeOptions options_;
    const std::uint64_t number_;  // by which this node recognizes itself
    std::vector<Endpoint> others_;
    std::optional<Endpoint> self_;

    Step step_ = Step::resting;
    Instant next_at_ = never;  // the next look, or the limit of the step
    RangeSurvey survey_;
    legacy::Link link_;
    bool joining_ = false;
    Duration pause_{0};
    Instant looking_since_ = never;    // and nobody had a range
    std::optional<Endpoint> suspect_;  // whose range overlapped with this one at the last look
    HashRange overlap_;
    bool overlap_noted_ = false;
    std::string trouble_;

    bool leaving_ = false;
    Instant leave_by_ = no_deadline;
    std::optional<Endpoint> heir_;   // who is to take the part that is given
    std::vector<Endpoint> refused_;  // who has not taken it
    int looks_in_vain_ = 0;
};

}  // namespace halp
