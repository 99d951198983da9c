// The manual pages and the completions of `halpd`, made of its command line and of the table of settings.
#pragma once

#include <string>
#include <vector>

#include "tools/program/pages.h"

namespace halp {

[[nodiscard]] std::vector<Page> halpd_pages(const std::string& version);

}  // namespace halp
