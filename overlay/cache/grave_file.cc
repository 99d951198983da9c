#include "overlay/cache/grave_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "overlay/cache/swarm_word.h"

namespace halp {

namespace {

constexpr std::string_view first_line = "halp-graves-1";
constexpr std::string_view swarm_front = "swarm ";
constexpr std::string_view left_end = "-left";

std::string_view take_line_off(std::string_view& content) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    return line;
}

std::string_view take_word_off(std::string_view& line) {
    const std::size_t end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

template <class Number>
std::optional<Number> number_of_word(std::string_view digits, Number most) {
    Number value{};
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value);
    if (error != std::errc{} || stop != end || value < Number{0} || value > most) return std::nullopt;
    return value;
}

std::optional<GraveLine> grave_of(std::string_view line) {
    GraveLine grave;
    std::string_view kind = take_word_off(line);
    grave.left = kind.ends_with(left_end);
    if (grave.left) kind.remove_suffix(left_end.size());
    if (kind != "proved" && kind != "heard") return std::nullopt;
    grave.proved = kind == "proved";
    const auto buried = number_of_word<std::int64_t>(take_word_off(line), count(unix_seconds_max));
    const auto version = number_of_word<std::uint32_t>(take_word_off(line), 0xffffffff);
    const std::string_view host = take_word_off(line);
    const auto port = number_of_word<std::uint32_t>(take_word_off(line), 65535);
    if (!buried || !version || !port || *port == 0 || !Endpoint::well_formed_host(host)) return std::nullopt;
    if (!line.empty()) {
        const auto known = number_of_word<std::int64_t>(line, count(unix_seconds_max));
        if (!known || !grave.proved) return std::nullopt;
        grave.known = UnixSeconds{*known};
    }
    grave.endpoint = {std::string{host}, static_cast<std::uint16_t>(*port)};
    grave.buried = UnixSeconds{*buried};
    grave.version = *version;
    return grave;
}

std::string text_of(const GraveLine& grave) {
    std::string text = grave.proved ? "proved" : "heard";
    if (grave.left) text += left_end;
    text += ' ' + std::to_string(count(grave.buried)) + ' ' + std::to_string(grave.version) + ' ' +
            grave.endpoint.host + ' ' + std::to_string(grave.endpoint.port);
    if (grave.known != CacheLine::not_proved) text += ' ' + std::to_string(count(grave.known));
    return text;
}

}  // namespace

GraveFile GraveFile::parse(const std::string& swarm, std::string_view content) {
    GraveFile file;
    if (take_line_off(content) != first_line) return file;
    std::size_t kinds[2] = {};
    std::optional<std::string> section;  // none: its name cannot be read
    while (!content.empty()) {
        const std::string_view line = take_line_off(content);
        const bool names_swarm = line.starts_with(swarm_front);
        if (names_swarm) section = swarm_of_word(line.substr(swarm_front.size()));
        if (!section) continue;
        if (*section != swarm) {
            const bool room = file.others.size() < lines_of_others_max;
            if (room && (names_swarm || grave_of(line))) file.others.emplace_back(line);
        } else if (std::optional<GraveLine> grave = grave_of(line);
                   grave && ++kinds[grave->proved ? 1 : 0] <= lines_of_a_kind_max) {
            file.graves.push_back(std::move(*grave));
        }
    }
    return file;
}

std::string GraveFile::format(const std::string& swarm) const {
    if (graves.empty() && others.empty()) return {};
    std::string text = std::string{first_line} + '\n';
    std::size_t kinds[2] = {};
    if (!graves.empty()) text += std::string{swarm_front} + word_of_swarm(swarm) + '\n';
    for (const GraveLine& grave : graves)
        if (++kinds[grave.proved ? 1 : 0] <= lines_of_a_kind_max) text += text_of(grave) + '\n';
    for (const std::string& line : others) text += line + '\n';
    return text;
}

}  // namespace halp
