#include "overlay/dht/ranges/range_survey.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include "overlay/dht/ranges/handover_wire.h"
#include "overlay/dht/wire/record_batch.h"

namespace halp {
namespace {

constexpr Duration survey_patience = std::chrono::seconds{3};
constexpr std::size_t lines_at_once = 16;

RangeKeeper keeper_of(std::uint32_t status) {
    if (status == handover::adopted) return RangeKeeper::self;
    if (status == handover::taken) return RangeKeeper::automatic;
    if (status == handover::later) return RangeKeeper::leaving;
    return status == handover::failed ? RangeKeeper::fixed : RangeKeeper::original;
}

}  // namespace

void RangeSurvey::begin(std::vector<Endpoint> nodes) {
    lines_.clear();
    seen_.clear();
    silent_ = 0;
    left_ = std::move(nodes);
    std::ranges::sort(left_, std::greater<>{});  // taken from the back
}

RangeSurvey::Line RangeSurvey::opened(const Endpoint& node, Instant now) const {
    Line line{node, std::make_unique<legacy::Link>(transport_), now + survey_patience, std::nullopt, std::nullopt};
    line.link->open(node);
    legacy::Request ask;
    ask.command = legacy::Command::get_responsible_range;
    line.link->ask(ask, 0);
    const std::string message =
        handover::format_message({handover::Verb::automatic, self_, HashRange{}, {}, {}, 0});
    std::string nothing;
    neo::pack({}, nothing);
    ask.command = legacy::Command::put_batch;
    ask.channel = message;
    ask.value = nothing;
    line.link->ask(ask, 1);
    return line;
}

void RangeSurvey::hear(Line& line) {
    while (const auto answer = line.link->next_answer()) {
        if (answer->tag == 1) {
            line.keeper = keeper_of(answer->status);
        } else if (const auto range = HashRange::make(answer->min, answer->max); range) {
            line.range = *range;
        }
    }
}

void RangeSurvey::pump(Instant now) {
    for (std::size_t i = 0; i < lines_.size();) {
        Line& line = lines_[i];
        hear(line);
        const bool whole = line.range && line.keeper;
        if (!whole && !line.link->lost() && now < line.answer_by) {
            ++i;
            continue;
        }
        if (line.range && line.keeper != RangeKeeper::self)
            seen_.push_back({line.node, *line.range, line.keeper.value_or(RangeKeeper::original)});
        else if (!line.range)
            ++silent_;
        lines_.erase(lines_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    while (!left_.empty() && lines_.size() < lines_at_once) {
        lines_.push_back(opened(left_.back(), now));
        left_.pop_back();
    }
    if (!running()) std::ranges::sort(seen_, std::less<>{}, &SurveyedNode::node);
}

bool RangeSurvey::wants_turn() const {
    const auto heard = [](const Line& line) { return line.link->has_answer() || line.link->lost(); };
    return (!left_.empty() && lines_.size() < lines_at_once) || std::ranges::any_of(lines_, heard);
}

Instant RangeSurvey::next_deadline() const {
    Instant next = no_deadline;
    for (const Line& line : lines_) next = std::min(next, line.answer_by);
    return next;
}

legacy::Link* RangeSurvey::link_of(StreamId stream) {
    const auto line = std::ranges::find_if(lines_, [&](const Line& one) { return one.link->is(stream); });
    return line == lines_.end() ? nullptr : line->link.get();
}

}  // namespace halp
