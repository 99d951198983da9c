// Text inside of XML, HTML and SVG.
#pragma once

#include <string>
#include <string_view>

namespace halp {

// With & < > " as entities. Control bytes stay: XML cannot represent them at all.
[[nodiscard]] std::string markup_escaped(std::string_view text);

}  // namespace halp
