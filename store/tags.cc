#include "store/tags.h"

#include <algorithm>
#include <utility>

namespace halp {
namespace {

bool well_formed_tag(std::string_view tag) {
    const auto refused = [](char c) { return (c >= 0 && c <= ' ') || c == '\x7f' || c == ','; };
    return !tag.empty() && std::none_of(tag.begin(), tag.end(), refused);
}

}  // namespace

Result<std::string> tags_text(std::vector<std::string> tags) {
    std::sort(tags.begin(), tags.end());
    tags.erase(std::unique(tags.begin(), tags.end()), tags.end());
    std::string text;
    for (const std::string& tag : tags) {
        if (!well_formed_tag(tag))
            return Error{ErrorCode::invalid,
                         "A tag has at least one byte, and no blanks, control bytes and commas."};
        if (!text.empty()) text += ',';
        text += tag;
        if (text.size() > tags_bytes_max)
            return Error{ErrorCode::invalid, "The tags of a host have at most 256 bytes together."};
    }
    return text;
}

std::vector<std::string> split_tags(std::string_view text) {
    std::vector<std::string> tags;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        tags.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return tags;
}

bool well_formed_tags(std::string_view text) {
    if (text.size() > tags_bytes_max) return false;
    const Result<std::string> again = tags_text(split_tags(text));
    return again && *again == text;
}

bool has_tag(std::string_view text, std::string_view tag) {
    const std::vector<std::string> all = split_tags(text);
    return std::find(all.begin(), all.end(), tag) != all.end();
}

}  // namespace halp
