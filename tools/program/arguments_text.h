// What a command line knows about itself, as values: manual pages and completions are made of it, and so is
// `--help` (arguments.h). There is no second list of verbs and options.
#pragma once

#include <string>
#include <vector>

namespace halp {

struct ArgumentText {
    std::vector<std::string> names;  // "-n" and "--number"; of a positional word one, as "LABEL"
    std::string value;               // "HOST:PORT", "UINT"; empty for a flag
    std::string range;               // "1 to 9", "{auto,never}"; empty for none
    std::string default_value;       // that the help shows; empty for none
    std::string help;
    std::vector<std::string> choices;  // words to complete; empty when there is no list of them
    bool positional = false, required = false, several = false;
};

struct ArgumentsText {
    std::string name, about, footer;
    std::vector<ArgumentText> arguments;
    std::vector<ArgumentsText> verbs;
};

}  // namespace halp
