// `halp dht put get exists remove`: one record.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "store/files/named_file.h"
#include "tools/halp/dht/dht_verbs.h"
#include "tools/halp/output/record_lines.h"

namespace halp::cli {
namespace {

// The longest text for a value of the maximum size, in any form: \xNN for each byte, and a line break.
std::size_t text_bytes_max(ValueForm form) {
    const bool raw = form == ValueForm::automatic || form == ValueForm::raw;
    return raw ? neo::value_bytes_max : 4 * neo::value_bytes_max + 2;
}

Error too_big(const std::string& size) {
    return {ErrorCode::invalid, "the value has " + size + " bytes, and a DHT node takes " +
                                    std::to_string(neo::value_bytes_max) +
                                    " at most: nothing was sent. Divide it among several keys."};
}

Result<std::string> read_stream(const std::string& path, std::size_t bytes_max) {
    if (!path.empty() && path != "-") {
        auto file = read_named_file(path, bytes_max, Pipes::awaited);
        if (!file && file.error().code == ErrorCode::full) return too_big("more than " + std::to_string(bytes_max));
        if (!file) return Error{ErrorCode::invalid, "`" + path + "` " + file.error().message + "."};
        return std::move(file->text);
    }
    std::string bytes(bytes_max + 1, '\0');
    errno = 0;
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), stdin));
    if (std::ferror(stdin) != 0)
        return Error{ErrorCode::invalid, std::string{"stdin cannot be read: "} + std::strerror(errno) + "."};
    if (bytes.size() > bytes_max) return too_big("more than " + std::to_string(bytes_max));
    return bytes;
}

Error no_value(const std::string& what) {
    return {ErrorCode::invalid, what +
                                    ": nothing was sent. Write it behind KEY ('' is the empty value), or name a "
                                    "file with --file FILE, or pipe the value in."};
}

std::string record_object(const DhtCommand& typed, const std::string& fields) {
    return R"({"schema_version":1,"channel":)" + json_channel(typed.channel) + R"(,"key":")" +
           shown_key(typed.key) + "\"" + fields + "}";
}

std::string said(bool yes) { return yes ? "true" : "false"; }

ExitCode no_record(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    tool.console.say("no record " + shown_key(typed.key) + " in channel " + shown_channel(typed.channel) + ".");
    return ExitCode::nothing_found;
}

}  // namespace

Result<std::string> value_to_send(const DhtCommand& typed) {
    const bool unsaid = !typed.value && typed.file.empty();
    if (unsaid && ::isatty(STDIN_FILENO) == 1) return no_value("VALUE is missing");
    Result<std::string> text =
        typed.value ? Result<std::string>{*typed.value} : read_stream(typed.file, text_bytes_max(typed.form));
    if (!text) return text;
    if (unsaid && text->empty()) return no_value("VALUE is missing, and nothing came from stdin");
    Result<std::string> bytes = read_value(*text, typed.form);
    if (bytes && bytes->size() > neo::value_bytes_max) return too_big(std::to_string(bytes->size()));
    return bytes;
}

ExitCode run_dht_put(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto value = value_to_send(typed);
    if (!value) return tool.console.fail(value.error());
    const auto reach = DhtReach::open(tool, Reach::any_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto done = (*reach)->access().put(typed.channel, typed.key, *value);
    if (!done) return tool.console.fail(done.error());
    const std::string bytes = std::to_string(value->size());
    if (tool.console.style().json)
        tool.console.line(record_object(typed, ",\"bytes\":" + bytes + ",\"stored\":true"));
    else
        tool.console.say("stored " + bytes + " bytes as " + shown_key(typed.key) + ".");
    return ExitCode::ok;
}

ExitCode run_dht_get(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::any_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto value = (*reach)->access().get(typed.channel, typed.key);
    if (!value) return tool.console.fail(value.error());
    const Style& style = tool.console.style();
    if (style.json) {
        tool.console.line(*value ? record_line(typed.channel, typed.key, **value)
                                 : record_object(typed, ",\"bytes\":null,\"value_base64\":null"));
        return *value ? ExitCode::ok : ExitCode::nothing_found;
    }
    if (!*value) return no_record(tool);
    // A terminal gets printable text, a pipe gets the bytes.
    const bool bytes = typed.form == ValueForm::raw || (typed.form == ValueForm::automatic && !style.terminal);
    if (bytes) return tool.console.bytes(**value) ? ExitCode::ok : ExitCode::failed;
    const ValueForm form = typed.form == ValueForm::automatic ? ValueForm::escape : typed.form;
    tool.console.line(written_value(**value, form));
    return ExitCode::ok;
}

ExitCode run_dht_exists(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::any_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto there = (*reach)->access().exists(typed.channel, typed.key);
    if (!there) return tool.console.fail(there.error());
    tool.console.line(tool.console.style().json ? record_object(typed, ",\"exists\":" + said(*there))
                                                : std::string{*there ? "yes" : "no"});
    return *there ? ExitCode::ok : ExitCode::nothing_found;
}

ExitCode run_dht_remove(const DhtTool& tool) {
    const DhtCommand& typed = tool.command.dht;
    const auto reach = DhtReach::open(tool, Reach::any_node);
    if (!reach) return tool.console.fail(reach.error());
    const auto removed = (*reach)->access().remove(typed.channel, typed.key);
    if (!removed) return tool.console.fail(removed.error());
    if (tool.console.style().json) {
        tool.console.line(record_object(typed, ",\"removed\":" + said(*removed)));
        return *removed ? ExitCode::ok : ExitCode::nothing_found;
    }
    if (!*removed) return no_record(tool);
    tool.console.say("removed " + shown_key(typed.key) + ".");
    return ExitCode::ok;
}

}  // namespace halp::cli
