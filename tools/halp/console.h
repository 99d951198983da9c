// Where `halp` speaks: data to one stream, messages to another, so that pipes carry data only.
#pragma once

#include <ostream>
#include <string_view>

#include "tools/halp/exit_code.h"
#include "tools/program/progress_line.h"

namespace halp::cli {

enum class ColourWhen { automatic, always, never };

struct Style {
    bool json = false;
    bool quiet = false;  // no messages but errors
    bool verbose = false;
    bool terminal = false;  // data go to a terminal: strangers' bytes are made harmless
    bool colour = false;
    bool messages_terminal = false;  // messages go to a terminal that can erase a line
};

// --color, then NO_COLOR and TERM=dumb, then whether a terminal is there.
[[nodiscard]] bool wants_colour(ColourWhen when, bool terminal, const char* no_color, const char* term);

class Console {
public:
    Console(std::ostream& data, std::ostream& messages, Style style)
        : data_(data),
          messages_(messages),
          style_(style),
          progress_(style.messages_terminal && !style.quiet ? &messages : nullptr) {}

    [[nodiscard]] const Style& style() const { return style_; }

    // One line of data, out at once: whoever reads a stream sees it now. False when nobody reads any more.
    bool line(std::string_view text);
    void block(std::string_view text);  // text that ends its own lines
    // The same, false when nobody reads any more.
    bool rows(std::string_view text);
    // Exactly these, whatever they do to a terminal. False when they could not be written.
    bool bytes(std::string_view bytes);
    void say(std::string_view text);     // unless --quiet
    void detail(std::string_view text);  // only with -v
    // A line that stands until anything else is printed. False when there is no terminal for it, or --quiet.
    bool progress(std::string_view text);
    void erase_progress() { progress_.erase(); }
    // An error, always; answers the code so that a verb can `return console.fail(...)`.
    ExitCode fail(ExitCode code, std::string_view text);
    ExitCode fail(const Error& error) { return fail(exit_code_of(error.code), error.message); }

    // A table (its first row, the head, stands out where colour is wanted) or a single line of heading.
    void headed(std::string_view text);

private:
    void message(std::string_view text, bool grave);

    std::ostream& data_;
    std::ostream& messages_;
    Style style_;
    ProgressLine progress_;
};

}  // namespace halp::cli
