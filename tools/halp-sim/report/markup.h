// Text inside of HTML and SVG.
#pragma once

#include <string>

namespace halp::sim {

std::string escaped(const std::string& text);

}  // namespace halp::sim
