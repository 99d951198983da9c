#include "tools/libhalp/json_reader.h"

#include <algorithm>
#include <charconv>

namespace halp::lib {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(static_cast<unsigned char>(bits)); };
    if (code < 0x80) return byte(code);
    if (code < 0x800) {
        byte(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
    }
    byte(0x80 | (code & 0x3f));
}

// Four hexadecimal digits at `at`; more than 0xffff when they are not there.
std::uint32_t hex4(std::string_view text, std::size_t at) {
    std::uint32_t code = 0;
    if (at + 4 > text.size()) return 0x10000;
    const auto [end, why] = std::from_chars(text.data() + at, text.data() + at + 4, code, 16);
    return why == std::errc{} && end == text.data() + at + 4 ? code : 0x10000;
}

// The escape behind the backslash at `at`; moves `at` behind it. False: there is none.
bool unescape(std::string_view raw, std::size_t& at, std::string& out) {
    constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
    const std::size_t known = letters.find(raw[at]);
    if (known != std::string_view::npos) {
        out += meanings[known];
        ++at;
        return true;
    }
    std::uint32_t code = raw[at] == 'u' ? hex4(raw, at + 1) : 0x10000;
    if (code > 0xffff) return false;
    at += 5;
    const bool leads = code >= 0xd800 && code < 0xdc00;
    const std::uint32_t second = leads && raw.substr(at, 2) == "\\u" ? hex4(raw, at + 2) : 0x10000;
    if (second >= 0xdc00 && second < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (second - 0xdc00);
        at += 6;
    } else if (code >= 0xd800 && code < 0xe000) {
        code = 0xfffd;  // half a character
    }
    append_utf8(out, code);
    return true;
}

}  // namespace

void JsonReader::blanks() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\n' || rest_[0] == '\t' || rest_[0] == '\r'))
        rest_.remove_prefix(1);
}

bool JsonReader::take(char wanted) {
    blanks();
    if (rest_.empty() || rest_[0] != wanted) {
        fail();
        return false;
    }
    rest_.remove_prefix(1);
    return true;
}

bool JsonReader::enter(char bracket) {
    if (++depth_ > depth_max) fail();
    first_ = true;
    return good_ && take(bracket);
}

bool JsonReader::more(char bracket) {
    blanks();
    if (!rest_.empty() && rest_[0] == bracket) {
        rest_.remove_prefix(1);
        first_ = false;
        --depth_;
        return false;
    }
    if (!first_ && !take(',')) return false;
    first_ = false;
    return good_ && !rest_.empty();
}

bool JsonReader::word(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
}

// What stands between the quotes. A quote behind an odd number of backslashes is no end.
std::string_view JsonReader::raw_text() {
    if (!take('"')) return {};
    std::size_t end = 0;
    while (end < rest_.size() && rest_[end] != '"') end += rest_[end] == '\\' ? 2 : 1;
    if (end >= rest_.size()) {
        fail();
        return {};
    }
    const std::string_view raw = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return raw;
}

void JsonReader::text(std::string& out) {
    out.clear();
    blanks();
    if (word("null")) return;
    const std::string_view raw = raw_text();
    if (raw.find('\\') == std::string_view::npos) {
        out = raw;
        return;
    }
    for (std::size_t at = 0; at < raw.size();) {
        if (raw[at] != '\\') {
            out += raw[at++];
        } else if (++at >= raw.size() || !unescape(raw, at, out)) {
            return fail();
        }
    }
}

std::int64_t JsonReader::number() {
    blanks();
    std::int64_t value = 0;
    const auto [end, why] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (why != std::errc{}) {
        fail();
        return 0;
    }
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    const std::size_t behind = rest_.find_first_not_of("0123456789.eE+-");
    rest_.remove_prefix(std::min(behind, rest_.size()));
    return value;
}

bool JsonReader::truth() {
    blanks();
    if (word("true")) return true;
    if (!word("false")) fail();
    return false;
}

void JsonReader::skip() {
    blanks();
    if (rest_.empty()) return fail();
    const char begin = rest_[0];
    if (begin == '{') {
        object([this](std::string_view) { skip(); });
    } else if (begin == '[') {
        array([this] { skip(); });
    } else if (begin == '"') {
        static_cast<void>(raw_text());  // not wanted
    } else if (!word("true") && !word("false") && !word("null")) {
        static_cast<void>(number());  // not wanted
    }
}

bool JsonReader::finished() {
    blanks();
    return good_ && rest_.empty();
}

}  // namespace halp::lib
