// The manual page and the completions of `halp`, made of its tables of verbs and options.
#pragma once

#include <string>
#include <vector>

#include "tools/program/pages.h"

namespace halp::cli {

[[nodiscard]] std::vector<Page> halp_pages(const std::string& version);

}  // namespace halp::cli
