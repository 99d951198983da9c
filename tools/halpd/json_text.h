// Writes JSON, in one line. What comes from strangers stays harmless: control bytes are escaped, and bytes that
// are not UTF-8 become U+FFFD.
#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace halp {

std::string json_quoted(std::string_view text);

class JsonObject {
public:
    JsonObject& text(std::string_view key, std::string_view value) { return raw(key, json_quoted(value)); }
    JsonObject& flag(std::string_view key, bool value) { return raw(key, value ? "true" : "false"); }
    JsonObject& number(std::string_view key, std::integral auto value) { return raw(key, std::to_string(value)); }
    JsonObject& seconds(std::string_view key, double value);  // three decimals
    JsonObject& null(std::string_view key) { return raw(key, "null"); }
    JsonObject& raw(std::string_view key, std::string_view json);

    [[nodiscard]] std::string done() const { return out_ + "}"; }

private:
    std::string out_ = "{";
};

class JsonArray {
public:
    void add(std::string_view json);
    [[nodiscard]] std::string done() const { return out_ + "]"; }

private:
    std::string out_ = "[";
};

}  // namespace halp
