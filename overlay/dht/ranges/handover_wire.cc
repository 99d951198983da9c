#include "overlay/dht/ranges/handover_wire.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "store/records/channel.h"
#include "store/records/key.h"

namespace halp::handover {
namespace {

constexpr std::string_view front = "halp handover 1 ";
constexpr std::array<std::string_view, 9> verbs{"begin", "put",  "drop", "clear", "adopt",
                                                "ask",   "fill", "auto", "share"};

std::string_view name_of(Verb verb) { return verbs[static_cast<std::size_t>(verb)]; }

std::string_view take_word(std::string_view& left) {
    const std::string_view word = left.substr(0, left.find(' '));
    left.remove_prefix(std::min(word.size() + 1, left.size()));
    return word;
}

bool take_number(std::string_view& left, std::uint64_t& number) {
    const Result<Key> read = parse_key(take_word(left));
    if (read) number = value_of(*read);
    return read.has_value();
}

bool has_channel(Verb verb) {
    return verb == Verb::put || verb == Verb::drop || verb == Verb::clear || verb == Verb::fill;
}
bool has_token(Verb verb) { return verb != Verb::ask && verb != Verb::fill && verb != Verb::share; }
bool has_part(Verb verb) { return verb == Verb::begin || verb == Verb::share; }

bool take_part(std::string_view& left, HashRange& part) {
    std::uint64_t min = 0, max = 0;
    if (!take_number(left, min) || !take_number(left, max) || min > max) return false;
    part = HashRange::make(min, max).value_or(HashRange{});
    return true;
}

bool take_endpoint(std::string_view& left, Bytes& host, std::uint16_t& number) {
    host = take_word(left);
    const std::string_view port = take_word(left);
    const auto read = std::from_chars(port.data(), port.data() + port.size(), number);
    return read.ec == std::errc{} && read.ptr == port.data() + port.size() && number != 0 &&
           Endpoint::well_formed_host(host);
}

}  // namespace

bool is_message(Bytes channel) { return channel.starts_with(front); }

std::optional<Message> parse_message(Bytes channel) {
    if (!is_message(channel)) return std::nullopt;
    std::string_view left = channel.substr(front.size());
    const auto* verb = std::ranges::find(verbs, take_word(left));
    if (verb == verbs.end()) return std::nullopt;
    Message message;
    message.verb = static_cast<Verb>(verb - verbs.begin());
    if (has_token(message.verb) && !take_number(left, message.token)) return std::nullopt;
    if (has_part(message.verb) && !take_part(left, message.part)) return std::nullopt;
    if (message.verb == Verb::share && !take_endpoint(left, message.host, message.port)) return std::nullopt;
    if (!has_channel(message.verb)) return left.empty() ? std::optional{message} : std::nullopt;
    message.channel = left;
    return Channel::well_formed(left) ? std::optional{message} : std::nullopt;
}

std::string format_message(const Message& message) {
    std::string out = std::string(front) + std::string(name_of(message.verb));
    if (has_token(message.verb)) out += " " + key_text(Key{message.token});
    if (has_part(message.verb))
        out += " " + key_text(Key{message.part.min()}) + " " + key_text(Key{message.part.max()});
    if (message.verb == Verb::share) out += " " + std::string(message.host) + " " + std::to_string(message.port);
    if (has_channel(message.verb)) out += " " + std::string(message.channel);
    return out;
}

std::string format_heir(const Heir& heir) {
    return key_text(Key{heir.range.min()}) + " " + key_text(Key{heir.range.max()}) + " " + heir.node.host + " " +
           std::to_string(heir.node.port);
}

std::optional<Heir> parse_heir(std::string_view text) {
    Heir heir;
    Bytes host;
    if (!take_part(text, heir.range) || !take_endpoint(text, host, heir.node.port) || !text.empty())
        return std::nullopt;
    heir.node.host = host;
    return heir;
}

}  // namespace halp::handover
