// Any bytes as the origins of a label's lines: what is understood and written again is understood alike.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "overlay/cache/line_origins.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const halp::Label chat = halp::Label::parse("chat").value();
    const std::string_view content(reinterpret_cast<const char*>(data), size);
    const halp::LineOrigins read = halp::LineOrigins::parse(chat, content);
    const std::string written = read.format(chat);
    const halp::LineOrigins again = halp::LineOrigins::parse(chat, written);
    if (again.format(chat) != written || again.size() != read.size()) std::abort();
    return 0;
}
