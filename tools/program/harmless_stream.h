// Puts harmless() in front of a standard stream, so that nothing that a program prints can control a terminal.
#pragma once

#include <ostream>

namespace halp {

// From now on until the end of the program. Line breaks pass; each line is made harmless. What is to control the
// terminal (a progress line) goes to the stream that is returned, which stays as it was.
std::ostream& make_harmless(std::ostream& stream);

}  // namespace halp
