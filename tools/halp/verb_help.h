// What `halp --help` and `halp VERB --help` say.
#pragma once

#include <string>
#include <vector>

#include "tools/halp/command_line.h"
#include "tools/program/arguments.h"

namespace halp::cli {

struct VerbHelp {
    Verb verb;
    const char* name;
    const char* about;
    const char* examples;
};

[[nodiscard]] const std::vector<VerbHelp>& verbs();
[[nodiscard]] std::string overview();
// What `halp` alone says: three commands to begin with.
[[nodiscard]] std::string first_steps();
// Of a verb by its words: "get", "dht get". They may be empty.
[[nodiscard]] std::string examples_of(const std::string& words);
// Of the verb that was typed, or of the verb behind it.
[[nodiscard]] std::string help_of(const Arguments& verb);

}  // namespace halp::cli
