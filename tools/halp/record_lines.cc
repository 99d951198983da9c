#include "tools/halp/record_lines.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "tools/halp/record_text.h"

namespace halp::cli {
namespace {

using Json = nlohmann::json;

// A string's content, whatever else stands there being none.
const std::string* text_in(const Json& object, const char* name) {
    const auto at = object.find(name);
    return at == object.end() || !at->is_string() ? nullptr : at->get_ptr<const std::string*>();
}

Error invalid(std::string what) { return {ErrorCode::invalid, std::move(what)}; }

}  // namespace

// By hand: nothing in it needs escaping but the channel, whose rule leaves only letters, digits, _ and -.
std::string record_line(std::string_view channel, Key key, std::string_view value) {
    std::string line = R"({"schema_version":1,"channel":")";
    line.append(channel).append(R"(","key":")").append(shown_key(key));
    line.append(R"(","bytes":)").append(std::to_string(value.size()));
    return line.append(R"(,"value_base64":")").append(base64_of(value)).append("\"}");
}

std::string channel_line(std::string_view channel) {
    return R"({"schema_version":1,"channel":")" + std::string{channel} + "\"}";
}

std::string channels_object(const std::vector<std::string>& names) {
    const nlohmann::ordered_json object{{"schema_version", 1}, {"channels", names}};
    return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<RecordLine> parse_record_line(std::string_view line) {
    const Json object = Json::parse(line, nullptr, false);
    if (!object.is_object()) return invalid("This is not a JSON object.");
    const std::string* name = text_in(object, "channel");
    if (!name) return invalid("The field channel is missing.");
    auto channel = Channel::parse(*name);
    if (!channel) return channel.error();
    RecordLine record{std::move(channel).value(), std::nullopt, {}};
    if (!object.contains("key")) return record;
    const std::string* key = text_in(object, "key");
    if (!key) return invalid("The field key is not a string.");
    const auto parsed = parse_shown_key(*key);
    if (!parsed) return parsed.error();
    record.key = *parsed;
    const std::string* value = text_in(object, "value_base64");
    auto bytes = value ? bytes_of_base64(*value) : std::nullopt;
    if (!bytes) return invalid("The field value_base64 is missing or not base64.");
    record.value = *std::move(bytes);
    return record;
}

}  // namespace halp::cli
