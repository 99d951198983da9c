#include "tools/halpd/start_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace halp {

namespace {

bool traced() {
    constexpr std::string_view field = "TracerPid:\t";
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(field)) return line.substr(field.size()) != "0";
    return true;  // nobody knows
}

// The segments of one file that no relocation and no assignment writes to.
int drop_constant_segments(dl_phdr_info* file, std::size_t, void* sum) {
    const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
    for (std::size_t i = 0; i < file->dlpi_phnum; ++i) {
        const ElfW(Phdr)& segment = file->dlpi_phdr[i];
        if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
        const std::uintptr_t at = file->dlpi_addr + segment.p_vaddr;
        const std::uintptr_t begin = at / page * page, end = (at + segment.p_memsz + page - 1) / page * page;
        // The kernel's own page refuses, and loses nothing.
        if (::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED) == 0)
            *static_cast<std::size_t*>(sum) += end - begin;
    }
    return 0;
}

}  // namespace

std::size_t drop_start_pages() {
    std::size_t bytes = 0;
    if (!traced()) ::dl_iterate_phdr(drop_constant_segments, &bytes);
    return bytes;
}

}  // namespace halp
