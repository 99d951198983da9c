// What a program says when a page of a mapped file cannot be read or written: the file was cut short while it was
// in use, or its disk is full or fails. The kernel tells that by a signal, and nothing can be done but to end.
#pragma once

#include <initializer_list>
#include <string>

namespace halp {

// From now on each of the signals ends the process with exit code 1. First it writes `output` to stdout and
// `sentence` to stderr, and to the file `log` unless that is empty. Calling it again replaces the texts.
void end_on_broken_page(std::initializer_list<int> signals, std::string sentence, std::string log = {},
                        std::string output = {});

}  // namespace halp
