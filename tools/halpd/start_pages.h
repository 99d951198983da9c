// The pages of programs and libraries that only the start of a process, or its TLS handshakes, have used. The kernel maps 64 KiB of a file
// around each first use, so reading the command line and the configuration keeps some 3 MiB mapped that nobody uses
// again.
#pragma once

#include <cstddef>

namespace halp {

// Unmaps what cannot have been changed in memory: code and constants. What is used again is mapped again, mostly
// from the page cache. Returns how many bytes of address space it went over: 0 under a debugger, whose breakpoints
// are changes of the code.
[[nodiscard]] std::size_t drop_start_pages();

}  // namespace halp
