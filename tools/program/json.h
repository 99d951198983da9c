// A JSON value: built up and written as text, or parsed and read. Objects keep the order of their members, so the
// same calls always write the same bytes. json.cc is the only file that includes a JSON library.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halp {

struct JsonMember;

// How strings are escaped. Both replace bytes that are not UTF-8 by U+FFFD.
enum class JsonEscapes : std::uint8_t {
    shortest,  // escapes only what RFC 8259 wants escaped, \b and \f in their short form
    hardened,  // for logs: also DEL; control bytes but \n and \t as \u00XX; U+FFFD as \ufffd
};

class Json {
public:
    enum class Kind : std::uint8_t { null, flag, whole, number, text, array, object };

    Json() = default;  // null
    Json(std::nullptr_t) {}
    template <std::integral Whole>
    Json(Whole value) : Json(static_cast<std::uint64_t>(value), value < Whole{0}) {}
    template <std::same_as<bool> Flag>
    requires std::integral<Flag> Json(Flag value) : kind_(Kind::flag), whole_(value ? 1 : 0) {}
    Json(double value);  // written in the fewest digits that read back as the same value; null unless finite
    Json(std::string_view text);
    Json(const std::string& text);
    Json(const char* text);

    [[nodiscard]] static Json object(std::initializer_list<JsonMember> members = {});
    [[nodiscard]] static Json array(std::initializer_list<Json> items = {});
    [[nodiscard]] static Json array_of(const auto& values) {
        Json list = array();
        for (const auto& value : values) list.push(value);
        return list;
    }
    // Written with exactly so many decimals: 0.5 with three is 0.500.
    [[nodiscard]] static Json fixed(double value, int decimals);

    // Nothing unless `text` is one JSON value, nested at most 500 deep. Of members with the same name the last
    // counts.
    [[nodiscard]] static std::optional<Json> parse(std::string_view text);

    // ---- building: null becomes an object or an array by its first member or item ----
    Json& set(std::string_view key, Json value);  // replaces a member of that name in its place; returns *this
    Json& set_all(const Json& members);           // of an object
    Json& push(Json item);                        // returns *this
    void sort_members();                          // by name, at every depth

    // ---- writing ----
    [[nodiscard]] std::string line(JsonEscapes escapes = JsonEscapes::shortest) const;  // without blanks
    [[nodiscard]] std::string indented() const;                                         // by two blanks

    // ---- reading: never fails, since what was parsed may be a stranger's ----
    [[nodiscard]] Kind kind() const { return kind_; }
    [[nodiscard]] bool is(Kind kind) const { return kind_ == kind; }
    [[nodiscard]] bool has(std::string_view key) const { return find(key) != nullptr; }
    [[nodiscard]] const Json& operator[](std::string_view key) const;  // null when there is no such member
    [[nodiscard]] const std::vector<std::string>& keys() const { return keys_; }  // of an object
    [[nodiscard]] const std::vector<Json>& items() const { return items_; }  // of an array; values of an object
    [[nodiscard]] const std::string* text() const;                           // nullptr unless it is a string
    [[nodiscard]] std::string text_or(std::string_view fallback) const;
    [[nodiscard]] bool flag_or(bool fallback) const;
    [[nodiscard]] double number_or(double fallback) const;               // of a whole number, too
    [[nodiscard]] std::uint64_t whole_or(std::uint64_t fallback) const;  // fallback for a negative number, too

private:
    Json(std::uint64_t bits, bool negative) : kind_(Kind::whole), negative_(negative), whole_(bits) {}
    [[nodiscard]] const Json* find(std::string_view key) const;
    void write(std::string& out, JsonEscapes escapes, std::size_t step, std::size_t depth) const;
    void write_scalar(std::string& out, JsonEscapes escapes) const;
    void keep_last_of_each_name();
    friend class JsonReader;

    Kind kind_ = Kind::null;
    bool negative_ = false;      // of a whole number
    std::int8_t decimals_ = -1;  // of a number: -1 for as many as it takes
    union {
        std::uint64_t whole_ = 0;  // two's complement when negative
        double number_;
    };
    std::string text_;
    std::vector<std::string> keys_;
    std::vector<Json> items_;
};

struct JsonMember {
    std::string_view key;
    Json value;
};

// Text as a JSON string that is safe in a log, quotes included.
[[nodiscard]] std::string json_quoted(std::string_view text);

}  // namespace halp
