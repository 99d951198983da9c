// `halp dht size`: how many records there are, and the bytes of their values.
#include <string>
#include <vector>

#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/printed_text.h"
#include "tools/halp/output/record_lines.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

struct Counted {
    std::string channel;
    DhtAccess::Size size;
};

// Counts each channel. Stops at the first that cannot be counted.
Result<std::vector<Counted>> count_channels(DhtAccess& dht, const std::vector<std::string>& names) {
    std::vector<Counted> all;
    for (const std::string& name : names) {
        const auto size = dht.size(name);
        if (!size) return Error{size.error().code, "channel " + shown_channel(name) + ": " + size.error().message};
        all.push_back({name, *size});
    }
    return all;
}

Json json_of(const std::vector<Counted>& counted, const DhtAccess::Size& total, bool have_size) {
    Json channels = Json::array();
    for (const Counted& one : counted)
        channels.push(Json::object(
            {{"channel", shown_channel(one.channel)}, {"records", one.size.records}, {"bytes", one.size.bytes}}));
    Json object = Json::object({{"schema_version", 1}, {"channels", channels}});
    if (have_size) object.set("records", total.records).set("bytes", total.bytes);
    return object;
}

std::string text_of(const std::vector<Counted>& counted, const DhtAccess::Size& total) {
    std::vector<std::vector<std::string>> rows{{"CHANNEL", "RECORDS", "BYTES"}};
    for (const Counted& one : counted)
        rows.push_back(
            {shown_channel(one.channel), std::to_string(one.size.records), std::to_string(one.size.bytes)});
    if (counted.size() != 1) rows.push_back({"(all)", std::to_string(total.records), std::to_string(total.bytes)});
    return table(rows);
}

}  // namespace

ExitCode run_dht_size(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    if (const auto refused = refuse_gaps(tool, **reach, json_of({}, {}, false))) return *refused;
    DhtAccess& dht = (*reach)->access();
    std::vector<std::string> names{typed.channel};
    if (typed.channel.empty()) {
        names.clear();
        if (const auto listed = dht.channels(names); !listed) return fail_with(tool, dht.cover(), listed.error());
    }
    const auto counted = count_channels(dht, names);
    if (!counted) return fail_with(tool, dht.cover(), counted.error());
    DhtAccess::Size total;
    for (const Counted& one : *counted) {
        total.records += one.size.records;
        total.bytes += one.size.bytes;
    }
    if (tool.console.style().json) {
        Json object = json_of(*counted, total, true);
        add_cover(object, dht.cover());
        tool.console.line(object.line());
    } else {
        tool.console.headed(text_of(*counted, total));
    }
    return conclude(tool, dht.cover(), ExitCode::ok);
}

}  // namespace halp::cli
