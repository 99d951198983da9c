#include "config/setting_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <type_traits>
#include <utility>

#include "store/overloaded.h"

namespace halp::config {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t factor;
};

// Largest first, so that printing takes the largest that divides exactly.
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
        if (!(scaled < 9e15)) return std::nullopt;
        return static_cast<std::int64_t>(scaled + 0.5);
    }
    return std::nullopt;
}

template <class Choice>
struct Choices;
template <>
struct Choices<Profile> {
    static constexpr std::array<std::string_view, 3> names{"local", "lan", "wan"};
};
template <>
struct Choices<PartnerRule> {
    static constexpr std::array<std::string_view, 5> names{"random", "oldest", "head", "hybrid", "ranked"};
};
template <>
struct Choices<Propagation> {
    static constexpr std::array<std::string_view, 4> names{"push", "pull", "push_pull", "swap"};
};
template <>
struct Choices<LogLevel> {
    static constexpr std::array<std::string_view, 5> names{"trace", "debug", "info", "warn", "error"};
};
template <>
struct Choices<LogFormat> {
    static constexpr std::array<std::string_view, 2> names{"text", "json"};
};

template <>
struct Choices<DhtEngine> {
    static constexpr std::array<std::string_view, 2> names{"memory", "lmdb"};
};
template <>
struct Choices<DhtDurability> {
    static constexpr std::array<std::string_view, 2> names{"power", "process"};
};

constexpr std::size_t place_digits = 16;

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

Error wrong(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

bool has_control_bytes(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::string joined(const std::string_view* names, std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < n; ++i) {
        if (i > 0) out += i + 1 == n ? " or " : ", ";
        out += names[i];
    }
    return out;
}

// Reads one text into a field; `text` is not a list. What is wrong comes without "allowed": assign() adds it.
struct Reader {
    const Range& range;
    const std::string& text;

    bool in_range(std::int64_t value) const { return value >= range.min && value <= range.max; }

    bool operator()(bool* field) const {
        const bool yes = text == "true" || text == "yes" || text == "on";
        const bool no = text == "false" || text == "no" || text == "off";
        if (yes || no) *field = yes;
        return yes || no;
    }
    bool operator()(std::size_t* field) const {
        std::int64_t value = 0;
        const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc{} || rest != text.data() + text.size() || !in_range(value)) return false;
        *field = static_cast<std::size_t>(value);
        return true;
    }
    bool operator()(Duration* field) const {
        const std::optional<Duration> value = parse_duration(text);
        if (!value || !in_range(value->count())) return false;
        *field = *value;
        return true;
    }
    bool operator()(ByteSize field) const {
        const std::optional<std::size_t> value = parse_size(text);
        if (!value || !in_range(static_cast<std::int64_t>(*value))) return false;
        *field.value = *value;
        return true;
    }
    bool operator()(std::string* field) const {
        if (has_control_bytes(text) || !in_range(static_cast<std::int64_t>(text.size()))) return false;
        *field = text;
        return true;
    }
    bool operator()(Path field) const { return (*this)(field.value); }
    bool operator()(AdminPath field) const { return (*this)(field.value); }
    bool operator()(HashPlace field) const {
        std::string_view digits{text};
        if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
        std::uint64_t value = 0;
        const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
        // All of them: a digit too few would be another place.
        if (error != std::errc{} || rest != digits.data() + digits.size() || digits.size() != place_digits)
            return false;
        *field.value = value;
        return true;
    }
    bool operator()(ListenAddress* field) const {
        Result<ListenAddress> value = parse_listen(text);
        if (value) *field = std::move(*value);
        return value.has_value();
    }
    bool operator()(std::optional<Endpoint>* field) const {
        if (text.empty()) return field->reset(), true;
        Result<Endpoint> value = Endpoint::parse(text);
        if (value) *field = std::move(*value);
        return value.has_value();
    }
    bool operator()(std::vector<Endpoint>*) const { return false; }  // read as a list, below
    template <class Choice>
    bool operator()(Choice* field) const {
        const auto& names = Choices<Choice>::names;
        const auto found = std::find(names.begin(), names.end(), text);
        if (found == names.end()) return false;
        *field = static_cast<Choice>(found - names.begin());
        return true;
    }
};

