#include "tools/program/manual_page.h"

namespace halp {
namespace {

std::string_view roff_of(char c) {
    switch (c) {
        case '\\':
            return "\\e";
        case '-':
            return "\\-";  // a plain one becomes a hyphen, and `--seed` copied from the page is no option
        case '`':
            return "\\(ga";
        case '\'':
            return "\\(aq";
        case '^':
            return "\\(ha";
        case '~':
            return "\\(ti";
        default:
            return {};
    }
}

std::string roff_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const std::string_view roff = roff_of(c);
        if (roff.empty())
            out += c;
        else
            out += roff;
    }
    return out;
}

// A line that begins with a dot would be a request.
std::string guarded(const std::string& line) { return line.starts_with('.') ? "\\&" + line : line; }

// `so` becomes bold. A backquote without a partner stays.
std::string with_bold(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t open = text.find('`');
        const std::size_t close = open == text.npos ? open : text.find('`', open + 1);
        if (close == text.npos) return out + roff_escaped(text);
        out += roff_escaped(text.substr(0, open)) + "\\fB" + roff_escaped(text.substr(open + 1, close - open - 1)) +
               "\\fR";
        text.remove_prefix(close + 1);
    }
    return out;
}

// In a quoted argument of a macro.
std::string macro_argument(std::string_view text) {
    std::string out = "\"";
    for (const char c : roff_escaped(text)) out += c == '"' ? "\\(dq" : std::string(1, c);
    return out + "\"";
}

std::string capitals(std::string text) {
    for (char& c : text)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return text;
}

std::string meaning_of(const ArgumentText& argument) {
    std::string text = argument.help;
    if (!argument.default_value.empty())
        text += (text.empty() ? "" : " ") + std::string{"(default: "} + argument.default_value + ")";
    if (!argument.range.empty() && argument.help.find(argument.range) == std::string::npos)
        text += (text.empty() ? "" : " ") + std::string{"("} + argument.range + ")";
    return text.empty() ? "(no further words)" : text;
}

}  // namespace

std::string roff_text(std::string_view text, bool breaks) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        while (line.ends_with(' ')) line.remove_suffix(1);
        if (!out.empty() && breaks) out += ".br\n";
        out += guarded(with_bold(line)) + "\n";
        text.remove_prefix(end == text.npos ? text.size() : end + 1);
    }
    return out;
}

ManualPage::ManualPage(const std::string& name, int section, const std::string& about, const std::string& version)
    : text_(".TH " + macro_argument(capitals(name)) + " " + std::to_string(section) + " " + "\"" HALP_DATE "\" " +
            macro_argument("halp " + version) + " \"HALP\"\n.nh\n.ad l\n.SH NAME\n" + roff_escaped(name) + " \\- " +
            roff_escaped(about) + "\n") {}

void ManualPage::section(const std::string& title) { text_ += ".SH " + macro_argument(title) + "\n"; }
void ManualPage::subsection(const std::string& title) { text_ += ".SS " + macro_argument(title) + "\n"; }
void ManualPage::paragraph(const std::string& text) {
    divide();
    text_ += roff_text(text, false);
}
void ManualPage::item(const std::string& term, const std::string& text) {
    text_ += ".TP\n\\fB" + roff_escaped(term) + "\\fR\n" + roff_text(text, true);
}

void ManualPage::lines(const std::string& text) {
    divide();
    text_ += ".nf\n";
    std::string_view left = text;
    while (left.starts_with('\n')) left.remove_prefix(1);
    while (left.ends_with('\n')) left.remove_suffix(1);
    while (!left.empty()) {
        const std::size_t end = left.find('\n');
        std::string_view line = left.substr(0, end);
        while (line.ends_with(' ')) line.remove_suffix(1);
        text_ += guarded(roff_escaped(line)) + "\n";
        left.remove_prefix(end == left.npos ? left.size() : end + 1);
    }
    text_ += ".fi\n";
}

// A heading divides already.
void ManualPage::divide() {
    const std::size_t line = text_.rfind('\n', text_.size() - 2) + 1;
    if (text_.compare(line, 2, ".S") != 0) text_ += ".PP\n";
}

void ManualPage::arguments(const ArgumentsText& of) {
    for (const ArgumentText& argument : of.arguments) item(term_of(argument), meaning_of(argument));
}

std::string term_of(const ArgumentText& argument) {
    std::string names;
    for (const std::string& name : argument.names) names += (names.empty() ? "" : ", ") + name;
    if (argument.positional || argument.value.empty()) return names;
    return names + " " + argument.value;
}

std::string synopsis_of(const ArgumentsText& verb, const std::string& words_before) {
    std::string text = words_before.empty() ? verb.name : words_before + " " + verb.name;
    std::string words;
    bool options = false;
    for (const ArgumentText& argument : verb.arguments) {
        options = options || !argument.positional;
        if (!argument.positional) continue;
        const std::string word = argument.names.front() + (argument.several ? "..." : "");
        words += argument.required ? " " + word : " [" + word + "]";
    }
    return text + (options ? " [OPTION...]" : "") + words + (verb.verbs.empty() ? "" : " VERB");
}

}  // namespace halp
