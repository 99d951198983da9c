// Text from elsewhere, made safe to show: every terminal and every text log gets it through this function.
#pragma once

#include <string>
#include <string_view>

namespace halp {

// Keeps valid UTF-8. Control bytes, C1 controls, marks that change the direction of writing, separators of lines
// and paragraphs, and invalid UTF-8 become \xNN, so that a host name from the network cannot control the terminal.
[[nodiscard]] std::string harmless(std::string_view text);

}  // namespace halp
