// What an operator can set about halpd, as typed values with defaults. config/setting_table.h names every one of
// them once; reading, checking, printing, the sample file and reloads all walk that table.
#pragma once

#include <cstdint>
#include <string>

#include "overlay/overlay_options.h"

namespace halp::config {

enum class LogLevel : std::uint8_t { trace, debug, info, warn, error };
enum class LogFormat : std::uint8_t { text, json };

// Where to listen. Other than an Endpoint it may be a wildcard, and port 0 means any free one.
struct ListenAddress {
    std::string host = "::";
    std::uint16_t port = 3451;

    [[nodiscard]] bool wildcard() const { return host == "::" || host == "0.0.0.0"; }
    [[nodiscard]] std::string text() const;
    bool operator==(const ListenAddress&) const = default;
};

struct LogSettings {
    LogLevel level = LogLevel::info;
    LogFormat format = LogFormat::text;
    std::string file;  // empty: stderr
};

struct Settings {
    ListenAddress listen;   // "::" takes IPv4 as well, and falls back to 0.0.0.0 where IPv6 is off
    std::string state_dir;  // empty: config/directories.h chooses
    std::string cache_dir;
    std::string admin;  // socket path; "off": none
    Profile profile = Profile::lan;
    LogSettings log;
    OverlayOptions node;  // what was really listened on is known to the daemon alone
};

// What the node is built with, before a port is taken.
OverlayOptions overlay_options(const Settings& settings);

}  // namespace halp::config
