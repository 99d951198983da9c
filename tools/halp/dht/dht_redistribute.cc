// `halp dht redistribute`: gives the nodes new ranges, each node handing its records to those that take them over.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "overlay/dht/client/range_cover.h"
#include "overlay/dht/ranges/range_plan.h"
#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/dht/legacy_nodes.h"
#include "tools/halp/output/listing.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_text.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

constexpr Duration look_every = std::chrono::milliseconds{500};
// For so long a node may refuse because it clears away what the redistribution before has left.
constexpr Duration clearing_patience = std::chrono::seconds{10};

std::string range_text(const HashRange& range) {
    return range.empty() ? "none" : shown_key(Key{range.min()}) + " " + shown_key(Key{range.max()});
}

class Redistributing {
public:
    explicit Redistributing(const DhtTool& tool)
        : typed_(tool.command.dht), console_(tool.console), nodes_(typed_.nodes) {}

    ExitCode run() {
        if (const auto read = look(); !read) return console_.fail(read.error());
        if (const auto planned = plan(); !planned) return console_.fail(planned.error());
        steps_ = steps_of(planned_);
        show_plan();
        if (typed_.dry_run) return ExitCode::ok;
        console_.detail("the nodes go on if this program ends");
        if (const ExitCode moved = move(); moved != ExitCode::ok) return moved;
        return fill_gaps();
    }

private:
    Result<void> look() {
        std::vector<HashRange> ranges;
        for (std::size_t i = 0; i < typed_.nodes.size(); ++i) {
            const auto range = nodes_.range(i);
            if (!range) return range.error();
            const auto size = nodes_.size(i);
            if (!size) return size.error();
            planned_.push_back({typed_.nodes[i], *range, {}});
            records_.push_back(size->records);
            ranges.push_back(*range);
        }
        const dht::RangeCover cover = dht::cover_of(std::move(ranges));
        if (!cover.overlapping.empty())
            console_.say(describe(dht::RangeCover{{}, cover.overlapping}) +
                         ". A node without records steps back when it is handed such keys.");
        return {};
    }

    Result<void> plan() {
        if (typed_.within_hosts) return plan_within_hosts(planned_);
        std::vector<std::size_t> staying;
        for (std::size_t i = 0; i < planned_.size(); ++i) {
            const bool leaves = std::ranges::find(typed_.leave, planned_[i].node) != typed_.leave.end();
            if (!leaves) staying.push_back(i);
        }
        if (staying.empty()) return Error{ErrorCode::invalid, "--leave: no node would be left"};
        const auto parts = HashRange::full().split(staying.size());
        for (std::size_t i = 0; i < staying.size(); ++i) planned_[staying[i]].then = parts[i];
        return {};
    }

    void show_plan() {
        if (console_.style().json) {
            Json list = Json::array();
            for (std::size_t i = 0; i < planned_.size(); ++i) list.push(json_of(i));
            console_.line(
                Json::object({{"schema_version", 1}, {"dry_run", typed_.dry_run}, {"nodes", list}}).line());
            return;
        }
        std::vector<std::vector<std::string>> rows{{"NODE", "RECORDS", "NOW", "", "THEN", ""}};
        for (std::size_t i = 0; i < planned_.size(); ++i) {
            const PlannedNode& node = planned_[i];
            rows.push_back({node.node.text(), std::to_string(records_[i]), range_text(node.now), percent(node.now),
                            range_text(node.then), percent(node.then)});
        }
        console_.headed(table(rows));
        console_.say("about " + std::to_string(static_cast<std::uint64_t>(expected())) + " records move" +
                     (typed_.dry_run ? "; nothing was changed (--dry-run)." : "."));
    }
    [[nodiscard]] Json json_of(std::size_t i) const {
        const PlannedNode& node = planned_[i];
        Json one = Json::object({{"node", node.node.text()}, {"records", records_[i]}});
        one.set("now_min", shown_key(Key{node.now.min()})).set("now_max", shown_key(Key{node.now.max()}));
        return one.set("then_min", shown_key(Key{node.then.min()}))
            .set("then_max", shown_key(Key{node.then.max()}));
    }
    static std::string percent(const HashRange& range) {
        return std::to_string(std::lround(share_of(range) * 100)) + " %";
    }
    [[nodiscard]] double expected() const {
        double all = 0;
        for (const PlannedStep& step : steps_) {
            const double had = share_of(planned_[step.node].now), keeps = share_of(step.own);
            if (had > 0) all += static_cast<double>(records_[step.node]) * (1 - keeps / had);
        }
        return all;
    }

    // ---- doing it ----

