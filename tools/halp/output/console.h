// The output of `halp`: data go to one stream and messages to another, so that a pipe gets data only.
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

    // Writes one line of data and flushes it. False if the reader has closed the stream.
    bool line(std::string_view text);
    void block(std::string_view text);  // text that ends its own lines
    // As block(). False if the reader has closed the stream.
    bool rows(std::string_view text);
    // Writes exactly these bytes, also to a terminal. False if they could not be written.
    bool bytes(std::string_view bytes);
    void say(std::string_view text);     // unless --quiet
    void detail(std::string_view text);  // only with -v
    // Shows a line until anything else is printed. False if it is not shown: no terminal, or --quiet.
    bool progress(std::string_view text);
    void erase_progress() { progress_.erase(); }
    // Prints an error, also with --quiet, and returns `code`.
    ExitCode fail(ExitCode code, std::string_view text);
    ExitCode fail(const Error& error) { return fail(exit_code_of(error.code), error.message); }

    // A table, or one line of heading. The first line is bold if colours are on.
    void headed(std::string_view text);

private:
    void message(std::string_view text, bool grave);

    std::ostream& data_;
    std::ostream& messages_;
    Style style_;
    ProgressLine progress_;
};

}  // namespace halp::cli
