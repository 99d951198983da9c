#include "tools/program/json.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "tools/program/harmless.h"

namespace halp {
namespace {

// Destructor, copy and writer of a value descend into it: its depth is bounded where a stranger chooses it.
constexpr std::size_t depth_max = 500;

// The length of the well-formed UTF-8 sequence at the front of `text`, 0 if there is none (Unicode 15, table 3-7).
std::size_t sequence_length(std::string_view text) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto continues = [&](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
    const unsigned first = byte(0), second = byte(1);
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return continues(1) ? 2 : 0;
    if (first >= 0xe0 && first <= 0xef) {
        const bool allowed = (first != 0xe0 || second >= 0xa0) && (first != 0xed || second <= 0x9f);
        return allowed && continues(1) && continues(2) ? 3 : 0;
    }
    if (first >= 0xf0 && first <= 0xf4) {
        const bool allowed = (first != 0xf0 || second >= 0x90) && (first != 0xf4 || second <= 0x8f);
        return allowed && continues(1) && continues(2) && continues(3) ? 4 : 0;
    }
    return 0;
}

std::string escaped_control(unsigned char byte) {
    if (byte == '\n') return "\\n";
    if (byte == '\t') return "\\t";
    char escaped[8];
    std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(byte));
    return escaped;
}

template <class Value>
std::string by_library(const Value& value) {
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void begin_line(std::string& out, std::size_t step, std::size_t depth) {
    if (step > 0) out.append(1, '\n').append(step * depth, ' ');
}

}  // namespace

// Takes the library's parsing events; the value under construction is the last item of each open container.
class JsonReader {
public:
    [[nodiscard]] Json take() && { return std::move(root_); }

    bool null() { return place(Json{}); }
    bool boolean(bool value) { return place(Json{value}); }
    bool number_integer(std::int64_t value) { return place(Json{value}); }
    bool number_unsigned(std::uint64_t value) { return place(Json{value}); }
    bool number_float(double value, const std::string&) { return place(Json{value}); }
    bool string(std::string& value) { return place(Json{value}); }
    bool binary(nlohmann::json::binary_t&) { return false; }
    bool start_object(std::size_t) { return open(Json::object()); }
    bool start_array(std::size_t) { return open(Json::array()); }
    bool key(std::string& name) {
        open_.back()->keys_.push_back(name);
        return true;
    }
    bool end_object() {
        open_.back()->keep_last_of_each_name();
        return end_array();
    }
    bool end_array() {
        open_.pop_back();
        return true;
    }
    bool parse_error(std::size_t, const std::string&, const nlohmann::json::exception&) { return false; }

private:
    bool place(Json value) {
        if (open_.empty())
            root_ = std::move(value);
        else
            open_.back()->items_.push_back(std::move(value));
        return true;
    }
    bool open(Json container) {
        if (open_.size() >= depth_max) return false;
        place(std::move(container));
        open_.push_back(open_.empty() ? &root_ : &open_.back()->items_.back());
        return true;
    }

    Json root_;
    std::vector<Json*> open_;  // each is the last item of the one before, which does not grow meanwhile
};

Json::Json(double value) : kind_(std::isfinite(value) ? Kind::number : Kind::null), number_(value) {}
Json::Json(std::string_view text) : kind_(Kind::text), text_(text) {}
Json::Json(const std::string& text) : kind_(Kind::text), text_(text) {}
Json::Json(const char* text) : kind_(Kind::text), text_(text) {}

Json Json::object(std::initializer_list<JsonMember> members) {
    Json out;
    out.kind_ = Kind::object;
    for (const JsonMember& member : members) out.set(member.key, member.value);
    return out;
}

Json Json::array(std::initializer_list<Json> items) {
    Json out;
    out.kind_ = Kind::array;
    out.items_ = items;
    return out;
}

Json Json::fixed(double value, int decimals) {
    Json out{value};
    out.decimals_ = static_cast<std::int8_t>(decimals);
    return out;
}

std::optional<Json> Json::parse(std::string_view text) {
    JsonReader reader;
    if (!nlohmann::json::sax_parse(text.begin(), text.end(), &reader)) return std::nullopt;
    return std::move(reader).take();
}

Json& Json::set(std::string_view key, Json value) {
    assert(kind_ == Kind::object || kind_ == Kind::null);
    kind_ = Kind::object;
    const auto at = static_cast<std::size_t>(std::ranges::find(keys_, key) - keys_.begin());
    if (at < keys_.size()) {
        items_[at] = std::move(value);
    } else {
        keys_.emplace_back(key);
        items_.push_back(std::move(value));
    }
    return *this;
}

Json& Json::set_all(const Json& members) {
    for (std::size_t i = 0; i < members.keys_.size(); ++i) set(members.keys_[i], members.items_[i]);
    return *this;
}

Json& Json::push(Json item) {
    assert(kind_ == Kind::array || kind_ == Kind::null);
    kind_ = Kind::array;
    items_.push_back(std::move(item));
    return *this;
}

void Json::sort_members() {
    for (Json& item : items_) item.sort_members();
    if (kind_ != Kind::object) return;
    std::map<std::string, Json> sorted;
    for (std::size_t i = 0; i < keys_.size(); ++i) sorted.emplace(std::move(keys_[i]), std::move(items_[i]));
    keys_.clear();
    items_.clear();
    for (auto& [key, value] : sorted) {
        keys_.push_back(key);
        items_.push_back(std::move(value));
    }
}

// In the place of the first. Not by set(): an object of a stranger may have many members.
void Json::keep_last_of_each_name() {
    std::map<std::string_view, std::size_t> places;
    std::vector<std::size_t> firsts;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
        const auto [place, is_new] = places.emplace(keys_[i], i);
        if (is_new)
            firsts.push_back(i);
        else
            items_[place->second] = std::move(items_[i]);
    }
    if (firsts.size() == keys_.size()) return;
    std::vector<std::string> keys;
    std::vector<Json> items;
    for (const std::size_t i : firsts) {
        keys.push_back(keys_[i]);
        items.push_back(std::move(items_[i]));
    }
    keys_ = std::move(keys);
    items_ = std::move(items);
}