    void tell(const PlannedStep& step) {
        legacy::Request request;
        request.command = legacy::Command::redistribute;
        request.min = step.own.min();
        request.max = step.own.max();
        request.takeovers = step.takers;
        nodes_.begin(step.node, request);
    }

    ExitCode move() {
        const Instant begun = nodes_.now();
        for (const PlannedStep& step : steps_) tell(step);
        std::set<std::size_t> open, lost, again;
        for (std::size_t i = 0; i < steps_.size(); ++i) open.insert(i);
        while (!open.empty()) {
            const bool pause = !again.empty();
            const auto answered = [&] {
                return !pause &&
                       std::ranges::any_of(open, [&](std::size_t i) { return !nodes_.running(steps_[i].node); });
            };
            if (!nodes_.wait(answered, look_every)) return interrupted();
            for (const std::size_t i : std::exchange(again, {})) tell(steps_[i]);
            show_progress(begun);
            for (const std::size_t i : std::set<std::size_t>(open)) {
                if (nodes_.running(steps_[i].node)) continue;
                const std::uint32_t status = nodes_.status(steps_[i].node);
                if (status == static_cast<std::uint32_t>(legacy::Status::ok)) {
                    open.erase(i);
                } else if (status != 0 && !lost.contains(i) && nodes_.now() - begun > clearing_patience) {
                    return console_.fail(ExitCode::refused,
                                         planned_[steps_[i].node].node.text() + " refuses (" +
                                             std::to_string(status) +
                                             "): its range is already changing, or it keeps no range. Try again "
                                             "later.");
                } else {
                    // A node that was started again goes on with what it was told. It refuses until that is done.
                    if (status == 0) lost.insert(i);
                    if (lost.contains(i) && has_given(steps_[i]))
                        open.erase(i);
                    else
                        again.insert(i);
                }
            }
        }
        console_.erase_progress();
        return ExitCode::ok;
    }

    // Of what the node had it has what it is to keep. It may have taken over something else meanwhile.
    [[nodiscard]] bool has_given(const PlannedStep& step) {
        const auto range = nodes_.range(step.node);
        return range && range->common(planned_[step.node].now) == step.own;
    }

    ExitCode interrupted() {
        console_.erase_progress();
        console_.say("interrupted; the nodes go on with what they were told.");
        return ExitCode::interrupted;
    }

    void show_progress(Instant begun) {
        double moved = 0;
        for (std::size_t i = 0; i < planned_.size(); ++i) {
            const auto size = nodes_.size(i);
            if (size && size->records > records_[i]) moved += static_cast<double>(size->records - records_[i]);
        }
        const double all = std::max(expected(), 1.0), part = std::min(moved / all, 1.0);
        const double seconds = std::chrono::duration<double>(nodes_.now() - begun).count();
        const auto full = static_cast<std::size_t>(part * 20);
        std::string text = "[" + std::string(full, '#') + std::string(20 - full, '.') + "] " +
                           std::to_string(std::lround(part * 100)) + " %";
        if (part > 0.02 && part < 1)
            text += ", " + std::to_string(std::lround(seconds / part * (1 - part))) + " s left";
        console_.progress(text);
    }

    // What nobody had is served by whom the plan gives it to.
    ExitCode fill_gaps() {
        std::vector<HashRange> ranges;
        for (std::size_t i = 0; i < planned_.size(); ++i) {
            auto range = nodes_.range(i);
            if (!range) return console_.fail(range.error());
            if (*range != planned_[i].then && !planned_[i].then.empty()) {
                tell({i, planned_[i].then, {}});
                if (!nodes_.wait([&] { return !nodes_.running(i); }, std::chrono::seconds{30}))
                    return interrupted();
                range = nodes_.range(i);
                if (!range) return console_.fail(range.error());
            }
            ranges.push_back(*range);
            if (*range == planned_[i].then) continue;
            return console_.fail(ExitCode::failed, planned_[i].node.text() + " has " + range_text(*range) +
                                                       " and not what was planned; look at its log.");
        }
        const dht::RangeCover cover = dht::cover_of(std::move(ranges));
        if (cover != dht::RangeCover{}) {
            console_.say(describe(cover) + ".");
            return ExitCode::failed;
        }
        console_.say("done: every key has one node.");
        return ExitCode::ok;
    }

    const DhtCommand& typed_;
    Console& console_;
    LegacyNodes nodes_;
    std::vector<PlannedNode> planned_;
    std::vector<std::uint64_t> records_;
    std::vector<PlannedStep> steps_;
};

}  // namespace

ExitCode run_dht_redistribute(const DhtTool& tool) {
    interrupt::prepare();
    return Redistributing(tool).run();
}

}  // namespace halp::cli
