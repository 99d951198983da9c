#include "store/records/channel_file.h"

namespace halp {
namespace {

// The longest part whose file has a valid name of 255 bytes, with room for ".tcm", a number and a temporary ending.
constexpr std::size_t part_bytes_max = 236;
constexpr std::string_view digits = "0123456789ABCDEF";

std::string encoded(std::string_view name) {
    std::string text;
    for (std::size_t i = 0; i < name.size(); ++i) {
        const auto byte = static_cast<unsigned char>(name[i]);
        const bool harmful = byte < 0x20 || byte == 0x7f || byte == '/' || byte == '%' || (byte == '.' && i == 0);
        if (!harmful) {
            text += name[i];
            continue;
        }
        text += '%';
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

std::optional<std::string> decoded(std::string_view text) {
    std::string name;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            name += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const std::size_t high = digits.find(text[i + 1]), low = digits.find(text[i + 2]);
        if (high == std::string_view::npos || low == std::string_view::npos) return std::nullopt;
        name += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return name;
}

// Takes the last component off a path.
std::string_view take_last(std::string_view& path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view last = path.substr(slash == std::string_view::npos ? 0 : slash + 1);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(0, slash);
    return last;
}

}  // namespace

std::string channel_file(const Channel& channel, std::size_t n) {
    const std::string text = encoded(channel.name());
    std::string path;
    std::size_t at = 0;
    for (; text.size() - at > part_bytes_max; at += part_bytes_max)
        path.append(text, at, part_bytes_max).append("%/");
    path.append(text, at);
    if (n > 0) path += "%." + std::to_string(n);
    return path.append(channel_file_extension);
}

std::optional<Channel> channel_of_file(std::string_view path) {
    const std::string_view file = take_last(path);
    if (!file.ends_with(channel_file_extension)) return std::nullopt;
    std::string text{file.substr(0, file.size() - channel_file_extension.size())}, tail{file};
    for (std::string_view part = take_last(path); part.size() == part_bytes_max + 1 && is_channel_directory(part);
         part = take_last(path)) {
        text.insert(0, part.substr(0, part_bytes_max));
        tail.insert(0, std::string{part} + "/");
    }
    const auto name = decoded(text);
    const auto channel = name ? Channel::parse(*name) : Result<Channel>(Error{});
    if (!channel || channel_file(*channel) != tail) return std::nullopt;
    return *channel;
}

bool is_channel_directory(std::string_view name) { return name.size() > 1 && name.ends_with('%'); }

}  // namespace halp
