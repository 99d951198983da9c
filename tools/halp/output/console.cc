#include "tools/halp/output/console.h"

#include <string>

#include "tools/halp/output/printed_text.h"

namespace halp::cli {
bool wants_colour(ColourWhen when, bool terminal, const char* no_color, const char* term) {
    if (when != ColourWhen::automatic) return when == ColourWhen::always;
    const bool refused = no_color != nullptr && *no_color != '\0';
    const bool dumb = term == nullptr || std::string_view{term} == "dumb" || *term == '\0';
    return terminal && !refused && !dumb;
}

bool Console::progress(std::string_view text) {
    if (!style_.messages_terminal || style_.quiet) return false;
    progress_.show(text);
    return true;
}

bool Console::line(std::string_view text) {
    erase_progress();
    data_ << (!style_.terminal ? std::string{text}
              : style_.json    ? harmless_json(text)
                               : harmless(text))
          << '\n'
          << std::flush;
    return data_.good();
}

void Console::block(std::string_view text) {
    erase_progress();
    data_ << (style_.terminal ? harmless_lines(text) : std::string{text}) << std::flush;
}

bool Console::rows(std::string_view text) {
    block(text);
    return data_.good();
}

bool Console::bytes(std::string_view bytes) {
    erase_progress();
    data_.write(bytes.data(), static_cast<std::streamsize>(bytes.size())).flush();
    return data_.good();
}

void Console::headed(std::string_view text) {
    erase_progress();
    const std::size_t end = text.find('\n');
    const std::string head = style_.terminal ? harmless(text.substr(0, end)) : std::string{text.substr(0, end)};
    data_ << (style_.colour ? "\x1b[1m" + head + "\x1b[0m" : head) << '\n';
    block(end == std::string_view::npos ? "" : text.substr(end + 1));
}

void Console::message(std::string_view text, bool grave) {
    erase_progress();
    messages_ << (style_.colour && grave ? "\x1b[31mhalp:\x1b[0m " : "halp: ") << harmless_lines(text) << std::endl;
}

void Console::say(std::string_view text) {
    if (!style_.quiet) message(text, false);
}

void Console::detail(std::string_view text) {
    if (style_.verbose) message(text, false);
}

ExitCode Console::fail(ExitCode code, std::string_view text) {
    message(text, true);
    return code;
}

}  // namespace halp::cli
