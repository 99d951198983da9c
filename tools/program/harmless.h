// Text from elsewhere, made safe to show: every terminal, log and report gets it through these functions.
#pragma once

#include <string>
#include <string_view>

namespace halp {

// Keeps valid UTF-8. Control bytes, C1 controls, marks that change the direction of writing, separators of lines
// and paragraphs, and invalid UTF-8 become \xNN, so that a host name from the network cannot control the terminal.
[[nodiscard]] std::string harmless(std::string_view text);
// The same for each line. Only the line breaks are the program's own.
[[nodiscard]] std::string harmless_lines(std::string_view text);
// Of JSON: the same code points as \uNNNN, so that it stays the same JSON. Control bytes are escaped in it already.
[[nodiscard]] std::string harmless_json(std::string_view json);
// The text inside of XML, HTML or SVG.
[[nodiscard]] std::string harmless_markup(std::string_view text);

}  // namespace halp