std::string Json::line(JsonEscapes escapes) const {
    std::string out;
    write(out, escapes, 0, 0);
    return out;
}

std::string Json::indented() const {
    std::string out;
    write(out, JsonEscapes::shortest, 2, 0);
    return out;
}

void Json::write(std::string& out, JsonEscapes escapes, std::size_t step, std::size_t depth) const {
    if (kind_ != Kind::array && kind_ != Kind::object) return write_scalar(out, escapes);
    const bool named = kind_ == Kind::object;
    out += named ? '{' : '[';
    for (std::size_t i = 0; i < items_.size(); ++i) {
        if (i > 0) out += ',';
        begin_line(out, step, depth + 1);
        if (named) {
            Json{keys_[i]}.write_scalar(out, escapes);
            out += step > 0 ? ": " : ":";
        }
        items_[i].write(out, escapes, step, depth + 1);
    }
    if (!items_.empty()) begin_line(out, step, depth);
    out += named ? '}' : ']';
}

void Json::write_scalar(std::string& out, JsonEscapes escapes) const {
    if (kind_ == Kind::flag) {
        out += whole_ != 0 ? "true" : "false";
    } else if (kind_ == Kind::whole) {
        out += negative_ ? std::to_string(static_cast<std::int64_t>(whole_)) : std::to_string(whole_);
    } else if (kind_ == Kind::number && decimals_ < 0) {
        out += by_library(number_);
    } else if (kind_ == Kind::number) {
        char digits[400];  // a double has at most 309 before the point
        std::snprintf(digits, sizeof digits, "%.*f", static_cast<int>(decimals_), number_);
        out += digits;
    } else if (kind_ == Kind::text) {
        out += escapes == JsonEscapes::hardened ? json_quoted(text_) : harmless_json(by_library(text_));
    } else {
        out += "null";
    }
}

const Json* Json::find(std::string_view key) const {
    const auto at = static_cast<std::size_t>(std::ranges::find(keys_, key) - keys_.begin());
    return at < keys_.size() ? &items_[at] : nullptr;
}

const Json& Json::operator[](std::string_view key) const {
    static const Json none{};
    const Json* const found = find(key);
    return found ? *found : none;
}

const std::string* Json::text() const { return kind_ == Kind::text ? &text_ : nullptr; }

std::string Json::text_or(std::string_view fallback) const {
    return kind_ == Kind::text ? text_ : std::string{fallback};
}

bool Json::flag_or(bool fallback) const { return kind_ == Kind::flag ? whole_ != 0 : fallback; }

double Json::number_or(double fallback) const {
    if (kind_ == Kind::number) return number_;
    if (kind_ != Kind::whole) return fallback;
    return negative_ ? static_cast<double>(static_cast<std::int64_t>(whole_)) : static_cast<double>(whole_);
}

std::uint64_t Json::whole_or(std::uint64_t fallback) const {
    return kind_ == Kind::whole && !negative_ ? whole_ : fallback;
}

std::string json_quoted(std::string_view text) {
    std::string out = "\"";
    while (!text.empty()) {
        const auto byte = static_cast<unsigned char>(text.front());
        const std::size_t length = sequence_length(text);
        if (length == 0) {
            out += "\\ufffd";
        } else if (byte < 0x20 || byte == 0x7f) {
            out += escaped_control(byte);
        } else {
            if (byte == '"' || byte == '\\') out += '\\';
            out += text.substr(0, length);
        }
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return harmless_json(out + "\"");
}

}  // namespace halp
