// What every program does before all else, so that it never ends without a sentence.
#pragma once

namespace halp {

// From now on, memory that cannot be had and an exception that nobody catches end the process with a sentence
// ("NAME: ...") on standard error and exit code 1; a reader that has left shows as a failed write, not as SIGPIPE;
// and the three standard descriptors are open, so that no file is taken for one of them. `name` is a literal.
void begin_program(const char* name);

}  // namespace halp
