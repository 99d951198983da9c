#include "store/label.h"

#include <algorithm>

#include "store/hash.h"

namespace halp {
namespace {

// Unlike std::isalnum, independent of the locale.
bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool inner(char c) { return c == '-' || c == '.'; }

// A part that begins with "-" would be an option on a command line, one that begins with "." a hidden file.
bool well_formed(std::string_view part) {
    const auto fits = [](char c) { return c == '_' || inner(c) || letter_or_digit(c); };
    return std::all_of(part.begin(), part.end(), fits) && std::any_of(part.begin(), part.end(), letter_or_digit) &&
           !inner(part.front()) && !inner(part.back());
}

constexpr const char* part_rule =
    "A label takes letters, digits, \"_\", \"-\" and \".\", parts of it stand between \"/\"; each part has a "
    "letter or a "
    "digit, and neither begins nor ends with \"-\" or \".\".";

Error malformed(const char* rule) { return {ErrorCode::invalid, rule}; }

}  // namespace

Result<Label> Label::parse(std::string_view text) {
    if (text.empty()) return malformed("A label must not be empty.");
    if (text.size() > length_max) return malformed("A label has at most 4096 bytes.");
    std::size_t begin = 0;
    for (auto slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', begin)) {
        if (!well_formed(text.substr(begin, slash - begin))) return malformed(part_rule);
        begin = slash + 1;
    }
    const std::string_view last = text.substr(begin);
    if (!last.empty() && !well_formed(last)) return malformed(part_rule);
    return Label(std::string(text));
}

bool Label::is_original() const {
    const std::size_t slash = text_.rfind('/');
    const auto last = text_.begin() + static_cast<std::ptrdiff_t>(slash == std::string::npos ? 0 : slash + 1);
    return std::none_of(text_.begin(), text_.end(), inner) && std::find(last, text_.end(), '_') == text_.end();
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
