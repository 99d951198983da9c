#include "store/label.h"

#include <algorithm>

#include "store/hash.h"

namespace halp {
namespace {

// Unlike std::isalnum, independent of the locale.
bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool well_formed_last(std::string_view part) { return std::all_of(part.begin(), part.end(), letter_or_digit); }

bool well_formed_parent(std::string_view part) {
    const auto fits = [](char c) { return c == '_' || letter_or_digit(c); };
    return std::all_of(part.begin(), part.end(), fits) && std::any_of(part.begin(), part.end(), letter_or_digit);
}

Error malformed(const char* rule) { return {ErrorCode::invalid, rule}; }

}  // namespace

Result<Label> Label::parse(std::string_view text) {
    if (text.empty()) return malformed("A label must not be empty.");
    if (text.size() > length_max) return malformed("A label has at most 4096 bytes.");
    std::size_t begin = 0;
    for (auto slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', begin)) {
        if (!well_formed_parent(text.substr(begin, slash - begin)))
            return malformed(
                "Before a \"/\" a label takes letters, digits and \"_\", with at least one letter or digit.");
        begin = slash + 1;
    }
    if (!well_formed_last(text.substr(begin)))
        return malformed("The last part of a label takes letters and digits only.");
    return Label(std::string(text));
}

const Label& Label::halp() {
    static const Label label("halp");
    return label;
}

const Label& Label::labels() {
    static const Label label("labels");
    return label;
}

bool Label::lists_names() const { return text_.back() == '/' || text_ == "labels"; }

std::vector<std::pair<Label, std::string>> Label::listings(std::size_t directory_length_max) const {
    std::vector<std::pair<Label, std::string>> found;
    std::size_t begin = 0;
    while (begin < text_.size() && begin <= directory_length_max) {
        const auto end = std::min(text_.find('/', begin), text_.size());
        found.emplace_back(begin == 0 ? labels() : Label(text_.substr(0, begin)), text_.substr(begin, end - begin));
        begin = end + 1;
    }
    return found;
}

std::uint64_t Label::hash() const { return mix(fnv1a(text_)); }

}  // namespace halp
