// Why a call on a file or directory failed, as one sentence with a remedy.
#pragma once

#include <string>

#include "store/result.h"

namespace halp {

// `attempt` is what was tried ("write"), `why` is errno.
[[nodiscard]] Error file_error(const std::string& attempt, const std::string& path, int why);

}  // namespace halp
