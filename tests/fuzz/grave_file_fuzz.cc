// Bytes as the file of the dead nodes (overlay/cache/grave_file.h), read for two swarms. What is read is the same
// after it was written and read again, and is bounded.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "overlay/cache/grave_file.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using halp::GraveFile;
    const std::string_view content{reinterpret_cast<const char*>(data), size};
    for (const std::string swarm : {"halp", "an other"}) {
        const GraveFile read = GraveFile::parse(swarm, content);
        require(read.graves.size() <= 2 * GraveFile::lines_of_a_kind_max);
        require(read.others.size() <= GraveFile::lines_of_others_max);
        const GraveFile again = GraveFile::parse(swarm, read.format(swarm));
        require(again.graves == read.graves);
    }
    return 0;
}
