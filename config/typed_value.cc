#include "config/typed_value.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <utility>

#include "config/units.h"
#include "store/overloaded.h"

namespace halp::config {
namespace {

constexpr std::size_t hash_digits = 16;

Error wrong(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

bool has_control_bytes(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool within(const Bounds& bounds, double value) {
    return value >= bounds.min && value <= bounds.max;
}  // false for NaN

// True when the whole text is a number.
template <class Number>
bool parse_number(std::string_view text, Number& number, auto... how) {
    Number parsed{};
    const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), parsed, how...);
    if (error != std::errc{} || rest != text.data() + text.size()) return false;
    number = parsed;
    return true;
}

template <class Number>
bool assign_bounded(Number& number, const Bounds& bounds, std::optional<Number> parsed) {
    if (!parsed || !within(bounds, static_cast<double>(*parsed))) return false;
    number = *parsed;
    return true;
}

std::optional<double> parse_share(std::string_view text) {
    const bool percent = text.ends_with('%');
    if (percent) text.remove_suffix(1);
    double value = 0;
    if (!parse_number(text, value)) return std::nullopt;
    return percent ? value / 100 : value;
}

std::string print_real(double value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

std::string hash_text(std::uint64_t place) {
    std::array<char, hash_digits + 1> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(place));
    return text.data();
}

std::string joined(std::span<const std::string_view> names) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += i + 1 == names.size() ? " or " : ", ";
        out += names[i];
    }
    return out;
}

// Reads one text, which is no list, into a value. False: it is refused and nothing has changed.
struct Reader {
    const Bounds& bounds;
    const std::string& text;

    bool operator()(bool* value) const {
        const bool yes = text == "true" || text == "yes" || text == "on";
        const bool no = text == "false" || text == "no" || text == "off";
        if (yes || no) *value = yes;
        return yes || no;
    }
    bool operator()(std::size_t* value) const {
        std::size_t parsed = 0;
        return parse_number(text, parsed) && assign_bounded(*value, bounds, std::optional{parsed});
    }
    bool operator()(double* value) const { return assign_bounded(*value, bounds, parse_share(text)); }
    bool operator()(Duration* value) const {
        const std::optional<Duration> parsed = parse_duration(text);
        if (!parsed || !within(bounds, static_cast<double>(parsed->count()))) return false;
        *value = *parsed;
        return true;
    }
    bool operator()(ByteSize size) const { return assign_bounded(*size.value, bounds, parse_size(text)); }
    bool operator()(Seed seed) const { return parse_number(text, *seed.value); }
    bool operator()(std::string* value) const { return !has_control_bytes(text) && copy_bounded(value); }
    bool operator()(FreeText free) const { return copy_bounded(free.value); }
    bool operator()(Path path) const { return (*this)(path.value); }
    bool operator()(AdminPath path) const { return (*this)(path.value); }
    bool operator()(HashPlace place) const {
        std::string_view digits{text};
        if (digits.starts_with("0x") || digits.starts_with("0X")) digits.remove_prefix(2);
        // All 16 digits must be there: with one digit missing it would be another place.
        return digits.size() == hash_digits && parse_number(digits, *place.value, 16);
    }
    bool operator()(Choice choice) const {
        const auto found = std::ranges::find(choice.names, std::string_view{text});
        if (found == choice.names.end()) return false;
        *choice.value = static_cast<unsigned char>(found - choice.names.begin());
        return true;
    }
    bool operator()(ListenAddress* value) const {
        Result<ListenAddress> parsed = parse_listen(text);
        if (parsed) *value = *std::move(parsed);
        return parsed.has_value();
    }
    bool operator()(std::optional<Endpoint>* value) const {
        if (text.empty()) return value->reset(), true;
        Result<Endpoint> parsed = Endpoint::parse(text);
        if (parsed) *value = *std::move(parsed);
        return parsed.has_value();
    }
    bool operator()(std::vector<Endpoint>*) const { return false; }  // assign_endpoints() reads lists

    bool copy_bounded(std::string* value) const {
        if (!within(bounds, static_cast<double>(text.size()))) return false;
        *value = text;
        return true;
    }
};

std::vector<std::string> split_at_commas(std::string_view text) {
    std::vector<std::string> items;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        items.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return items;
}

// An environment variable has one text with commas, a file a list.
Result<void> assign_endpoints(std::vector<Endpoint>& value, const Bounds& bounds, const ValueText& text) {
    const bool listed = text.is_list || text.items.empty();
    const std::vector<std::string> items = listed ? text.items : split_at_commas(text.items.front());
    if (static_cast<double>(items.size()) > bounds.max)
        return wrong("at most " + print_real(bounds.max) + " are allowed");
    std::vector<Endpoint> endpoints;
    for (const std::string& item : items) {
        Result<Endpoint> endpoint = Endpoint::parse(item);
        if (!endpoint) return wrong(quoted(item) + " is not allowed: " + endpoint.error().message);
        endpoints.push_back(*std::move(endpoint));
    }
    value = std::move(endpoints);
    return {};
}

