// `halp dht scan keys channels rm-channel`: requests to all nodes.
#include <algorithm>
#include <string>
#include <string_view>

#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/record_lines.h"

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

// Why a scan has shown nothing.
std::string nothing_in(const DhtCommand& typed, BlockingDhtClient& dht) {
    const auto names = dht.get_channels();
    if (names && std::ranges::find(*names, typed.channel) == names->end())
        return "there is no channel " + typed.channel + "; `halp dht channels` lists those there are.";
    if (!typed.filter.empty()) return "no record of channel " + typed.channel + " contains `" + typed.filter + "`.";
    return "channel " + typed.channel + " has no records.";
}

}  // namespace

ExitCode run_dht_scan(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto filter = read_value(typed.filter, typed.form);
    if (!filter) return tool.console.fail(ExitCode::usage, "--filter: " + filter.error().message);
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    Rows rows(tool.console, typed);
    const GetAllSettings settings{typed.verb == DhtVerb::keys, *filter};
    DhtRecords records = (*reach)->dht().records(typed.channel, settings);
    for (const DhtRecord& record : records)
        if (!rows.add(record.key, record.value) || rows.count() == typed.limit) break;
    if (!rows.flush()) return ExitCode::failed;  // main() says whether output was lost
    if (const auto& trouble = records.error()) {
        const std::string got = std::to_string(rows.count()) + " records were read before: ";
        return tool.console.fail(exit_code_of(trouble->code), got + trouble->message);
    }
    if (rows.count() > 0) return ExitCode::ok;
    tool.console.say(nothing_in(typed, (*reach)->dht()));
    return ExitCode::nothing_found;
}

ExitCode run_dht_channels(const DhtTool& tool) {
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto names = (*reach)->dht().get_channels();
    if (!names) return tool.console.fail(names.error());
    if (tool.console.style().json) {
        tool.console.line(channels_object(*names));
    } else {
        for (const std::string& name : *names) tool.console.line(name);
        if (names->empty()) tool.console.say("no channels.");
    }
    return names->empty() ? ExitCode::nothing_found : ExitCode::ok;
}

ExitCode run_dht_rm_channel(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::every_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto removed = (*reach)->dht().remove_channel(typed.channel);
    if (!removed && removed.error().code == ErrorCode::refused)
        return tool.console.fail(ExitCode::refused,
                                 removed.error().message + ": only the client `admin` may remove channels.");
    if (!removed) return tool.console.fail(removed.error());
    if (tool.console.style().json)
        tool.console.line(R"({"schema_version":1,"channel":")" + typed.channel + R"(","removed":true})");
    else
        tool.console.say("channel " + typed.channel + " is no more.");
    return ExitCode::ok;
}

}  // namespace halp::cli
