// Where a daemon of this machine listens, for everything that asks one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/result.h"

namespace halp::cli {

// RFC 3986: everything but unreserved characters, so that a label is one segment of a path.
[[nodiscard]] std::string percent_encoded(std::string_view text);

// Ok if a process listens there. Else unreachable, or refused for lack of permission, with a sentence.
[[nodiscard]] Result<void> probe_socket(const std::string& path);

// Where a daemon of this user or of the system would listen, in the order to look (tools/halpd/README.md).
// The arguments are HOME, XDG_RUNTIME_DIR and XDG_STATE_HOME, "" when not set.
[[nodiscard]] std::vector<std::string> usual_sockets(const std::string& home, const std::string& runtime_dir,
                                                     const std::string& state_home);

}  // namespace halp::cli
