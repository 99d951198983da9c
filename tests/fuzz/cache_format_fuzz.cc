// Any bytes as a file name and as a cache file: what is read can be written, read again and is the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/cache_format.h"

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void reread(const halp::Label& label, std::string_view content) {
    const halp::CacheFile file = halp::parse_cache_file(label, content);
    const halp::CacheFile again = halp::parse_cache_file(label, halp::format_cache_file(label, file));
    check(again.lines == file.lines && again.names == file.names && again.bad_count == 0);

    const std::size_t entries = file.lines.size() + file.names.size();
    const halp::CacheFile merged = halp::merge_cache_files(file, again, {}, entries);
    check(merged.lines == file.lines && merged.names == file.names);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const halp::Label plain = halp::Label::parse("chat").value();
    const std::string_view content(reinterpret_cast<const char*>(data), size);
    reread(plain, content);
    reread(halp::Label::labels(), content);
    if (const auto label = halp::label_of_cache_file(content)) check(halp::cache_file_name(*label) == content);
    return 0;
}
