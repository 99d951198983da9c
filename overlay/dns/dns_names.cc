#include "overlay/dns/dns_names.h"

#include <algorithm>
#include <charconv>

namespace halp::dns {
namespace {

constexpr std::string_view ipv4_part = "_ip4", ipv6_part = "_ip6";
constexpr std::string_view hex_digits = "0123456789abcdef";

std::string joined(const std::vector<std::string>& parts, char between, bool backwards) {
    std::string out;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0) out += between;
        out += parts[backwards ? parts.size() - 1 - i : i];
    }
    return out;
}

// "192-0-2-1"
std::string ipv4_of(std::string_view text) {
    std::string bytes;
    while (bytes.size() < 4) {
        const std::string_view number = text.substr(0, text.find('-'));
        unsigned value = 256;
        const auto end = std::from_chars(number.data(), number.data() + number.size(), value).ptr;
        const bool whole = !number.empty() && end == number.data() + number.size();
        const bool spelled_once = number.size() == 1 || !number.starts_with('0');
        if (!whole || value > 255 || !spelled_once) return {};
        bytes += static_cast<char>(value);
        if (number.size() == text.size()) return bytes.size() == 4 ? bytes : std::string{};
        text.remove_prefix(number.size() + 1);
    }
    return {};
}

// 32 hexadecimal digits
std::string ipv6_of(std::string_view text) {
    if (text.size() != 32) return {};
    std::string bytes;
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const auto high = hex_digits.find(text[i]), low = hex_digits.find(text[i + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) return {};
        bytes += static_cast<char>(high << 4 | low);
    }
    return bytes;
}

Meaning address_meaning(const std::vector<std::string>& below) {
    if (below.size() == 1) return {Meaning::Kind::between, {}, {}};
    if (below.size() > 2) return {};
    std::string address = below.back() == ipv4_part ? ipv4_of(below.front()) : ipv6_of(below.front());
    if (address.empty()) return {};
    return {Meaning::Kind::address, {}, std::move(address)};
}

std::string_view without_underscore(std::string_view part) { return part.substr(part.starts_with('_') ? 1 : 0); }

// `_chat._tcp`, and `room1._chat._tcp` for the label chat/room1.
Meaning service_meaning(const std::vector<std::string>& below) {
    if (below.size() == 1) return {Meaning::Kind::between, {}, {}};
    const std::string& service = below[below.size() - 2];
    if (!service.starts_with('_')) return {};
    if (service == "_dns-sd" && below.back() == "_udp") {
        if (below.size() == 2) return {Meaning::Kind::between, {}, {}};
        const bool all = below.size() == 3 && below.front() == "_services";
        return {all ? Meaning::Kind::services : Meaning::Kind::nothing, {}, {}};
    }
    std::vector<std::string> parts;
    for (std::size_t i = 0; i + 1 < below.size(); ++i) parts.emplace_back(without_underscore(below[i]));
    return {Meaning::Kind::service, {joined(parts, '/', true)}, {}};
}

}  // namespace

Meaning meaning_of(const std::vector<std::string>& below) {
    if (below.empty()) return {Meaning::Kind::apex, {}, {}};
    const std::string& last = below.back();
    if (last == ipv4_part || last == ipv6_part) return address_meaning(below);
    if (last == "_tcp" || last == "_udp") return service_meaning(below);
    Meaning meaning{Meaning::Kind::label, {joined(below, '/', true)}, {}};
    if (below.size() > 1) meaning.labels.push_back(joined(below, '.', false));
    return meaning;
}

std::vector<std::string> address_name(std::string_view address) {
    std::string text;
    if (address.size() == 4) {
        for (const char byte : address)
            text += (text.empty() ? "" : "-") + std::to_string(static_cast<unsigned char>(byte));
        return {text, std::string{ipv4_part}};
    }
    for (const char byte : address) {
        text += hex_digits[static_cast<unsigned char>(byte) >> 4];
        text += hex_digits[static_cast<unsigned char>(byte) & 0xf];
    }
    return {text, std::string{ipv6_part}};
}

}  // namespace halp::dns
