#include "tools/halp/output/record_lines.h"

#include <utility>

#include "tools/halp/output/record_text.h"
#include "tools/program/json.h"

namespace halp::cli {
namespace {

Error invalid(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

}  // namespace

std::string shown_channel(std::string_view name) { return escaped(name); }

Result<Channel> parse_shown_channel(std::string_view text) {
    const auto name = unescaped(text);
    if (!name) return Error{ErrorCode::invalid, "behind \\ stands one of \\ n t r or xNN in a channel name"};
    return Channel::parse(*name);
}

std::string json_channel(std::string_view name) {
    // The usual names need no escapes, and a scan writes one for each record.
    if (Channel::plain(name)) return std::string{"\""}.append(name).append("\"");
    return Json{shown_channel(name)}.line();
}

// Written without class Json, for speed.
std::string record_line(std::string_view channel, Key key, std::string_view value) {
    std::string line = R"({"schema_version":1,"channel":)";
    line.append(json_channel(channel)).append(R"(,"key":")").append(shown_key(key));
    line.append(R"(","bytes":)").append(std::to_string(value.size()));
    return line.append(R"(,"value_base64":")").append(base64_of(value)).append("\"}");
}

std::string channel_line(std::string_view channel) {
    return R"({"schema_version":1,"channel":)" + json_channel(channel) + "}";
}

std::string channels_object(const std::vector<std::string>& names) {
    std::vector<std::string> shown;
    for (const std::string& name : names) shown.push_back(shown_channel(name));
    return Json::object({{"schema_version", 1}, {"channels", Json::array_of(shown)}}).line();
}

Result<RecordLine> parse_record_line(std::string_view line) {
    const auto parsed_line = Json::parse(line);
    if (!parsed_line || !parsed_line->is(Json::Kind::object)) return invalid("This is not a JSON object.");
    const Json& object = *parsed_line;
    const std::string* name = object["channel"].text();
    if (!name) return invalid("The field channel is missing.");
    auto channel = parse_shown_channel(*name);
    if (!channel) return channel.error();
    RecordLine record{std::move(channel).value(), std::nullopt, {}};
    if (!object.has("key")) return record;
    const std::string* key = object["key"].text();
    if (!key) return invalid("The field key is not a string.");
    const auto parsed = parse_shown_key(*key);
    if (!parsed) return parsed.error();
    record.key = *parsed;
    const std::string* value = object["value_base64"].text();
    auto bytes = value ? bytes_of_base64(*value) : std::nullopt;
    if (!bytes) return invalid("The field value_base64 is missing or not base64.");
    record.value = *std::move(bytes);
    return record;
}

}  // namespace halp::cli
