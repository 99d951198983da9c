// Options of callers that were built with another version of the header.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace halp::lib {

// Takes the members that the caller knows. NULL: the defaults. False: the size cannot be right. A newer caller's
// further members must be zero, as they are when it did not want anything of them.
template <class Options>
bool take_options(const Options* given, Options& taken) {
    if (given == nullptr) return true;
    std::size_t size = 0;
    std::memcpy(&size, given, sizeof size);
    constexpr std::size_t size_max = 4096;
    if (size < sizeof size || size > size_max) return false;
    std::memcpy(&taken, given, std::min(size, sizeof taken));
    taken.size = sizeof taken;
    const auto* const bytes = reinterpret_cast<const unsigned char*>(given);
    return std::all_of(bytes + std::min(size, sizeof taken), bytes + size,
                       [](unsigned char byte) { return byte == 0; });
}

}  // namespace halp::lib
