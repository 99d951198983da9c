// Default directories: those of systemd's environment variables, else the system's for root and the user's (XDG)
// for others. Settings take precedence.
#pragma once

#include <map>
#include <string>

#include "config/settings.h"

namespace halp::config {

// Environment variables by name.
using Environ = std::map<std::string, std::string>;
Environ process_environ();

struct Directories {
    std::string state;
    std::string cache;
    std::string admin_socket;  // empty: none
    std::string log_file;      // empty: stderr
    std::string dht_data;
    std::string dht_credentials;
    std::string http_token = {}, http_certificate = {}, http_key = {};  // files; empty: none
};

Directories resolve_directories(const Settings& settings, const Environ& environ, bool root);

}  // namespace halp::config
