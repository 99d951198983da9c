// `halp dht ranges` and `halp dht status`: the nodes, which of them answer, and their ranges.
#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_lines.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

using NodeRow = ReachedNode;
struct Found {
    std::vector<NodeRow> nodes;  // in the order of their ranges; nodes without a range come last
    dht::RangeCover cover;
    [[nodiscard]] bool covers_all() const { return cover == dht::RangeCover{}; }  // exactly once, without gaps
    std::map<std::string, std::uint64_t> records;  // by channel, if they were counted
    bool counted = false;
};

Found look(DhtAccess& dht) {
    Found found;
    std::vector<HashRange> ranges;
    for (const ReachedNode& node : dht.nodes()) {
        found.nodes.push_back(node);
        if (node.usable()) ranges.push_back(*node.range);
    }
    std::ranges::stable_sort(found.nodes, {}, [](const NodeRow& row) {
        return row.usable() ? std::pair{0, row.range->min()} : std::pair{1, std::uint64_t{0}};
    });
    found.cover = dht::cover_of(std::move(ranges));
    return found;
}

// The protocol has no request for the count, so every key is read.
Result<void> count_records(DhtAccess& dht, Found& found) {
    std::vector<std::string> names;
    if (auto listed = dht.channels(names); !listed) return listed;
    for (const std::string& name : names) {
        std::uint64_t& records = found.records[name];
        const auto done = dht.scan(name, {true, {}}, [&](Key, Bytes) {
            ++records;
            return true;
        });
        if (!done) return Error{done.error().code, "channel " + shown_channel(name) + ": " + done.error().message};
    }
    found.counted = true;
    return {};
}

double share(const HashRange& range) {
    return range.empty() ? 0 : std::ldexp(static_cast<double>(range.max() - range.min()) + 1, -64);
}

std::string percent(double part) {
    const auto tenths = static_cast<long>(std::lround(part * 1000));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " %";
}

std::string place(std::uint64_t at) { return shown_key(Key{at}); }

std::string json_of(const Found& found) {
    Json nodes = Json::array();
    for (const NodeRow& row : found.nodes) {
        const Endpoint& at = row.node;
        Json node = Json::object({{"host", at.host}, {"port", at.port}, {"endpoint", at.text()}});
        node.set("connected", row.connected);
        if (!row.trouble.empty()) node.set("error", row.trouble);
        if (row.range) {
            node.set("range_min", place(row.range->min()));
            node.set("range_max", place(row.range->max()));
            node.set("share", share(*row.range));
        }
        nodes.push(node);
    }
    Json object = Json::object({{"schema_version", 1}, {"nodes", nodes}, {"covers_all", found.covers_all()}});
    add_cover(object, found.cover);
    if (found.counted) {
        Json channels = Json::array();
        for (const auto& [name, records] : found.records)
            channels.push(Json::object({{"channel", shown_channel(name)}, {"records", records}}));
        object.set("channels", channels);
    }
    return object.line();
}

// The key space from left to right: which node has it, "." for a gap, "!" where several have it.
std::string bar(const Found& found) {
    constexpr std::size_t width = 64;
    constexpr std::string_view names = "0123456789abcdefghijklmnopqrstuvwxyz";
    std::string out;
    for (std::uint64_t i = 0; i < width; ++i) {
        const auto cell = HashRange::make(i << 58, (i << 58) | (~std::uint64_t{0} >> 6));
        std::vector<HashRange> here;
        char who = '.';
        for (std::size_t n = 0; n < found.nodes.size(); ++n) {
            if (!found.nodes[n].usable() || !cell->overlaps(*found.nodes[n].range)) continue;
            here.push_back(found.nodes[n].range->common(*cell));
            who = names[std::min(n, names.size() - 1)];
        }
        if (dht::RangeCover cover = dht::cover_of(here); !cover.overlapping.empty()) who = '!';
        // A part of the cell that nobody has.
        if (who != '!' && !here.empty() && !tessellates(here, *cell)) who = '.';
        out += who;
    }
    return out;
}

void show_ranges(const Found& found, Console& console) {
    if (console.style().terminal) console.line("[" + bar(found) + "]");
    for (const NodeRow& row : found.nodes)
        if (row.usable())
            console.line(row.node.text() + " " + place(row.range->min()) + " " + place(row.range->max()));
}

void show_status(const Found& found, Console& console) {
    std::vector<std::vector<std::string>> rows{{"NODE", "STATE", "FIRST PLACE", "LAST PLACE", "SHARE"}};
    std::size_t usable = 0;
    for (const NodeRow& row : found.nodes) {
        usable += row.usable() ? 1 : 0;
        std::vector<std::string> cells{row.node.text(), row.usable() ? "connected" : row.trouble};
        if (row.range) {
            const HashRange& range = *row.range;
            cells.insert(cells.end(), {place(range.min()), place(range.max()), percent(share(range))});
        }
        rows.push_back(std::move(cells));
    }
    console.headed(table(rows));
    if (found.counted) {
        std::vector<std::vector<std::string>> channels{{"CHANNEL", "RECORDS"}};
        for (const auto& [name, records] : found.records)
            channels.push_back({shown_channel(name), std::to_string(records)});
        console.line("");
        console.headed(table(channels));
    }
    console.say(std::to_string(usable) + " of " + std::to_string(found.nodes.size()) + " nodes answer.");
}

}  // namespace

ExitCode run_dht_status(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::look);
    if (!reach) return tool.console.fail(reach.error());
    Found found = look((*reach)->access());
    const bool all = std::ranges::all_of(found.nodes, &NodeRow::usable);
    Result<void> counted;
    if (typed.count_records && all) counted = count_records((*reach)->access(), found);
    if (tool.console.style().json)
        tool.console.line(json_of(found));
    else if (typed.verb == DhtVerb::ranges)
        show_ranges(found, tool.console);
    else
        show_status(found, tool.console);
    if (!counted) return tool.console.fail(counted.error());
    if (std::ranges::none_of(found.nodes, &NodeRow::usable))
        return tool.console.fail(ExitCode::no_daemon, "no node answers.");
    if (!found.covers_all()) tool.console.say(describe(found.cover) + ".");
    if (typed.verb == DhtVerb::ranges) return found.covers_all() ? ExitCode::ok : ExitCode::failed;
    if (typed.count_records && !all) tool.console.say("records are counted only when all nodes answer.");
    return all && found.covers_all() ? ExitCode::ok : ExitCode::failed;
}

}  // namespace halp::cli