// YAML needs no quotes around the text of these types.
template <class T>
constexpr bool is_bare = std::is_same_v<T, bool*> || std::is_same_v<T, std::size_t*> ||
                         std::is_same_v<T, double*> || std::is_same_v<T, Duration*> || std::is_same_v<T, Choice> ||
                         std::is_same_v<T, ByteSize> || std::is_same_v<T, Seed>;

std::string between_text(const std::string& min, const std::string& max) { return min + " to " + max; }

std::string count_text(double count) { return std::to_string(static_cast<std::int64_t>(count)); }

}  // namespace

Result<ListenAddress> parse_listen(std::string_view text) {
    // Endpoint refuses port 0, which nobody can connect to. To listen on port 0 asks for any free port.
    const bool any_port = text.size() > 2 && text.substr(text.size() - 2) == ":0";
    const std::string dialable = any_port ? std::string{text.substr(0, text.size() - 1)} + "1" : std::string{text};
    Result<Endpoint> endpoint = Endpoint::parse(dialable);
    if (!endpoint) return endpoint.error();
    return ListenAddress{endpoint->host, any_port ? std::uint16_t{0} : endpoint->port};
}

Result<void> assign(const Value& value, const Bounds& bounds, const ValueText& text) {
    if (const auto* list = std::get_if<std::vector<Endpoint>*>(&value))
        return assign_endpoints(**list, bounds, text);
    if (text.is_list) return wrong("takes one value, not a list; allowed: " + allowed(value, bounds));
    const std::string& only = text.items.front();
    if (std::visit(Reader{bounds, only}, value)) return {};
    std::string message = quoted(only.substr(0, 80)) + " is not allowed; allowed: " + allowed(value, bounds);
    if (std::holds_alternative<Duration*>(value) && !only.empty() &&
        only.find_first_not_of("0123456789") == std::string::npos)
        message += " (a time needs a unit: " + only + "s or " + only + "ms)";
    return wrong(std::move(message));
}

void copy_value(const Value& from, const Value& to) {
    std::visit(
        [&](auto source) {
            const auto target = std::get<decltype(source)>(to);
            if constexpr (std::is_pointer_v<decltype(source)>)
                *target = *source;
            else
                *target.value = *source.value;
        },
        from);
}

std::string plain_text(const Value& value) {
    return std::visit(
        overloaded{
            [](const bool* flag) -> std::string { return *flag ? "true" : "false"; },
            [](const std::size_t* number) { return std::to_string(*number); },
            [](const double* number) { return print_real(*number); },
            [](const Duration* duration) { return print_duration(*duration); },
            [](const std::string* text) { return *text; },
            [](Choice choice) { return std::string{choice.names[*choice.value]}; },
            [](ByteSize size) { return print_size(*size.value); },
            [](Seed seed) { return std::to_string(*seed.value); },
            [](FreeText text) { return *text.value; },
            [](Path path) { return *path.value; },
            [](AdminPath path) { return *path.value; },
            [](HashPlace place) { return hash_text(*place.value); },
            [](const ListenAddress* address) { return address->text(); },
            [](const std::optional<Endpoint>* endpoint) { return *endpoint ? (*endpoint)->text() : std::string{}; },
            [](const std::vector<Endpoint>* list) {
                std::string out;
                for (const Endpoint& endpoint : *list) out += (out.empty() ? "" : ",") + endpoint.text();
                return out;
            },
        },
        value);
}

std::string yaml_text(const Value& value) {
    if (const auto* list = std::get_if<std::vector<Endpoint>*>(&value)) {
        std::string out = "[";
        for (const Endpoint& endpoint : **list) out += (out.size() > 1 ? ", " : "") + quoted(endpoint.text());
        return out + "]";
    }
    const bool bare = std::visit([](auto kind) { return is_bare<decltype(kind)>; }, value);
    return bare ? plain_text(value) : quoted(plain_text(value));
}

std::string allowed(const Value& value, const Bounds& bounds) {
    const auto duration = [](double us) { return print_duration(Duration{static_cast<Duration::rep>(us)}); };
    const auto size = [](double bytes) { return print_size(static_cast<std::size_t>(bytes)); };
    return std::visit(
        overloaded{
            [](const bool*) -> std::string { return "true or false"; },
            [&](const std::size_t*) { return between_text(count_text(bounds.min), count_text(bounds.max)); },
            [&](const double*) {
                return between_text(print_real(bounds.min), print_real(bounds.max)) + ", or a percentage";
            },
            [&](const Duration*) { return between_text(duration(bounds.min), duration(bounds.max)); },
            [&](const std::string*) {
                return "a text of " + between_text(count_text(bounds.min), count_text(bounds.max)) +
                       " bytes without control bytes";
            },
            [](Choice choice) { return joined(choice.names); },
            [&](ByteSize) { return between_text(size(bounds.min), size(bounds.max)); },
            [](Seed) -> std::string { return "0 to 18446744073709551615"; },
            [&](FreeText) {
                return "a text of " + between_text(count_text(bounds.min), count_text(bounds.max)) + " bytes";
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
        },
        value);
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        std::array<char, 8> escape{};
        if (c == '"' || c == '\\') {
            out += {'\\', c};
        } else if (static_cast<unsigned char>(c) < 0x20) {
            std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned>(c));
            out += escape.data();
        } else {
            out += c;
        }
    }
    return out + "\"";
}

}  // namespace halp::config
