// One value of a typed table: a pointer to where it lives, whose type decides how it is read, bounded, printed and
// described. Settings of halpd and fields of scenario files are made of it (config/README.md, "One table").
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

namespace halp::config {

// One of several names; the value is the index of the name. Points to an enumerator of one byte.
struct Choice {
    unsigned char* value;
    std::span<const std::string_view> names;
};
// "64MiB"
struct ByteSize {
    std::size_t* value;
};
// Any 64-bit number.
struct Seed {
    std::uint64_t* value;
};
// Not empty, and any bytes, control bytes as well.
struct FreeText {
    std::string* value;
};
// May be empty; "~/" stands for the home directory.
struct Path {
    std::string* value;
};
// A path, "off" or empty.
struct AdminPath {
    std::string* value;
};
// "00000000ffffffff": 16 hexadecimal digits.
struct HashPlace {
    std::uint64_t* value;
};

// A double may also be written as a percentage.
using Value =
    std::variant<bool*, std::size_t*, double*, Duration*, std::string*, Choice, ByteSize, Seed, FreeText, Path,
                 AdminPath, HashPlace, ListenAddress*, std::optional<Endpoint>*, std::vector<Endpoint>*>;

// Specialized beside the table that uses the enumeration: `static constexpr std::array<std::string_view, n> names`.
template <class Enum>
struct ChoiceNames;

// The Value of a member whose type determines the kind.
template <class Member>
Value value_of(Member& member) {
    if constexpr (std::is_enum_v<Member>) {
        static_assert(sizeof(Member) == 1);
        return Choice{reinterpret_cast<unsigned char*>(&member), ChoiceNames<Member>::names};
    } else {
        return &member;
    }
}

// Inclusive, in the type's own unit: a count, microseconds, bytes, or the length of a text. All integers in use are
// below 2^53, which a double holds exactly.
struct Bounds {
    double min = 0, max = 0;
};
constexpr Bounds between(double min, double max) { return {min, max}; }
constexpr Bounds between(Duration min, Duration max) {
    return {static_cast<double>(min.count()), static_cast<double>(max.count())};
}

// What a source wrote for one value: one text, or a list of texts.
struct ValueText {
    std::vector<std::string> items;
    bool is_list = false;
};

// Writes the value, or says in one clause what is wrong and what is allowed. A refused text changes nothing.
[[nodiscard]] Result<void> assign(const Value& value, const Bounds& bounds, const ValueText& text);
// Both are values of the same row.
void copy_value(const Value& from, const Value& to);
// The text that assign() reads as the same value. A list has commas between its items.
[[nodiscard]] std::string plain_text(const Value& value);
// plain_text() as YAML: quoted where YAML needs it.
[[nodiscard]] std::string yaml_text(const Value& value);
// "200ms to 1h", "random, oldest, head, hybrid or ranked".
[[nodiscard]] std::string allowed(const Value& value, const Bounds& bounds);

// A double-quoted YAML scalar that is read as exactly these bytes.
[[nodiscard]] std::string quoted(std::string_view text);
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace halp::config
