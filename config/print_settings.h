// Settings as YAML: what is in force and where it came from, and the annotated sample.
#pragma once

#include <string>

#include "config/load_settings.h"

namespace halp::config {

// Valid configuration that gives the same settings when it is read.
std::string print_effective(LoadedSettings loaded, const Directories& directories);

// Every setting with its help, what is allowed and its default, commented out ("#key: value"), so that the file
// sets nothing until somebody edits it. config/halpd.yaml is this text.
std::string sample_config();

}  // namespace halp::config
