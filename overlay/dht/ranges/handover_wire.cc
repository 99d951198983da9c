#include "overlay/dht/ranges/handover_wire.h"

#include <algorithm>
#include <array>

#include "store/records/channel.h"
#include "store/records/key.h"

namespace halp::handover {
namespace {

constexpr std::string_view front = "halp handover 1 ";
constexpr std::array<std::string_view, 6> verbs{"begin", "put", "drop", "clear", "adopt", "ask"};

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

bool has_channel(Verb verb) { return verb == Verb::put || verb == Verb::drop || verb == Verb::clear; }

}  // namespace

bool is_message(Bytes channel) { return channel.starts_with(front); }

std::optional<Message> parse_message(Bytes channel) {
    if (!is_message(channel)) return std::nullopt;
    std::string_view left = channel.substr(front.size());
    const auto* verb = std::ranges::find(verbs, take_word(left));
    if (verb == verbs.end()) return std::nullopt;
    Message message;
    message.verb = static_cast<Verb>(verb - verbs.begin());
    if (message.verb != Verb::ask && !take_number(left, message.token)) return std::nullopt;
    if (message.verb == Verb::begin) {
        std::uint64_t min = 0, max = 0;
        if (!take_number(left, min) || !take_number(left, max) || min > max) return std::nullopt;
        message.part = HashRange::make(min, max).value_or(HashRange{});
    }
    if (!has_channel(message.verb)) return left.empty() ? std::optional{message} : std::nullopt;
    message.channel = left;
    return Channel::well_formed(left) ? std::optional{message} : std::nullopt;
}

std::string format_message(const Message& message) {
    std::string out = std::string(front) + std::string(name_of(message.verb));
    if (message.verb != Verb::ask) out += " " + key_text(Key{message.token});
    if (message.verb == Verb::begin)
        out += " " + key_text(Key{message.part.min()}) + " " + key_text(Key{message.part.max()});
    if (has_channel(message.verb)) out += " " + std::string(message.channel);
    return out;
}

}  // namespace halp::handover
