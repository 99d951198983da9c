// Which folder may include which, and which words protocol code must not use: a pure function over the text of a
// file, and the table behind the picture in README.md.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace halp::layout {

struct Violation {
    std::size_t line = 0;  // from 1
    std::string what;
};

// `path` is relative to the root, with "/" between its parts.
[[nodiscard]] std::vector<Violation> check_source(std::string_view path, std::string_view text);

// Folders of the root. Files may lie there as they like.
[[nodiscard]] bool allowed_at_the_top(std::string_view folder);
// What git ignores there: build trees and editors' caches.
[[nodiscard]] bool ignored_at_the_top(std::string_view folder);

// Comments become blanks, line ends stay; with `strings` also what stands in quotes.
[[nodiscard]] std::string blanked(std::string_view source, bool strings);

}  // namespace halp::layout
