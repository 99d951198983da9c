#include "tools/halp/dht/dht_cover.h"

#include <utility>
#include <vector>

#include "tools/halp/output/record_text.h"

namespace halp::cli {
namespace {

Json ranges_of(const std::vector<HashRange>& ranges) {
    Json list = Json::array();
    for (const HashRange& range : ranges)
        list.push(
            Json::object({{"range_min", shown_key(Key{range.min()})}, {"range_max", shown_key(Key{range.max()})}}));
    return list;
}

}  // namespace

void add_cover(Json& object, const dht::RangeCover& cover) {
    if (!cover.missing.empty()) object.set("missing_ranges", ranges_of(cover.missing));
    if (!cover.overlapping.empty()) object.set("overlapping_ranges", ranges_of(cover.overlapping));
}

std::optional<ExitCode> refuse_gaps(const DhtTool& tool, DhtReach& reach, Json object) {
    const dht::RangeCover cover = reach.access().reached();
    if (cover.missing.empty()) return std::nullopt;
    const std::string what = describe(dht::RangeCover{cover.missing, {}}) + reach.troubles();
    if (tool.command.dht.partial) {
        tool.console.say(what + "; going on without it.");
        return std::nullopt;
    }
    if (tool.console.style().json) {
        add_cover(object, cover);
        tool.console.line(object.line());
    }
    return tool.console.fail(ExitCode::failed,
                             what +
                                 ". Nothing was asked of the other nodes. Name the nodes that are "
                                 "missing, or accept the gap with --partial.");
}

ExitCode conclude(const DhtTool& tool, const dht::RangeCover& cover, ExitCode otherwise) {
    const std::string what = describe(cover);
    if (cover.missing.empty() || tool.command.dht.partial) {
        if (!what.empty()) tool.console.say(what + ".");
        return otherwise;
    }
    return tool.console.fail(ExitCode::failed, what + ".");
}

ExitCode fail_with(const DhtTool& tool, const dht::RangeCover& cover, const Error& error) {
    return tool.console.fail(cover.missing.empty() ? exit_code_of(error.code) : ExitCode::failed, error.message);
}

}  // namespace halp::cli
