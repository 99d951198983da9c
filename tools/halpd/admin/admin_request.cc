#include "tools/halpd/admin/admin_request.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "tools/program/hex.h"
#include "tools/program/json.h"

namespace halp {
namespace {

constexpr std::size_t parameters_max = 32;

Error bad_request(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

std::string_view query_of(std::string_view target) {
    const std::size_t mark = target.find('?');
    return mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
}

// Takes the part before the separator off the front of `rest`.
std::string_view next_part(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::optional<std::vector<std::string>> path_segments(std::string_view target) {
    std::string_view path = target.substr(0, target.find('?'));
    if (path.empty() || path.front() != '/') return std::nullopt;
    std::vector<std::string> segments;
    path.remove_prefix(1);
    while (!path.empty()) {
        std::optional<std::string> segment = percent_decoded(next_part(path, '/'));
        if (!segment || segments.size() >= 8) return std::nullopt;
        segments.push_back(std::move(*segment));
    }
    return segments;
}

// Builds Parameters.
struct ParameterReader {
    static Result<void> add(Parameters& parameters, std::string name, Parameters::Value value) {
        if (parameters.values_.size() >= parameters_max) return bad_request("too many fields");
        const bool fresh = parameters.values_.emplace(name, std::move(value)).second;
        if (!fresh) return bad_request(name + " is given twice");
        return {};
    }

    static Parameters::Value value_of(const Json& json) {
        using Kind = Parameters::Kind;
        if (json.is(Json::Kind::text)) return {Kind::text, *json.text()};
        if (json.is(Json::Kind::flag)) return {Kind::flag, json.line()};
        if (json.is(Json::Kind::whole)) return {Kind::number, json.line()};
        return {Kind::unusable, {}};
    }
};

Result<Parameters> Parameters::of_query(std::string_view target) {
    Parameters parameters;
    std::string_view rest = query_of(target);
    while (!rest.empty()) {
        std::string_view pair = next_part(rest, '&');
        if (pair.empty()) continue;
        const std::optional<std::string> name = percent_decoded(next_part(pair, '='));
        const std::optional<std::string> value = percent_decoded(pair);
        if (!name || !value) return bad_request("the query string holds a % that is no escape");
        const Result<void> added = ParameterReader::add(parameters, *name, {Kind::any, *value});
        if (!added) return added.error();
    }
    return parameters;
}

Result<Parameters> Parameters::of_json(const std::string& body) {
    Parameters parameters;
    if (body.find_first_not_of(" \t\r\n") == std::string::npos) return parameters;
    const std::optional<Json> json = Json::parse(body);
    if (!json || !json->is(Json::Kind::object)) return Error{ErrorCode::invalid, "the body is not a JSON object"};
    for (const std::string& key : json->keys()) {
        const Result<void> added = ParameterReader::add(parameters, key, ParameterReader::value_of((*json)[key]));
        if (!added) return added.error();
    }
    return parameters;
}

Result<void> Parameters::only(std::initializer_list<std::string_view> names) const {
    for (const auto& [name, value] : values_) {
        if (std::find(names.begin(), names.end(), name) != names.end()) continue;
        std::string allowed;
        for (const std::string_view known : names) allowed += (allowed.empty() ? "" : ", ") + std::string{known};
        return bad_request(name.substr(0, 64) +
                           " is not known here; known: " + (allowed.empty() ? "none" : allowed));
    }
    return {};
}

Result<std::string> Parameters::text(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return bad_request(name + " is missing");
    if (found->second.kind != Kind::text && found->second.kind != Kind::any)
        return bad_request(name + " must be a text");
    return found->second.text;
}

Result<std::uint64_t> Parameters::number(const std::string& name, std::uint64_t fallback, std::uint64_t min,
                                         std::uint64_t max) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return fallback;
    const Value& value = found->second;
    std::uint64_t number = 0;
    const auto [rest, error] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
    const bool whole = error == std::errc{} && rest == value.text.data() + value.text.size();
    const bool right_kind = value.kind == Kind::number || value.kind == Kind::any;
    if (right_kind && whole && number >= min && number <= max) return number;
    return bad_request(name + " must be a whole number of " + std::to_string(min) + " to " + std::to_string(max));
}

Result<bool> Parameters::flag(const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) return bad_request(name + " is missing");
    const Value& value = found->second;
    const bool right_kind = value.kind == Kind::flag || value.kind == Kind::any;
    if (!right_kind || (value.text != "true" && value.text != "false"))
        return bad_request(name + " must be true or false");
    return value.text == "true";
}

}  // namespace halp
