// The lines of a small configuration file, as every editor writes them: with LF or CR LF at their ends, with or
// without a byte order mark at the beginning of a line, with blanks around them. Empty lines and comments are left
// out; `#` begins a comment at the beginning of a line and behind a blank.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace halp {

class ConfigLines {
public:
    explicit ConfigLines(std::string_view text) : rest_(text) {}

    // The next line that says something, without the blanks around it. Nothing at the end of the text.
    std::optional<std::string_view> next() {
        while (!rest_.empty()) {
            const std::size_t end = rest_.find('\n');
            const std::string_view line = said_in(rest_.substr(0, end));
            rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + 1);
            ++number_;
            if (!line.empty()) return line;
        }
        return std::nullopt;
    }
    // The number of the line that next() has returned, counted from 1 over all lines.
    [[nodiscard]] std::size_t number() const { return number_; }

    static std::string_view trimmed(std::string_view text) {
        while (!text.empty() && blank(text.front())) text.remove_prefix(1);
        while (!text.empty() && blank(text.back())) text.remove_suffix(1);
        return text;
    }

private:
    static bool blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
    // Of files that were put together, each may begin with a byte order mark.
    static std::string_view without_mark(std::string_view line) {
        constexpr std::string_view mark = "\xef\xbb\xbf";
        line = trimmed(line);
        while (line.starts_with(mark)) line = trimmed(line.substr(mark.size()));
        return line;
    }
    static std::string_view said_in(std::string_view line) {
        line = without_mark(line);
        for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1))
            if (at == 0 || blank(line[at - 1])) {
                line = line.substr(0, at);
                break;
            }
        return trimmed(line);
    }

    std::string_view rest_;
    std::size_t number_ = 0;
};

}  // namespace halp
