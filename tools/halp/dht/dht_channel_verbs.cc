// `halp dht scan keys channels rm-channel`: requests to all nodes.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "tools/halp/dht/dht_cover.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/record_lines.h"

namespace halp::cli {
namespace {

// Writes rows in blocks. For a terminal and for a slow reader it writes each row at once.
class Rows {
public:
    Rows(Console& console, const DhtCommand& typed) : console_(console), typed_(typed) {}

    // Returns false when the reader has closed the stream.
    bool add(Key key, Bytes value) {
        ++count_;
        if (console_.style().json)
            rows_ += typed_.verb == DhtVerb::keys ? key_object(key) : record_line(typed_.channel, key, value);
        else
            append_text(key, value);
        rows_ += '\n';
        return rows_.size() < rows_bytes || flush();
    }
    bool flush() {
        const bool read = console_.rows(rows_);
        rows_.clear();
        return read;
    }
    [[nodiscard]] std::uint64_t count() const { return count_; }

private:
    [[nodiscard]] static std::string key_object(Key key) {
        return R"({"schema_version":1,"key":")" + shown_key(key) + "\"}";
    }
    void append_text(Key key, Bytes value) {
        rows_ += shown_key(key);
        if (typed_.verb == DhtVerb::keys) return;
        const ValueForm form = typed_.form == ValueForm::automatic ? ValueForm::escape : typed_.form;
        rows_ += ' ';
        rows_ += written_value(value, form);
    }

    Console& console_;
    const DhtCommand& typed_;
    std::string rows_;
    std::uint64_t count_ = 0;
};

Json channel_head(const DhtCommand& typed) {
    return Json::object({{"schema_version", 1}, {"channel", shown_channel(typed.channel)}});
}

Json channels_head(const std::vector<std::string>& names) {
    Json list = Json::array();
    for (const std::string& name : names) list.push(shown_channel(name));
    return Json::object({{"schema_version", 1}, {"channels", list}});
}

// Why a scan has shown nothing.
std::string nothing_in(const DhtCommand& typed, DhtAccess& dht) {
    std::vector<std::string> names;
    const bool all = dht.channels(names) && dht.cover().missing.empty();
    if (all && std::ranges::find(names, typed.channel) == names.end())
        return "there is no channel " + shown_channel(typed.channel) +
               "; `halp dht channels` lists those there are.";
    if (!typed.filter.empty())
        return "no record of channel " + shown_channel(typed.channel) + " contains `" + typed.filter + "`.";
    return "channel " + shown_channel(typed.channel) + " has no records.";
}

}  // namespace

ExitCode run_dht_scan(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto filter = read_value(typed.filter, typed.form);
    if (!filter) return tool.console.fail(ExitCode::usage, "--filter: " + filter.error().message);
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    if (const auto refused = refuse_gaps(tool, **reach, channel_head(typed))) return *refused;
    Rows rows(tool.console, typed);
    const GetAllSettings settings{typed.verb == DhtVerb::keys, *filter};
    const Result<void> read = (*reach)->access().scan(typed.channel, settings, [&](Key key, Bytes value) {
        return rows.add(key, value) && rows.count() != typed.limit;
    });
    if (!rows.flush()) return ExitCode::failed;  // main() says whether output was lost
    const dht::RangeCover cover = (*reach)->access().cover();
    if (tool.console.style().json && !(cover == dht::RangeCover{})) {
        Json last = channel_head(typed);
        add_cover(last, cover);
        tool.console.line(last.line());
    }
    if (!read) {
        const std::string got = std::to_string(rows.count()) + " records were read before: ";
        return fail_with(tool, cover, {read.error().code, got + read.error().message});
    }
    if (rows.count() > 0) return conclude(tool, cover, ExitCode::ok);
    tool.console.say(nothing_in(typed, (*reach)->access()));
    return conclude(tool, cover, ExitCode::nothing_found);
}

ExitCode run_dht_channels(const DhtTool& tool) {
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    if (const auto refused = refuse_gaps(tool, **reach, channels_head({}))) return *refused;
    std::vector<std::string> names;
    const Result<void> found = (*reach)->access().channels(names);
    const dht::RangeCover& cover = (*reach)->access().cover();
    if (tool.console.style().json) {
        Json object = channels_head(names);
        add_cover(object, cover);
        tool.console.line(object.line());
    } else {
        for (const std::string& name : names) tool.console.line(shown_channel(name));
        if (names.empty()) tool.console.say("no channels.");
    }
    if (!found) return fail_with(tool, cover, found.error());
    return conclude(tool, cover, names.empty() ? ExitCode::nothing_found : ExitCode::ok);
}

ExitCode run_dht_rm_channel(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    if (const auto refused = refuse_gaps(tool, **reach, channel_head(typed).set("removed", false))) return *refused;
    DhtAccess& dht = (*reach)->access();
    const auto removed = dht.remove_channel(typed.channel);
    const dht::RangeCover& cover = dht.cover();
    if (tool.console.style().json && (removed || !cover.missing.empty())) {
        Json object = channel_head(typed).set("removed", cover.missing.empty());
        add_cover(object, cover);
        tool.console.line(object.line());
    }
    if (!removed && removed.error().code == ErrorCode::refused)
        return tool.console.fail(ExitCode::refused,
                                 removed.error().message + ": only the client `admin` may remove channels.");
    if (!removed)
        return fail_with(tool, cover,
                         {removed.error().code, removed.error().message + ". Where a node has answered, channel " +
                                                    shown_channel(typed.channel) + " is no more."});
    if (!tool.console.style().json)
        tool.console.say("channel " + shown_channel(typed.channel) +
                         (cover.missing.empty() ? " is no more." : " is no more on the nodes that answer."));
    return conclude(tool, cover, ExitCode::ok);
}

}  // namespace halp::cli
