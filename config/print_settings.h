// Settings as YAML: the effective configuration with the origin of each value, and the annotated sample file.
#pragma once

#include <string>

#include "config/load_settings.h"

namespace halp::config {

// The effective settings. The text is a valid configuration that gives the same settings.
std::string print_effective(LoadedSettings loaded, const Directories& directories);

// Every setting with its help, what is allowed and its default. Settings are commented out ("#key: value"): the
// file sets nothing before it is edited. config/halpd.yaml is this text.
std::string sample_config();

}  // namespace halp::config
