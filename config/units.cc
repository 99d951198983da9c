#include "config/units.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <system_error>

namespace halp::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// Largest first: printing takes the largest unit that divides the value exactly.
constexpr std::array<Unit, 6> duration_units{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};
constexpr std::array<Unit, 8> size_units{{{"GiB", std::int64_t{1} << 30},
                                          {"MiB", std::int64_t{1} << 20},
                                          {"KiB", std::int64_t{1} << 10},
                                          {"GB", 1'000'000'000},
                                          {"MB", 1'000'000},
                                          {"kB", 1'000},
                                          {"B", 1},
                                          {"", 1}}};

template <std::size_t n>
std::optional<std::int64_t> parse_with_unit(std::string_view text, const std::array<Unit, n>& units) {
    double number = 0;
    const auto [rest, error] =
        std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
    if (error != std::errc{} || number < 0) return std::nullopt;
    std::string_view name = text.substr(static_cast<std::size_t>(rest - text.data()));
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        const double scaled = number * static_cast<double>(unit.factor);
        if (!(scaled < 9e15)) return std::nullopt;  // doubles count exactly up to 2^53; this form refuses NaN, too
        return static_cast<std::int64_t>(scaled + 0.5);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    const std::optional<std::int64_t> us = parse_with_unit(text, duration_units);
    if (!us) return std::nullopt;
    return Duration{*us};
}

std::string print_duration(Duration duration) {
    const std::int64_t us = duration.count();
    if (us == 0) return "0s";
    for (const Unit& unit : duration_units)
        if (us % unit.factor == 0) return std::to_string(us / unit.factor) + std::string{unit.name};
    return std::to_string(us) + "us";
}

std::optional<std::size_t> parse_size(std::string_view text) {
    const std::optional<std::int64_t> bytes = parse_with_unit(text, size_units);
    if (!bytes) return std::nullopt;
    return static_cast<std::size_t>(*bytes);
}

std::string print_size(std::size_t bytes) {
    for (const Unit& unit : {size_units[0], size_units[1], size_units[2]}) {
        const auto factor = static_cast<std::size_t>(unit.factor);
        if (bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + std::string{unit.name};
    }
    return std::to_string(bytes) + "B";
}

}  // namespace halp::config
