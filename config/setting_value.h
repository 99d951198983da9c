// One setting's value as text and back: durations, sizes, addresses, choices. The text printed is read again as
// the same value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.h"
#include "store/endpoint.h"
#include "store/result.h"
#include "store/time.h"

namespace halp::config {

struct ByteSize {
    std::size_t* value;
};  // "64MiB"
struct AdminPath {
    std::string* value;
};  // a path, "off" or empty
struct Path {
    std::string* value;
};  // may be empty; "~/" is the home directory

struct HashPlace {
    std::uint64_t* value;
};  // "00000000ffffffff": 16 hexadecimal digits

// Where a value lives; the type decides how it is read.
using Field = std::variant<bool*, std::size_t*, Duration*, std::string*, ByteSize, Path, AdminPath, HashPlace,
                           ListenAddress*, std::optional<Endpoint>*, std::vector<Endpoint>*, Profile*, PartnerRule*,
                           Propagation*, LogLevel*, LogFormat*, DhtEngine*, DhtDurability*>;

// Inclusive, in the type's own unit: a count, microseconds, bytes, or the length of a text.
struct Range {
    std::int64_t min = 0, max = 0;
};

// What a source wrote: one text, or a list of them.
struct SettingText {
    std::vector<std::string> items;
    bool is_list = false;
};

// Writes into the field, or says in one clause what is wrong and what is allowed.
[[nodiscard]] Result<void> assign(const Field& field, const Range& range, const SettingText& text);
// As YAML, quoted where that is needed.
[[nodiscard]] std::string print(const Field& field);
// Both are fields of the same setting.
void copy_value(const Field& from, const Field& to);
// "200ms to 1h", "random, oldest, head, hybrid or ranked".
[[nodiscard]] std::string allowed(const Field& field, const Range& range);

[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);
[[nodiscard]] std::string print_duration(Duration duration);
[[nodiscard]] std::optional<std::size_t> parse_size(std::string_view text);
[[nodiscard]] std::string print_size(std::size_t bytes);
[[nodiscard]] Result<ListenAddress> parse_listen(std::string_view text);

}  // namespace halp::config