Result<void> assign_endpoints(std::vector<Endpoint>& field, const Range& range, const SettingText& text) {
    std::vector<std::string> items = text.items;
    if (!text.is_list) {  // one text, as an environment variable has it: separated by commas
        items.clear();
        std::string_view rest = text.items.empty() ? std::string_view{} : std::string_view{text.items.front()};
        while (!rest.empty()) {
            const std::size_t comma = std::min(rest.find(','), rest.size());
            items.emplace_back(rest.substr(0, comma));
            rest.remove_prefix(std::min(comma + 1, rest.size()));
        }
    }
    if (static_cast<std::int64_t>(items.size()) > range.max)
        return wrong("at most " + std::to_string(range.max) + " are allowed");
    std::vector<Endpoint> endpoints;
    for (const std::string& item : items) {
        Result<Endpoint> endpoint = Endpoint::parse(item);
        if (!endpoint) return wrong(quoted(item) + " is not allowed: " + endpoint.error().message);
        endpoints.push_back(std::move(*endpoint));
    }
    field = std::move(endpoints);
    return {};
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

Result<ListenAddress> parse_listen(std::string_view text) {
    const bool any_port = text.size() > 2 && text.substr(text.size() - 2) == ":0";
    // Endpoint refuses port 0, which nobody could dial; to listen on it is to ask for a free one.
    const std::string dialable = any_port ? std::string{text.substr(0, text.size() - 1)} + "1" : std::string{text};
    Result<Endpoint> endpoint = Endpoint::parse(dialable);
    if (!endpoint) return endpoint.error();
    return ListenAddress{endpoint->host, any_port ? std::uint16_t{0} : endpoint->port};
}

Result<void> assign(const Field& field, const Range& range, const SettingText& text) {
    if (const auto* list = std::get_if<std::vector<Endpoint>*>(&field))
        return assign_endpoints(**list, range, text);
    if (text.is_list) return wrong("wants one value, not a list; allowed: " + allowed(field, range));
    const std::string& only = text.items.front();
    if (std::visit(Reader{range, only}, field)) return {};
    std::string message = quoted(only.substr(0, 80)) + " is not allowed; allowed: " + allowed(field, range);
    if (std::holds_alternative<Duration*>(field) && !only.empty() &&
        only.find_first_not_of("0123456789") == std::string::npos)
        message += " (a time needs a unit: " + only + "s or " + only + "ms)";
    return wrong(std::move(message));
}

std::string print(const Field& field) {
    return std::visit(
        overloaded{
            [](const bool* value) -> std::string { return *value ? "true" : "false"; },
            [](const std::size_t* value) { return std::to_string(*value); },
            [](const Duration* value) { return print_duration(*value); },
            [](const std::string* value) { return quoted(*value); },
            [](ByteSize size) { return print_size(*size.value); },
            [](Path path) { return quoted(*path.value); },
            [](AdminPath path) { return quoted(*path.value); },
            [](HashPlace place) {
                std::array<char, place_digits> digits{};
                const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), *place.value, 16).ptr;
                const std::string text(digits.data(), end);
                return quoted(std::string(place_digits - text.size(), '0') + text);
            },
            [](const ListenAddress* value) { return quoted(value->text()); },
            [](const std::optional<Endpoint>* value) { return quoted(*value ? (*value)->text() : ""); },
            [](const std::vector<Endpoint>* value) {
                std::string out = "[";
                for (const Endpoint& endpoint : *value)
                    out += (out.size() > 1 ? ", " : "") + quoted(endpoint.text());
                return out + "]";
            },
            [](const auto* choice) {
                using Choice = std::remove_const_t<std::remove_pointer_t<decltype(choice)>>;
                return std::string{Choices<Choice>::names[static_cast<std::size_t>(*choice)]};
            },
        },
        field);
}

void copy_value(const Field& from, const Field& to) {
    std::visit(overloaded{
                   [&](ByteSize size) { *std::get<ByteSize>(to).value = *size.value; },
                   [&](Path path) { *std::get<Path>(to).value = *path.value; },
                   [&](AdminPath path) { *std::get<AdminPath>(to).value = *path.value; },
                   [&](HashPlace place) { *std::get<HashPlace>(to).value = *place.value; },
                   [&](const auto* value) {
                       using Value = std::remove_const_t<std::remove_pointer_t<decltype(value)>>;
                       *std::get<Value*>(to) = *value;
                   },
               },
               from);
}

std::string allowed(const Field& field, const Range& range) {
    const auto between = [](const std::string& min, const std::string& max) { return min + " to " + max; };
    return std::visit(
        overloaded{
            [](const bool*) -> std::string { return "true or false"; },
            [&](const std::size_t*) { return between(std::to_string(range.min), std::to_string(range.max)); },
            [&](const Duration*) {
                return between(print_duration(Duration{range.min}), print_duration(Duration{range.max}));
            },
            [&](ByteSize) {
                return between(print_size(static_cast<std::size_t>(range.min)),
                               print_size(static_cast<std::size_t>(range.max)));
            },
            [&](const std::string*) {
                return "a text of " + between(std::to_string(range.min), std::to_string(range.max)) +
                       " bytes without control bytes";
            },
            [](Path) -> std::string { return "a path, or \"\" for the usual place"; },
            [](AdminPath) -> std::string {
                return "a path of at most 100 bytes, off, or \"\" for the usual place";
            },
            [](HashPlace) -> std::string { return "16 hexadecimal digits"; },
            [](const ListenAddress*) -> std::string {
                return "HOST:PORT; [::] is every address, port 0 any free port";
            },
            [](const std::optional<Endpoint>*) -> std::string { return "HOST:PORT, or \"\" for none"; },
            [](const std::vector<Endpoint>*) -> std::string { return "a list of HOST:PORT"; },
            [](const auto* choice) {
                using Choice = std::remove_const_t<std::remove_pointer_t<decltype(choice)>>;
                return joined(Choices<Choice>::names.data(), Choices<Choice>::names.size());
            },
        },
        field);
}

}  // namespace halp::config
