// `PROGRAM --write-pages DIRECTORY` writes the program's manual pages and completions. The build calls it when a
// program has been linked, so pages and program never differ.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace halp {

struct Page {
    std::string path;  // below the directory: "man1/halp.1", "bash/halp"
    std::string text;
};

// The directory, when the two words are exactly these.
[[nodiscard]] std::optional<std::string> wants_pages(int argc, const char* const* argv);
// The exit code; what went wrong has been said on stderr.
[[nodiscard]] int write_pages(const std::string& program, const std::string& directory,
                              const std::vector<Page>& pages);

}  // namespace halp
