#include "tools/program/pages.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace halp {

std::optional<std::string> wants_pages(int argc, const char* const* argv) {
    if (argc != 3 || std::string_view{argv[1]} != "--write-pages") return std::nullopt;
    return std::string{argv[2]};
}

int write_pages(const std::string& program, const std::string& directory, const std::vector<Page>& pages) {
    for (const Page& page : pages) {
        const std::filesystem::path path = std::filesystem::path{directory} / page.path;
        std::error_code none;
        std::filesystem::create_directories(path.parent_path(), none);
        std::ofstream file{path, std::ios::binary};
        file << page.text << std::flush;
        if (file) continue;
        std::fprintf(stderr, "%s: cannot write %s; choose another directory.\n", program.c_str(), path.c_str());
        return 1;
    }
    return 0;
}

}  // namespace halp
